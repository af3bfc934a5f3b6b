//! ROBU-01 and ROBU-06: valid requests, changed in one place. Framing headers (length, transfer coding, connection) are
//! left alone, and so is `Expect`, which is part of the framing too.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::expect::{survives, text};
use super::{Check, nasty};
use crate::api::{Api, start};
use crate::case::{Case, Plan};
use crate::request::{Kind, Request};

pub(super) const CHECKS: &[Check] = &[
    Check::new("ROBU-01", anything),
    Check::new("ROBU-06", no_text),
];

/// Headers that applications read.
const HEADERS: [&str; 14] = [
    "tenant-id",
    "token",
    "authorization",
    "cookie",
    "accept",
    "accept-language",
    "accept-encoding",
    "accept-charset",
    "content-language",
    "if-none-match",
    "origin",
    "referer",
    "user-agent",
    "x-forwarded-for",
];

/// Odd texts in requests that are valid otherwise, whatever the limit of downloads.
const WHOLE: usize = 6;

/// An unknown member.
const UNKNOWN: &str = "x_unknown";

/// What is changed.
#[derive(Debug, Clone)]
enum Change {
    /// The value of a member.
    Value(String, Value),
    /// The name of a member.
    Name(String, String),
    /// A header.
    Header(&'static str, String),
    /// Bytes of the body: so many from a place on are replaced.
    Bytes(Index, usize, Vec<u8>),
}

fn anything(api: &Arc<Api>) -> Plan {
    let device = &api.names.device;
    let mut table: Vec<_> = nasty::texts()
        .into_iter()
        .enumerate()
        .map(|(n, (what, text))| {
            let about = format!("`{device}` is {what}");
            if n < WHOLE {
                let body = api.body_with(api.fixtures.recorded, device, text);
                return survives(about, start(&body), 1);
            }
            case(api, about, &Change::Value(device.clone(), text.into()))
        })
        .collect();
    for name in &api.required {
        for value in values() {
            let about = format!(
                "`{name}` is {}",
                crate::text::excerpt(value.to_string().as_bytes())
            );
            table.push(case(api, about, &Change::Value(name.clone(), value)));
        }
    }
    for header in &HEADERS[..4] {
        let change = Change::Header(header, printable("\u{202e}录像' OR \"%00\\"));
        table.push(case(
            api,
            format!("`{header}` with odd characters"),
            &change,
        ));
    }
    let plain = api.plain().body;
    let bodies = [
        ("the first byte is lost", plain.slice(1..)),
        ("the last byte is lost", plain.slice(..plain.len() - 1)),
        (
            "the body twice",
            Bytes::from([&plain[..], &plain[..]].concat()),
        ),
        (
            "the bytes in reverse",
            plain.iter().rev().copied().collect(),
        ),
    ];
    let bodies = bodies.map(|(about, body)| survives(about, Request::json(Kind::Start, body), 0));
    table.extend(bodies);
    let random = changes(api);
    let api = Arc::clone(api);
    let random = random.prop_map(move |change| case(&api, change.to_string(), &change));
    Plan::random(table, random.sboxed())
}

/// Values of other types, large or deep.
fn values() -> Vec<Value> {
    let deep = (0..60).fold(Value::Null, |inner, _| json!([inner]));
    vec![
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e308),
        json!(-0.0),
        deep,
        Value::Array(vec![json!({}); 2_000]),
    ]
}

fn changes(api: &Api) -> impl Strategy<Value = Change> + Send + Sync + use<> {
    let mut names = api.known.clone();
    names.push(UNKNOWN.to_owned());
    let known: Vec<String> = nasty::texts().into_iter().map(|(_, text)| text).collect();
    let nasty = move || {
        prop_oneof![
            3 => select(known.clone()),
            2 => text("(?s).{0,40}"),
            1 => text("[\u{1}-\u{1f}\u{7f}-\u{9f}]{1,8}"),
            1 => text("[\u{300}-\u{36f}\u{200b}-\u{200f}\u{fff0}-\u{ffff}]{1,8}"),
        ]
    };
    let value = prop_oneof![
        4 => nasty().prop_map(Value::from),
        1 => select(values()),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ];
    let bytes = prop::collection::vec(any::<u8>(), 0..4);
    prop_oneof![
        4 => (select(names.clone()), value).prop_map(|(n, v)| Change::Value(n, v)),
        1 => (select(names), nasty()).prop_map(|(n, new)| Change::Name(n, new)),
        2 => (select(&HEADERS[..]), nasty()).prop_map(|(h, t)| Change::Header(h, printable(&t))),
        3 => (any::<Index>(), 0..4_usize, bytes).prop_map(|(at, n, new)| Change::Bytes(at, n, new)),
    ]
}

/// What a header can carry of a text.
fn printable(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|c| !c.is_ascii_control() && *c != '\u{7f}')
        .take(2_000)
        .collect();
    text.trim().to_owned()
}

fn case(api: &Api, about: String, change: &Change) -> Case {
    let mut body = api.cheap_body();
    // What a limited budget has no room for cannot be accepted, or has to be paid for.
    let paid = |is_likely: bool| u32::from(is_likely && api.downloads.is_none());
    let (request, downloads) = match change {
        Change::Value(name, value) => {
            body.insert(name.clone(), value.clone());
            (start(&body), paid(!api.required.contains(name)))
        }
        Change::Name(name, new) => {
            let value = body.shift_remove(name).unwrap_or_else(|| "x".into());
            body.insert(new.clone(), value);
            (start(&body), paid(!api.required.contains(name)))
        }
        Change::Header(name, value) => (start(&body).with_header(*name, value), paid(true)),
        Change::Bytes(at, count, new) => {
            let mut bytes = start(&body).body.to_vec();
            let from = at.index(bytes.len());
            let to = (from + count).min(bytes.len());
            bytes.splice(from..to, new.iter().copied());
            (Request::json(Kind::Start, bytes), 0)
        }
    };
    survives(about, request, downloads)
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let excerpt = |text: &str| crate::text::excerpt(text.as_bytes());
        match self {
            Self::Value(name, value) => write!(f, "`{name}` is {}", excerpt(&value.to_string())),
            Self::Name(name, new) => write!(f, "`{name}` is called {:?}", excerpt(new)),
            Self::Header(name, value) => write!(f, "the header `{name}` is {:?}", excerpt(value)),
            Self::Bytes(_, count, new) => {
                write!(f, "{count} bytes of the body replaced by {new:02x?}")
            }
        }
    }
}

/// Byte sequences and escapes that are no text of JSON.
const NO_TEXT: [(&str, &[u8]); 11] = [
    ("a byte that UTF-8 does not have", b"\xff"),
    ("a sequence that breaks off", b"\xe5\xbd"),
    ("a byte that continues nothing", b"\x80"),
    ("an overlong slash", b"\xc0\xaf"),
    ("a code beyond Unicode", b"\xf4\x90\x80\x80"),
    ("a raw surrogate", b"\xed\xa0\x80"),
    ("a raw NUL", b"\0"),
    ("an escaped NUL", b"\\u0000"),
    ("an escaped high surrogate alone", b"\\ud83d"),
    ("an escaped low surrogate alone", b"\\ude00"),
    ("escaped surrogates in the wrong order", b"\\ude00\\ud83d"),
];

/// In the value of each required member, in a name, and in an unknown member.
fn no_text(api: &Arc<Api>) -> Plan {
    let mut table = Vec::new();
    let plain = start(&api.cheap_body()).body;
    let open = plain.strip_suffix(b"}").unwrap_or(&plain);
    for (what, bytes) in NO_TEXT {
        for name in [&api.names.device, &api.names.channel, &api.names.start] {
            let mut body = api.cheap_body();
            body.insert(name.clone(), MARK.into());
            let about = format!("`{name}` has {what}");
            table.push(raw(about, &start(&body).body, bytes, 0));
        }
        let named = [open, b",\"x_", MARK.as_bytes(), b"\":1}"].concat();
        // Some parsers let this pass, and rightly so: then it is a download.
        let downloads = u32::from(api.downloads.is_none());
        table.push(raw(format!("a name has {what}"), &named, bytes, downloads));
    }
    let utf16: Vec<u8> = String::from_utf8_lossy(&plain)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let request = Request::json(Kind::Start, utf16);
    table.push(survives("the body is UTF-16", request, 0));
    Plan::table(table)
}

/// What is replaced by bytes.
const MARK: &str = "MARK";

fn raw(about: String, body: &[u8], bytes: &[u8], downloads: u32) -> Case {
    let mark = MARK.as_bytes();
    let at = body.windows(mark.len()).position(|w| w == mark);
    let mut out = body.to_vec();
    if let Some(at) = at {
        out.splice(at..at + mark.len(), bytes.iter().copied());
    }
    survives(
        about,
        Request::json(Kind::Start, Bytes::from(out)),
        downloads,
    )
}
