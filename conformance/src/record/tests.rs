//! What is written is read again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::json;

use super::{Record, RecordError, Records};
use crate::exchange::{Answer, Captured, Exchange, HeaderText, Lost, Received, Sent, Whole};
use crate::request::{Caller, Wire};

fn bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        any::<String>().prop_map(Bytes::from),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from),
    ]
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    let value = proptest::collection::vec(any::<u8>(), 0..12)
        .prop_filter_map("a header", |bytes| HeaderValue::from_bytes(&bytes).ok());
    let name = "[a-z]{1,3}".prop_map(|n| HeaderName::try_from(n).unwrap());
    proptest::collection::vec((name, value), 0..6).prop_map(|pairs| {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name, value);
        }
        map
    })
}

fn time() -> impl Strategy<Value = Duration> {
    (0..u64::from(u32::MAX)).prop_map(Duration::from_micros)
}

fn received() -> impl Strategy<Value = Received> {
    let whole = proptest::option::of((any::<u64>(), "[0-9a-f]{64}"));
    let whole = whole.prop_map(|w| w.map(|(length, sha256)| Whole { length, sha256 }));
    let answer = (100..600_u16, headers(), bytes(), any::<bool>(), whole);
    let answer = answer.prop_map(|(status, headers, body, is_cut, whole)| {
        Received::Answer(Answer {
            status,
            headers,
            body,
            is_cut,
            whole,
        })
    });
    let lost = prop_oneof![
        any::<String>().prop_map(Lost::NotReached),
        time().prop_map(Lost::TimedOut),
        Just(Lost::Dropped),
        any::<String>().prop_map(Lost::NoHttp),
    ];
    prop_oneof![answer, lost.prop_map(Received::Lost)]
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let text = prop_oneof![
        any::<String>().prop_map(HeaderText::Plain),
        Just(HeaderText::Secret)
    ];
    let headers = proptest::collection::vec((any::<String>(), text), 0..4);
    let wire = prop_oneof![Just(Wire::Plain), Just(Wire::Chunked), Just(Wire::Slow)];
    let sent = (any::<String>(), headers, wire, bytes());
    let sent = sent.prop_map(|(url, headers, wire, body)| Sent {
        method: "POST".into(),
        url,
        headers,
        caller: Caller::TenantA,
        wire,
        body,
        whole: None,
        captured: vec![Captured {
            from: "TIME-01#3".into(),
            pointer: "/data/stream_id".into(),
            at: "/stream_id".into(),
        }],
    });
    (any::<String>(), sent, received(), time(), time()).prop_map(
        |(id, sent, received, at, took)| Exchange {
            id,
            sent,
            received,
            at,
            took,
        },
    )
}

proptest! {
    #[test]
    fn an_exchange_is_read_as_it_was_written(exchange in exchange()) {
        let record = Record::Exchange(Arc::new(exchange));
        let line = serde_json::to_string(&record).unwrap();
        prop_assert!(!line.contains('\n'));
        let read: Vec<_> = Records::new(line.as_bytes()).map(Result::unwrap).collect();
        prop_assert_eq!(read, vec![record]);
    }
}

#[test]
fn an_exchange_is_plain_json() {
    let exchange = Exchange {
        id: "PROG-01#0.1".into(),
        sent: Sent {
            method: "POST".into(),
            url: "http://127.0.0.1:4010/query".into(),
            headers: vec![
                (
                    "content-type".into(),
                    HeaderText::Plain("application/json".into()),
                ),
                ("token".into(), HeaderText::Secret),
            ],
            caller: Caller::Own,
            wire: Wire::Plain,
            body: Bytes::from_static(br#"{"stream_id":"a"}"#),
            whole: None,
            captured: vec![Captured {
                from: "PROG-01#0".into(),
                pointer: "/data/stream_id".into(),
                at: "/stream_id".into(),
            }],
        },
        received: Received::Lost(Lost::TimedOut(Duration::from_secs(10))),
        at: Duration::from_millis(12),
        took: Duration::from_secs(10),
    };
    let record = serde_json::to_value(Record::Exchange(Arc::new(exchange))).unwrap();
    assert_eq!(
        record,
        json!({
            "record": "exchange",
            "id": "PROG-01#0.1",
            "sent": {
                "method": "POST",
                "url": "http://127.0.0.1:4010/query",
                "headers": [["content-type", "application/json"], ["token", {"secret": true}]],
                "caller": "own",
                "wire": "plain",
                "body": {"text": "{\"stream_id\":\"a\"}"},
                "captured": [{"from": "PROG-01#0", "pointer": "/data/stream_id", "at": "/stream_id"}],
            },
            "received": {"lost": {"timed_out_microseconds": 10_000_000}},
            "at_microseconds": 12_000,
            "took_microseconds": 10_000_000,
        })
    );
}

#[test]
fn what_is_no_recording_is_told_by_its_line() {
    let mut records =
        Records::new(&b"{\"record\":\"dance\",\"steps\":3}\n{\"record\":\"exchange\"}\n{}\n"[..]);
    assert_eq!(records.next().unwrap().unwrap(), Record::Unknown);
    let error = records.next().unwrap().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("line 2 is no record: missing field"),
        "{error}"
    );
    assert!(records.next().is_none());
    let newer = br#"{"record":"run","version":9,"seed":"1","target":"","started":""}"#;
    let error = Records::new(&newer[..]).next().unwrap().unwrap_err();
    assert!(matches!(error, RecordError::Newer(9)));
}
