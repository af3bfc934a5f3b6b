//! Jobs seen and moved by hand, past the contract: what a test, or whoever runs the mock, does to them.

use serde::Serialize;

use crate::clock::Moment;
use crate::course::Course;
use crate::job::{Facts, JobAction, JobState};
use crate::jobs::{JobsSnapshot, Page, SnapshotError};
use crate::mock::Mock;
use crate::world::World;

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
    /// The kind of job, as an index.
    #[serde(skip)]
    pub(crate) kind: u16,
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
            kind: facts.kind,
            id,
        }
    }
}

impl World {
    /// The job of an id, if it is kept.
    pub(crate) fn job(&self, id: &str) -> Option<JobStatus> {
        let now = self.clock.now();
        let facts = self.jobs.get(id, now)?;
        Some(JobStatus::of(id.to_owned(), &facts, now))
    }

    /// Jobs of a page in wanted states, in the order of their numbers.
    pub(crate) fn list_jobs(
        &self,
        page: Page,
        is_wanted: impl Fn(JobState) -> bool,
    ) -> Vec<JobStatus> {
        let now = self.clock.now();
        let jobs = self
            .jobs
            .list(now, page, |facts| is_wanted(facts.state(now)));
        jobs.into_iter()
            .map(|(id, facts)| JobStatus::of(id, &facts, now))
            .collect()
    }

    /// Does something to a job; gives what it is after that, or nothing if there is no such job.
    pub(crate) fn act(&self, id: &str, action: JobAction) -> Option<JobStatus> {
        let now = self.clock.now();
        let facts = self.jobs.act(id, now, action)?;
        let status = JobStatus::of(id.to_owned(), &facts, now);
        self.tell_job(status.state.name(), id);
        self.callbacks.nudge(status.number);
        Some(status)
    }

    /// Forgets a job; gives what it was.
    pub(crate) fn delete_job(&self, id: &str) -> Option<JobStatus> {
        let now = self.clock.now();
        let facts = self.jobs.delete(id, now)?;
        self.tell_job("deleted", id);
        self.callbacks.nudge(facts.number);
        Some(JobStatus::of(id.to_owned(), &facts, now))
    }
}

/// All of it is about the world of requests without `tenant-id`.
impl Mock {
    /// The job of an id, if it is kept.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<JobStatus> {
        self.default_world().job(id)
    }

    /// Jobs in the order of their numbers, from after one on, as many as are asked for.
    #[must_use]
    pub fn jobs(&self, after: Option<u64>, limit: usize) -> Vec<JobStatus> {
        self.default_world()
            .list_jobs(Page::after(after, limit), |_| true)
    }

    /// Does something to a job; gives what it is after that, or nothing if there is no such job.
    pub fn act(&self, id: &str, action: JobAction) -> Option<JobStatus> {
        self.default_world().act(id, action)
    }

    /// Forgets a job; gives what it was.
    pub fn delete(&self, id: &str) -> Option<JobStatus> {
        self.default_world().delete_job(id)
    }

    /// All jobs as data.
    #[must_use]
    pub fn export_jobs(&self) -> JobsSnapshot {
        let world = self.default_world();
        world.jobs.export(world.clock.now())
    }

    /// Goes on with the jobs of a snapshot instead of its own. Callbacks are in no snapshot: none are sent for them.
    ///
    /// # Errors
    /// If the snapshot cannot be gone on with; then nothing is changed.
    pub fn import_jobs(&self, snapshot: JobsSnapshot) -> Result<(), SnapshotError> {
        let world = self.default_world();
        world.jobs.import(snapshot, world.clock.now())?;
        world.callbacks.close();
        Ok(())
    }
}
