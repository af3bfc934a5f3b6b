//! Tables of answers, all legal forms of a rejection among them, and what each means.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};
use smsload_spec::Contract;

use super::{Fault, Oracle, Outcome};
use crate::exchange::{Answer, Exchange, Lost, Received, Sent};
use crate::request::{Caller, Wire};
use crate::target::Busy;

fn oracle(operation: &str) -> Oracle {
    let busy = Busy {
        codes: vec!["50301".into()],
        ..Busy::default()
    };
    Oracle::new(&Contract::bundled(), operation, busy).unwrap()
}

fn exchange(received: Received) -> Exchange {
    let sent = Sent {
        method: "POST".into(),
        url: String::new(),
        headers: Vec::new(),
        caller: Caller::Own,
        wire: Wire::Plain,
        digest: None,
        captured: Vec::new(),
        body: bytes::Bytes::new(),
    };
    Exchange {
        id: String::new(),
        sent,
        received,
        at: Duration::ZERO,
        took: Duration::ZERO,
    }
}

fn answer(status: u16, body: &str) -> Exchange {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let body = bytes::Bytes::copy_from_slice(body.as_bytes());
    exchange(Received::Answer(Answer {
        status,
        headers,
        body,
        is_cut: false,
        digest: None,
    }))
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted(_) => "accepted",
        Outcome::Rejected(_) => "rejected",
        Outcome::Busy(_) => "busy",
        Outcome::ProvesNothing(_) => "nothing",
        Outcome::Failure(Fault::Flawed(_)) => "flawed",
        Outcome::Failure(_) => "failure",
    }
}

fn accepted() -> Value {
    json!({"code": "0", "message": "", "data": {
        "stream_id": "any", "playback_duration": "10", "playback_file_size": "0"}})
}

/// The acceptance with one value replaced, or removed.
fn with(pointer: &str, value: Option<Value>) -> String {
    let mut body = accepted();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(name.into(), value),
        None => parent.shift_remove(name),
    };
    body.to_string()
}

#[test]
fn acceptance_is_told_by_status_envelope_code_and_data() {
    let start = oracle("startDownload");
    let set = |pointer, value: Value| with(pointer, Some(value));
    let cases = [
        (200, accepted().to_string(), "accepted"),
        (200, set("/message", json!("成功")), "accepted"),
        (200, set("/trace", json!({"id": 1})), "accepted"),
        (200, set("/data/state", json!(1)), "accepted"),
        (
            200,
            set("/data/playback_duration", json!("9.960")),
            "accepted",
        ),
        (201, accepted().to_string(), "flawed"),
        (200, with("/message", None), "flawed"),
        (200, with("/data", None), "flawed"),
        (200, set("/data", Value::Null), "flawed"),
        (200, with("/data/stream_id", None), "flawed"),
        (200, set("/data/stream_id", json!("")), "flawed"),
        (200, set("/data/playback_duration", json!(10)), "flawed"),
        (200, set("/data/playback_duration", json!("10 s")), "flawed"),
        (200, set("/data/playback_file_size", json!("1.5")), "flawed"),
        (400, accepted().to_string(), "rejected"),
        (500, accepted().to_string(), "failure"),
        (200, set("/code", json!(0)), "flawed"),
        (200, set("/code", json!(200)), "failure"),
        (200, with("/code", None), "failure"),
        (200, format!("[{}]", accepted()), "failure"),
        (200, format!("{}{{}}", accepted()), "flawed"),
        (200, format!("{}\nOK", accepted()), "flawed"),
        (200, "OK".to_owned(), "failure"),
    ];
    for (status, body, expected) in cases {
        let (outcome, _) = start.judge(&answer(status, &body));
        assert_eq!(word(&outcome), expected, "{status} {body}: {outcome}");
    }
}

#[test]
fn every_legal_form_of_a_rejection_counts() {
    let data = json!({"stream_id": "", "playback_duration": "", "playback_file_size": null});
    let envelopes = [
        json!({"code": "40001", "message": "no"}),
        json!({"code": "1", "message": ""}),
        json!({"code": "", "message": "no"}),
        json!({"code": "00", "message": "no"}),
        json!({"code": "1", "message": "no", "data": null}),
        json!({"code": "1", "message": "no", "data": {}}),
        json!({"code": "1", "message": "no", "data": []}),
        json!({"code": "1", "message": "no", "data": "x"}),
        json!({"code": "1", "message": "no", "data": data}),
        json!({"code": "1", "message": "no", "trace": 7}),
    ];
    for operation in ["startDownload", "queryDownloadProgress"] {
        let oracle = oracle(operation);
        for envelope in &envelopes {
            for status in [200, 400, 409, 411, 413, 415, 422] {
                let (outcome, _) = oracle.judge(&answer(status, &envelope.to_string()));
                assert_eq!(word(&outcome), "rejected", "{status} {envelope}");
            }
        }
        for body in ["", "no", "<h1>Bad Request</h1>", "{}", "null"] {
            assert_eq!(
                word(&oracle.judge(&answer(400, body)).0),
                "rejected",
                "{body}"
            );
        }
    }
}

#[test]
fn what_is_neither_is_a_failure_or_proves_nothing() {
    let start = oracle("startDownload");
    let no = json!({"code": "1", "message": "no"}).to_string();
    let busy = json!({"code": "50301", "message": "busy"}).to_string();
    let numeric = json!({"code": 1, "message": "no"}).to_string();
    let silent = json!({"code": "1"}).to_string();
    let cases = [
        (200, "", "failure"),
        (200, "<h1>hello</h1>", "failure"),
        (200, "{}", "failure"),
        (200, &numeric, "failure"),
        (200, &silent, "failure"),
        (201, &no, "failure"),
        (204, "", "failure"),
        (302, &no, "failure"),
        (304, "", "failure"),
        (500, &no, "failure"),
        (501, &no, "failure"),
        (502, "", "failure"),
        (505, "", "failure"),
        (401, &no, "nothing"),
        (403, &no, "nothing"),
        (404, &no, "nothing"),
        (405, "", "nothing"),
        (408, "", "nothing"),
        (429, &no, "busy"),
        (503, "", "busy"),
        (200, &busy, "busy"),
    ];
    for (status, body, expected) in cases {
        assert_eq!(
            word(&start.judge(&answer(status, body)).0),
            expected,
            "{status} {body}"
        );
    }
    let losses = [
        Lost::Dropped,
        Lost::TimedOut(Duration::from_secs(1)),
        Lost::NoHttp("x".into()),
    ];
    for lost in losses {
        let (outcome, _) = start.judge(&exchange(Received::Lost(lost)));
        assert_eq!(word(&outcome), "failure");
    }
    let mut cut = answer(200, &accepted().to_string());
    if let Received::Answer(answer) = &mut cut.received {
        answer.is_cut = true;
    }
    assert_eq!(start.judge(&cut).0, Outcome::Failure(Fault::TooLong));
}

#[test]
fn a_query_owes_an_envelope_and_no_member_of_its_data() {
    let query = oracle("queryDownloadProgress");
    for data in [json!({}), json!({"progress": 0.5}), json!([]), json!("50")] {
        let body = json!({"code": "0", "message": "", "data": data}).to_string();
        assert_eq!(
            word(&query.judge(&answer(200, &body)).0),
            "accepted",
            "{body}"
        );
    }
    let body = json!({"code": "0", "message": ""}).to_string();
    assert_eq!(word(&query.judge(&answer(200, &body)).0), "flawed");
}

proptest! {
    #[test]
    fn a_status_says_what_it_says_whatever_the_body(status in 100..600_u16, body in ".{0,40}") {
        let (outcome, _) = oracle("startDownload").judge(&answer(status, &body));
        let expected: &[&str] = match status {
            429 | 503 => &["busy"],
            401 | 403..=405 | 408 => &["nothing"],
            400..=499 => &["rejected"],
            _ => &["failure"],
        };
        prop_assert!(expected.contains(&word(&outcome)), "{} {}: {}", status, body, outcome);
    }

    #[test]
    fn members_that_are_not_named_change_nothing(name in "[a-z]{1,9}", value in ".{0,9}") {
        prop_assume!(!["code", "message", "data"].contains(&name.as_str()));
        for pointer in [format!("/{name}"), format!("/data/{name}")] {
            let body = with(&pointer, Some(json!(value.clone())));
            let (outcome, _) = oracle("startDownload").judge(&answer(200, &body));
            prop_assert_eq!(word(&outcome), "accepted");
        }
    }
}
