//! What is written is read again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::json;

use super::{Record, RecordError, Records};
use crate::exchange::{
    Answer, Captured, Digest, Exchange, HeaderText, Lost, Received, Sent, Slice,
};
use crate::receipt::{Door, Receipt, Reply};
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

fn digest() -> impl Strategy<Value = Digest> {
    let slice = (any::<u64>(), bytes()).prop_map(|(offset, bytes)| Slice { offset, bytes });
    let slices = proptest::collection::vec(slice, 0..3);
    (any::<u64>(), "[0-9a-f]{64}", any::<bool>(), slices).prop_map(
        |(length, sha256, is_whole, slices)| Digest {
            length,
            sha256,
            is_whole,
            slices,
        },
    )
}

fn received() -> impl Strategy<Value = Received> {
    let digest = proptest::option::of(digest());
    let answer = (100..600_u16, headers(), bytes(), any::<bool>(), digest);
    let answer = answer.prop_map(|(status, headers, body, is_cut, digest)| {
        Received::Answer(Answer {
            status,
            headers,
            body,
            is_cut,
            digest,
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
        digest: None,
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

fn receipt() -> impl Strategy<Value = Receipt> {
    let reply = prop_oneof![
        (100..600_u16).prop_map(Reply::Status),
        ((100..600_u16), time()).prop_map(|(status, after)| Reply::Late(status, after)),
        ((300..400_u16), any::<String>()).prop_map(|(status, to)| Reply::Redirect(status, to)),
        Just(Reply::Hang),
        Just(Reply::Reset),
    ];
    let door = prop_oneof![Just(Door::Front), Just(Door::Back)];
    (any::<String>(), door, bytes(), headers(), time(), reply).prop_map(
        |(id, door, body, headers, at, reply)| Receipt {
            case: id.clone(),
            id,
            door,
            method: "POST".into(),
            target: body.clone(),
            headers,
            body,
            is_cut: false,
            at,
            reply,
        },
    )
}

proptest! {
    #[test]
    fn a_receipt_is_read_as_it_was_written(receipt in receipt()) {
        let record = Record::Receipt(Arc::new(receipt));
        let line = serde_json::to_string(&record).unwrap();
        let read: Vec<_> = Records::new(line.as_bytes()).map(Result::unwrap).collect();
        prop_assert_eq!(read, vec![record]);
    }

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
            digest: None,
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
