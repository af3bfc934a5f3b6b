//! What goes into the pipeline and what comes out of it, without sockets.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use smsload_spec::{Operation, Violation};

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
        }
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
