//! Requests that should be accepted, and are not.

use http::header::TRANSFER_ENCODING;
use jiff::ToSpan;

use super::How::{Answer, Contract, Request};
use super::{Group, Misbehaviour, document, edit};

pub(super) const GROUP: Group = Group {
    title: "Keeps valid requests out",
    list: &[
        Misbehaviour {
            name: "accepts-nothing",
            what: "Finds no recording for any valid request.",
            catches: &["ACC-01"],
            touches: &["accepted"],
            how: Answer(|_, answer| {
                if edit::is_accepted(answer) {
                    let message = "Nothing was recorded in this window";
                    edit::refuse(answer, http::StatusCode::OK, "40403", message);
                }
            }),
        },
        Misbehaviour {
            name: "platform-demanded",
            what: "Demands `platfrom_id`.",
            catches: &["ACC-01", "ACC-02"],
            touches: &["accepted", "rejected"],
            how: Contract(|document| document::demand(document, "platfrom_id")),
        },
        Misbehaviour {
            name: "callback-demanded",
            what: "Demands `callback`.",
            catches: &["ACC-01", "ACC-02"],
            touches: &["accepted", "rejected"],
            how: Contract(|document| document::demand(document, "callback")),
        },
        Misbehaviour {
            name: "platform-needs-callback",
            what: "Refuses `platfrom_id` without `callback`.",
            catches: &["ACC-02", "ACC-06"],
            touches: &["platfrom-id"],
            how: Request(|asked| {
                if asked.get("platfrom_id").is_some() && asked.get("callback").is_none() {
                    asked.spoil();
                }
            }),
        },
        Misbehaviour {
            name: "callback-needs-platform",
            what: "Refuses `callback` without `platfrom_id`.",
            catches: &["ACC-02"],
            touches: &[
                "callback",
                "callback-and-wait",
                "ftp-callback",
                "callback-with-line-break",
            ],
            how: Request(|asked| {
                if asked.get("callback").is_some() && asked.get("platfrom_id").is_none() {
                    asked.spoil();
                }
            }),
        },
        Misbehaviour {
            name: "tenant-demanded",
            what: "Demands the header `tenant-id`.",
            catches: &["ACC-03"],
            touches: &["accepted", "rejected"],
            how: Contract(|document| document::demand_header(document, "TenantId")),
        },
        Misbehaviour {
            name: "token-demanded",
            what: "Demands the header `Token`.",
            catches: &["ACC-03"],
            touches: &["accepted", "rejected"],
            how: Contract(|document| document::demand_header(document, "Token")),
        },
        Misbehaviour {
            name: "charset-refused",
            what: "Refuses a `Content-Type` with parameters.",
            catches: &["ACC-04"],
            touches: &["charset"],
            how: Request(|asked| {
                if asked.media_type().contains(';') {
                    asked.as_no_json();
                }
            }),
        },
        Misbehaviour {
            name: "escapes-refused",
            what: "Refuses JSON with \\u escapes.",
            catches: &["ACC-04"],
            touches: &["escaped-name", "nul-channel", "source-type-nul"],
            how: Request(|asked| {
                if asked.body.windows(2).any(|two| two == b"\\u") {
                    asked.spoil();
                }
            }),
        },
        Misbehaviour {
            name: "order-matters",
            what: "Refuses a body whose first member is not `device_unicode`.",
            catches: &["ACC-04"],
            touches: &["other-order", "duplicate"],
            how: Request(|asked| {
                asked.object(|body| {
                    if body.contains_key("device_unicode")
                        && body
                            .keys()
                            .next()
                            .is_some_and(|name| name != "device_unicode")
                    {
                        body.clear();
                    }
                });
            }),
        },
        Misbehaviour {
            name: "white-space-refused",
            what: "Refuses JSON with line breaks.",
            catches: &["ACC-04"],
            touches: &["white-space"],
            how: Request(|asked| {
                if asked.body.contains(&b'\n') {
                    asked.spoil();
                }
            }),
        },
        Misbehaviour {
            name: "chunks-refused",
            what: "Refuses a body that comes in chunks, with a `code` of its own.",
            catches: &["ACC-04/chunked"],
            touches: &["chunked"],
            how: Answer(|seen, answer| {
                if seen.request.headers.contains_key(TRANSFER_ENCODING) && edit::is_accepted(answer)
                {
                    edit::refuse(answer, http::StatusCode::OK, "40001", "No chunks, please");
                }
            }),
        },
        Misbehaviour {
            name: "unknown-members-refused",
            what: "Refuses members that the contract does not name.",
            catches: &["ACC-05"],
            touches: &["unknown-member", "platform-id"],
            how: Contract(|document| {
                document::request(document, |schema| {
                    schema.insert("additionalProperties".to_owned(), false.into());
                });
            }),
        },
        Misbehaviour {
            name: "misspelling-refused",
            what: "Refuses `platfrom_id` as a spelling mistake.",
            catches: &["ACC-06"],
            touches: &["platfrom-id", "own-example"],
            how: Contract(|document| {
                document::member(document, "platfrom_id", |schema| {
                    schema.insert("not".to_owned(), serde_json::json!({}));
                });
            }),
        },
        Misbehaviour {
            name: "platform-id-read",
            what: "Reads `platform_id` as the platform, and refuses one that is no number.",
            catches: &["ACC-06"],
            touches: &["platform-id"],
            how: Request(|asked| {
                let is_number = |id: &str| id.bytes().all(|b| b.is_ascii_digit());
                if asked.get("platform_id").is_some_and(|id| !is_number(&id)) {
                    asked.spoil();
                }
            }),
        },
        Misbehaviour {
            name: "full-minutes-only",
            what: "Refuses a window that does not start and end at a full minute.",
            catches: &["ACC-07"],
            touches: &["seconds", "five-seconds"],
            how: Request(|asked| {
                asked.spoil_window(|start, end| {
                    start < end && (start.second() != 0 || end.second() != 0)
                });
            }),
        },
        Misbehaviour {
            name: "ten-seconds-at-least",
            what: "Refuses a window of less than ten seconds.",
            catches: &["ACC-07"],
            touches: &["five-seconds"],
            how: Request(|asked| {
                asked.spoil_window(|start, end| {
                    let least = start.checked_add(10.seconds());
                    start < end && least.is_ok_and(|least| end < least)
                });
            }),
        },
        Misbehaviour {
            name: "leap-day-refused",
            what: "Knows no 29 February.",
            catches: &["ACC-08"],
            touches: &["leap-day"],
            how: Request(|asked| {
                asked.spoil_window(|start, end| {
                    [start, end].iter().any(|t| (t.month(), t.day()) == (2, 29))
                });
            }),
        },
        Misbehaviour {
            name: "new-year-refused",
            what: "Refuses a window that begins in the last minute of one year and ends in the next.",
            catches: &["ACC-08"],
            touches: &["new-year"],
            how: Request(|asked| {
                asked.spoil_window(|start, end| {
                    start.year() + 1 == end.year() && (start.month(), end.month()) == (12, 1)
                });
            }),
        },
        Misbehaviour {
            name: "null-callback-fails",
            what: "Answers 500 to a `callback` that is null.",
            catches: &["ACC-09"],
            touches: &["null-callback"],
            how: Answer(|seen, answer| {
                if seen
                    .body()
                    .get("callback")
                    .is_some_and(serde_json::Value::is_null)
                {
                    edit::fail(answer);
                }
            }),
        },
    ],
};
