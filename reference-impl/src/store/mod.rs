//! Where jobs are kept, and what is still to be told of them.
//!
//! [`JobStore`] is the seam: today one SQLite file and one process ([`SqliteStore`]); a store that many
//! machines share (PostgreSQL, claiming with `SKIP LOCKED`) is another implementation. Every method is
//! one transaction: when its future is ready, what it says is on disk, or nothing of it happened.
//!
//! The outbox is part of the store, so that a state and what is told of it change together. It has one
//! place for each job: a newer progress takes the place of an older one that was not sent yet, and the
//! end takes the place of any progress.

mod ballast;
mod desktop;
mod ledger;
mod outbox;
mod retain;
mod rows;
mod schema;
mod sqlite;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

pub(crate) use desktop::Desktop;
pub use sqlite::OpenError;
pub(crate) use sqlite::{SqliteStore, StoreSettings};

use crate::clock::Millis;
use crate::job::{FileKey, Job, JobKey, Progress, State};
use crate::source::Recording;
use crate::stream_id::StreamId;
use crate::tenant::Tenant;

/// Something of a store that comes later.
pub(crate) type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Why a store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No serial is free, or no place in the queue.
    #[error("as many jobs as can be are kept or waiting")]
    Full,
    /// This tenant has as many jobs waiting as one may.
    #[error("the tenant has as many jobs waiting as one may")]
    TenantFull,
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// The store cannot be read or written now. What it said, for the log.
    #[error("the job store does not work: {0}")]
    Unavailable(String),
}

/// A job that is to be accepted.
#[derive(Clone, Debug)]
pub(crate) struct NewJob {
    /// Whose it is.
    pub(crate) tenant: Tenant,
    /// What is transferred.
    pub(crate) recording: Recording,
    /// The name of its file.
    pub(crate) file: FileKey,
    /// Where its progress is told: the address, and its host and port.
    pub(crate) callback: Option<(String, String)>,
    /// Now.
    pub(crate) now: Millis,
}

/// How a job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its file is whole and has this many bytes.
    Finished(u64),
    /// Why it has no file.
    Failed(String),
    /// Who stopped it.
    Cancelled(String),
}

impl End {
    fn state(&self) -> State {
        match self {
            Self::Finished(_) => State::Finished,
            Self::Failed(_) => State::Failed,
            Self::Cancelled(_) => State::Cancelled,
        }
    }
}

/// What is to be told of a job now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// The job.
    pub(crate) key: JobKey,
    /// Its id.
    pub(crate) id: StreamId,
    /// Where to.
    pub(crate) url: String,
    /// Counts what was to be told of the job; the same for each attempt at one message.
    pub(crate) version: i64,
    /// How far it is.
    pub(crate) progress: Progress,
    /// Its file, once finished.
    pub(crate) file: Option<FileKey>,
    /// Whether this is the end.
    pub(crate) last: bool,
    /// Attempts that failed since the last one that did not.
    pub(crate) failures: u32,
    /// When the first of them was.
    pub(crate) first_failed: Option<Millis>,
}

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver has it.
    Delivered,
    /// It is tried again, not before this time. Why.
    Retry(Millis, String),
    /// This message is not tried again; a later one may be, not before this time. Why.
    Dropped(Millis, String),
    /// Nothing is told of this job any more. Why.
    Closed(String),
}

/// A letter that waits: whose, where to (host and port), and not before when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// The job.
    pub(crate) key: JobKey,
    /// Host and port of the receiver.
    pub(crate) receiver: String,
    /// Not before.
    pub(crate) at: Millis,
}

/// A job that was forgotten, and what was to be told of it and was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forgotten {
    /// Its id.
    pub(crate) id: StreamId,
    /// Its file.
    pub(crate) file: FileKey,
    /// Whether its end was still to be told.
    pub(crate) untold: bool,
}

/// Numbers of jobs, for metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// How many jobs are in each state, in the order of [`State::ALL`].
    pub(crate) states: [u64; 5],
    /// Bytes of all files that are kept.
    pub(crate) file_bytes: u64,
    /// Letters that wait.
    pub(crate) letters: u64,
}

/// What changed, for those who wait for it.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// A job waits to be claimed.
    pub(crate) queue: Notify,
    /// Something is to be told.
    pub(crate) outbox: Notify,
    due: Mutex<HashMap<JobKey, Due>>,
}

impl Changes {
    /// Notes letters that wait, and wakes who sends them. At most one is noted for each job.
    pub(crate) fn note(&self, due: impl IntoIterator<Item = Due>) {
        let mut noted = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let before = noted.len();
        noted.extend(due.into_iter().map(|due| (due.key, due)));
        if noted.len() > before {
            self.outbox.notify_one();
        }
    }

    /// The letters noted since this was asked before.
    pub(crate) fn take(&self) -> Vec<Due> {
        let mut noted = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        noted.drain().map(|(_, due)| due).collect()
    }
}

/// A store of jobs and of their outbox.
pub(crate) trait JobStore: Send + Sync + 'static {
    /// Accepts a job. It is durable when the future is ready.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::TenantFull`] if there is no place for it.
    fn create(&self, new: NewJob) -> Stored<'_, Job>;

    /// The job with this id, if `tenant` has it.
    fn find<'a>(&'a self, id: &'a StreamId, tenant: &'a Tenant) -> Stored<'a, Option<Job>>;

    /// The job whose file has this name.
    fn find_file<'a>(&'a self, file: &'a FileKey) -> Stored<'a, Option<Job>>;

    /// The state of a job; `None` if it was forgotten.
    fn state(&self, key: JobKey) -> Stored<'_, Option<State>>;

    /// All jobs that are kept, in order of acceptance.
    fn list(&self) -> Stored<'_, Vec<Job>>;

    /// Takes up to `most` waiting jobs, in turn from each tenant that has some, and makes them running.
    /// Nobody else gets them while this process lives.
    fn claim(&self, most: usize) -> Stored<'_, Vec<Job>>;

    /// Notes how far a running job is. Progress never falls: a lower one changes nothing. False if the
    /// job is no longer running, because somebody ended it.
    fn advance(
        &self,
        key: JobKey,
        written: u64,
        progress: Progress,
        now: Millis,
    ) -> Stored<'_, bool>;

    /// Ends a job. False if it had ended before; then nothing changes.
    fn end(&self, key: JobKey, end: End, now: Millis) -> Stored<'_, bool>;

    /// Forgets the jobs that ended before `before`, and the oldest finished ones until the files of the
    /// others have at most `most_bytes`. At most some hundreds at once; fewer than none are left when
    /// the answer is empty.
    fn forget(&self, before: Millis, most_bytes: u64) -> Stored<'_, Vec<Forgotten>>;

    /// What is to be told of a job now; `None` if nothing is.
    fn letter(&self, key: JobKey) -> Stored<'_, Option<Letter>>;

    /// Notes what became of an attempt at the message `version` of a job.
    fn settle(&self, key: JobKey, version: i64, outcome: Outcome, now: Millis) -> Stored<'_, ()>;

    /// Counts.
    fn census(&self) -> Stored<'_, Census>;

    /// Looks for what another process changed in the store (`smsload serve jobs cancel`), and notes
    /// it in [`JobStore::changes`]. True if there was something.
    fn refresh(&self) -> Stored<'_, bool>;

    /// What changed, for those who wait for it.
    fn changes(&self) -> &Changes;

    /// Why the store did not work when it was last used; `None` if it did.
    fn trouble(&self) -> Option<String>;
}
