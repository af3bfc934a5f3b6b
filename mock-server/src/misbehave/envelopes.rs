//! Acceptances that have another form than they should.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::How::Answer;
use super::{Group, Misbehaviour, edit};
use crate::request::Answer as Answered;

/// Writes the body of an acceptance anew.
fn rewrite(answer: &mut Answered<'_>, write: fn(&[u8]) -> Vec<u8>) {
    if edit::is_accepted(answer) {
        edit::bytes(answer, write);
    }
}

/// Changes the body of an acceptance.
fn change(answer: &mut Answered<'_>, change: fn(&mut Value)) {
    if edit::is_accepted(answer) {
        edit::body(answer, change);
    }
}

fn drop_member(body: &mut Value, name: &str) {
    if let Some(object) = body.as_object_mut() {
        object.shift_remove(name);
    }
}

pub(super) const GROUP: Group = Group {
    title: "Accepts in another form",
    list: &[
        Misbehaviour {
            name: "created",
            what: "Accepts with 201.",
            catches: &["RESP-01"],
            touches: &["accepted"],
            how: Answer(|_, answer| {
                if edit::is_accepted(answer) {
                    answer.status = StatusCode::CREATED;
                }
            }),
        },
        Misbehaviour {
            name: "answers-as-html",
            what: "Accepts with the media type text/html.",
            catches: &["RESP-01"],
            touches: &["accepted"],
            how: Answer(|_, answer| {
                if edit::is_accepted(answer) {
                    edit::media_type(answer, "text/html");
                }
            }),
        },
        Misbehaviour {
            name: "answers-as-nothing",
            what: "Accepts without a `Content-Type`.",
            catches: &["RESP-01"],
            touches: &["accepted"],
            how: Answer(|_, answer| {
                if edit::is_accepted(answer) {
                    answer.headers.remove(CONTENT_TYPE);
                }
            }),
        },
        Misbehaviour {
            name: "no-message",
            what: "Accepts without `message`.",
            catches: &["RESP-02"],
            touches: &["accepted"],
            how: Answer(|_, answer| change(answer, |body| drop_member(body, "message"))),
        },
        Misbehaviour {
            name: "null-message",
            what: "Accepts with a `message` that is null.",
            catches: &["RESP-02"],
            touches: &["accepted"],
            how: Answer(|_, answer| change(answer, |body| body["message"] = Value::Null)),
        },
        Misbehaviour {
            name: "numeric-code",
            what: "Accepts with a `code` that is the number 0.",
            catches: &["RESP-02"],
            touches: &["accepted"],
            how: Answer(|_, answer| change(answer, |body| body["code"] = json!(0))),
        },
        Misbehaviour {
            name: "data-in-a-list",
            what: "Accepts with a `data` that is a list of one object.",
            catches: &["RESP-02"],
            touches: &["accepted"],
            how: Answer(|_, answer| {
                change(answer, |body| body["data"] = json!([body["data"].take()]));
            }),
        },
        Misbehaviour {
            name: "no-envelope",
            what: "Accepts with `data` alone, without the envelope.",
            catches: &["ACC-01", "RESP-02"],
            touches: &["accepted"],
            how: Answer(|_, answer| change(answer, |body| *body = body["data"].take())),
        },
        Misbehaviour {
            name: "success-code-200",
            what: "Accepts with `code` \"200\".",
            catches: &["ACC-01", "RESP-04"],
            touches: &["accepted"],
            how: Answer(|_, answer| change(answer, |body| body["code"] = json!("200"))),
        },
        Misbehaviour {
            name: "text-after-json",
            what: "Writes a line of text after the JSON of an acceptance.",
            catches: &["RESP-13"],
            touches: &["accepted"],
            how: Answer(|_, answer| rewrite(answer, |json| [json, b"\nOK\n"].concat())),
        },
        Misbehaviour {
            name: "two-values",
            what: "Writes the JSON of an acceptance twice.",
            catches: &["RESP-13"],
            touches: &["accepted"],
            how: Answer(|_, answer| rewrite(answer, |json| json.repeat(2))),
        },
        Misbehaviour {
            name: "invalid-utf-8",
            what: "Writes a `message` in GBK into an acceptance.",
            catches: &["RESP-13"],
            touches: &["accepted"],
            how: Answer(|_, answer| {
                rewrite(answer, |json| {
                    const EMPTY: &[u8] = b"\"message\":\"";
                    let at = json.windows(EMPTY.len()).position(|part| part == EMPTY);
                    let (before, after) = json.split_at(at.map_or(0, |at| at + EMPTY.len()));
                    // 成功
                    [before, b"\xb3\xc9\xb9\xa6", after].concat()
                });
            }),
        },
        Misbehaviour {
            name: "duplicate-members",
            what: "Writes `code` twice into an acceptance.",
            catches: &["RESP-13/duplicate-members"],
            touches: &["accepted"],
            how: Answer(|_, answer| {
                rewrite(answer, |json| {
                    [b"{\"code\":\"0\",", json.get(1..).unwrap_or_default()].concat()
                });
            }),
        },
    ],
};
