//! Answers: the page's envelope around what was asked for.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::rejection::{Rejection, RejectionStatus};

/// The envelope of every answer: `code` `"0"` if accepted, `message` empty then.
#[derive(Debug, Serialize)]
struct Envelope<D> {
    code: &'static str,
    message: String,
    data: D,
}

/// The `data` of a rejection: an object without members.
#[derive(Debug, Serialize)]
struct Nothing {}

/// The `data` of an accepted download.
#[derive(Debug, Serialize)]
pub(crate) struct DownloadData {
    /// The id of the download.
    pub(crate) stream_id: String,
    /// Recorded seconds, in decimal.
    pub(crate) playback_duration: String,
    /// Bytes, in decimal.
    pub(crate) playback_file_size: String,
}

/// The `data` of a progress query. The page of the query names no members: these are our choice.
#[derive(Debug, Serialize)]
pub(crate) struct ProgressData {
    /// The id that was asked for.
    pub(crate) stream_id: String,
    /// Whole percent, in decimal, rounded down.
    pub(crate) download_progress: String,
    /// Where the file is; empty until it is there.
    pub(crate) file_url: String,
}

/// An answer with `data`: accepted.
pub(crate) fn accepted<D: Serialize>(data: D) -> Response {
    Json(Envelope {
        code: "0",
        message: String::new(),
        data,
    })
    .into_response()
}

/// An answer that says why not.
pub(crate) fn rejected(rejection: &Rejection, form: RejectionStatus) -> Response {
    tracing::debug!(code = rejection.code(), reason = %rejection, "request rejected");
    let (code, message) = (rejection.code(), rejection.to_string());
    let body = Json(Envelope {
        code,
        message,
        data: Nothing {},
    });
    (rejection.status(form), body).into_response()
}

/// An answer by HTTP's own rules, whatever form the operation's rejections have.
pub(crate) fn refused(rejection: &Rejection) -> Response {
    rejected(rejection, RejectionStatus::Http4xx)
}

/// The same, and the last one on its connection: what follows cannot be told from a rest of this request.
pub(crate) fn refused_for_good(rejection: &Rejection) -> Response {
    let mut response = refused(rejection);
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The answer to another method than those that a path takes.
pub(crate) fn method_not_allowed(allowed: &'static str) -> Response {
    let body = refused(&Rejection::Method(allowed));
    ([(header::ALLOW, allowed)], body).into_response()
}
