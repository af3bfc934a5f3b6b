//! Jobs, seen and moved by hand.

use http::StatusCode;
use serde_json::{Value, json};

use super::problem::problem;
use super::query::Query;
use super::{Done, ok};
use crate::job::{JobAction, JobState};
use crate::world::World;

/// A page of jobs.
pub(super) fn list(world: &World, query: &Query<'_>) -> Done {
    let state = query.text("state").and_then(state);
    let limit = query.limit();
    let after = query.number("after");
    let jobs = world.list_jobs(after, limit, |found| {
        state.is_none_or(|state| state == found)
    });
    let next = jobs
        .last()
        .map(|job| job.number)
        .filter(|_| jobs.len() == limit);
    ok(&json!({"jobs": jobs, "next": next}))
}

fn state(name: &str) -> Option<JobState> {
    serde_json::from_value(Value::from(name)).ok()
}

/// Looks at a job, or does something to it.
pub(super) fn one(world: &World, operation: &str, id: &str) -> Done {
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
    ok(&job)
}
