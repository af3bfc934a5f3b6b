//! Everything that is answered instead of what was asked for: which error it is, in which words and in which form.
//!
//! Codes, statuses and the envelope are the contract's (`x-errors`, `x-rejection`). A document that lacks an error of
//! the table below gets it with the status of HTTP as its code; one without `x-rejection` is answered in the form of
//! RFC 9457 (`application/problem+json`).

use std::sync::Arc;

use http::StatusCode;
use http::header::HeaderValue;
use serde_json::json;
use smsload_spec::{Contract, ErrorKind, Violation};

use crate::request::{Answer, JSON, Outcome};

/// Violations that a message lists at most.
const LISTED: usize = 8;
/// Bytes of a message at most; what is longer ends with an ellipsis.
const MAX_MESSAGE: usize = 2048;

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The status of an answer that refuses what an operation was asked for.
///
/// What HTTP itself refuses (no such path, wrong method, too large …) always has its own error status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RejectStatus {
    /// The one that the contract gives to all rejections (`x-rejection`): 200 in the bundled one, since the page
    /// documents no other.
    #[default]
    Contract,
    /// The error's own, 4xx.
    Error,
}

/// Why something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    MalformedBody,
    UnsupportedMediaType,
    BadMember,
    BadTimeRange,
    UnknownDevice,
    UnknownChannel,
    DeviceOffline,
    NoRecording,
    UnknownStream,
    DownloadFailed,
    Overload,
    UnknownPath,
    MethodNotAllowed,
    BodyTooLarge,
    BadRequest,
    BodyTimeout,
    Internal,
}

/// A cause, its name in the contract, and what stands for it where the contract does not have it.
const CAUSES: [(Cause, &str, u16, &str); 17] = {
    use Cause::*;
    [
        (
            MalformedBody,
            "malformed-body",
            400,
            "The body is not valid",
        ),
        (
            UnsupportedMediaType,
            "unsupported-media-type",
            415,
            "The body has another media type",
        ),
        (BadMember, "bad-member", 400, "The request is not valid"),
        (
            BadTimeRange,
            "bad-time-range",
            400,
            "The window of time is not valid",
        ),
        (UnknownDevice, "unknown-device", 404, "No such device"),
        (
            UnknownChannel,
            "unknown-channel",
            404,
            "No such channel on this device",
        ),
        (
            DeviceOffline,
            "device-offline",
            409,
            "The device is offline",
        ),
        (
            NoRecording,
            "no-recording",
            404,
            "Nothing was recorded in this window",
        ),
        (
            UnknownStream,
            "unknown-stream",
            404,
            "No such download, or it is no longer kept",
        ),
        (
            DownloadFailed,
            "download-failed",
            409,
            "The download failed; start it again",
        ),
        (
            Overload,
            "overload",
            429,
            "Too many jobs are kept; try again later",
        ),
        (UnknownPath, "unknown-path", 404, "No such operation"),
        (
            MethodNotAllowed,
            "method-not-allowed",
            405,
            "This path does not have that method",
        ),
        (BodyTooLarge, "body-too-large", 413, "The body is too large"),
        (
            BadRequest,
            "bad-request",
            400,
            "The request is no valid HTTP",
        ),
        (
            BodyTimeout,
            "body-timeout",
            408,
            "The body did not arrive in time",
        ),
        (Internal, "internal", 500, "The server failed to answer"),
    ]
};

impl Cause {
    /// Whether HTTP refuses the request (or the mock fails) rather than the operation, whatever the form.
    fn keeps_its_status(self) -> bool {
        matches!(
            self,
            Self::UnknownPath
                | Self::MethodNotAllowed
                | Self::BodyTooLarge
                | Self::BadRequest
                | Self::BodyTimeout
                | Self::Internal
        )
    }
}

/// Writes refusals in the form of a contract.
#[derive(Debug)]
pub(crate) struct Refusals {
    contract: Arc<Contract>,
    form: RejectStatus,
    /// The errors, in the order of [`CAUSES`].
    errors: Vec<ErrorKind>,
}

impl Refusals {
    pub(crate) fn new(contract: Arc<Contract>, form: RejectStatus) -> Self {
        let errors = CAUSES.iter().map(|(_, name, status, message)| {
            contract.error(name).cloned().unwrap_or_else(|| ErrorKind {
                name: Arc::from(*name),
                code: status.to_string(),
                status: *status,
                message: (*message).to_owned(),
                keywords: Vec::new(),
            })
        });
        let errors = errors.collect();
        Self {
            contract,
            form,
            errors,
        }
    }

    /// The refusal for a cause; `members` are those at fault.
    pub(crate) fn because<'m>(&self, cause: Cause, members: &[&str]) -> Answer<'m> {
        let error = &self.errors[cause as usize];
        let message = match members {
            [] => error.message.clone(),
            members => format!("`{}`: {}", members.join("`, `"), error.message),
        };
        self.write(error, &message, cause.keeps_its_status(), Vec::new())
    }

    /// The refusal for a cause, in words of our own.
    pub(crate) fn saying<'m>(&self, cause: Cause, why: &impl std::fmt::Display) -> Answer<'m> {
        let error = &self.errors[cause as usize];
        let message = why.to_string();
        self.write(error, &message, cause.keeps_its_status(), Vec::new())
    }

    /// The rejection of an error that the contract names.
    pub(crate) fn named<'m>(&self, is_it: impl Fn(&ErrorKind) -> bool) -> Option<Answer<'m>> {
        let error = self.contract.errors().find(|error| is_it(error))?;
        Some(self.write(error, &error.message, false, Vec::new()))
    }

    /// The refusal of a request that breaks the contract: the first violation decides the error, all are told.
    pub(crate) fn broken<'m>(&self, violations: Vec<Violation>) -> Answer<'m> {
        let named = violations
            .first()
            .and_then(|v| self.contract.error(v.error.as_deref()?));
        let cause = match violations.first().map_or("", |v| v.keyword.as_str()) {
            "content-type" => Cause::UnsupportedMediaType,
            "json" | "body" => Cause::MalformedBody,
            _ => Cause::BadMember,
        };
        let error = named.unwrap_or(&self.errors[cause as usize]);
        let message = message(&violations);
        self.write(error, &message, false, violations)
    }

    /// An error in these words, with its own status.
    pub(crate) fn tell<'m>(&self, error: &ErrorKind, message: &str) -> Answer<'m> {
        self.write(error, message, true, Vec::new())
    }

    fn write<'m>(
        &self,
        error: &ErrorKind,
        message: &str,
        keeps_its_status: bool,
        violations: Vec<Violation>,
    ) -> Answer<'m> {
        let own = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let outcome = Outcome::Refused {
            error: Arc::clone(&error.name),
            violations,
        };
        let rejection = self.contract.rejection();
        let Some((rejection, body)) = rejection.zip(self.contract.reject(error, message)) else {
            let title = own.canonical_reason().unwrap_or("Error");
            let body = json!({
                "type": "about:blank", "title": title, "status": own.as_u16(), "detail": message,
            });
            return Answer::json(own, PROBLEM, &body, outcome);
        };
        let status = match self.form {
            RejectStatus::Contract if !keeps_its_status => {
                StatusCode::from_u16(rejection.status).unwrap_or(own)
            }
            RejectStatus::Contract | RejectStatus::Error => own,
        };
        Answer::json(status, JSON, &body, outcome)
    }
}

/// One text for all violations.
pub(crate) fn message(violations: &[Violation]) -> String {
    let listed: Vec<_> = violations
        .iter()
        .take(LISTED)
        .map(|v| v.message.as_str())
        .collect();
    let mut text = listed.join("; ");
    if violations.len() > LISTED {
        text.push_str(&format!("; and {} more", violations.len() - LISTED));
    }
    if text.len() > MAX_MESSAGE {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use smsload_spec::{Contract, Part, Violation};

    use super::{CAUSES, Cause, MAX_MESSAGE, Refusals, RejectStatus, message};

    fn violation(message: &str) -> Violation {
        Violation {
            part: Part::Body,
            pointer: "/a".into(),
            keyword: "type".into(),
            message: message.into(),
            members: vec!["a".into()],
            error: None,
            rule: String::new(),
        }
    }

    #[test]
    fn the_table_is_in_the_order_of_its_causes() {
        for (index, (cause, ..)) in CAUSES.iter().enumerate() {
            assert_eq!(*cause as usize, index);
        }
    }

    #[test]
    fn the_bundled_contract_has_every_error_but_those_of_the_connection() {
        let contract = Contract::bundled();
        for (cause, name, status, _) in CAUSES {
            let is_ours = matches!(cause, Cause::BadRequest | Cause::BodyTimeout);
            assert_eq!(contract.error(name).is_none(), is_ours, "{name}");
            assert!(
                contract.error(name).is_none_or(|e| e.status == status),
                "{name}"
            );
        }
    }

    #[test]
    fn what_http_refuses_keeps_its_status_in_both_forms() {
        for (form, expected) in [(RejectStatus::Contract, 200), (RejectStatus::Error, 404)] {
            let refusals = Refusals::new(Contract::bundled(), form);
            assert_eq!(refusals.because(Cause::UnknownDevice, &[]).status, expected);
            assert_eq!(refusals.because(Cause::UnknownPath, &[]).status, 404);
            assert_eq!(refusals.because(Cause::Internal, &[]).status, 500);
        }
    }

    #[test]
    fn a_message_is_bounded() {
        let many: Vec<_> = (0..20).map(|n| violation(&format!("fault {n}"))).collect();
        let text = message(&many);
        assert!(
            text.starts_with("fault 0; fault 1;") && text.ends_with("and 12 more"),
            "{text}"
        );
        let long = message(&[violation(&"长".repeat(5_000))]);
        assert!(long.len() <= MAX_MESSAGE + 3 && long.ends_with('…'));
    }
}
