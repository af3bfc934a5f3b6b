//! Exchanges, valid and invalid, that are sent to a correct mock and to one that misbehaves.

use http::Method;
use serde_json::{Value, json};

use super::scenario::{Scenario, Sent, Step, post};
use crate::support::{DOWNLOAD, PROGRESS, but, valid};

fn one(name: &'static str, sent: Sent) -> Scenario {
    Scenario {
        name,
        steps: vec![Step::Send(sent)],
    }
}

/// A start with one member changed; `null` takes it away.
fn start(name: &'static str, member: &str, value: impl Into<Value>) -> Scenario {
    one(name, post(DOWNLOAD, but(member, value).to_string()))
}

/// A start with another window.
fn window(name: &'static str, start: &str, end: &str) -> Scenario {
    let mut body = valid();
    body["start_time"] = start.into();
    body["end_time"] = end.into();
    one(name, post(DOWNLOAD, body.to_string()))
}

/// A start with another text of the body.
fn text(name: &'static str, change: impl Fn(&str) -> String) -> Scenario {
    one(name, post(DOWNLOAD, change(&valid().to_string())))
}

fn query(name: &'static str, body: &Value) -> Scenario {
    one(name, post(PROGRESS, body.to_string()))
}

/// Everything.
pub(super) fn corpus() -> Vec<Scenario> {
    let mut all = valid_ones();
    all.extend(bodies());
    all.extend(source_types());
    all.extend(times());
    all.extend(queries());
    all.extend(robustness());
    all.extend(sequences());
    all
}

fn valid_ones() -> Vec<Scenario> {
    let json = || post(DOWNLOAD, valid().to_string());
    let reversed: serde_json::Map<_, _> = valid()
        .as_object()
        .unwrap()
        .clone()
        .into_iter()
        .rev()
        .collect();
    let pretty = serde_json::to_string_pretty(&valid()).unwrap();
    vec![
        one("hour", json()),
        one(
            "charset",
            json().with("content-type", "application/json; charset=utf-8"),
        ),
        one("chunked", json().with("transfer-encoding", "chunked")),
        one(
            "other-order",
            post(DOWNLOAD, Value::Object(reversed).to_string()),
        ),
        one("white-space", post(DOWNLOAD, pretty)),
        text("escaped-name", |body| {
            body.replace("channel", "\\u0063hannel")
        }),
        start("unknown-member", "x_unknown", json!({"a": [1, null]})),
        start("platfrom-id", "platfrom_id", "2"),
        start("platform-id", "platform_id", "no-such-platform"),
        start("callback", "callback", "http://127.0.0.1:9/progress"),
        start("channel-in-words", "channel", "front door"),
        start("channel-with-colons", "channel", "1:1200000001"),
        window("minute", "2025-04-04T08:00:00", "2025-04-04T08:01:00"),
        window("five-seconds", "2025-04-04T08:00:00", "2025-04-04T08:00:05"),
        window("seconds", "2025-04-04T08:00:01", "2025-04-04T08:00:11"),
        window("six-hours", "2025-04-04T08:00:00", "2025-04-04T14:00:00"),
        window("leap-day", "2024-02-29T08:00:00", "2024-02-29T09:00:00"),
        window("new-year", "2024-12-31T23:59:00", "2025-01-01T00:01:00"),
        window("years", "2010-01-01T00:00:00", "2025-01-01T00:00:00"),
    ]
}

fn bodies() -> Vec<Scenario> {
    let json = || post(DOWNLOAD, valid().to_string());
    let mut bare = json();
    bare.headers.clear();
    vec![
        start("missing-device", "device_unicode", Value::Null),
        start("missing-channel", "channel", Value::Null),
        start("missing-source-type", "source_type", Value::Null),
        start("missing-end", "end_time", Value::Null),
        text("null-device", |body| {
            body.replace("\"34020000001110000228\"", "null")
        }),
        start("list-source-type", "source_type", json!(["3"])),
        start("number-source-type", "source_type", 3),
        start("number-channel", "channel", 1),
        start("boolean-channel", "channel", true),
        start("empty-channel", "channel", ""),
        start("blank-device", "device_unicode", " \t"),
        text("list-body", |body| format!("[{body}]")),
        text("text-body", |body| Value::from(body).to_string()),
        one("no-body", post(DOWNLOAD, "")),
        text("truncated", |body| body[..body.len() - 1].to_owned()),
        text("trailing-comma", |body| body.replace('}', ",}")),
        text("single-quotes", |body| body.replace('"', "'")),
        text("nan", |body| body.replace('}', ",\"x\":NaN}")),
        text("comment", |body| body.replace('}', "/* a comment */}")),
        one(
            "other-content-type",
            json().with("content-type", "text/plain"),
        ),
        one("without-content-type", bare),
        start("unknown-device", "device_unicode", "34020000001110000404"),
        start("unknown-channel", "channel", "34020000001320000404"),
        start("no-recording", "channel", "34020000001320000204"),
        text("null-callback", |body| {
            body.replace('}', ",\"callback\":null}")
        }),
        start("ftp-callback", "callback", "ftp://127.0.0.1/progress"),
        start(
            "callback-with-line-break",
            "callback",
            "http://127.0.0.1:8080/\r\nprogress",
        ),
    ]
}

fn source_types() -> Vec<Scenario> {
    [
        ("source-type-1", "1"),
        ("source-type-6", "6"),
        ("source-type-7", "7"),
        ("source-type-word", "GB28181"),
        ("source-type-blanks", " 3 "),
        ("source-type-03", "03"),
        ("source-type-plus", "+3"),
        ("source-type-fraction", "3.0"),
        ("source-type-fullwidth", "３"),
        ("source-type-nul", "3\0"),
    ]
    .map(|(name, value)| start(name, "source_type", value))
    .into()
}

fn times() -> Vec<Scenario> {
    let example = json!({
        "device_unicode": "55", "platfrom_id": "2", "source_type": "1", "channel": "1",
        "start_time": "2025-04-04T21:36:17", "end_time": "2024-06-21T10:16:23", "callback": "http://xxxxxx",
    });
    let ends = [
        ("time-z", "2025-04-04T09:00:00Z"),
        ("time-offset", "2025-04-04T09:00:00+08:00"),
        ("time-fraction", "2025-04-04T09:00:00.5"),
        ("time-space", "2025-04-04 09:00:00"),
        ("time-small-t", "2025-04-04t09:00:00"),
        ("time-slashes", "2025/04/04T09:00:00"),
        ("time-minutes", "2025-04-04T09:00"),
        ("time-date", "2025-04-05"),
        ("time-one-digit", "2025-4-4T9:0:0"),
        ("time-epoch", "1743732000"),
        ("time-fullwidth", "２０２５-04-04T09:00:00"),
        ("time-blanks", " 2025-04-04T09:00:00"),
        ("time-word", "later"),
        ("month-13", "2025-13-04T09:00:00"),
        ("day-32", "2025-04-32T09:00:00"),
        ("april-31", "2025-04-31T09:00:00"),
        ("hour-24", "2025-04-04T24:00:00"),
        ("hour-25", "2025-04-04T25:00:00"),
        ("minute-60", "2025-04-04T08:60:00"),
        ("second-60", "2025-04-04T08:00:60"),
        ("empty-window", "2025-04-04T08:00:00"),
        ("reversed-same-day", "2025-04-04T07:00:00"),
        ("reversed", "2025-04-03T09:00:00"),
    ];
    let starts = [
        ("month-0", "2025-00-04T08:00:00"),
        ("day-0", "2025-04-00T08:00:00"),
        ("february-30", "2025-02-30T08:00:00"),
    ];
    let mut all: Vec<_> = ends.map(|(name, end)| start(name, "end_time", end)).into();
    all.extend(starts.map(|(name, at)| start(name, "start_time", at)));
    all.push(window(
        "future",
        "2030-01-01T00:00:00",
        "2030-01-01T01:00:00",
    ));
    all.push(one("own-example", post(DOWNLOAD, example.to_string())));
    all
}

fn queries() -> Vec<Scenario> {
    let unknown = "download:34020000001110000228:34020000001320000666:1200009999";
    vec![
        query("unknown-id", &json!({"stream_id": unknown})),
        query("malformed-id", &json!({"stream_id": "../../etc/passwd"})),
        query("missing-id", &json!({})),
        query("null-id", &json!({"stream_id": null})),
        query("list-id", &json!({"stream_id": [unknown]})),
        query("number-id", &json!({"stream_id": 1})),
    ]
}

fn robustness() -> Vec<Scenario> {
    let request = |method| Sent {
        method,
        ..post(DOWNLOAD, "")
    };
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let latin: Vec<u8> = valid().to_string().replace("666", "66?").bytes().collect();
    let latin: Vec<u8> = latin
        .into_iter()
        .map(|b| if b == b'?' { 0xe9 } else { b })
        .collect();
    vec![
        one("get", request(Method::GET)),
        one("put", request(Method::PUT)),
        one("no-such-path", post("/nowhere", "{}")),
        start("long-device", "device_unicode", "1".repeat(100)),
        start("nul-channel", "channel", "1\0"),
        text("deep", move |body| {
            body.replace('}', &format!(",\"x_deep\":{deep}}}"))
        }),
        one("no-utf-8", post(DOWNLOAD, latin)),
        one(
            "foreign-tenant",
            post(DOWNLOAD, valid().to_string()).with("tenant-id", "租户"),
        ),
    ]
}

fn sequences() -> Vec<Scenario> {
    let send = |body: &Value| Step::Send(post(DOWNLOAD, body.to_string()));
    let bad = || Step::Send(post(DOWNLOAD, "{\"channel\":"));
    let duplicate = valid().to_string().replacen('{', "{\"channel\":\"9\",", 1);
    let watched = (0..45).flat_map(|_| [Step::Ask(0), Step::Wait(10)]);
    let other = but("end_time", "2025-04-04T08:30:00");
    let many = std::iter::repeat_with(bad).take(101);
    vec![
        Scenario {
            name: "one-download",
            steps: std::iter::once(send(&valid())).chain(watched).collect(),
        },
        Scenario {
            name: "callback-and-wait",
            steps: vec![
                send(&but("callback", "http://127.0.0.1:9/progress")),
                Step::Wait(1000),
                Step::Ask(0),
            ],
        },
        Scenario {
            name: "two-tenants",
            steps: vec![
                Step::Send(post(DOWNLOAD, valid().to_string()).with("tenant-id", "a")),
                Step::AskAs(0, "a"),
                Step::AskAs(0, "b"),
            ],
        },
        Scenario {
            name: "two-downloads",
            steps: vec![
                send(&valid()),
                Step::Wait(30),
                send(&other),
                Step::Ask(0),
                Step::Ask(1),
            ],
        },
        Scenario {
            name: "two-channels",
            steps: vec![
                send(&valid()),
                send(&but("channel", "34020000001320000667")),
            ],
        },
        Scenario {
            name: "twice-the-same",
            steps: vec![bad(), bad()],
        },
        Scenario {
            name: "duplicate",
            steps: std::iter::repeat_with(|| Step::Send(post(DOWNLOAD, &duplicate)))
                .take(3)
                .collect(),
        },
        Scenario {
            name: "after-many",
            steps: many.chain([send(&valid())]).collect(),
        },
    ]
}
