//! What one client may cost the server.
//!
//! The worst case in memory is [`Limits::max_connections`] times [`Limits::max_body`] and
//! [`Limits::max_head`]. What none of these limits covers: a client that keeps reading its answer, a
//! few bytes at a time, keeps its connection.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// Limits on connections and requests. In a configuration file times are in milliseconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How long a request head may take, and how long a connection may be silent before a request:
    /// then it is closed. Default 5 s.
    #[serde(rename = "header_timeout_ms", deserialize_with = "millis")]
    pub header_timeout: Duration,
    /// How long a whole body may take, however steadily it arrives: then 408. Default 10 s.
    #[serde(rename = "body_timeout_ms", deserialize_with = "millis")]
    pub body_timeout: Duration,
    /// How long a client may take none of the bytes of an answer: then its connection is closed.
    /// Default 10 s.
    #[serde(rename = "write_timeout_ms", deserialize_with = "millis")]
    pub write_timeout: Duration,
    /// How long requests in hand may take to end when the server is stopped. Default 5 s.
    #[serde(rename = "shutdown_grace_ms", deserialize_with = "millis")]
    pub shutdown_grace: Duration,
    /// Bytes of a request line and its headers: more is 431. At least 8192; default 16 KiB.
    pub max_head: usize,
    /// Number of headers: more is 431. Default 64.
    pub max_headers: usize,
    /// Bytes of a body: more is 413. Default 1 MiB.
    pub max_body: usize,
    /// Bytes beyond `max_body` that are read and thrown away, so that the client is still listening
    /// when it is told 413; after them the connection is closed. Default 16 MiB.
    pub max_discard: usize,
    /// Levels of nesting in a JSON body. Default 64.
    pub max_json_depth: usize,
    /// Connections served at once, at least 1; further ones wait to be taken. Default 256.
    pub max_connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(5),
            max_head: 16 * 1024,
            max_headers: 64,
            max_body: 1024 * 1024,
            max_discard: 16 * 1024 * 1024,
            max_json_depth: 64,
            max_connections: 256,
        }
    }
}

/// Reads a time given as a whole number of milliseconds.
pub(crate) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}
