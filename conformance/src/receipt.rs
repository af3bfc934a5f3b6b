//! Receipts: callbacks as they came to the runner's own receiver. Like exchanges they are evidence: whatever comes is
//! recorded, also what comes late, twice, out of order or with a foreign id, and judged later.
//!
//! Limits: of a body at most [`MAX_CALLBACK`] bytes are kept. Secrets of the target file are not looked for: they are
//! sent to the target, never by it.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::record::forms;

/// Bytes of a callback's body that are read at most.
pub const MAX_CALLBACK: usize = 64 * 1024;

/// A callback as it was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its name within the run: the name of the download that it was sent for, and its number in order of arrival:
    /// `CALL-07#3.r0`.
    pub id: String,
    /// The download to whose address it came: `CALL-07#3`. Empty if nobody was given the address.
    pub case: String,
    /// The port that it came to.
    pub door: Door,
    /// The method.
    pub method: String,
    /// Path and query, byte by byte as they stood in the request line.
    #[serde(with = "forms::body")]
    pub target: Bytes,
    /// The headers.
    #[serde(with = "forms::headers")]
    pub headers: HeaderMap,
    /// The body, at most [`MAX_CALLBACK`] bytes of it.
    #[serde(with = "forms::body")]
    pub body: Bytes,
    /// True if there was more of it, or if it broke off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
    /// When it was there, body included, since the start of the run.
    #[serde(rename = "at_microseconds", with = "forms::microseconds")]
    pub at: Duration,
    /// What the receiver did with it.
    pub reply: Reply,
}

/// A port of the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// The one that callback addresses name.
    Front,
    /// The one that redirects lead to; who comes here followed one.
    Back,
}

/// What the receiver does with a callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It answers with a status.
    Status(u16),
    /// It answers with a status after a while.
    Late(u16, #[serde(with = "forms::microseconds")] Duration),
    /// It sends the caller elsewhere.
    Redirect(u16, String),
    /// It does not answer, and keeps the connection open until the caller closes it.
    Hang,
    /// It resets the connection.
    Reset,
}
