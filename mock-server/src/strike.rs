//! What a fault that was hit does to an answer. A fault that only delays or cuts lets the request through: its job is
//! started. Every other one takes the place of the whole processing.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::fault::Hit;
use crate::limits::Limits;
use crate::refusal::{Cause, Refusals};
use crate::request::{Answer, Effect, JSON, Outcome, Then};

/// What is sent for JSON: the beginning of an answer, and then something else.
pub(crate) const GARBAGE: &[u8] = b"{\"code\":\"0\",\"message\":<\xff\xfe>";

/// What is answered in the place of an answer; nothing if the request is let through.
pub(crate) fn instead<'m>(hit: &Hit, refusals: &Refusals, limits: &Limits) -> Option<Answer<'m>> {
    let action = &hit.action;
    let empty = || Answer::new(StatusCode::OK, JSON, Bytes::new(), Outcome::Fault);
    let unanswered = |then: Then| Answer {
        effect: Effect {
            then,
            ..Effect::default()
        },
        ..empty()
    };
    if let Some(status) = action.status {
        return Some(with_status(status, refusals));
    }
    if let Some(name) = &action.error {
        return Some(named(refusals.named(|e| *e.name == **name), refusals));
    }
    if let Some(code) = &action.code {
        return Some(named(refusals.named(|e| e.code == *code), refusals));
    }
    if action.reset {
        return Some(unanswered(Then::Reset));
    }
    if action.hang {
        return Some(unanswered(Then::Hang(limits.max_fault_wait)));
    }
    action.garbage.then(|| Answer {
        body: Bytes::from_static(GARBAGE),
        ..empty()
    })
}

/// Marks an answer with the fault, and adds what it does to the connection.
pub(crate) fn mark(answer: &mut Answer<'_>, hit: &Hit, limits: &Limits) {
    answer.fault = Some(hit.id);
    let delay = Duration::from_millis(hit.action.delay_ms.unwrap_or(0));
    answer.effect.delay = delay.min(limits.max_fault_wait);
    if let Some(at) = hit.action.cut_body_at {
        answer.effect.then = Then::Cut(at);
    }
}

fn with_status<'m>(status: u16, refusals: &Refusals) -> Answer<'m> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let why = format!("A fault of the mock: status {}", status.as_u16());
    let mut answer = refusals.saying(Cause::Internal, &why);
    answer.status = status;
    answer.outcome = Outcome::Fault;
    if matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    ) {
        answer.body = Bytes::new();
        answer.headers.clear();
    }
    answer
}

/// The contract may have lost the error since the fault was made.
fn named<'m>(found: Option<Answer<'m>>, refusals: &Refusals) -> Answer<'m> {
    let mut answer = found.unwrap_or_else(|| refusals.because(Cause::Internal, &[]));
    answer.outcome = Outcome::Fault;
    answer
}
