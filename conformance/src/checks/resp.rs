//! RESP: the form of the answer. Most of these judge the same downloads: windows that are asked for once in a run.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use smsload_spec::is_json;

use super::Check;
use super::expect::{not_accepted, nothing, sample};
use crate::api::{Api, start};
use crate::case::{Answered, Case, Judge, Opinion, Plan, Step, Twin};
use crate::decimal::Decimal;
use crate::names::{Spot, is_duration, is_size};
use crate::oracle::{ACCEPTED, Fault, Outcome, envelope_flaws, one_value};
use crate::request::{Kind, Request};
use crate::window::Window;

/// The label of the windows that are asked for once in a run.
pub(super) const WINDOWS: &str = "windows";

pub(super) const CHECKS: &[Check] = &[
    Check::new("RESP-01", |api| {
        windows(api, |api, a, _| media_type(api, a))
    }),
    Check::new("RESP-02", envelopes),
    Check::new("RESP-03", |api| windows(api, |api, a, _| types(api, a))),
    Check::watching("RESP-04", every_answer, code_and_id),
    Check::new("RESP-05", |api| {
        windows(api, |api, a, _| form(a, &api.answer.duration, is_duration))
    }),
    Check::new("RESP-06", |api| {
        windows(api, |api, a, _| form(a, &api.answer.size, is_size))
    }),
    Check::new("RESP-07", |api| windows(api, not_longer)),
    Check::new("RESP-08", |api| windows(api, longer_than_nothing)),
    Check::new("RESP-09", wider_is_not_shorter),
    Check::watching("RESP-13", every_answer, one_json_value),
    Check::watching("RESP-13/duplicate-members", every_answer, no_duplicates),
];

/// The recorded window and parts of it, each with a judgement on its answer.
pub(super) fn windows(api: &Arc<Api>, judge: fn(&Api, &Answered, Window) -> Opinion) -> Plan {
    let recorded = api.fixtures.recorded;
    let case = move |api: &Api, window| sample(api, window, move |api, a| judge(api, a, window));
    let table = vec![case(api, recorded)];
    let api = Arc::clone(api);
    let random = recorded.parts().prop_map(move |window| case(&api, window));
    Plan {
        label: Some(WINDOWS),
        ..Plan::random(table, random.sboxed())
    }
}

fn media_type(_: &Api, answered: &Answered) -> Opinion {
    let Some(answer) = answered.exchange.answer() else {
        return nothing();
    };
    let media_type = answer.media_type();
    if answer.status != 200 {
        Opinion::fail("HTTP 200", format!("HTTP {}", answer.status))
    } else if is_json(&media_type) {
        Opinion::Pass
    } else if media_type.is_empty() {
        Opinion::fail("a JSON media type", "no `Content-Type`")
    } else {
        Opinion::fail("a JSON media type", format!("`Content-Type: {media_type}`"))
    }
}

/// Also judges answers that are no envelope at all, which no other line can.
fn envelopes(api: &Arc<Api>) -> Plan {
    let judge: Judge = Arc::new(|_, answers| answers.last().map_or(nothing(), |a| envelope(a)));
    let mut plan = windows(api, |_, a, _| envelope(a));
    for case in &mut plan.table {
        case.judge = Arc::clone(&judge);
    }
    plan
}

fn envelope(answered: &Answered) -> Opinion {
    let expected = "an object with the strings `code` and `message` and the object `data`";
    match &answered.outcome {
        Outcome::Failure(Fault::NoEnvelope(..)) => {
            Opinion::fail(expected, answered.outcome.to_string())
        }
        outcome if outcome.is_taken() => {
            match answered
                .body
                .as_ref()
                .map(|body| envelope_flaws(body, true))
            {
                Some(flaws) if !flaws.is_empty() => Opinion::fail(expected, flaws.join("; ")),
                _ => Opinion::Pass,
            }
        }
        _ => not_accepted(answered),
    }
}

fn types(api: &Api, answered: &Answered) -> Opinion {
    let names: Vec<_> = api
        .answer
        .all()
        .iter()
        .map(|s| format!("`{}`", s.name()))
        .collect();
    let expected = format!("the strings {}", names.join(", "));
    let Some(body) = &answered.body else {
        return nothing();
    };
    let is_envelope = envelope_flaws(body, true).is_empty();
    let mut flaws = api.answer.type_flaws(body);
    if !is_envelope && flaws.len() == api.answer.all().len() {
        return Opinion::Inconclusive(
            "there is no `data` to look into, which is RESP-02's matter".to_owned(),
        );
    }
    if is_envelope && api.answer.flaws(body).is_empty() {
        // What the bundled contract has no requirement for: members that an overlay demands.
        let answer = answered
            .exchange
            .answer()
            .filter(|a| one_value(&a.body).is_ok());
        flaws.extend(answer.into_iter().flat_map(|a| api.start.schema_flaws(a)));
    }
    if flaws.is_empty() {
        Opinion::Pass
    } else {
        Opinion::fail(expected, flaws.join("; "))
    }
}

/// A value has its form, where it is a string at all.
fn form(answered: &Answered, spot: &Spot, is_right: fn(&str) -> bool) -> Opinion {
    let name = spot.name();
    match answered.body.as_ref().and_then(|body| spot.text(body)) {
        None => Opinion::Inconclusive(format!("`{name}` is no string")),
        Some(text) if is_right(text) => Opinion::Pass,
        Some(text) => Opinion::fail(
            format!("`{name}` as a plain decimal number"),
            format!("{text:?}"),
        ),
    }
}

/// The duration as a number, also where it is not the string that it should be.
fn duration(api: &Api, answered: &Answered) -> Option<Decimal> {
    match api.answer.duration.value(answered.body.as_ref()?)? {
        Value::String(text) => Decimal::parse(text),
        Value::Number(number) => Decimal::parse(&number.to_string()),
        _ => None,
    }
}

fn unreadable(api: &Api) -> Opinion {
    Opinion::Inconclusive(format!("`{}` cannot be read", api.answer.duration.name()))
}

fn not_longer(api: &Api, answered: &Answered, window: Window) -> Opinion {
    let most = window.seconds().saturating_add(api.tolerance);
    match duration(api, answered) {
        None => unreadable(api),
        Some(duration) if duration <= Decimal::from(most) => Opinion::Pass,
        Some(duration) => Opinion::fail(
            format!("at most {} + {} seconds", window.seconds(), api.tolerance),
            format!(
                "`{}` {duration} for {} seconds",
                api.answer.duration.name(),
                window.seconds()
            ),
        ),
    }
}

/// Windows of less than a group of pictures may be rounded down to nothing.
fn longer_than_nothing(api: &Api, answered: &Answered, window: Window) -> Opinion {
    let is_whole = window == api.fixtures.recorded;
    match duration(api, answered) {
        None => unreadable(api),
        Some(duration) if !duration.is_zero() => Opinion::Pass,
        Some(_) if !is_whole && window.seconds() <= api.tolerance => Opinion::Pass,
        Some(_) => Opinion::fail("more than 0 seconds", "0 seconds of a recorded window"),
    }
}

fn wider_is_not_shorter(api: &Arc<Api>) -> Plan {
    let recorded = api.fixtures.recorded;
    let n = recorded.seconds();
    let table = vec![nested(api, recorded, recorded.part(n / 4, n - n / 4))];
    let api = Arc::clone(api);
    let pairs = recorded
        .parts()
        .prop_flat_map(|wider| wider.parts().prop_map(move |narrower| (wider, narrower)));
    let random = pairs.prop_map(move |(wider, narrower)| nested(&api, wider, narrower));
    Plan::random(table, random.sboxed())
}

fn nested(api: &Api, wider: Window, narrower: Window) -> Case {
    let judge: Judge = Arc::new(|api, answers| {
        let [wide, narrow] = answers else {
            return nothing();
        };
        if let Some(other) = answers.iter().find(|a| !a.outcome.is_taken()) {
            return not_accepted(other);
        }
        match (duration(api, wide), duration(api, narrow)) {
            (Some(wide), Some(narrow)) if wide < narrow => Opinion::fail(
                format!("at least {narrow} seconds for the wider window"),
                format!("{wide} seconds"),
            ),
            (Some(_), Some(_)) => Opinion::Pass,
            _ => unreadable(api),
        }
    });
    let request = |window| start(&api.body(window));
    Case {
        about: format!("the window {wider}, and {narrower} within it"),
        steps: vec![
            Step::Shared(request(wider)),
            Step::Shared(request(narrower)),
        ],
        is_at_once: false,
        twin: Twin::None,
        downloads: 2,
        judge,
    }
}

/// One acceptance and a few rejections, so that there is something to be seen even where nothing else is run.
fn every_answer(api: &Arc<Api>) -> Plan {
    let judge: Judge = Arc::new(|_, answers| match answers.last() {
        Some(answered) if answered.outcome.is_taken() => Opinion::Pass,
        Some(answered) => not_accepted(answered),
        None => nothing(),
    });
    let accepted = Case::new("the recorded window", Step::Shared(api.plain()), judge);
    let mut table = vec![Case {
        downloads: 1,
        ..accepted
    }];
    let recorded = api.fixtures.recorded;
    let bad = [
        ("a body that is no JSON", Request::json(Kind::Start, "{")),
        ("an empty object", Request::json(Kind::Start, "{}")),
        (
            "an unknown source type",
            start(&api.body_with(recorded, api.source_type, "0")),
        ),
    ];
    for (about, request) in bad {
        table.push(Case::new(
            about,
            Step::Shared(request),
            Arc::new(|_, _| Opinion::Pass),
        ));
    }
    Plan::table(table)
}

/// `code` is "0" exactly on acceptance: RESP-04.
fn code_and_id(api: &Api, answered: &Answered, ids: &HashSet<String>) -> Option<Opinion> {
    let answer = answered.exchange.answer()?;
    let body = answered.body.as_ref()?;
    let code = body.get("code")?.as_str()?;
    if code == ACCEPTED && (400..500).contains(&answer.status) {
        let expected = "a `code` other than \"0\" in a rejection";
        return Some(Opinion::fail(
            expected,
            format!("HTTP {} with `code` \"0\"", answer.status),
        ));
    }
    let is_start = answered.request.kind == Kind::Start;
    let id = api
        .answer
        .id
        .text(body)
        .filter(|id| is_start && !id.is_empty());
    let is_busy = matches!(answered.outcome, Outcome::Busy(_));
    match id {
        // An id that was given before, or that the caller named, is no new one.
        Some(id) if code != ACCEPTED && !is_busy && !ids.contains(id) && !names(answered, id) => {
            Some(Opinion::fail(
                "no new id in a rejection",
                format!(
                    "`code` {code:?} together with `{}` {id:?}",
                    api.answer.id.name()
                ),
            ))
        }
        _ => Some(Opinion::Pass),
    }
}

fn names(answered: &Answered, id: &str) -> bool {
    answered
        .request
        .body
        .windows(id.len())
        .any(|part| part == id.as_bytes())
}

/// A body sent as JSON, as bytes; nothing where there is none or only a part of it is known.
fn json_bytes(answered: &Answered) -> Option<&[u8]> {
    let answer = answered.exchange.answer()?;
    let is_meant = is_json(&answer.media_type()) && !answer.body.is_empty() && !answer.is_cut;
    is_meant.then_some(&answer.body[..])
}

fn one_json_value(_: &Api, answered: &Answered, _: &HashSet<String>) -> Option<Opinion> {
    let bytes = json_bytes(answered)?;
    let expected = "exactly one JSON value in UTF-8";
    Some(match one_value(bytes) {
        Ok(()) => Opinion::Pass,
        Err(why) => Opinion::fail(expected, why),
    })
}

fn no_duplicates(api: &Api, answered: &Answered, _: &HashSet<String>) -> Option<Opinion> {
    json_bytes(answered)?;
    let duplicates = api
        .oracle(answered.request.kind)
        .duplicates(answered.exchange.answer()?);
    Some(match duplicates.as_slice() {
        [] => Opinion::Pass,
        some => Opinion::fail("every member once", format!("twice: {}", some.join(", "))),
    })
}
