//! Exchanges: what was sent to a target and what came of it. They are the evidence of every verdict; a verdict is a
//! function of them and of nothing else.
//!
//! Limits: of an answer's body at most [`MAX_ANSWER`] bytes are read; secrets are masked before an exchange exists.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

/// Bytes of an answer that are read at most.
pub const MAX_ANSWER: usize = 1024 * 1024;

/// A request and what came of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Its name within the run, the same for the same seed: `TIME-01#3`.
    pub id: String,
    /// What was sent.
    pub sent: Sent,
    /// What came.
    pub received: Received,
    /// When it was sent, since the start of the run.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
}

/// A request as it was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// The headers that the run set; those of the connection (`Host`, `Content-Length`) are the client's.
    pub headers: Vec<(String, HeaderText)>,
    /// True if the body went out in chunks.
    pub is_chunked: bool,
    /// The body.
    pub body: Bytes,
}

/// The value of a header that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderText {
    /// As it was.
    Plain(String),
    /// A secret of the target file; only its presence is recorded.
    Secret,
}

/// What came of a request.
#[derive(Debug, Clone)]
pub enum Received {
    /// An answer.
    Answer(Answer),
    /// No answer.
    Lost(Lost),
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most [`MAX_ANSWER`] bytes of it.
    pub body: Bytes,
    /// True if there was more of it.
    pub is_cut: bool,
}

impl Answer {
    /// The media type, lower case and without parameters; empty if there is none.
    #[must_use]
    pub fn media_type(&self) -> String {
        let value = self
            .headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok());
        let essence = value
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// No connection came about.
    #[error("no connection ({0})")]
    NotReached(String),
    /// The time for the answer ran out.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The connection was closed or reset before the answer was whole.
    #[error("the connection was dropped before the answer was whole")]
    Dropped,
    /// What came is no HTTP.
    #[error("the answer is no HTTP ({0})")]
    NoHttp(String),
    /// This machine, or what the target file has it run, failed. Never held against a target.
    #[error("the runner's own side failed: {0}")]
    Local(String),
}

impl Exchange {
    /// The answer, if there is one.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match &self.received {
            Received::Answer(answer) => Some(answer),
            Received::Lost(_) => None,
        }
    }
}
