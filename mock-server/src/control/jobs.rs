//! Jobs, seen and moved by hand.

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::problem::problem;
use super::query::Query;
use super::{Done, ok};
use crate::job::{JobAction, JobState};
use crate::jobs::{Page, StateCounts};
use crate::mock::Mock;
use crate::steer::JobStatus;
use crate::world::World;

/// A job as data.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    status: JobStatus,
    /// The address of its file, once that is there.
    file: Option<String>,
}

impl Shown {
    fn of(mock: &Mock, world: &World, status: JobStatus) -> Self {
        let is_there = status.state == JobState::Finished;
        let kind = mock.kinds().find(|(place, _)| *place == status.kind);
        let kind = kind.filter(|_| is_there);
        Self {
            file: kind.map(|(_, kind)| mock.file_address(world, kind, &status.id)),
            status,
        }
    }
}

/// A page of jobs.
#[derive(Serialize)]
struct Listed {
    jobs: Vec<Shown>,
    next: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<StateCounts>,
}

pub(super) fn list(mock: &Mock, world: &World, query: &Query<'_>) -> Done {
    let state = query.text("state").and_then(state);
    let limit = query.limit();
    let page = Page {
        after: query.number("after"),
        before: query.number("before"),
        limit,
        is_latest: query.flag("latest") == Some(true),
    };
    let jobs = world.list_jobs(page, |found| state.is_none_or(|state| state == found));
    let next = jobs.last().map(|job| job.number);
    let shown = |status| Shown::of(mock, world, status);
    let with_counts = query.flag("counts") == Some(true);
    ok(&Listed {
        next: next.filter(|_| jobs.len() == limit && !page.is_latest),
        jobs: jobs.into_iter().map(shown).collect(),
        counts: with_counts.then(|| world.jobs.count(world.clock.now())),
    })
}

fn state(name: &str) -> Option<JobState> {
    serde_json::from_value(Value::from(name)).ok()
}

/// Looks at a job, or does something to it.
pub(super) fn one(mock: &Mock, world: &World, operation: &str, id: &str) -> Done {
    let job = match operation {
        "stallJob" => world.act(id, JobAction::Stall),
        "resumeJob" => world.act(id, JobAction::Resume),
        "failJob" => world.act(id, JobAction::Fail),
        "finishJob" => world.act(id, JobAction::Finish),
        "deleteJob" => world.delete_job(id),
        _ => world.job(id),
    };
    let job = job.ok_or_else(|| {
        let message = format!("this world has no job `{id}`, or it is no longer kept");
        problem(StatusCode::NOT_FOUND, message)
    })?;
    ok(&Shown::of(mock, world, job))
}
