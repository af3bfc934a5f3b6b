//! ACC: what a caller is entitled to send.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::expect::{ACCEPTED, accepts, not_accepted, nothing, taken, text};
use super::{Check, spelling};
use crate::api::{Api, PLATFORM, start};
use crate::case::{Case, Judge, Opinion, Plan, Step, Twin};
use crate::oracle::Outcome;
use crate::request::Wire;
use crate::window::Window;

pub(super) const CHECKS: &[Check] = &[
    Check::new("ACC-01", plain),
    Check::new("ACC-02", optional_members),
    Check::new("ACC-03", optional_headers),
    Check::new("ACC-04", same_request),
    Check::new("ACC-04/chunked", chunked),
    Check::new("ACC-05", unknown_members),
    Check::new("ACC-06", platform_spelling),
    Check::new("ACC-07", any_window),
];

/// The name that `platfrom_id` looks like.
const PLATFORM_LOOKALIKE: &str = "platform_id";

fn plain(api: &Arc<Api>) -> Plan {
    let judge: Judge = Arc::new(|_, answers| answers.last().map_or(nothing(), |a| taken(a)));
    let case = Case::new("the recorded window", Step::Shared(api.plain()), judge);
    Plan::table(vec![Case {
        downloads: 1,
        ..case
    }])
}

/// Pairs of requests that differ in one optional member, of those that the target file has values for. That the one
/// without it is not accepted is a fault of leaving it out only if the one with it is.
fn optional_members(api: &Arc<Api>) -> Plan {
    let values = [
        (Some(PLATFORM), &api.fixtures.platform_id),
        (api.callback.as_deref(), &api.fixtures.callback),
    ];
    let members: Vec<(String, String)> = values
        .into_iter()
        .filter_map(|(name, value)| Some((name?.to_owned(), value.clone()?)))
        .collect();
    let note = api.fixtures.callback.is_none().then(|| {
        "without `callback`: the target file names no `fixtures.callback` that the target may call"
            .to_owned()
    });
    let count = members.len();
    if count == 0 {
        return Plan::nothing("the target file has no value for an optional member");
    }
    let pairs = (0..1_u32 << count).flat_map(|mask| {
        let left_out = (0..count).filter(move |bit| mask >> bit & 1 == 1);
        left_out.map(move |bit| (mask, bit))
    });
    let table = pairs
        .map(|(mask, bit)| leaving_out(api, &members, mask, bit, |m| wide_part(api, m)))
        .collect();
    let windows = (
        api.fixtures.recorded.wide_parts(),
        api.fixtures.recorded.wide_parts(),
    );
    let api = Arc::clone(api);
    let drawn = (windows, 1..1_u32 << count, any::<Index>());
    let random = drawn.prop_map(move |((with, without), mask, index)| {
        let bits: Vec<_> = (0..count).filter(|bit| mask >> bit & 1 == 1).collect();
        let window = move |m| if m == mask { with } else { without };
        leaving_out(&api, &members, mask, bits[index.index(bits.len())], window)
    });
    Plan {
        most: Some(16),
        ..Plan::random(table, random.sboxed())
    }
    .with_note(note)
}

/// A window of its own for each set of members.
fn wide_part(api: &Api, mask: u32) -> Window {
    api.fixtures.recorded.wide_part(mask + 1)
}

/// A request with a set of members, and the same without one of them.
fn leaving_out(
    api: &Api,
    members: &[(String, String)],
    mask: u32,
    bit: usize,
    window: impl Fn(u32) -> Window,
) -> Case {
    let request = |mask: u32| {
        let mut body = api.body(window(mask));
        for (bit, (name, value)) in members.iter().enumerate() {
            if mask >> bit & 1 == 1 {
                body.insert(name.clone(), value.clone().into());
            }
        }
        Step::Send(start(&body))
    };
    let rest = mask & !(1 << bit);
    let others: Vec<_> = members
        .iter()
        .enumerate()
        .filter(|(bit, _)| rest >> bit & 1 == 1)
        .map(|(_, (name, _))| format!("`{name}`"))
        .collect();
    let about = match others.as_slice() {
        [] => format!(
            "`{}` left out, and no optional member is there",
            members[bit].0
        ),
        names => format!(
            "`{}` left out, {} is there",
            members[bit].0,
            names.join(", ")
        ),
    };
    let judge: Judge = Arc::new(|_, answers| match answers {
        [_, without] if without.outcome.is_taken() => Opinion::Pass,
        [with, without] if with.outcome.is_taken() => taken(without),
        [with, ..] => not_accepted(with),
        [] => nothing(),
    });
    Case {
        about,
        steps: vec![request(mask), request(rest)],
        is_at_once: false,
        twin: Twin::None,
        downloads: 2,
        judge,
    }
}

/// Each of the optional headers left out, and all of them.
fn optional_headers(api: &Arc<Api>) -> Plan {
    let own: Vec<_> = api
        .optional_headers
        .iter()
        .filter(|h| api.own_headers.contains(h))
        .cloned()
        .collect();
    if own.is_empty() {
        let judge: Judge = Arc::new(|_, answers| answers.last().map_or(nothing(), |a| absent(a)));
        let case = Case::new("none of the headers", Step::Shared(api.plain()), judge);
        return Plan::table(vec![Case {
            downloads: 1,
            ..case
        }]);
    }
    let table = (1..1_u32 << own.len()).map(|mask| {
        let omitted: Vec<_> = own
            .iter()
            .enumerate()
            .filter(|(bit, _)| mask >> bit & 1 == 1)
            .map(|(_, name)| name.clone())
            .collect();
        let about = format!("without {}", omitted.join(", "));
        let window = api.fixtures.recorded.wide_part(mask);
        let mut request = start(&api.body(window));
        request.omitted = omitted;
        let judge: Judge = Arc::new(|_, answers| answers.last().map_or(nothing(), |a| missed(a)));
        Case {
            judge,
            ..accepts(api, window, about, request)
        }
    });
    Plan::table(table.collect())
}

/// What is thought of an answer to a request without headers, where the target file has none to compare with.
fn absent(answered: &crate::case::Answered) -> Opinion {
    match &answered.outcome {
        // RFC 9110 §15.5.2: it lacks valid credentials, so the reason is told.
        Outcome::ProvesNothing(r) if r.status == 401 => {
            Opinion::fail(ACCEPTED, answered.outcome.to_string())
        }
        outcome if outcome.is_taken() => Opinion::Pass,
        _ => not_accepted(answered),
    }
}

/// What is thought of an answer to a request that lacks a header which the plain request has.
fn missed(answered: &crate::case::Answered) -> Opinion {
    match &answered.outcome {
        Outcome::ProvesNothing(r) if matches!(r.status, 401 | 403) => {
            Opinion::fail(ACCEPTED, answered.outcome.to_string())
        }
        _ => taken(answered),
    }
}

/// Everything that HTTP and JSON take for the same request.
fn same_request(api: &Arc<Api>) -> Plan {
    let part = |n: u32| api.fixtures.recorded.wide_part(n);
    let window = |n: u32| start(&api.body(part(n)));
    let charset = Some("application/json; charset=utf-8");
    let judge: Judge = Arc::new(|_, answers| match answers {
        [first, second] if first.outcome.is_taken() => taken(second),
        [first, ..] => not_accepted(first),
        [] => nothing(),
    });
    let second = Case {
        about: "a second request, on the same connection if it was kept open".to_owned(),
        steps: vec![
            Step::Send(window(3).on(Wire::Kept)),
            Step::Send(window(4).on(Wire::Kept)),
        ],
        is_at_once: false,
        twin: Twin::Plain,
        downloads: 2,
        judge,
    };
    let table = vec![
        accepts(
            api,
            part(1),
            "media type with a charset",
            window(1).with_media_type(charset),
        ),
        accepts(
            api,
            part(2),
            "header names in Title-Case",
            window(2).on(Wire::TitleCase),
        ),
        second,
    ];
    let count = api.body(api.fixtures.recorded).len();
    let api = Arc::clone(api);
    let windows = api.fixtures.recorded.wide_parts();
    let random = (windows, spelling::strategy(count)).prop_map(move |(window, spelling)| {
        let text = spelling.write(&api.body(window));
        let mut request = start(&api.body(window));
        request.body = text.into();
        let about = format!("the same JSON, written with {spelling}");
        accepts(&api, window, about, request)
    });
    let note = "header names in lower case and in Title-Case only; the client cannot write others";
    Plan::random(table, random.sboxed()).with_note(Some(note.to_owned()))
}

fn chunked(api: &Arc<Api>) -> Plan {
    let window = api.fixtures.recorded.wide_part(5);
    let request = start(&api.body(window)).on(Wire::Chunked);
    let judge: Judge = Arc::new(|_, answers| {
        let Some(answered) = answers.last() else {
            return nothing();
        };
        match answered.exchange.answer().map(|answer| answer.status) {
            Some(411) => Opinion::Seen("answered 411 (Length Required), which is legal".to_owned()),
            // RFC 9112 §6.1: a transfer coding that is not understood.
            Some(501) => Opinion::Seen("answered 501 (transfer coding not known)".to_owned()),
            _ => taken(answered),
        }
    });
    Plan::table(vec![Case {
        judge,
        ..accepts(api, window, "the body in several chunks", request)
    }])
}

/// Members that the contract does not name, with values of every type; no number is large.
fn unknown_members(api: &Arc<Api>) -> Plan {
    let window = |n: u32| api.fixtures.recorded.wide_part(n);
    let values = [
        Value::Null,
        true.into(),
        1.into(),
        "x".into(),
        Value::Array(Vec::new()),
    ];
    let table = (1..).zip(values).map(|(n, value)| {
        let body = api.body_with(window(n), "x_unknown", value.clone());
        let about = format!("an unknown member whose value is {value}");
        accepts(api, window(n), about, start(&body))
    });
    let name = text("x_[a-z0-9_]{1,8}|[一-龥]{1,4}");
    let members = prop::collection::vec((name, any_json()), 1..4);
    let at = any::<Index>();
    let table = table.collect();
    let api = Arc::clone(api);
    let windows = api.fixtures.recorded.wide_parts();
    let random = (windows, members, at).prop_map(move |(window, members, at)| {
        let mut body = api.body(window);
        for (name, value) in members.iter().filter(|(name, _)| !api.known.contains(name)) {
            let place = at.index(body.len());
            body.shift_insert(place, name.clone(), value.clone());
        }
        let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
        let about = format!("unknown members {}", names.join(", "));
        accepts(&api, window, about, start(&body))
    });
    Plan::random(table, random.sboxed())
}

/// JSON values that every parser can hold.
fn any_json() -> impl Strategy<Value = Value> + Send + Sync + 'static {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text("[ -~一-龥]{0,12}").prop_map(Value::from),
    ];
    let list = prop::collection::vec(leaf.clone(), 0..3).prop_map(Value::Array);
    let object = prop::collection::vec((text("[a-z]{1,6}"), leaf.clone()), 0..3)
        .prop_map(|members| Value::Object(members.into_iter().collect()));
    prop_oneof![3 => leaf, 1 => list, 1 => object]
}

/// The right spelling is accepted; the other one means nothing.
fn platform_spelling(api: &Arc<Api>) -> Plan {
    let value = api.fixtures.platform_id.clone().unwrap_or_default();
    let body = |n: u32, name: &str, value: &str| {
        start(&api.body_with(api.fixtures.recorded.wide_part(n), name, value))
    };
    let judge: Judge = Arc::new(|_, answers| match answers {
        [right, wrong] if right.outcome.is_taken() => match taken(wrong) {
            Opinion::Fail { got, .. } => Opinion::fail(
                format!("the same answer whatever the value of `{PLATFORM_LOOKALIKE}`"),
                got,
            ),
            other => other,
        },
        // A server that takes no unknown members is ACC-05's matter.
        [right, _] if matches!(right.outcome, Outcome::Rejected(_)) => Opinion::Seen(format!(
            "`{PLATFORM_LOOKALIKE}` is rejected as an unknown member"
        )),
        [right, ..] => not_accepted(right),
        [] => nothing(),
    });
    let lookalike = Case {
        about: format!("`{PLATFORM_LOOKALIKE}` with a value that is no platform's"),
        steps: vec![
            Step::Send(body(2, PLATFORM_LOOKALIKE, &value)),
            Step::Send(body(3, PLATFORM_LOOKALIKE, "no-such-platform")),
        ],
        is_at_once: false,
        twin: Twin::Plain,
        downloads: 2,
        judge,
    };
    let right = accepts(
        api,
        api.fixtures.recorded.wide_part(1),
        format!("`{PLATFORM}` as the page spells it"),
        body(1, PLATFORM, &value),
    );
    Plan::table(vec![right, lookalike])
}

/// Parts of the recorded window: its borders first, then any.
fn any_window(api: &Arc<Api>) -> Plan {
    let recorded = api.fixtures.recorded;
    let n = recorded.seconds();
    let borders = [
        (0, n),
        (0, 1),
        (n - 1, n),
        (n / 2, n / 2 + 1),
        (1, n),
        (0, n - 1),
        (1, n.max(2) - 1),
    ];
    let mut windows: Vec<_> = borders
        .iter()
        .map(|(from, to)| recorded.part(*from, *to))
        .collect();
    windows.sort_by_key(|w| (w.seconds(), w.start()));
    windows.dedup();
    let case = |api: &Api, window: Window| {
        let request = start(&api.body(window));
        let case = accepts(api, window, format!("the window {window}"), request.clone());
        Case {
            steps: vec![Step::Shared(request)],
            twin: Twin::Plain,
            ..case
        }
    };
    let table = windows
        .into_iter()
        .map(|window| case(api, window))
        .collect();
    let api = Arc::clone(api);
    let random = recorded.parts().prop_map(move |window| case(&api, window));
    Plan {
        label: Some(super::resp::WINDOWS),
        ..Plan::random(table, random.sboxed())
    }
}
