//! Requests that a server should withstand, and this one does not; and addresses that it should not take.

use std::time::Duration;

use http::header::ALLOW;
use http::{Method, StatusCode};

use super::How::{Answer, Contract, Request, Settings};
use super::{Group, Misbehaviour, document, edit};

/// So many requests are refused before it gives up.
const PATIENCE: u64 = 100;
/// Every so manyth request fails.
const SOMETIMES: u64 = 50;
/// Deeper JSON than this fails.
const DEPTH: usize = 1_000;

/// How deep brackets nest, wherever they stand.
fn depth(body: &[u8]) -> usize {
    let step = |(depth, most): (usize, usize), byte: &u8| match byte {
        b'[' | b'{' => (depth + 1, most.max(depth + 1)),
        b']' | b'}' => (depth.saturating_sub(1), most),
        _ => (depth, most),
    };
    body.iter().fold((0, 0), step).1
}

pub(super) const GROUP: Group = Group {
    title: "Breaks down, or opens a hole",
    list: &[
        Misbehaviour {
            name: "long-texts-fail",
            what: "Answers 500 to a `device_unicode` of more than 64 bytes.",
            catches: &["ROBU-01"],
            touches: &["long-device"],
            how: Answer(|seen, answer| {
                if seen
                    .text("device_unicode")
                    .is_some_and(|text| text.len() > 64)
                {
                    edit::fail(answer);
                }
            }),
        },
        Misbehaviour {
            name: "foreign-headers-fail",
            what: "Answers 500 to a `tenant-id` that is not ASCII.",
            catches: &["ROBU-01"],
            touches: &["foreign-tenant"],
            how: Answer(|seen, answer| {
                let tenant = seen.request.headers.get("tenant-id");
                if tenant.is_some_and(|tenant| !tenant.as_bytes().is_ascii()) {
                    edit::fail(answer);
                }
            }),
        },
        Misbehaviour {
            name: "gives-up",
            what: "Accepts nothing any more once it has refused 100 requests.",
            catches: &["ROBU-02"],
            touches: &["after-many"],
            how: Answer(|seen, answer| {
                if seen.refused >= PATIENCE && edit::is_accepted(answer) {
                    edit::refuse(answer, StatusCode::OK, "50001", "No more");
                }
            }),
        },
        Misbehaviour {
            name: "get-succeeds",
            what: "Answers 200 to a GET on the path of an operation.",
            catches: &["ROBU-03"],
            touches: &["get"],
            how: Answer(|seen, answer| {
                if edit::error(answer) == "method-not-allowed" && seen.request.method == Method::GET
                {
                    answer.status = StatusCode::OK;
                }
            }),
        },
        Misbehaviour {
            name: "no-allow",
            what: "Answers 405 without `Allow`.",
            catches: &["ROBU-03"],
            touches: &["get", "put"],
            how: Answer(|_, answer| drop(answer.headers.remove(ALLOW))),
        },
        Misbehaviour {
            name: "put-fails",
            what: "Answers 500 to a PUT on the path of an operation.",
            catches: &["ROBU-03"],
            touches: &["put"],
            how: Answer(|seen, answer| {
                if edit::error(answer) == "method-not-allowed" && seen.request.method == Method::PUT
                {
                    edit::fail(answer);
                }
            }),
        },
        Misbehaviour {
            name: "large-bodies",
            what: "Takes bodies of up to 64 MiB.",
            catches: &["ROBU-04"],
            touches: &["over a socket"],
            how: Settings(|settings| settings.limits.max_body = 64 * 1024 * 1024),
        },
        Misbehaviour {
            name: "deep-json-fails",
            what: "Answers 500 to JSON that is nested more than 1,000 deep.",
            catches: &["ROBU-05"],
            touches: &["deep"],
            how: Answer(|seen, answer| {
                if depth(seen.request.body) > DEPTH {
                    edit::fail(answer);
                }
            }),
        },
        Misbehaviour {
            name: "deep-json-skipped",
            what: "Skips an unknown member that is nested too deep instead of refusing the body.",
            catches: &["ROBU-05/refused"],
            touches: &["deep"],
            how: Request(|asked| {
                asked.wrong_json(|text| match text.find(",\"x_") {
                    Some(at) if depth(text.as_bytes()) > DEPTH => format!("{}}}", &text[..at]),
                    _ => text.to_owned(),
                });
            }),
        },
        Misbehaviour {
            name: "wrong-encoding-fails",
            what: "Answers 500 to a body that is no UTF-8.",
            catches: &["ROBU-06"],
            touches: &["no-utf-8"],
            how: Answer(|seen, answer| {
                if std::str::from_utf8(seen.request.body).is_err() {
                    edit::fail(answer);
                }
            }),
        },
        Misbehaviour {
            name: "nul-fails",
            what: "Answers 500 to a `channel` with NUL.",
            catches: &["ROBU-06"],
            touches: &["nul-channel"],
            how: Answer(|seen, answer| {
                if seen.text("channel").is_some_and(|text| text.contains('\0')) {
                    edit::fail(answer);
                }
            }),
        },
        Misbehaviour {
            name: "fails-now-and-then",
            what: "Answers 500 to every 50th request.",
            catches: &["ROBU-07"],
            touches: &["after-many"],
            how: Answer(|seen, answer| {
                if seen.answered % SOMETIMES == SOMETIMES - 1 {
                    edit::fail(answer);
                }
            }),
        },
        Misbehaviour {
            name: "slow-bodies",
            what: "Waits for a body for an hour.",
            catches: &["ROBU-08"],
            touches: &["over a socket"],
            how: Settings(|settings| settings.limits.body_timeout = Duration::from_secs(3600)),
        },
        Misbehaviour {
            name: "any-callback",
            what: "Takes any text for a callback address.",
            catches: &["CALL-10"],
            touches: &["ftp-callback", "callback-with-line-break"],
            how: Contract(|document| {
                document::member(document, "callback", |schema| {
                    drop(schema.shift_remove("format"));
                });
            }),
        },
        Misbehaviour {
            name: "control-characters-in-callback",
            what: "Ignores control characters in a callback address.",
            catches: &["SECU-05"],
            touches: &["callback-with-line-break"],
            how: Request(|asked| {
                asked.text("callback", |text| {
                    let has = text.contains(char::is_control);
                    has.then(|| text.replace(char::is_control, ""))
                });
            }),
        },
        Misbehaviour {
            name: "tenants-share",
            what: "Takes all tenants for one.",
            catches: &["SECU-02"],
            touches: &["two-tenants"],
            how: Request(|asked| drop(asked.headers.remove("tenant-id"))),
        },
    ],
};
