//! Everything that is said instead of "accepted": a code, a status, a message.
//!
//! The page documents neither error codes nor error statuses, so both are this implementation's own.
//! Messages are our own words: they name the member at fault, and repeat neither what the caller sent
//! nor what a parser said about it.

use axum::http::StatusCode;
use serde::Deserialize;

use crate::source::SourceError;
use crate::store::StoreError;
use crate::time::TimeError;

/// The status of an answer that rejects what was asked.
///
/// It concerns what the operation itself rejects. What HTTP rejects (no such path, wrong method,
/// body too large or too slow, no `Host`) has its 4xx status in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RejectionStatus {
    /// 200, the only status that the page documents; the envelope's `code` tells.
    #[default]
    Ok,
    /// The status that the first three digits of the `code` name: 4xx, and 503 where the fault is here.
    Http4xx,
}

/// Why a request was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    #[error("`Content-Type` must be application/json, in UTF-8 and without a content coding")]
    MediaType,
    #[error("the body must be one JSON value in UTF-8")]
    NotJson,
    #[error("the body must be a JSON object")]
    NotAnObject,
    #[error("the body must not be nested deeper than {0} levels")]
    TooDeep(usize),
    #[error("member `{0}` must not appear more than once")]
    Duplicate(&'static str),
    #[error("no member may appear more than once")]
    DuplicateUnknown,
    #[error("member `{0}` is required")]
    Missing(&'static str),
    #[error("member `{member}` must be a string, not {found}")]
    NotAString {
        member: &'static str,
        found: &'static str,
    },
    #[error("member `{0}` must not be empty or blank")]
    Blank(&'static str),
    #[error("member `{member}` {problem}")]
    Time {
        member: &'static str,
        problem: TimeError,
    },
    #[error("member `start_time` must be earlier than member `end_time`")]
    TimeOrder,
    #[error(
        "member `callback` must be an absolute http or https URL with a host in its usual form"
    )]
    Callback,
    #[error("member `callback` leads to an address that this server does not call")]
    CallbackForbidden,
    #[error("header `tenant-id` must appear once at most, with 1 to 128 visible ASCII characters")]
    TenantHeader,
    #[error("header `Token` is required")]
    TokenMissing,
    #[error("header `Token` is not valid here")]
    TokenWrong,
    #[error("header `tenant-id` names another tenant than the one of header `Token`")]
    TenantForbidden,
    #[error("member `source_type` must be \"3\" (GB28181), the only type supported here")]
    SourceType,
    #[error("member `device_unicode` names no known device")]
    UnknownDevice,
    #[error("member `channel` names no known channel of the device")]
    UnknownChannel,
    #[error("nothing was recorded between `start_time` and `end_time`")]
    NoRecording,
    #[error("what was recorded between `start_time` and `end_time` cannot be read")]
    BrokenRecording,
    #[error(
        "what was recorded between `start_time` and `end_time` is too much for one file, or changes codec within"
    )]
    NotOneFile,
    #[error("the device's recordings cannot be asked for now; try again later")]
    SourceUnavailable,
    #[error("member `stream_id` names no known download")]
    UnknownStream,
    #[error("the download failed: {0}")]
    Failed(String),
    #[error("the download was cancelled: {0}")]
    Cancelled(String),
    #[error("as many downloads as this server keeps are under way; try again later")]
    Overload,
    #[error("downloads cannot be stored now; try again later")]
    StoreUnavailable,
    #[error("the server is being stopped; try again later")]
    Stopping,
    #[error("the request must have exactly one valid Host header")]
    Host,
    #[error("the body could not be read to its end")]
    BodyUnreadable,
    #[error("there is nothing at this path")]
    NoSuchPath,
    #[error("this path takes {0} only")]
    Method(&'static str),
    #[error("the body did not arrive in time")]
    BodyTimeout,
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(usize),
}

impl Rejection {
    /// The status of HTTP that fits, and the envelope's `code`, whose first digits repeat it.
    ///
    /// Codes are stable: a program may tell cases apart by them. What is unknown (device, channel,
    /// recording, download) is 422 and not 404, so that a wrong path cannot be mistaken for it.
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
        match self {
            Self::Host | Self::BodyUnreadable | Self::TenantHeader => (BAD, "40000"),
            Self::NotJson | Self::NotAnObject | Self::TooDeep(_) => (BAD, "40001"),
            Self::Missing(_) => (BAD, "40002"),
            Self::NotAString { .. }
            | Self::Blank(_)
            | Self::Time { .. }
            | Self::Callback
            | Self::CallbackForbidden => (BAD, "40003"),
            Self::Duplicate(_) | Self::DuplicateUnknown => (BAD, "40004"),
            Self::TimeOrder => (BAD, "40005"),
            Self::TokenMissing | Self::TokenWrong => (StatusCode::UNAUTHORIZED, "40100"),
            Self::TenantForbidden => (StatusCode::FORBIDDEN, "40300"),
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "40400"),
            Self::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "40500"),
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "40800"),
            Self::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "41300"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "41500"),
            Self::SourceType => (UNPROCESSABLE, "42201"),
            Self::UnknownDevice => (UNPROCESSABLE, "42202"),
            Self::UnknownChannel => (UNPROCESSABLE, "42203"),
            Self::NoRecording => (UNPROCESSABLE, "42204"),
            Self::UnknownStream => (UNPROCESSABLE, "42205"),
            Self::BrokenRecording => (UNPROCESSABLE, "42206"),
            Self::NotOneFile => (UNPROCESSABLE, "42207"),
            Self::Failed(_) => (UNPROCESSABLE, "42208"),
            Self::Cancelled(_) => (UNPROCESSABLE, "42209"),
            Self::SourceUnavailable => (StatusCode::FAILED_DEPENDENCY, "42400"),
            Self::Overload => (StatusCode::TOO_MANY_REQUESTS, "42900"),
            Self::StoreUnavailable | Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "50300"),
        }
    }

    /// The envelope's `code`.
    pub(crate) fn code(&self) -> &'static str {
        self.status_and_code().1
    }

    /// The status of the answer.
    pub(crate) fn status(&self, form: RejectionStatus) -> StatusCode {
        match form {
            RejectionStatus::Ok if !self.is_of_http() => StatusCode::OK,
            RejectionStatus::Ok | RejectionStatus::Http4xx => self.status_and_code().0,
        }
    }

    /// Whether HTTP rejects the request, before the operation was asked.
    fn is_of_http(&self) -> bool {
        matches!(
            self,
            Self::Host
                | Self::BodyUnreadable
                | Self::NoSuchPath
                | Self::Method(_)
                | Self::BodyTimeout
                | Self::BodyTooLarge(_)
        )
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full | StoreError::TenantFull => Self::Overload,
            StoreError::DiskFull | StoreError::Unavailable(_) => Self::StoreUnavailable,
        }
    }
}

impl From<SourceError> for Rejection {
    /// What the caller is told; the operands are the log's.
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::UnknownDevice => Self::UnknownDevice,
            SourceError::UnknownChannel => Self::UnknownChannel,
            SourceError::NoRecording => Self::NoRecording,
            SourceError::Broken(_) | SourceError::Changed(_) => Self::BrokenRecording,
            SourceError::NotOneFile(_) => Self::NotOneFile,
            SourceError::Unavailable(_) => Self::SourceUnavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_starts_with_its_status() {
        let missing = Rejection::Missing("channel");
        for rejection in [
            Rejection::Host,
            missing,
            Rejection::SourceType,
            Rejection::Overload,
        ] {
            let (status, code) = rejection.status_and_code();
            assert!(code.starts_with(status.as_str()), "{rejection:?}");
        }
    }

    #[test]
    fn the_form_concerns_the_operation_only() {
        assert_eq!(Rejection::SourceType.status(RejectionStatus::Ok), 200);
        assert_eq!(Rejection::SourceType.status(RejectionStatus::Http4xx), 422);
        assert_eq!(Rejection::Method("POST").status(RejectionStatus::Ok), 405);
    }
}
