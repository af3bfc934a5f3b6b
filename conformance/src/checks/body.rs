//! BODY: bodies that are no valid request, each with one fault.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};

use super::Check;
use super::expect::{NOT_FOUND, rejects, rejects_also};
use crate::api::{Api, start};
use crate::case::{Case, Plan};
use crate::request::{Kind, Request};

pub(super) const CHECKS: &[Check] = &[
    Check::new("BODY-01", missing),
    Check::new("BODY-02", |api| every_required(api, |_, _| no_text())),
    Check::new("BODY-03", |api| every_required(api, numbers)),
    Check::new("BODY-04", |api| every_required(api, |_, _| vec![json!("")])),
    Check::new("BODY-05", |api| every_required(api, |_, _| blanks())),
    Check::new("BODY-06", no_object),
    Check::new("BODY-07", truncated),
    Check::new("BODY-07/lenient-syntax", lenient),
    Check::new("BODY-08", media_types),
    Check::new("BODY-10", unknown_device),
    Check::new("BODY-11", unknown_channel),
];

/// Up to so many required members every set of them is tried.
const FEW: usize = 6;

/// Every set of members, smaller ones first, so that the first one that fails is a smallest; of many members every
/// single one, all of them, and any set between.
fn missing(api: &Arc<Api>) -> Plan {
    if api.required.is_empty() {
        return Plan::nothing("the contract has no required members");
    }
    if api.required.len() <= FEW {
        return Plan::table(sets(&api.required).map(|set| without(api, &set)).collect());
    }
    let mut table: Vec<_> = api
        .required
        .iter()
        .map(|name| without(api, std::slice::from_ref(name)))
        .collect();
    table.push(without(api, &api.required));
    let some = subsequence(api.required.clone(), 1..=api.required.len());
    let api = Arc::clone(api);
    Plan::random(
        table,
        some.prop_map(move |names| without(&api, &names)).sboxed(),
    )
}

/// Every set of these but the empty one, smaller ones first.
fn sets(names: &[String]) -> impl Iterator<Item = Vec<String>> {
    let mut masks: Vec<u32> = (1..1 << names.len()).collect();
    masks.sort_by_key(|mask| (mask.count_ones(), *mask));
    masks.into_iter().map(|mask| {
        let chosen = names.iter().enumerate().filter(|(n, _)| mask >> n & 1 == 1);
        chosen.map(|(_, name)| name.clone()).collect()
    })
}

fn without(api: &Api, names: &[String]) -> Case {
    let mut body = api.body(api.fixtures.recorded);
    body.retain(|name, _| !names.contains(name));
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    rejects(format!("without {}", quoted.join(", ")), start(&body))
}

/// Each required member with each of some values; the function knows the valid value.
fn every_required(api: &Arc<Api>, values: fn(&Api, &str) -> Vec<Value>) -> Plan {
    let valid = api.body(api.fixtures.recorded);
    let mut table = Vec::new();
    for name in &api.required {
        let text = valid.get(name).and_then(Value::as_str).unwrap_or_default();
        for value in values(api, text) {
            let body = api.body_with(api.fixtures.recorded, name, value.clone());
            if !api.allows(&body) {
                table.push(rejects(format!("`{name}` is {value}"), start(&body)));
            }
        }
    }
    Plan::table(table)
}

fn no_text() -> Vec<Value> {
    vec![
        Value::Null,
        json!({}),
        json!([]),
        json!(["3"]),
        json!({"value": "3"}),
    ]
}

/// Numbers and booleans; where the valid value is a number in quotes, that number.
fn numbers(_: &Api, valid: &str) -> Vec<Value> {
    let own = valid.parse::<u32>().ok().map(Value::from);
    [
        json!(0),
        json!(1_743_774_977),
        json!(1.5),
        json!(true),
        json!(false),
    ]
    .into_iter()
    .chain(own)
    .collect()
}

fn blanks() -> Vec<Value> {
    vec![json!(" "), json!("\t"), json!("\r\n"), json!("\u{3000}")]
}

fn no_object(api: &Arc<Api>) -> Plan {
    let plain = Value::Object(api.body(api.fixtures.recorded));
    let values = [
        json!([]),
        json!([plain.clone()]),
        json!(""),
        json!(plain.to_string()),
        json!(0),
        json!(1.5),
        json!(true),
        json!(false),
        Value::Null,
    ];
    let mut table: Vec<_> = values
        .into_iter()
        .map(|value| {
            let about = format!("the body is {}", crate::oracle::kind_of(Some(&value)));
            rejects(about, Request::json(Kind::Start, value.to_string()))
        })
        .collect();
    table.push(rejects("no body", Request::json(Kind::Start, "")));
    Plan::table(table)
}

fn truncated(api: &Arc<Api>) -> Plan {
    let whole = api.plain().body;
    let cut = move |at: usize| {
        let about = format!("the body breaks off after {at} of {} bytes", whole.len());
        rejects(about, Request::json(Kind::Start, whole.slice(..at)))
    };
    let length = api.plain().body.len();
    let table = [length - 1, length - 2, length / 2, 1].map(&cut).to_vec();
    Plan::random(table, (1..length).prop_map(cut).sboxed())
}

fn lenient(api: &Arc<Api>) -> Plan {
    let plain = String::from_utf8_lossy(&api.plain().body).into_owned();
    let open = plain.trim_end_matches('}');
    let bodies = [
        ("a comma after the last member", format!("{open},}}")),
        ("single quotes", plain.replace('"', "'")),
        (
            "NaN in an unknown member",
            format!("{open},\"x_unknown\":NaN}}"),
        ),
        ("a comment", format!("{open}/* comment */}}")),
        ("a line comment", format!("{open}\n// comment\n}}")),
    ];
    let cases = bodies.map(|(about, text)| rejects(about, Request::json(Kind::Start, text)));
    Plan::table(cases.to_vec())
}

fn media_types(api: &Arc<Api>) -> Plan {
    let others = [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "text/html",
    ];
    let mut table: Vec<_> = others
        .iter()
        .map(|other| {
            rejects(
                format!("`Content-Type: {other}`"),
                api.plain().with_media_type(Some(other)),
            )
        })
        .collect();
    table.push(rejects(
        "no `Content-Type`",
        api.plain().with_media_type(None),
    ));
    Plan::table(table)
}

fn unknown_device(api: &Arc<Api>) -> Plan {
    unknown(
        api,
        &api.names.device,
        api.fixtures.unknown_device.as_deref(),
    )
}

fn unknown_channel(api: &Arc<Api>) -> Plan {
    unknown(
        api,
        &api.names.channel,
        api.fixtures.unknown_channel.as_deref(),
    )
}

fn unknown(api: &Api, name: &str, value: Option<&str>) -> Plan {
    let case = value.map(|value| {
        let body = api.body_with(api.fixtures.recorded, name, value);
        rejects_also(format!("`{name}` is {value:?}"), start(&body), NOT_FOUND)
    });
    Plan::table(case.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::sets;

    #[test]
    fn every_set_comes_once_and_smaller_ones_first() {
        let names: Vec<String> = ["a", "b", "c"].map(String::from).into();
        let all: Vec<String> = sets(&names).map(|set| set.concat()).collect();
        assert_eq!(all, ["a", "b", "c", "ab", "ac", "bc", "abc"]);
    }
}
