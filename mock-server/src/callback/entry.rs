//! Attempts to call back as the journal keeps them.

use std::borrow::Cow;

use bytes::Bytes;

use crate::courier::{Answer, Attempt, Fault, Then};
use crate::journal::CallbackAttempt;

/// An attempt as the journal keeps it.
pub(super) fn entry(id: &str, attempt: &Attempt, max_body: usize) -> CallbackAttempt {
    let (status, error) = match &attempt.answer {
        Answer::Status(status) => (Some(status.as_u16()), None),
        Answer::Failed(failure) => (None, Some(failure.to_string())),
        Answer::NotSent => (None, Some("not sent".to_owned())),
    };
    let then = match attempt.then {
        Then::Acknowledged => "acknowledged",
        Then::Retry(_) => "retry",
        Then::GivenUp => "given-up",
        Then::Stopped => "stopped",
        Then::Held => "held",
    };
    CallbackAttempt {
        job: id.to_owned(),
        address: without_user(&attempt.address.to_string()).into_owned(),
        delivery: attempt.delivery,
        attempt: attempt.number,
        body: text(&attempt.body, max_body),
        length: attempt.body.len(),
        cut: attempt.body.len() > max_body,
        fault: attempt
            .fault
            .as_ref()
            .map(|fault| Cow::Borrowed(name(fault))),
        end: attempt.is_end,
        status,
        error,
        then: then.to_owned(),
    }
}

/// An address as it may be shown: a user and a password in it are somebody's secret.
pub(super) fn without_user(address: &str) -> Cow<'_, str> {
    let start = address.find("//").map_or(0, |at| at + 2);
    let (scheme, rest) = address.split_at(start);
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    match host.rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}***{}", &rest[at..])),
        None => Cow::Borrowed(address),
    }
}

fn text(body: &Bytes, at_most: usize) -> String {
    String::from_utf8_lossy(&body[..body.len().min(at_most)]).into_owned()
}

/// How the journal calls a fault.
fn name(fault: &Fault) -> &'static str {
    match fault {
        Fault::Duplicate => "duplicate",
        Fault::Drop => "drop",
        Fault::Delay(_) => "delay",
        Fault::OutOfOrder => "out-of-order",
        Fault::WrongPayload(_) => "wrong-payload",
    }
}

#[cfg(test)]
mod tests {
    use super::without_user;

    #[test]
    fn users_and_passwords_are_not_shown() {
        for (address, shown) in [
            ("http://h/a@b", "http://h/a@b"),
            ("http://u:p@h:80/x?y@z", "http://***@h:80/x?y@z"),
            ("http://u:p@q@h", "http://***@h"),
            ("//u@h", "//***@h"),
            ("u:secret@h/x", "***@h/x"),
            ("", ""),
        ] {
            assert_eq!(without_user(address), shown);
        }
    }
}
