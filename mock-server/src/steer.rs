//! Jobs seen and moved by hand, past the contract: what a test, or whoever runs the mock, does to them.

use serde::Serialize;

use crate::clock::Moment;
use crate::course::Course;
use crate::job::{Facts, JobAction, JobState};
use crate::jobs::{JobsSnapshot, SnapshotError};
use crate::mock::Mock;

/// A job, seen from outside the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct JobStatus {
    /// Its id, as the contract made it.
    pub id: String,
    /// Its number among all jobs, from 0.
    pub number: u64,
    /// What has become of it.
    pub state: JobState,
    /// How its progress goes.
    pub course: Course,
    /// Whole percent that are there, never rounded up.
    pub percent: u8,
    /// Bytes that are there.
    pub done: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Duration of the file in seconds.
    pub seconds: u64,
    /// When it was accepted, by the mock's clock.
    pub started: Moment,
    /// When it finishes or fails, or did, if nobody interferes; nothing if it does neither by itself.
    pub ends: Option<Moment>,
}

impl JobStatus {
    fn of(id: String, facts: &Facts, now: Moment) -> Self {
        Self {
            number: facts.number,
            state: facts.state(now),
            course: facts.course,
            percent: facts.view(&id, "", "", now).percent(),
            done: facts.done(now),
            bytes: facts.bytes,
            seconds: facts.seconds,
            started: facts.started,
            ends: facts.ends(),
            id,
        }
    }
}

impl Mock {
    /// The job of an id, if it is kept.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<JobStatus> {
        let now = self.clock().now();
        let facts = self.jobs.get(id, now)?;
        Some(JobStatus::of(id.to_owned(), &facts, now))
    }

    /// Jobs in the order of their numbers, from after one on, as many as are asked for.
    #[must_use]
    pub fn jobs(&self, after: Option<u64>, limit: usize) -> Vec<JobStatus> {
        let now = self.clock().now();
        let page = self.jobs.list(now, after, limit);
        page.into_iter()
            .map(|(id, facts)| JobStatus::of(id, &facts, now))
            .collect()
    }

    /// Does something to a job; gives what it is after that, or nothing if there is no such job.
    pub fn act(&self, id: &str, action: JobAction) -> Option<JobStatus> {
        let now = self.clock().now();
        let facts = self.jobs.act(id, now, action)?;
        Some(JobStatus::of(id.to_owned(), &facts, now))
    }

    /// Forgets a job; gives what it was.
    pub fn delete(&self, id: &str) -> Option<JobStatus> {
        let now = self.clock().now();
        let facts = self.jobs.delete(id, now)?;
        Some(JobStatus::of(id.to_owned(), &facts, now))
    }

    /// All jobs as data.
    #[must_use]
    pub fn export_jobs(&self) -> JobsSnapshot {
        self.jobs.export(self.clock().now())
    }

    /// Goes on with the jobs of a snapshot instead of its own.
    ///
    /// # Errors
    /// If the snapshot cannot be gone on with; then nothing is changed.
    pub fn import_jobs(&self, snapshot: JobsSnapshot) -> Result<(), SnapshotError> {
        self.jobs.import(snapshot, self.clock().now())
    }
}
