//! What became of each attempt: the seam towards the journal.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use super::address::Address;
use super::source::{Fault, JobKey};
use crate::clock::Moment;

/// Takes what happened. Called by the tasks that send: it must not wait. Records of one job come in order.
pub trait Record: Send + Sync + 'static {
    /// Takes one attempt.
    fn record(&self, attempt: Attempt);
}

/// One attempt to tell a receiver something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Whose progress.
    pub job: JobKey,
    /// Number of the delivery among those of the job, from 1.
    pub delivery: u32,
    /// Number of the attempt at that delivery, from 1. Both sendings of a duplicate have the same.
    pub number: u32,
    /// When it was made, in mock time.
    pub at: Moment,
    /// Where it went.
    pub address: Address,
    /// What was sent, or would have been.
    pub body: Bytes,
    /// The message's mark.
    pub mark: u64,
    /// Whether the message was the job's last.
    pub is_end: bool,
    /// How long the exchange took, in real time.
    pub took: Duration,
    /// What came back.
    pub answer: Answer,
    /// What made it go wrong on purpose.
    pub fault: Option<Fault>,
    /// Whether nothing more is sent for this job.
    pub is_last: bool,
    /// What follows from it.
    pub then: Then,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An answer with this status; what it said was read up to 16 KiB and thrown away.
    Status(StatusCode),
    /// No answer.
    Failed(Failure),
    /// Nothing was sent: a fault withheld it.
    NotSent,
}

/// Why there was no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The address asks for TLS.
    #[error("https is not supported: the mock has no TLS; give an http address")]
    Https,
    /// No connection: refused, unreachable, or the name is unknown.
    #[error("no connection: {0}")]
    Connect(String),
    /// The connection broke, or what came back was not HTTP.
    #[error("the exchange broke off: {0}")]
    Broken(String),
    /// No status within the deadline.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The receiver is so slow that this never got a place.
    #[error("no place at this slow receiver within {} s", .0.as_secs())]
    Queued(Duration),
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The receiver has it (or, by a fault, is taken to have it).
    Acknowledged,
    /// Tried again at this point of mock time, with what is the newest by then.
    Retry(Moment),
    /// Not tried again. The job goes on with its next message; if this was the end, it is over.
    GivenUp,
    /// Nothing more is sent for this job: 410, or an address that cannot be reached by this build.
    Stopped,
    /// A fault keeps it; it will be sent later.
    Held,
}
