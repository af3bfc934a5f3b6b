//! ACC-09 and BODY-09: what the page leaves open. An optional member of a wrong kind, and a member that stands twice.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::Check;
use super::expect::{nothing, reports, survived};
use crate::api::{Api, Object, start};
use crate::case::{Answers, Case, Judge, Opinion, Plan, Step, Twin};
use crate::oracle::Outcome;
use crate::request::{Kind, Request};

pub(super) const CHECKS: &[Check] = &[
    Check::new("ACC-09", optional_members),
    Check::new("BODY-09", twice),
];

/// Bodies with a member that stands twice: each may be two downloads.
const DOUBLED: u32 = 24;

fn optional_members(api: &Arc<Api>) -> Plan {
    let optional = api.known.iter().filter(|name| !api.required.contains(name));
    let values = [Value::Null, json!(""), json!(7), json!({})];
    let table: Vec<_> = optional
        .flat_map(|name| values.iter().map(move |value| (name, value)))
        .zip(1..)
        .map(|((name, value), n)| {
            let window = api.fixtures.recorded.wide_part(n);
            let body = api.body_with(window, name, value.clone());
            reports(format!("`{name}` {value}"), start(&body))
        })
        .collect();
    let note = table
        .is_empty()
        .then(|| "the contract has no optional members".to_owned());
    Plan::table(table).with_note(note)
}

/// Equal values first, then one that is wrong before or after the right one.
fn twice(api: &Arc<Api>) -> Plan {
    let valid = api.body(api.fixtures.recorded.wide_part(2));
    let Some((name, value)) = valid.iter().next() else {
        return Plan::nothing("the contract has no required members");
    };
    let wrong = json!("0");
    let source = valid.get(api.source_type).cloned().unwrap_or_default();
    let end = valid.len();
    let table = vec![
        doubled(&valid, name, end, value, value),
        doubled(&valid, api.source_type, end, &source, &wrong),
        doubled(&valid, api.source_type, end, &wrong, &source),
    ];
    let names: Vec<_> = valid.keys().cloned().collect();
    let values = [json!(""), json!("0"), Value::Null, json!(7), json!([])];
    let windows = api.fixtures.recorded.wide_parts();
    let api = Arc::clone(api);
    let drawn = (
        windows,
        select(names),
        any::<Index>(),
        prop::option::of(select(values.to_vec())),
        any::<bool>(),
    );
    let random = drawn.prop_map(move |(window, name, at, other, is_first)| {
        let valid = api.body(window);
        let right = valid.get(&name).cloned().unwrap_or_default();
        let other = other.unwrap_or_else(|| right.clone());
        let (one, two) = if is_first {
            (&other, &right)
        } else {
            (&right, &other)
        };
        doubled(&valid, &name, at.index(valid.len()), one, two)
    });
    Plan {
        most: Some(DOUBLED),
        ..Plan::random(table, random.sboxed())
    }
}

/// A body in which a member has one value in its own place and another one at a later place or at the end.
fn doubled(valid: &Object, name: &str, at: usize, one: &Value, two: &Value) -> Case {
    let mut members: Vec<(&str, &Value)> = valid
        .iter()
        .map(|(n, value)| (n.as_str(), if n == name { one } else { value }))
        .collect();
    let own = members.iter().position(|(n, _)| *n == name).unwrap_or(0);
    members.insert(at.max(own + 1).min(members.len()), (name, two));
    let texts: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", Value::from(*name)))
        .collect();
    let request = Request::json(Kind::Start, format!("{{{}}}", texts.join(",")));
    let judge: Judge = Arc::new(|_, answers| same_outcome(answers));
    Case {
        about: format!("`{name}` twice: {one} and {two}"),
        steps: vec![Step::Send(request.clone()), Step::Send(request)],
        is_at_once: false,
        twin: Twin::Plain,
        downloads: 2,
        judge,
    }
}

fn same_outcome(answers: &Answers) -> Opinion {
    let [one, two] = answers else {
        return nothing();
    };
    for answered in answers {
        let opinion = survived(answered);
        if opinion != Opinion::Pass {
            return opinion;
        }
        if let Outcome::ProvesNothing(r) = &answered.outcome
            && r.status != 404
        {
            return Opinion::Inconclusive(answered.outcome.to_string());
        }
    }
    if one.outcome.is_taken() == two.outcome.is_taken() {
        Opinion::Pass
    } else {
        Opinion::fail(
            "the same outcome each time",
            format!("{}, then {}", one.outcome, two.outcome),
        )
    }
}
