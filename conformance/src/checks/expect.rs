//! What checks expect, and the cases that most of them consist of.

use std::sync::Arc;

use proptest::string::{RegexGeneratorStrategy, string_regex};

use crate::api::Api;
use crate::case::{Answered, Case, Judge, Opinion, Step, Twin};
use crate::oracle::{Fault, Outcome};
use crate::request::Request;
use crate::window::Window;

pub(super) const ACCEPTED: &str = "acceptance: HTTP 200 with `code` \"0\"";
pub(super) const REJECTED: &str =
    "a rejection: HTTP 4xx, or HTTP 200 with an envelope whose `code` is not \"0\"";

/// A status that may be the right one, since what is asked for does not exist.
pub(super) const NOT_FOUND: &[u16] = &[404];

/// The target takes the request.
pub(super) fn taken(answered: &Answered) -> Opinion {
    match &answered.outcome {
        outcome if outcome.is_taken() => Opinion::Pass,
        Outcome::Busy(_) | Outcome::ProvesNothing(_) => {
            Opinion::Inconclusive(answered.outcome.to_string())
        }
        outcome => Opinion::fail(ACCEPTED, outcome.to_string()),
    }
}

/// The target rejects the request; `also` are statuses that count here though they prove nothing elsewhere.
pub(super) fn rejected(answered: &Answered, also: &[u16]) -> Opinion {
    match &answered.outcome {
        Outcome::Rejected(_) => Opinion::Pass,
        Outcome::ProvesNothing(rejected) if also.contains(&rejected.status) => Opinion::Pass,
        Outcome::Busy(_) | Outcome::ProvesNothing(_) => {
            Opinion::Inconclusive(answered.outcome.to_string())
        }
        outcome => Opinion::fail(REJECTED, outcome.to_string()),
    }
}

/// The target rejects the request, or accepts it and has nothing: a duration of 0.
pub(super) fn rejected_or_nothing(api: &Api, answered: &Answered) -> Opinion {
    if !answered.outcome.is_taken() {
        return rejected(answered, NOT_FOUND);
    }
    let duration = answered
        .body
        .as_ref()
        .and_then(|body| api.answer.duration.text(body));
    let decimal = duration.and_then(crate::decimal::Decimal::parse);
    match decimal {
        Some(decimal) if decimal.is_zero() => Opinion::Pass,
        Some(_) => Opinion::fail(
            format!(
                "{REJECTED}; or acceptance with `{}` \"0\"",
                api.answer.duration.name()
            ),
            format!(
                "accepted, with `{}` {:?}",
                api.answer.duration.name(),
                duration.unwrap_or("")
            ),
        ),
        None => Opinion::Inconclusive("the duration cannot be read".to_owned()),
    }
}

/// A request that must be accepted if the plain one for the same window is.
pub(super) fn accepts(
    api: &Api,
    window: Window,
    about: impl Into<String>,
    request: Request,
) -> Case {
    let judge: Judge = Arc::new(|_, answers| answers.last().map_or(nothing(), |a| taken(a)));
    Case {
        twin: like(api, window),
        downloads: 1,
        ..Case::new(about, Step::Send(request), judge)
    }
}

/// The plain request for a window, to compare with.
pub(super) fn like(api: &Api, window: Window) -> Twin {
    Twin::Like(Box::new(crate::api::start(&api.body(window))))
}

/// A request that must be rejected.
pub(super) fn rejects(about: impl Into<String>, request: Request) -> Case {
    rejects_also(about, request, &[])
}

/// A request that must be rejected, perhaps with one of these statuses.
pub(super) fn rejects_also(
    about: impl Into<String>,
    request: Request,
    also: &'static [u16],
) -> Case {
    let judge: Judge =
        Arc::new(move |_, answers| answers.last().map_or(nothing(), |a| rejected(a, also)));
    Case {
        twin: Twin::Plain,
        ..Case::new(about, Step::Send(request), judge)
    }
}

/// A download of a window, sent once in a run whoever asks for it, with a judgement on its answer if it was taken.
pub(super) fn sample(
    api: &Api,
    window: Window,
    judge: impl Fn(&Api, &Answered) -> Opinion + Send + Sync + 'static,
) -> Case {
    let request = crate::api::start(&api.body(window));
    let judge: Judge = Arc::new(move |api, answers| match answers.last() {
        Some(answered) if answered.outcome.is_taken() => judge(api, answered),
        Some(answered) => not_accepted(answered),
        None => nothing(),
    });
    let about = format!("the window {window}");
    Case {
        downloads: 1,
        ..Case::new(about, Step::Shared(request), judge)
    }
}

pub(super) fn not_accepted(answered: &Answered) -> Opinion {
    Opinion::Inconclusive(format!(
        "the request was not accepted: {}",
        answered.outcome
    ))
}

/// Texts of a regular expression, which is read once rather than for each of them.
pub(crate) fn text(expression: &str) -> RegexGeneratorStrategy<String> {
    #[expect(
        clippy::expect_used,
        reason = "constants of this crate; a test draws from every plan"
    )]
    string_regex(expression).expect("a regular expression")
}

/// For a case without an answer, which does not occur: every step has one.
pub(super) fn nothing() -> Opinion {
    Opinion::Inconclusive("nothing was sent".to_owned())
}

/// What is expected of an answer to something odd.
pub(super) const ANSWERED: &str = "an answer that is no error of the server (5xx)";

/// The target has an answer of its own: no 5xx, no hang, no dropped connection. 501 and 505 are HTTP's own answers.
pub(super) fn survived(answered: &Answered) -> Opinion {
    match &answered.outcome {
        Outcome::Failure(Fault::Server(501 | 505)) => Opinion::Pass,
        Outcome::Failure(Fault::Server(_) | Fault::Lost(_)) => {
            Opinion::fail(ANSWERED, answered.outcome.to_string())
        }
        Outcome::Busy(_) => Opinion::Inconclusive(answered.outcome.to_string()),
        Outcome::ProvesNothing(r) if matches!(r.status, 429 | 503) => {
            Opinion::Inconclusive(answered.outcome.to_string())
        }
        _ => Opinion::Pass,
    }
}

/// A request that must have an answer, whatever it is.
pub(super) fn survives(about: impl Into<String>, request: Request, downloads: u32) -> Case {
    let judge: Judge = Arc::new(|_, answers| answers.last().map_or(nothing(), |a| survived(a)));
    Case {
        twin: Twin::Plain,
        downloads,
        ..Case::new(about, Step::Send(request), judge)
    }
}

/// What happened, where that is all that is asked; only 5xx is a fault.
pub(super) fn reported(what: &str, answered: &Answered) -> Opinion {
    match &answered.outcome {
        Outcome::Failure(Fault::Server(status)) => {
            Opinion::fail(ANSWERED, format!("HTTP {status}"))
        }
        Outcome::Busy(_) => Opinion::Inconclusive(answered.outcome.to_string()),
        outcome if outcome.is_taken() => Opinion::Seen(format!("{what}: accepted")),
        outcome => Opinion::Seen(format!("{what}: {outcome}")),
    }
}

/// A request of which is reported what came.
pub(super) fn reports(about: impl Into<String>, request: Request) -> Case {
    let about = about.into();
    let what = about.clone();
    let judge: Judge =
        Arc::new(move |_, answers| answers.last().map_or(nothing(), |a| reported(&what, a)));
    Case {
        twin: Twin::Plain,
        downloads: 1,
        ..Case::new(about, Step::Send(request), judge)
    }
}
