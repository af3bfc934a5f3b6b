//! PROG: progress, as far as one query shows it. What needs a download to be watched comes with a later issue.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Check;
use super::expect::{ACCEPTED, NOT_FOUND, nothing, rejects_also, taken, text};
use crate::api::{Api, Query, start};
use crate::case::{Answered, Answers, Case, Judge, Opinion, Plan, Step, Twin};
use crate::names::pointer_to;
use crate::oracle::{Fault, Outcome};
use crate::request::Request;

pub(super) const CHECKS: &[Check] = &[
    Check::new("PROG-01", fresh),
    Check::new("PROG-05", unknown),
    Check::new("PROG-06", |api| query(api, no_id)),
    Check::new("PROG-06/number-or-boolean", |api| query(api, wrong_type)),
    Check::new("PROG-06/malformed-id", malformed),
];

/// Downloads whose progress is asked for.
const FRESH: u32 = 8;

const NO_QUERY: &str = "the contract has no operation that reads a download's progress";

/// The query for the download that an answer gave.
pub(crate) fn query_for(api: &Api, answered: &Answered) -> Result<Request, String> {
    if !answered.outcome.is_taken() {
        return Err(format!(
            "the download was not accepted: {}",
            answered.outcome
        ));
    }
    let id = answered
        .body
        .as_ref()
        .and_then(|body| api.answer.id.value(body));
    match (&api.query, id) {
        (None, _) => Err(NO_QUERY.to_owned()),
        (_, Some(Value::String(id))) if id.is_empty() => {
            Err(format!("`{}` is empty", api.answer.id.name()))
        }
        (Some(query), Some(id)) => {
            let request = query.request(Some(id.clone()));
            let from = &answered.exchange.id;
            Ok(request.with_captured(from, &api.answer.id.pointer, pointer_to("", &query.id)))
        }
        (_, None) => Err(format!("the answer has no `{}`", api.answer.id.name())),
    }
}

fn follow(api: &Api, answers: &Answers) -> Result<Request, String> {
    answers
        .last()
        .map_or(Err("nothing was sent".to_owned()), |a| query_for(api, a))
}

fn fresh(api: &Arc<Api>) -> Plan {
    if api.query.is_none() {
        return Plan::nothing(NO_QUERY);
    }
    let judge: Judge = Arc::new(|_, answers| match answers {
        [_, progress] => known(progress),
        _ => nothing(),
    });
    let case = move |api: &Api, window| Case {
        about: format!("the progress of a download of {window}"),
        steps: vec![Step::Send(start(&api.body(window))), Step::Follow(follow)],
        is_at_once: false,
        twin: Twin::None,
        downloads: 1,
        judge: Arc::clone(&judge),
    };
    let table = vec![case(api, api.fixtures.recorded.wide_part(6))];
    let api = Arc::clone(api);
    let random = api
        .fixtures
        .recorded
        .wide_parts()
        .prop_map(move |window| case(&api, window));
    Plan {
        most: Some(FRESH),
        ..Plan::random(table, random.sboxed())
    }
}

/// The answer to a query for an id that was just given. Not to know it is a fault, whatever the status; not to know the
/// query either, since the target file declares it.
fn known(answered: &Answered) -> Opinion {
    match &answered.outcome {
        Outcome::ProvesNothing(r) if matches!(r.status, 404 | 405) => {
            Opinion::fail(ACCEPTED, answered.outcome.to_string())
        }
        Outcome::Failure(Fault::Flawed(flaws)) => Opinion::fail(ACCEPTED, flaws.join("; ")),
        _ => taken(answered),
    }
}

/// Queries with wrong ids, which must be rejected.
fn query(api: &Arc<Api>, ids: fn() -> Vec<Option<Value>>) -> Plan {
    let Some(query) = &api.query else {
        return Plan::nothing(NO_QUERY);
    };
    Plan::table(ids().into_iter().map(|id| bad_query(query, id)).collect())
}

fn bad_query(query: &Query, id: Option<Value>) -> Case {
    let name = &query.id;
    let about = match &id {
        None => format!("without `{name}`"),
        Some(id) => format!("`{name}` is {id}"),
    };
    Case {
        twin: Twin::Query,
        ..rejects_also(about, query.request(id), NOT_FOUND)
    }
}

fn no_id() -> Vec<Option<Value>> {
    let some = [
        json!(""),
        Value::Null,
        json!({}),
        json!([]),
        json!(["x"]),
        json!({"id": "x"}),
    ];
    std::iter::once(None).chain(some.map(Some)).collect()
}

fn wrong_type() -> Vec<Option<Value>> {
    [
        json!(0),
        json!(1_200_000_079),
        json!(-1),
        json!(1.5),
        json!(true),
        json!(false),
    ]
    .map(Some)
    .into()
}

/// Ids of the example's form and of others that no server gives: no device has these codes.
fn unknown(api: &Arc<Api>) -> Plan {
    query(api, || {
        [
            "download:99999999999999999999:99999999999999999999:1999999999",
            "00000000-0000-4000-8000-000000000000",
            "no-such-download",
        ]
        .map(|id| Some(json!(id)))
        .into()
    })
}

fn malformed(api: &Arc<Api>) -> Plan {
    let Some(query) = &api.query else {
        return Plan::nothing(NO_QUERY);
    };
    let texts = [
        " ",
        ":",
        "download:",
        "download:::",
        "../../etc/passwd",
        "%00",
        "a\u{0}b",
        "录像",
    ];
    let table = texts
        .map(|text| bad_query(query, Some(json!(text))))
        .to_vec();
    let api = Arc::clone(api);
    // Never only digits or letters: an id may be any such text.
    let random = text("[:;/?#&=%'\"<>{} ]{1,4}[ -~一-龥]{0,24}[:;/?#&=%'\"<>{} ]{1,4}");
    let random = random.prop_map(move |text| match &api.query {
        Some(query) => bad_query(query, Some(json!(text))),
        None => Case::new(
            text,
            Step::Shared(api.plain()),
            Arc::new(|_, _| Opinion::Inconclusive(NO_QUERY.to_owned())),
        ),
    });
    Plan::random(table, random.sboxed())
}
