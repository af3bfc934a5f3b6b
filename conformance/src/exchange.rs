//! Exchanges: what was sent to a target and what came of it. They are the evidence of every verdict; a verdict is a
//! function of them and of nothing else. As JSON they are lines of `evidence.jsonl` (see [`Record`](crate::Record)).
//!
//! Limits: of an answer's body at most [`MAX_ANSWER`] bytes are read; secrets are masked before an exchange exists.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::record::forms;
use crate::request::{Caller, Wire};

/// Bytes of an answer that are read at most.
pub const MAX_ANSWER: usize = 1024 * 1024;

/// A request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its name within the run, the same for the same seed: `TIME-01#3`.
    pub id: String,
    /// What was sent.
    pub sent: Sent,
    /// What came.
    pub received: Received,
    /// When it was sent, since the start of the run.
    #[serde(rename = "at_microseconds", with = "forms::microseconds")]
    pub at: Duration,
    /// How long it took.
    #[serde(rename = "took_microseconds", with = "forms::microseconds")]
    pub took: Duration,
}

/// A request as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// The headers that the run set; those of the connection (`Host`, `Content-Length`) are the client's.
    pub headers: Vec<(String, HeaderText)>,
    /// Whose headers of the target file it carries.
    pub caller: Caller,
    /// How it was put on the wire.
    pub wire: Wire,
    /// The body, or its beginning.
    #[serde(with = "forms::body")]
    pub body: Bytes,
    /// What the whole body was, where `body` is only its beginning: it was shortened in a recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// What was taken from earlier answers; whoever sends it again takes it from theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captured: Vec<Captured>,
}

/// A value of a request that came from an earlier answer. Whoever sends the request again puts the new value in only
/// where the old one stands: a case may have put something else there on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Captured {
    /// The name of the exchange or receipt that it came from.
    pub from: String,
    /// Where it stands in the JSON of that answer: a JSON Pointer, `/data/stream_id`.
    pub pointer: String,
    /// Where it stands in the request: a JSON Pointer into the body, `/stream_id`; or `url`, where it is the address or
    /// stands, percent-encoded, in it.
    pub at: String,
}

/// The value of a header that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "forms::Text", into = "forms::Text")]
pub enum HeaderText {
    /// As it was.
    Plain(String),
    /// A secret of the target file; only its presence is recorded.
    Secret,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// An answer.
    Answer(Answer),
    /// No answer.
    Lost(Lost),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    #[serde(with = "forms::headers")]
    pub headers: HeaderMap,
    /// The body, at most [`MAX_ANSWER`] bytes of it.
    #[serde(with = "forms::body")]
    pub body: Bytes,
    /// True if there was more of it than is read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
    /// What is known of the whole body, where only its beginning or a little of it is kept: the answer is a file, or it
    /// was shortened in a recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// What is known of a body that is too long to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Bytes that were read.
    pub length: u64,
    /// SHA-256 of these bytes, in hexadecimal.
    pub sha256: String,
    /// True if the body was read to its end; false if it was left there on purpose.
    pub is_whole: bool,
    /// The parts of a file that were looked at, in order and without overlap; the first one begins at 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Slice>,
}

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Where it begins.
    pub offset: u64,
    /// The bytes.
    #[serde(with = "forms::body")]
    pub bytes: Bytes,
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// No connection came about.
    #[error("no connection ({0})")]
    NotReached(String),
    /// The time for the answer ran out.
    #[error("no answer within {} ms", .0.as_millis())]
    #[serde(rename = "timed_out_microseconds", with = "forms::microseconds")]
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
