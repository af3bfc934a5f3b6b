//! Rejections that are not what they should be, and failures in their place.

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::How::Answer;
use super::{Group, Misbehaviour, edit};
use crate::request::Answer as Answered;

/// Changes the envelope of a start that is refused.
fn change(answer: &mut Answered<'_>, change: impl FnOnce(&mut Value)) {
    if edit::is_start_rejected(answer) {
        edit::body(answer, change);
    }
}

/// Says something else in a start that is refused.
fn say(answer: &mut Answered<'_>, message: &str) {
    change(answer, |body| body["message"] = json!(message));
}

/// Fails instead of refusing, if it is for one of some errors.
fn fail_for(answer: &mut Answered<'_>, errors: &[&str]) {
    if errors.contains(&edit::error(answer)) {
        edit::fail(answer);
    }
}

const TRACE: &str = "java.lang.IllegalArgumentException: bad request\n\tat \
    com.example.sms.DownloadController.download(DownloadController.java:87)\n\tat \
    java.base/java.lang.Thread.run(Thread.java:840)";
const PAGE: &[u8] = b"<!doctype html>\n<title>400</title>\n<h1>Bad Request</h1>\n";

pub(super) const GROUP: Group = Group {
    title: "Rejects in another form, or fails",
    list: &[
        Misbehaviour {
            name: "code-0-with-400",
            what: "Rejects with HTTP 400 and `code` \"0\".",
            catches: &["RESP-04"],
            touches: &["rejected"],
            how: Answer(|_, answer| {
                if edit::is_start_rejected(answer) {
                    answer.status = StatusCode::BAD_REQUEST;
                    edit::body(answer, |body| body["code"] = json!("0"));
                }
            }),
        },
        Misbehaviour {
            name: "id-in-rejections",
            what: "Rejects with a new `stream_id` in `data`.",
            catches: &["RESP-04"],
            touches: &["rejected"],
            how: Answer(|seen, answer| {
                let id = format!("download:{}", seen.answered);
                change(answer, |body| body["data"] = json!({"stream_id": id}));
            }),
        },
        Misbehaviour {
            name: "silent-rejections",
            what: "Rejects with an empty `message`.",
            catches: &["RESP-10"],
            touches: &["rejected"],
            how: Answer(|_, answer| say(answer, "")),
        },
        Misbehaviour {
            name: "html-rejections",
            what: "Rejects with HTTP 400 and a page of HTML.",
            catches: &["RESP-10", "SRC-03"],
            touches: &["rejected"],
            how: Answer(|_, answer| {
                if edit::is_start_rejected(answer) {
                    answer.status = StatusCode::BAD_REQUEST;
                    edit::media_type(answer, "text/html");
                    answer.body = Bytes::from_static(PAGE);
                }
            }),
        },
        Misbehaviour {
            name: "changing-codes",
            what: "Rejects with another `code` each time.",
            catches: &["RESP-11"],
            touches: &["rejected"],
            how: Answer(|seen, answer| {
                let code = (90_000 + seen.answered).to_string();
                change(answer, |body| body["code"] = json!(code));
            }),
        },
        Misbehaviour {
            name: "nameless-rejections",
            what: "Rejects without saying which member is at fault.",
            catches: &["RESP-12"],
            touches: &["rejected"],
            how: Answer(|_, answer| say(answer, "The request is not valid")),
        },
        Misbehaviour {
            name: "redirected-rejections",
            what: "Rejects a missing member by a redirect to a page of help.",
            catches: &["BODY-01"],
            touches: &["rejected"],
            how: Answer(|_, answer| {
                if edit::is_start_rejected(answer) && edit::error(answer) == "missing-member" {
                    answer.status = StatusCode::FOUND;
                    let help = HeaderValue::from_static("/help");
                    answer.headers.insert(http::header::LOCATION, help);
                }
            }),
        },
        Misbehaviour {
            name: "missing-member-fails",
            what: "Answers 500 to a missing member.",
            catches: &["BODY-01", "PROG-06"],
            touches: &["rejected"],
            how: Answer(|_, answer| fail_for(answer, &["missing-member"])),
        },
        Misbehaviour {
            name: "wrong-type-fails",
            what: "Answers 500 to a required member that is no text.",
            catches: &["BODY-02", "BODY-03", "BODY-09", "ROBU-01"],
            touches: &[
                "null-device",
                "list-source-type",
                "number-source-type",
                "number-channel",
                "boolean-channel",
            ],
            how: Answer(|seen, answer| {
                const REQUIRED: [&str; 5] = [
                    "device_unicode",
                    "source_type",
                    "channel",
                    "start_time",
                    "end_time",
                ];
                let body = seen.body();
                let is_wrong = |name: &&str| body.get(*name).is_some_and(|v| !v.is_string());
                if REQUIRED.iter().any(is_wrong) {
                    edit::fail(answer);
                }
            }),
        },
        Misbehaviour {
            name: "no-object-fails",
            what: "Answers 500 to a body that is JSON and no object.",
            catches: &["BODY-06"],
            touches: &["list-body", "text-body"],
            how: Answer(|seen, answer| {
                let body = serde_json::from_slice::<Value>(seen.request.body);
                if edit::is_start_rejected(answer) && body.is_ok_and(|body| !body.is_object()) {
                    edit::fail(answer);
                }
            }),
        },
        Misbehaviour {
            name: "bad-json-fails",
            what: "Answers 500 to a body that is no JSON.",
            catches: &[
                "BODY-06",
                "BODY-07",
                "BODY-07/lenient-syntax",
                "ROBU-01",
                "ROBU-05",
                "ROBU-06",
            ],
            touches: &["rejected"],
            how: Answer(|_, answer| fail_for(answer, &["malformed-body"])),
        },
        Misbehaviour {
            name: "unknown-device-fails",
            what: "Answers 500 to a device that does not exist.",
            catches: &["BODY-10"],
            touches: &["unknown-device"],
            how: Answer(|_, answer| fail_for(answer, &["unknown-device"])),
        },
        Misbehaviour {
            name: "duplicates-fail",
            what: "Answers 500 to a body with duplicate members.",
            catches: &["BODY-09"],
            touches: &["duplicate"],
            how: Answer(|seen, answer| {
                if seen.has_duplicates() {
                    edit::fail(answer);
                }
            }),
        },
        Misbehaviour {
            name: "duplicates-by-chance",
            what: "Refuses a body with duplicate members every other time.",
            catches: &["BODY-09"],
            touches: &["duplicate"],
            how: Answer(|seen, answer| {
                if seen.has_duplicates() && seen.answered % 2 == 1 {
                    edit::refuse(answer, StatusCode::OK, "40001", "Two members have one name");
                }
            }),
        },
        Misbehaviour {
            name: "stack-trace",
            what: "Rejects with a stack trace for a `message`.",
            catches: &["RESP-12", "SECU-01"],
            touches: &["rejected"],
            how: Answer(|_, answer| say(answer, TRACE)),
        },
        Misbehaviour {
            name: "sql-in-rejections",
            what: "Rejects an unknown device with the SQL that did not find it.",
            catches: &["SECU-01"],
            touches: &["unknown-device"],
            how: Answer(|_, answer| {
                if edit::error(answer) == "unknown-device" {
                    say(
                        answer,
                        "device_unicode: SELECT * FROM t_device WHERE code = ? AND deleted = 0",
                    );
                }
            }),
        },
        Misbehaviour {
            name: "framework-banner",
            what: "Names its framework and version in a header of every answer.",
            catches: &["SECU-01"],
            touches: &["accepted", "rejected", "progress"],
            how: Answer(|_, answer| {
                let name = HeaderName::from_static("x-powered-by");
                let banner = HeaderValue::from_static("Express 4.17.1");
                answer.headers.insert(name, banner);
            }),
        },
    ],
};
