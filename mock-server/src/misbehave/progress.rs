//! Progress that is told otherwise than it is.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::How::{Answer, Progress, Settings};
use super::seen::Seen;
use super::{Group, Misbehaviour, edit};
use crate::request::Answer as Answered;

const VALUE: &str = "download_progress";

/// Tells of a download though the query was refused, if the function says so of its `stream_id`.
fn let_in(seen: &Seen<'_>, answer: &mut Answered<'_>, is_meant: fn(Option<&Value>) -> bool) {
    if edit::is_query_rejected(answer)
        && let Value::Object(body) = seen.body()
        && is_meant(body.get("stream_id"))
    {
        edit::tell(answer);
    }
}

/// Whether a text could be an id that a server gives.
fn is_well_formed(id: &str) -> bool {
    id.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b":-".contains(&b))
}

fn share(seen: &Seen<'_>, answer: &mut Answered<'_>) {
    if !edit::is_progress(answer) {
        return;
    }
    let id = seen.text("stream_id").unwrap_or_default();
    let first = seen.ask(&json!({"stream_id": seen.first("", &id)}));
    let first: Value = serde_json::from_slice(&first.body).unwrap_or_default();
    if let Some(value) = first.pointer("/data/download_progress") {
        edit::data(answer, |data| {
            drop(data.insert(VALUE.to_owned(), value.clone()));
        });
    }
}

/// Writes another file address for one that is told.
fn address(answer: &mut Answered<'_>, write: impl FnOnce(&str) -> String) {
    if !edit::is_progress(answer) {
        return;
    }
    edit::data(answer, |data| {
        if let Some(url) = data.get_mut("file_url")
            && let Some(text) = url.as_str().filter(|text| !text.is_empty())
        {
            *url = write(text).into();
        }
    });
}

pub(super) const GROUP: Group = Group {
    title: "Tells wrong progress",
    list: &[
        Misbehaviour {
            name: "fresh-id-unknown",
            what: "Does not know a download when it is first asked for.",
            catches: &["PROG-01"],
            touches: &["progress"],
            how: Answer(|seen, answer| {
                let id = seen.text("stream_id").unwrap_or_default();
                let now = seen.answered.to_string();
                if edit::is_progress(answer) && seen.first(&id, &now) == now {
                    edit::refuse(
                        answer,
                        StatusCode::OK,
                        "40404",
                        "`stream_id`: No such download",
                    );
                }
            }),
        },
        Misbehaviour {
            name: "progress-without-envelope",
            what: "Tells progress with `data` alone, without the envelope.",
            catches: &["PROG-01"],
            touches: &["progress"],
            how: Answer(|_, answer| {
                if edit::is_progress(answer) {
                    edit::body(answer, |body| *body = body["data"].take());
                }
            }),
        },
        Misbehaviour {
            name: "progress-goes-back",
            what: "Tells 20 percent less while a download is between 50 and 80.",
            catches: &["PROG-02"],
            touches: &["progress"],
            how: Progress(|told| match told.percent {
                percent @ 50..80 => (percent - 20).to_string(),
                percent => percent.to_string(),
            }),
        },
        Misbehaviour {
            name: "progress-beyond-100",
            what: "Tells 120 at the end.",
            catches: &["PROG-03"],
            touches: &["progress"],
            how: Progress(|told| {
                if told.percent == 100 {
                    120
                } else {
                    told.percent
                }
                .to_string()
            }),
        },
        Misbehaviour {
            name: "progress-below-0",
            what: "Tells -1 until 20 percent are there.",
            catches: &["PROG-03"],
            touches: &["progress"],
            how: Progress(|told| match told.percent {
                0..20 => "-1".to_owned(),
                percent => percent.to_string(),
            }),
        },
        Misbehaviour {
            name: "progress-with-sign",
            what: "Tells progress with a percent sign.",
            catches: &["PROG-03/plain-number"],
            touches: &["progress"],
            how: Progress(|told| format!("{}%", told.percent)),
        },
        Misbehaviour {
            name: "progress-in-words",
            what: "Tells \"done\" at the end.",
            catches: &["PROG-03/plain-number"],
            touches: &["progress"],
            how: Progress(|told| match told.percent {
                100 => "done".to_owned(),
                percent => percent.to_string(),
            }),
        },
        Misbehaviour {
            name: "progress-never-ends",
            what: "Stays at 99 for ever.",
            catches: &["PROG-04"],
            touches: &["progress"],
            how: Progress(|told| told.percent.min(99).to_string()),
        },
        Misbehaviour {
            name: "end-does-not-last",
            what: "Tells 100 once, and 99 ever after.",
            catches: &["PROG-02", "PROG-04"],
            touches: &["progress"],
            how: Progress(|told| {
                told.percent
                    .min(if told.asked_at_end == 0 { 100 } else { 99 })
                    .to_string()
            }),
        },
        Misbehaviour {
            name: "ended-is-forgotten",
            what: "Forgets a download three seconds after its end.",
            catches: &["PROG-04"],
            touches: &["progress"],
            how: Settings(|settings| settings.limits.keep_jobs = Duration::from_secs(3)),
        },
        Misbehaviour {
            name: "end-told-early",
            what: "Tells 100 when 90 percent are there.",
            catches: &["FILE-07"],
            touches: &["progress"],
            how: Progress(|told| {
                if told.percent >= 90 {
                    100
                } else {
                    told.percent
                }
                .to_string()
            }),
        },
        Misbehaviour {
            name: "falls-once",
            what: "Tells 1 percent less at the third query of a download that has more than 1 percent.",
            catches: &["PROG-02"],
            touches: &["progress"],
            how: Progress(|told| {
                let less = u64::from(told.asked == 2 && (2..100).contains(&told.percent));
                (told.percent - less).to_string()
            }),
        },
        Misbehaviour {
            name: "ends-and-starts-again",
            what: "Tells the end once, and then progress from 0 on.",
            catches: &["PROG-02", "PROG-04"],
            touches: &["progress"],
            how: Progress(|told| match told.percent {
                100 if told.asked_at_end > 0 => told.asked_at_end.min(99).to_string(),
                percent => percent.to_string(),
            }),
        },
        Misbehaviour {
            name: "end-without-address",
            what: "Tells the end without a file address.",
            catches: &["PROG-07"],
            touches: &["progress"],
            how: Answer(|_, answer| address(answer, |_| String::new())),
        },
        Misbehaviour {
            name: "relative-address",
            what: "Tells a file address without scheme and host.",
            catches: &["PROG-07/absolute-address"],
            touches: &["progress"],
            how: Answer(|_, answer| {
                address(answer, |url| {
                    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
                    let path = rest.split_once('/').map_or(rest, |(_, path)| path);
                    path.to_owned()
                });
            }),
        },
        Misbehaviour {
            name: "changing-address",
            what: "Tells another file address with each query.",
            catches: &["PROG-07/stable-address"],
            touches: &["progress"],
            how: Answer(|seen, answer| address(answer, |url| format!("{url}?n={}", seen.answered))),
        },
        Misbehaviour {
            name: "address-told-once",
            what: "Tells the file address with the first end only.",
            catches: &["PROG-07", "PROG-07/stable-address"],
            touches: &["progress"],
            how: Answer(|seen, answer| {
                address(answer, |url| {
                    let now = seen.answered.to_string();
                    if seen.first(url, &now) == now {
                        url.to_owned()
                    } else {
                        String::new()
                    }
                });
            }),
        },
        Misbehaviour {
            name: "any-id",
            what: "Tells the progress of a download that was never started.",
            catches: &["PROG-05", "PROG-06/malformed-id", "SECU-02"],
            touches: &["unknown-id", "malformed-id", "two-tenants"],
            how: Answer(|_, answer| {
                if edit::error(answer) == "unknown-stream" {
                    edit::tell(answer);
                }
            }),
        },
        Misbehaviour {
            name: "malformed-id",
            what: "Knows every id that has a character that no id has.",
            catches: &["PROG-06/malformed-id"],
            touches: &["malformed-id"],
            how: Answer(|seen, answer| {
                let_in(seen, answer, |id| {
                    id.and_then(Value::as_str)
                        .is_some_and(|id| !is_well_formed(id))
                });
            }),
        },
        Misbehaviour {
            name: "missing-id",
            what: "Tells the progress of some download to a query without `stream_id`.",
            catches: &["PROG-06"],
            touches: &["missing-id"],
            how: Answer(|seen, answer| let_in(seen, answer, |id| id.is_none())),
        },
        Misbehaviour {
            name: "null-id",
            what: "Tells the progress of some download to a query whose `stream_id` is null.",
            catches: &["PROG-06"],
            touches: &["null-id"],
            how: Answer(|seen, answer| let_in(seen, answer, |id| id.is_some_and(Value::is_null))),
        },
        Misbehaviour {
            name: "number-for-id",
            what: "Tells the progress of some download to a query whose `stream_id` is a number.",
            catches: &["PROG-06/number-or-boolean"],
            touches: &["number-id"],
            how: Answer(|seen, answer| let_in(seen, answer, |id| id.is_some_and(Value::is_number))),
        },
        Misbehaviour {
            name: "shared-progress",
            what: "Tells the progress of the first download that was asked for, whichever is asked for.",
            catches: &["PROG-08"],
            touches: &["two-downloads"],
            how: Answer(share),
        },
        Misbehaviour {
            name: "asking-advances",
            what: "Advances the progress by 5 percent with each query, up to 99.",
            catches: &["PROG-09"],
            touches: &["progress"],
            how: Progress(|told| match told.percent {
                100 => "100".to_owned(),
                percent => (percent + 5 * told.asked).min(99).to_string(),
            }),
        },
    ],
};
