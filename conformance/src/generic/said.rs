//! What an answer means where there is no catalogue: HTTP's own word, by its status.

use http::Method;
use smsload_spec::{Contract, Operation};

use crate::case::Opinion;
use crate::exchange::{Exchange, Lost, Received};
use crate::target::Busy;

/// What an answer says of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Accepted,
    Rejected,
    /// The server erred, or had no answer.
    Erred,
    /// A status with many reasons.
    Open,
}

/// `is_in_path`: what is wrong, or may be unknown, stands in the path, so that 404 is an answer to it.
pub(super) fn said(exchange: &Exchange, busy: &Busy, is_in_path: bool) -> Said {
    let answer = match &exchange.received {
        Received::Answer(answer) => answer,
        // A target that is gone is accused of nothing.
        Received::Lost(Lost::NotReached(_)) => return Said::Open,
        Received::Lost(_) => return Said::Erred,
    };
    match answer.status {
        status if busy.covers(status, None) => Said::Open,
        200..=299 => Said::Accepted,
        404 if is_in_path => Said::Rejected,
        401 | 403 | 404 | 405 | 408 | 409 | 410 | 429 | 501 | 503 | 505 => Said::Open,
        400..=499 => Said::Rejected,
        500..=599 => Said::Erred,
        _ => Said::Open,
    }
}

/// What came, in words.
pub(super) fn came(exchange: &Exchange) -> String {
    match &exchange.received {
        Received::Answer(answer) => format!("HTTP {}", answer.status),
        Received::Lost(lost) => lost.to_string(),
    }
}

fn open(exchange: &Exchange) -> Opinion {
    Opinion::Inconclusive(format!("{}, which proves nothing here", came(exchange)))
}

/// An invalid request is rejected; `is_proved`: its mended twin was accepted.
pub(super) fn rejected(
    exchange: &Exchange,
    busy: &Busy,
    in_path: bool,
    is_proved: bool,
) -> Opinion {
    match said(exchange, busy, in_path) {
        Said::Accepted => Opinion::fail("a rejection: HTTP 4xx", came(exchange)),
        Said::Rejected if is_proved => Opinion::Pass,
        Said::Rejected => Opinion::Inconclusive(
            "no valid request of this operation was accepted, so that a rejection proves nothing"
                .to_owned(),
        ),
        // The fault of another line.
        Said::Erred | Said::Open => open(exchange),
    }
}

/// A valid request is not rejected for what it says.
pub(super) fn accepted(exchange: &Exchange, busy: &Busy) -> Opinion {
    match said(exchange, busy, false) {
        Said::Accepted => Opinion::Pass,
        Said::Rejected => Opinion::fail("acceptance: HTTP 2xx", came(exchange)),
        Said::Erred | Said::Open => open(exchange),
    }
}

/// No error of the server, no hang, no dropped connection.
pub(super) fn survived(exchange: &Exchange, busy: &Busy) -> Opinion {
    match said(exchange, busy, false) {
        Said::Erred => Opinion::fail("an answer that is no error of the server", came(exchange)),
        _ if exchange
            .answer()
            .is_some_and(|a| a.status >= 500 && a.status != 501) =>
        {
            open(exchange)
        }
        Said::Open if exchange.answer().is_some_and(|a| a.status == 401) => open(exchange),
        _ => Opinion::Pass,
    }
}

/// The answer is one that the document describes. Of rejections that it does not describe another line speaks.
pub(super) fn described(
    contract: &Contract,
    operation: &Operation,
    exchange: &Exchange,
) -> Option<Opinion> {
    let answer = exchange.answer().filter(|a| !a.is_cut)?;
    let is_success = (200..300).contains(&answer.status);
    if !is_success && operation.response(answer.status).is_none() {
        return None;
    }
    let judged = contract.response(operation, answer.status, &answer.headers, &answer.body);
    let wrong: Vec<_> = judged.violations.into_iter().map(|v| v.message).collect();
    Some(if wrong.is_empty() {
        Opinion::Pass
    } else {
        let expected = format!("HTTP {} as the document describes it", answer.status);
        Opinion::fail(expected, wrong.join("; "))
    })
}

/// The status of a rejection is one that the document names.
pub(super) fn named(operation: &Operation, exchange: &Exchange) -> Option<Opinion> {
    let answer = exchange.answer()?;
    if !(400..500).contains(&answer.status) || matches!(answer.status, 408 | 429) {
        return None;
    }
    Some(if operation.response(answer.status).is_some() {
        Opinion::Pass
    } else {
        let expected = "a status that the document names for this operation";
        Opinion::fail(expected, format!("HTTP {}", answer.status))
    })
}

/// A method that the path does not have.
pub(super) fn refused_method(exchange: &Exchange, method: &Method, is_proved: bool) -> Opinion {
    match exchange.answer().map(|a| a.status) {
        Some(404 | 405 | 501) if is_proved => Opinion::Pass,
        Some(200..=299) => Opinion::fail(
            "HTTP 405, 404 or 501",
            format!("{} to {method}", came(exchange)),
        ),
        _ => open(exchange),
    }
}

/// A body of another media type.
pub(super) fn refused_media(exchange: &Exchange, busy: &Busy, is_proved: bool) -> Opinion {
    rejected(exchange, busy, false, is_proved)
}

/// What an answer led to is there.
pub(super) fn found(exchange: &Exchange, busy: &Busy) -> Opinion {
    match said(exchange, busy, false) {
        Said::Accepted => Opinion::Pass,
        Said::Rejected | Said::Erred => {
            Opinion::fail("the thing that was just made", came(exchange))
        }
        Said::Open => match exchange.answer().map(|a| a.status) {
            Some(404 | 410) => Opinion::fail("the thing that was just made", came(exchange)),
            _ => open(exchange),
        },
    }
}
