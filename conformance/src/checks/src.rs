//! SRC: the operation supports one source type and nothing else.

use std::sync::Arc;

use proptest::prelude::*;

use super::Check;
use super::expect::{nothing, rejects, text};
use crate::api::{Api, start};
use crate::case::{Answered, Case, Judge, Opinion, Plan, Step, Twin};
use crate::oracle::{Outcome, Rejected};
use crate::request::{Kind, Request};

pub(super) const CHECKS: &[Check] = &[
    Check::new("SRC-01", unsupported),
    Check::new("SRC-02", any_other),
    Check::new("SRC-02/lenient-spellings", lenient_spellings),
    Check::new("SRC-03", told_apart),
];

const NONE: &str = "the contract names no source type that it does not support";

fn with(api: &Api, value: &str) -> Case {
    let body = api.body_with(api.fixtures.recorded, api.source_type, value);
    rejects(format!("`{}` is {value:?}", api.source_type), start(&body))
}

fn unsupported(api: &Arc<Api>) -> Plan {
    let table: Vec<_> = api
        .unsupported
        .iter()
        .map(|value| with(api, value))
        .collect();
    Plan {
        note: table.is_empty().then(|| NONE.to_owned()),
        ..Plan::table(table)
    }
}

/// Any string but those that the contract names, empty and blank ones, and those that a lenient reader takes for a
/// supported one: they have lines of their own.
fn any_other(api: &Arc<Api>) -> Plan {
    let words = [
        "0",
        "7",
        "8",
        "-1",
        "10",
        "13",
        "99999999999",
        "GB28181",
        "three",
        "null",
        "true",
    ];
    let table = words
        .iter()
        .filter(|w| !is_named(api, w))
        .map(|word| with(api, word))
        .collect();
    let api = Arc::clone(api);
    // No digit that any script writes for three, and no other digit alone.
    let random = text("[A-Za-z_\\-./:;*?一-龥]{1,12}|[12456789][0-9]{1,6}|0[4-9]{1,4}");
    let random = random
        .prop_map(move |text| {
            let text = if is_named(&api, &text) {
                format!("x{text}")
            } else {
                text
            };
            with(&api, &text)
        })
        .sboxed();
    Plan::random(table, random)
}

fn is_named(api: &Api, text: &str) -> bool {
    api.supported
        .iter()
        .chain(&api.unsupported)
        .any(|named| named == text)
}

/// Spellings of the supported types that only a lenient reader takes for them.
fn lenient_spellings(api: &Arc<Api>) -> Plan {
    let spell = |digit: &String| {
        let shifted = |zero: char| {
            let value = digit
                .chars()
                .next()
                .and_then(|c| c.to_digit(10))
                .unwrap_or(0);
            char::from_u32(u32::from(zero) + value).unwrap_or(zero)
        };
        [
            format!(" {digit}"),
            format!("{digit} "),
            format!("0{digit}"),
            format!("{digit}.0"),
            format!("+{digit}"),
            shifted('０').to_string(),
            shifted('٠').to_string(),
            format!("{digit}\0"),
        ]
    };
    let is_digit = |text: &&String| text.len() == 1 && text.bytes().all(|b| b.is_ascii_digit());
    let texts = api.supported.iter().filter(is_digit).flat_map(spell);
    Plan::table(
        texts
            .filter(|t| !is_named(api, t))
            .map(|text| with(api, &text))
            .collect(),
    )
}

/// An unsupported type and a body that is no JSON are told apart.
fn told_apart(api: &Arc<Api>) -> Plan {
    let judge: Judge = Arc::new(|api, answers| {
        let [one, other] = answers else {
            return nothing();
        };
        match (envelope(one), envelope(other)) {
            (Some(unsupported), Some(malformed)) => compare(api, one, unsupported, malformed),
            _ => Opinion::Inconclusive("one of the two requests was not rejected".to_owned()),
        }
    });
    let table: Vec<_> = api
        .unsupported
        .iter()
        .take(1)
        .map(|value| {
            let body = api.body_with(api.fixtures.recorded, api.source_type, value.as_str());
            Case {
                about: format!(
                    "`{}` is {value:?}, and a body that is no JSON",
                    api.source_type
                ),
                steps: vec![
                    Step::Send(start(&body)),
                    Step::Send(Request::json(Kind::Start, "{\"malformed\"")),
                ],
                is_at_once: false,
                twin: Twin::Plain,
                downloads: 0,
                judge: Arc::clone(&judge),
            }
        })
        .collect();
    Plan {
        note: table.is_empty().then(|| NONE.to_owned()),
        ..Plan::table(table)
    }
}

fn envelope(answered: &Answered) -> Option<&Rejected> {
    match &answered.outcome {
        Outcome::Rejected(rejected) => Some(rejected),
        _ => None,
    }
}

fn compare(api: &Api, one: &Answered, unsupported: &Rejected, malformed: &Rejected) -> Opinion {
    let names = one
        .exchange
        .answer()
        .is_some_and(|answer| String::from_utf8_lossy(&answer.body).contains(api.source_type));
    // Where there is no envelope the status is all that tells.
    let differs = match (&unsupported.code, &malformed.code) {
        (None, None) => unsupported.status != malformed.status,
        (one, other) => one != other,
    };
    if names || differs {
        Opinion::Pass
    } else {
        Opinion::fail(
            format!(
                "another `code` than for a malformed body, or the name `{}`",
                api.source_type
            ),
            format!("both: {unsupported}"),
        )
    }
}
