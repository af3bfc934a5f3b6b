//! What there is to tell, and what shall go wrong with it: the seam towards the jobs.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method};

use crate::clock::Moment;

/// A job's number; what it means is the source's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey(pub u64);

/// Where messages come from. Its methods are called by the tasks that send, and must not wait.
pub trait Source: Send + Sync + 'static {
    /// What is to be told of a job at a time: a pure function of the two, unless somebody changes the job by hand (then
    /// call [`Courier::nudge`](super::Courier::nudge)).
    fn tell(&self, job: JobKey, now: Moment) -> Told;

    /// What shall go wrong with an attempt. Asked once for each, just before it. Default: nothing.
    fn fault(&self, attempt: &Upcoming<'_>) -> Option<Fault> {
        let _ = attempt;
        None
    }
}

/// A source's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// This is to be told, unless a message with the same mark was acknowledged.
    Say(Message),
    /// There is nothing to tell now.
    Nothing {
        /// When to ask again; none: not before [`Courier::nudge`](super::Courier::nudge).
        next: Option<Moment>,
    },
    /// There is no such job any more: it is forgotten.
    Gone,
}

/// One message for a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The method, as the contract has it.
    pub method: Method,
    /// Of the body.
    pub content_type: HeaderValue,
    /// What is sent.
    pub body: Bytes,
    /// Stands for the progress in it: a message with the mark of the last acknowledged one is not sent, unless it is
    /// the end.
    pub mark: u64,
    /// Whether this is the job's last: when it is acknowledged or given up, the job is forgotten.
    pub is_end: bool,
    /// When there will be something new; none: not before [`Courier::nudge`](super::Courier::nudge).
    pub next: Option<Moment>,
}

/// An attempt that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct Upcoming<'a> {
    /// The job.
    pub job: JobKey,
    /// Number of the delivery among those of the job, from 1. Retries have the same, also when they tell something newer.
    pub delivery: u32,
    /// Number of the attempt at that delivery, from 1.
    pub number: u32,
    /// What would be sent.
    pub message: &'a Message,
}

/// Something to go wrong with one attempt, so that receivers can be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Sent, and when it is acknowledged, sent once more.
    Duplicate,
    /// Not sent, and treated as acknowledged.
    Drop,
    /// Kept for so much mock time, then sent as it is, old by then. What comes after it waits.
    Delay(Duration),
    /// Kept until the job's next message is acknowledged, then sent once, without retries. The end is never kept: nothing
    /// comes after it. At most one message of a job is kept; a second one is sent as usual.
    OutOfOrder,
    /// These bytes are sent instead of the body.
    WrongPayload(Bytes),
}
