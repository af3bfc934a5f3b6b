//! RESP-10 to RESP-12: what a rejection says. Each of the bad requests has one fault, and names the members that it is
//! in.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::Check;
use super::expect::{not_accepted, nothing, text};
use crate::api::{Api, Object, start};
use crate::case::{Answered, Answers, Case, Judge, Opinion, Plan, Step, Twin};
use crate::oracle::{Outcome, Rejected};
use crate::request::{Kind, Request};

pub(super) const CHECKS: &[Check] = &[
    Check::new("RESP-10", says_why),
    Check::new("RESP-11", same_code),
    Check::new("RESP-12", names_the_member),
];

/// Times that the same bad request is sent.
const REPEATED: usize = 3;

/// A request with one fault.
#[derive(Debug, Clone)]
struct Bad {
    about: String,
    request: Request,
    /// The members at fault; none if it is the body as a whole.
    members: Vec<String>,
}

fn bad(about: String, body: &Object, members: &[&str]) -> Bad {
    Bad {
        about,
        request: start(body),
        members: members.iter().map(|m| (*m).to_owned()).collect(),
    }
}

fn faults(api: &Api) -> Vec<Bad> {
    let recorded = api.fixtures.recorded;
    let valid = api.body(recorded);
    let mut bodies = Vec::new();
    for name in &api.required {
        let mut body = valid.clone();
        body.shift_remove(name);
        bodies.push((format!("without `{name}`"), body, vec![name.as_str()]));
    }
    let wrong = |name: &str, value: Value| {
        let body = api.body_with(recorded, name, value.clone());
        (format!("`{name}` is {value}"), body)
    };
    for name in &api.required {
        for value in [Value::Null, json!({})] {
            let (about, body) = wrong(name, value);
            bodies.push((about, body, vec![name]));
        }
    }
    let source = api.unsupported.first().map_or("0", String::as_str);
    for (name, value) in [
        (api.source_type, source),
        (&api.names.start, "not-a-time"),
        (&api.names.end, "2025-02-30"),
    ] {
        let (about, body) = wrong(name, value.into());
        bodies.push((about, body, vec![name]));
    }
    let mut reversed = valid;
    reversed.insert(api.names.start.clone(), recorded.end().to_string().into());
    reversed.insert(api.names.end.clone(), recorded.start().to_string().into());
    let ends = vec![api.names.start.as_str(), api.names.end.as_str()];
    bodies.push(("the start is after the end".to_owned(), reversed, ends));
    bodies
        .into_iter()
        // Another contract may allow what the page does not.
        .filter(|(_, body, _)| !api.allows(body))
        .map(|(about, body, members)| bad(about, &body, &members))
        .collect()
}

fn malformed() -> Bad {
    Bad {
        about: "a body that is no JSON".to_owned(),
        request: Request::json(Kind::Start, "{\"malformed\""),
        members: Vec::new(),
    }
}

/// How a request was rejected; else what is thought of its answer. A 404 may be about what the request names.
fn rejection(answered: &Answered) -> Result<&Rejected, Opinion> {
    match &answered.outcome {
        Outcome::Rejected(rejected) => Ok(rejected),
        Outcome::ProvesNothing(rejected) if rejected.status == 404 => Ok(rejected),
        outcome => Err(Opinion::Inconclusive(format!(
            "the request was not rejected: {outcome}"
        ))),
    }
}

/// True if there is an envelope whose message is not empty.
fn says_something(rejected: &Rejected) -> bool {
    let message = rejected.message.as_deref().unwrap_or_default();
    rejected.code.is_some() && !message.trim().is_empty()
}

fn case(bad: Bad, times: usize, judge: Judge) -> Case {
    Case {
        about: bad.about,
        steps: vec![Step::Send(bad.request); times],
        is_at_once: false,
        twin: Twin::Plain,
        downloads: 0,
        judge,
    }
}

fn says_why(api: &Arc<Api>) -> Plan {
    let judge: Judge = Arc::new(|_, answers| {
        let Some(answered) = answers.last() else {
            return nothing();
        };
        let expected = "an envelope whose `message` is not empty";
        match rejection(answered) {
            Err(opinion) => opinion,
            Ok(Rejected { code: None, .. }) => Opinion::fail(expected, "no envelope"),
            Ok(Rejected { message, .. }) => match message.as_deref().map(str::trim) {
                None => Opinion::fail(expected, "no `message` that is a string"),
                Some("") => Opinion::fail(expected, "an empty `message`"),
                Some(_) => Opinion::Pass,
            },
        }
    });
    let all = faults(api).into_iter().chain([malformed()]);
    Plan::table(all.map(|bad| case(bad, 1, Arc::clone(&judge))).collect())
}

fn same_code(api: &Arc<Api>) -> Plan {
    let judge: Judge = Arc::new(|_, answers| compare(answers));
    let all = faults(api).into_iter().chain([malformed()]);
    let table = all
        .map(|bad| case(bad, REPEATED, Arc::clone(&judge)))
        .collect();
    let random = strategy(api).prop_map(move |bad| case(bad, REPEATED, Arc::clone(&judge)));
    Plan::random(table, random.sboxed())
}

/// Sets of missing members, and members with words that they cannot have.
fn strategy(api: &Arc<Api>) -> impl Strategy<Value = Bad> + Send + Sync + use<> {
    let count = api.required.len();
    let sets = subsequence(api.required.clone(), count.min(1)..=count);
    let timed = [
        api.names.start.clone(),
        api.names.end.clone(),
        api.source_type.to_owned(),
    ];
    let words = (select(timed.to_vec()), text("x[bcdfghjklmnpqrstvwxz]{1,8}"));
    let (one, other) = (Arc::clone(api), Arc::clone(api));
    prop_oneof![
        sets.prop_map(move |names| {
            let mut body = one.body(one.fixtures.recorded);
            body.retain(|name, _| !names.contains(name));
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            bad(format!("without {}", names.join(", ")), &body, &names)
        }),
        words.prop_map(move |(name, word)| {
            let body = other.body_with(other.fixtures.recorded, &name, word.as_str());
            bad(format!("`{name}` is {word:?}"), &body, &[&name])
        }),
    ]
}

fn compare(answers: &Answers) -> Opinion {
    let mut first: Option<&Rejected> = None;
    for answered in answers {
        let rejected = match rejection(answered) {
            Ok(rejected) => rejected,
            Err(_) if answered.outcome.is_taken() && first.is_some() => {
                return Opinion::fail("a rejection each time", "one that was accepted");
            }
            Err(opinion) => return opinion,
        };
        match first {
            Some(first) if first.code != rejected.code => {
                return Opinion::fail(
                    "the same `code` each time",
                    format!("{first}, then {rejected}"),
                );
            }
            // Without an envelope there is only the status.
            Some(first) if first.code.is_none() && first.status != rejected.status => {
                return Opinion::fail(
                    "the same answer each time",
                    format!("{first}, then {rejected}"),
                );
            }
            _ => first = Some(rejected),
        }
    }
    first.map_or(nothing(), |_| Opinion::Pass)
}

fn names_the_member(api: &Arc<Api>) -> Plan {
    let table = faults(api).into_iter().map(|bad| {
        let members = bad.members.clone();
        let judge: Judge = Arc::new(move |api, answers| {
            answers
                .last()
                .map_or(nothing(), |a| names_one(api, a, &members))
        });
        case(bad, 1, judge)
    });
    Plan::table(table.collect())
}

fn names_one(api: &Api, answered: &Answered, members: &[String]) -> Opinion {
    if answered.outcome.is_taken() {
        return not_accepted(answered);
    }
    if let Err(opinion) = rejection(answered) {
        return opinion;
    }
    let said = match (&answered.body, answered.exchange.answer()) {
        (Some(body), _) => body.to_string(),
        (None, Some(answer)) => String::from_utf8_lossy(&answer.body).into_owned(),
        (None, None) => return nothing(),
    };
    // However it is written: `start_time`, `startTime`, "start time", or as the page calls it in Chinese.
    let folded = fold(&said);
    let is_named = |name: &String| {
        folded.contains(&fold(name))
            || api
                .titles
                .get(name)
                .is_some_and(|t| said.contains(t.as_str()))
    };
    if members.iter().any(is_named) {
        return Opinion::Pass;
    }
    if rejection(answered).is_ok_and(|rejected| !says_something(rejected)) {
        return Opinion::Inconclusive(
            "the rejection says nothing, which is RESP-10's matter".to_owned(),
        );
    }
    let quoted: Vec<_> = members.iter().map(|m| format!("`{m}`")).collect();
    Opinion::fail(
        format!("the name {} in the answer", quoted.join(" or ")),
        if said.is_empty() {
            "an empty answer".to_owned()
        } else {
            crate::text::excerpt(said.as_bytes())
        },
    )
}

/// Letters and digits alone, in lower case.
fn fold(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
