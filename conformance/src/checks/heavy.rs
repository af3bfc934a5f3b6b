//! ROBU-04, 05, 07 and 08: much at once. Large bodies, deep ones, many requests, and one that takes its time.

use std::sync::Arc;

use super::Check;
use super::expect::{ANSWERED, like, nothing, rejected, survived, survives, taken};
use crate::api::{Api, start};
use crate::case::{Answered, Answers, Case, Judge, Opinion, Plan, Step, Twin};
use crate::exchange::{Lost, Received};
use crate::oracle::{Fault, Outcome};
use crate::request::{Kind, Request, Wire};

pub(super) const CHECKS: &[Check] = &[
    Check::new("ROBU-04", large),
    Check::new("ROBU-05", |api| deep(api, survived)),
    Check::new("ROBU-05/refused", |api| deep(api, refused)),
    Check::new("ROBU-07", crowd),
    Check::new("ROBU-08", slow),
];

/// Bytes of a large body.
const LARGE: usize = 10 * 1024 * 1024;
/// Levels of a deep one.
const DEEP: usize = 10_000;
/// Requests at once that are to be rejected.
const BAD: usize = 64;
/// Requests at once that are to be accepted, at most; where the number of downloads is limited, this part of them.
const GOOD: u32 = 16;

/// The number of the window that is asked for alone if the crowd was not answered correctly.
const ALONE: u32 = 61;

/// The plain request with more members before its end.
fn extended(api: &Api, members: &str) -> Request {
    let plain = String::from_utf8_lossy(&api.plain().body).into_owned();
    let open = plain.trim_end_matches('}');
    Request::json(Kind::Start, format!("{open},{members}}}"))
}

fn large(api: &Arc<Api>) -> Plan {
    let request = extended(api, &format!("\"x_unknown\":\"{}\"", "a".repeat(LARGE)));
    let judge: Judge = Arc::new(|_, answers| answers.last().map_or(nothing(), |a| cut_off(a)));
    Plan::table(vec![Case {
        twin: Twin::Plain,
        downloads: 1,
        ..Case::new("a body of 10 MiB", Step::Send(request), judge)
    }])
}

/// Refused by a status, or by closing the connection.
fn cut_off(answered: &Answered) -> Opinion {
    let expected = "a status that refuses the body, or a closed connection; no 5xx";
    match &answered.exchange.received {
        Received::Lost(Lost::Dropped) => Opinion::Pass,
        Received::Lost(lost) => Opinion::fail(expected, lost.to_string()),
        Received::Answer(answer) => match (answer.status, &answered.outcome) {
            (408, _) | (_, Outcome::Rejected(_)) => Opinion::Pass,
            (_, Outcome::Busy(_) | Outcome::ProvesNothing(_)) => {
                Opinion::Inconclusive(answered.outcome.to_string())
            }
            (_, outcome) => Opinion::fail(expected, outcome.to_string()),
        },
    }
}

fn deep(api: &Arc<Api>, judge: fn(&Answered) -> Opinion) -> Plan {
    let nested = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP))
    };
    let lists = nested("[", "", "]");
    let objects = nested("{\"a\":", "1", "}");
    let body = |text: &str| Request::json(Kind::Start, text.to_owned());
    let cases = [
        ("a list 10,000 deep", body(&lists), 0),
        ("an object 10,000 deep", body(&objects), 0),
        (
            "10,000 lists that are never closed",
            body(&"[".repeat(DEEP)),
            0,
        ),
        (
            "an unknown member that is a list 10,000 deep",
            extended(api, &format!("\"x_unknown\":{lists}")),
            1,
        ),
        (
            "an unknown member that is an object 10,000 deep",
            extended(api, &format!("\"x_unknown\":{objects}")),
            1,
        ),
    ];
    let cases = cases.map(|(about, request, downloads)| Case {
        steps: vec![Step::Shared(request.clone())],
        judge: Arc::new(move |_, answers| answers.last().map_or(nothing(), |a| judge(a))),
        ..survives(about, request, downloads)
    });
    Plan::table(cases.to_vec())
}

fn refused(answered: &Answered) -> Opinion {
    match &answered.outcome {
        // That is the other part's matter.
        Outcome::Failure(Fault::Server(_) | Fault::Lost(_)) => {
            Opinion::Inconclusive(answered.outcome.to_string())
        }
        _ => rejected(answered, &[]),
    }
}

/// Bad and good requests in turn, all at the same moment.
fn crowd(api: &Arc<Api>) -> Plan {
    let recorded = api.fixtures.recorded;
    let good = api.downloads.map_or(GOOD, |all| (all / 8).clamp(1, GOOD));
    let mut requests = Vec::new();
    for n in 0..BAD {
        // A fault that every reader finds alone too, so that only the crowd can be to blame.
        let body = api.body_with(recorded, api.source_type, format!("x{n}"));
        requests.push((start(&body), false));
    }
    for (n, at) in (0..good).zip((0..).step_by(4)) {
        let body = api.body(recorded.wide_part(n + 1));
        requests.insert(at, (start(&body), true));
    }
    let goods: Vec<bool> = requests.iter().map(|(_, is_good)| *is_good).collect();
    let judge: Judge = Arc::new(move |_, answers| all_right(answers, &goods));
    let case = Case {
        about: format!("{BAD} requests to be rejected and {good} to be accepted, at once"),
        steps: requests
            .into_iter()
            .map(|(request, _)| Step::Send(request))
            .collect(),
        is_at_once: true,
        // A window of its own: it must be accepted after the crowd, not only before.
        twin: like(api, recorded.wide_part(ALONE)),
        downloads: good,
        judge,
    };
    let note = format!(
        "at most {} of them in flight (`limits.concurrency`)",
        api.concurrency
    );
    Plan::table(vec![case]).with_note(Some(note))
}

fn all_right(answers: &Answers, goods: &[bool]) -> Opinion {
    let mut open = None;
    for (answered, is_good) in answers.iter().zip(goods) {
        let opinion = if *is_good {
            taken(answered)
        } else {
            rejected(answered, &[])
        };
        match opinion {
            Opinion::Fail { expected, got } => {
                let id = &answered.exchange.id;
                return Opinion::fail(expected, format!("{id}: {got}"));
            }
            Opinion::Inconclusive(why) => open = Some(why),
            Opinion::Pass | Opinion::Seen(_) => {}
        }
    }
    open.map_or(Opinion::Pass, Opinion::Inconclusive)
}

/// The plain request, a byte a second.
fn slow(api: &Arc<Api>) -> Plan {
    let judge: Judge = Arc::new(|_, answers| {
        let Some(answered) = answers.last() else {
            return nothing();
        };
        match &answered.exchange.received {
            Received::Lost(Lost::TimedOut(time)) => Opinion::fail(
                "the body is cut off, by a status or by closing the connection",
                format!("the server still waits after {} seconds", time.as_secs()),
            ),
            Received::Lost(Lost::Dropped) => Opinion::Pass,
            Received::Answer(answer) if answer.status >= 500 && answer.status != 503 => {
                Opinion::fail(ANSWERED, answered.outcome.to_string())
            }
            Received::Answer(answer) if (400..500).contains(&answer.status) => Opinion::Pass,
            _ if matches!(answered.outcome, Outcome::Rejected(_)) => Opinion::Pass,
            _ => Opinion::Inconclusive(answered.outcome.to_string()),
        }
    });
    let case = Case::new(
        "the body a byte a second",
        Step::Send(api.plain().on(Wire::Slow)),
        judge,
    );
    Plan::table(vec![Case {
        twin: Twin::Plain,
        downloads: 1,
        ..case
    }])
}
