//! What goes into the pipeline and what comes out of it, without sockets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use smsload_spec::{Operation, Violation};

use crate::clock::Moment;

/// A request, whole.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its path as it was sent, percent-encoding included, without the query.
    pub path: &'a str,
    /// Its query as it was sent, without the question mark; empty if there is none.
    pub query: &'a str,
    /// All its headers.
    pub headers: &'a HeaderMap,
    /// Its whole body.
    pub body: &'a [u8],
}

/// An answer, whole, and what it rests on.
#[derive(Debug, Clone)]
pub struct Answer<'m> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, without those that only the connection knows.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
    /// The operation that it answers; nothing if no operation was meant.
    pub operation: Option<&'m Operation>,
    /// How it came about.
    pub outcome: Outcome,
    /// The id of the job that was started.
    pub job: Option<String>,
    /// Members that stand twice in the request's body: JSON Pointers. The last of them counted.
    pub duplicates: Vec<String>,
    /// The id of the fault that was hit.
    pub fault: Option<u64>,
    /// What whoever holds the connection is to do with it.
    pub effect: Effect,
    /// The time that it tells of, if it tells of one.
    pub(crate) at: Option<Moment>,
}

/// What is done with an answer, or with its connection instead of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effect {
    /// Real time that passes before anything is done.
    pub delay: Duration,
    /// What is done then.
    pub then: Then,
}

/// What is done with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Then {
    /// It is sent.
    #[default]
    Send,
    /// It is sent with its whole length announced, but for its body, of which so many bytes are sent; then the
    /// connection is closed.
    Cut(usize),
    /// Nothing is sent and the connection is reset.
    Reset,
    /// Nothing is sent for so long, in real time, unless the client goes; then the connection is closed.
    Hang(Duration),
}

/// How an answer came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A job was started.
    Started,
    /// A job was read.
    Read,
    /// The document's example (or a value that fits its schema) was given.
    Example,
    /// A fault took the place of an answer; see [`Answer::fault`].
    Fault,
    /// The request was refused.
    Refused {
        /// The name of the error (`x-errors`).
        error: Arc<str>,
        /// What is wrong with the request; empty if its form was right.
        violations: Vec<Violation>,
    },
}

/// `application/json`.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl<'m> Answer<'m> {
    pub(crate) fn new(
        status: StatusCode,
        media: HeaderValue,
        body: Bytes,
        outcome: Outcome,
    ) -> Self {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(CONTENT_TYPE, media);
        Self {
            status,
            headers,
            body,
            operation: None,
            outcome,
            job: None,
            duplicates: Vec::new(),
            fault: None,
            effect: Effect::default(),
            at: None,
        }
    }

    /// Whether the client gets anything.
    pub(crate) fn is_answered(&self) -> bool {
        matches!(self.effect.then, Then::Send | Then::Cut(_))
    }

    /// An answer in JSON.
    pub(crate) fn json(
        status: StatusCode,
        media: HeaderValue,
        body: &Value,
        outcome: Outcome,
    ) -> Self {
        // A `Value` is JSON already: there is nothing in it that could not be written.
        let bytes = serde_json::to_vec(body).unwrap_or_default();
        Self::new(status, media, Bytes::from(bytes), outcome)
    }

    /// The same, as the answer of an operation.
    pub(crate) fn of(self, operation: &'m Operation) -> Self {
        Self {
            operation: Some(operation),
            ..self
        }
    }
}
