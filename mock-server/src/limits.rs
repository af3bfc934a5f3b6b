//! What clients may cost the mock.
//!
//! The worst case in memory is [`Limits::max_connections`] times ([`Limits::max_head`] and [`Limits::max_body`]), plus,
//! over all worlds, some 200 bytes for each of [`Limits::max_total_jobs`], 400 for each of [`Limits::max_callbacks`], and
//! [`Limits::total_journal_bytes`], plus some 10 kB for each of [`Limits::max_worlds`] and what faults are in it. A file that is
//! being sent takes less than 128 KiB, whatever its size, and so has no bound of its own: its connection was allowed
//! more already. Times are real time, but for [`Limits::keep_jobs`]. What none of these limits covers: a client that
//! keeps reading its answer, a few bytes at a time, keeps its connection.

mod by_name;

use std::time::Duration;

pub use self::by_name::{NamedLimit, SetLimitError};

/// Headers of a request that hyper takes unless told otherwise, and has room for.
pub(crate) const HYPER_HEADERS: usize = 100;

/// Limits on connections, requests and jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a request head may take to arrive, and how long a connection may be silent before its first one: then it
    /// is closed. After an answer it may be silent for up to twice as long. Default 5 s.
    pub header_timeout: Duration,
    /// How long a whole body may take, however steadily it arrives: then 408. Default 10 s.
    pub body_timeout: Duration,
    /// How long a client may take none of the bytes of an answer: then its connection is closed. Default 10 s.
    pub write_timeout: Duration,
    /// How long requests in hand may take to end when the server is stopped. Default 5 s.
    pub stop_grace: Duration,
    /// Bytes of a request line with its headers: more is 431. At least [`Limits::MIN_HEAD`]; default 16 KiB.
    pub max_head: usize,
    /// Number of headers: more is 431. From 1; default 100.
    pub max_headers: usize,
    /// Bytes of a body: more is 413. Default 1 MiB.
    pub max_body: usize,
    /// Bytes beyond `max_body` that are read and thrown away, so that the client is still listening when it is told
    /// 413; after them the connection is closed. Default 16 MiB.
    pub max_discard: usize,
    /// Connections served at once; further ones wait to be taken. From 1; default 10,000.
    pub max_connections: usize,
    /// Jobs kept at once in a world; further ones are refused (`overload`). From 1; default 1,000,000.
    pub max_jobs: usize,
    /// Jobs kept at once in all worlds together; further ones are refused (`overload`). From 1; default 2,000,000.
    pub max_total_jobs: usize,
    /// How long a job is kept after its end, in mock time; one that stalls, fails or never starts, after the end that it
    /// would have had or the last action by hand, whichever is later. Default 1 h.
    pub keep_jobs: Duration,
    /// Worlds (values of `tenant-id`) kept at once, the default one among them. For a further one the least recently
    /// used that has no running job and no listener makes room; if there is none, its requests are refused
    /// (`overload`). From 1; default 1,024.
    pub max_worlds: usize,
    /// Entries of a world's journal; the oldest makes room. 0 keeps none; default 1,000.
    pub journal_entries: usize,
    /// Bytes of requests and answers in a world's journal; the oldest entries make room. Default 4 MiB.
    pub journal_bytes: usize,
    /// Bytes of the journals of all worlds together; the oldest entries of the least recently used worlds make room.
    /// Default 64 MiB.
    pub total_journal_bytes: usize,
    /// Bytes of one body in a journal; the rest is cut off, and the length told. Default 8 KiB.
    pub journal_body: usize,
    /// Jobs with callbacks under way, in all worlds together; further ones are not told of. From 1; default 100,000.
    pub max_callbacks: usize,
    /// Callbacks sent at once, by all worlds together, besides four of each world's own; further ones wait. Default
    /// 1,024.
    pub callback_places: usize,
    /// Faults of a world; further ones are refused. Default 1,000.
    pub max_faults: usize,
    /// How long a fault may delay an answer, or leave a request without one, at most. Default 10 min.
    pub max_fault_wait: Duration,
    /// Listeners to events at once, over all worlds; further ones are refused. Default 64.
    pub max_listeners: usize,
    /// Events that wait for a slow listener; of further ones it is told how many it missed. From 1; default 1,024.
    pub event_backlog: usize,
    /// Bytes of a world's snapshot, given or taken. Default 64 MiB.
    pub max_snapshot: usize,
}

impl Limits {
    /// The smallest [`Limits::max_head`]: hyper takes no smaller buffer.
    pub const MIN_HEAD: usize = 8192;

    /// The greatest [`Limits::max_connections`]: Tokio's semaphore holds no more.
    pub const MAX_CONNECTIONS: usize = tokio::sync::Semaphore::MAX_PERMITS;

    /// The greatest [`Limits::event_backlog`].
    pub const MAX_BACKLOG: usize = 1 << 20;

    /// Says which limit has a value that cannot be kept.
    pub(crate) fn check(&self) -> Result<(), LimitError> {
        let wrong = |name, value, rule| Err(LimitError { name, value, rule });
        if self.max_head < Self::MIN_HEAD {
            return wrong("max_head", self.max_head, "at least 8192 bytes");
        }
        if self.max_headers == 0 {
            return wrong("max_headers", 0, "at least 1");
        }
        if self.max_connections == 0 || self.max_connections > Self::MAX_CONNECTIONS {
            return wrong(
                "max_connections",
                self.max_connections,
                "from 1 to 2^61 - 1",
            );
        }
        if self.max_jobs == 0 || u32::try_from(self.max_jobs).is_err() {
            return wrong("max_jobs", self.max_jobs, "from 1 to 2^32 - 1");
        }
        if self.max_total_jobs == 0 {
            return wrong("max_total_jobs", 0, "at least 1");
        }
        if self.max_callbacks == 0 {
            return wrong("max_callbacks", 0, "at least 1");
        }
        if self.max_worlds == 0 {
            return wrong("max_worlds", 0, "at least 1");
        }
        if self.event_backlog == 0 || self.event_backlog > Self::MAX_BACKLOG {
            return wrong("event_backlog", self.event_backlog, "from 1 to 1048576");
        }
        if self.max_listeners > Self::MAX_CONNECTIONS {
            return wrong("max_listeners", self.max_listeners, "at most 2^61 - 1");
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            stop_grace: Duration::from_secs(5),
            max_head: 16 * 1024,
            max_headers: HYPER_HEADERS,
            max_body: 1024 * 1024,
            max_discard: 16 * 1024 * 1024,
            max_connections: 10_000,
            max_jobs: 1_000_000,
            max_total_jobs: 2_000_000,
            keep_jobs: Duration::from_secs(3600),
            max_worlds: 1024,
            journal_entries: 1000,
            journal_bytes: 4 * 1024 * 1024,
            total_journal_bytes: 64 * 1024 * 1024,
            journal_body: 8 * 1024,
            max_callbacks: 100_000,
            callback_places: 1024,
            max_faults: 1000,
            max_fault_wait: Duration::from_secs(600),
            max_listeners: 64,
            event_backlog: 1024,
            max_snapshot: 64 * 1024 * 1024,
        }
    }
}

/// A limit has a value that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit `{name}` cannot be {value}: set it to {rule}")]
pub struct LimitError {
    name: &'static str,
    value: usize,
    rule: &'static str,
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn wrong_values_are_named() {
        assert_eq!(Limits::default().check(), Ok(()));
        let good = Limits::default;
        for (name, bad) in [
            (
                "max_head",
                Limits {
                    max_head: 8191,
                    ..good()
                },
            ),
            (
                "max_headers",
                Limits {
                    max_headers: 0,
                    ..good()
                },
            ),
            (
                "max_connections",
                Limits {
                    max_connections: 0,
                    ..good()
                },
            ),
            (
                "max_connections",
                Limits {
                    max_connections: usize::MAX,
                    ..good()
                },
            ),
            (
                "max_jobs",
                Limits {
                    max_jobs: 0,
                    ..good()
                },
            ),
            (
                "max_jobs",
                Limits {
                    max_jobs: 1 << 32,
                    ..good()
                },
            ),
            (
                "max_worlds",
                Limits {
                    max_worlds: 0,
                    ..good()
                },
            ),
            (
                "event_backlog",
                Limits {
                    event_backlog: 0,
                    ..good()
                },
            ),
        ] {
            let error = bad.check().unwrap_err().to_string();
            assert!(
                error.contains(name) && error.contains("set it to"),
                "{error}"
            );
        }
    }
}
