//! A whole world as data, and back.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clock::Shown;
use super::faults::{parsed, too_many};
use super::problem::{Problem, fault, problem};
use super::query::Query;
use super::{Done, nothing, ok};
use crate::callback::{Callbacks, KeptCallback, Resumed};
use crate::clock::ClockReading;
use crate::fault::Fault;
use crate::jobs::JobsSnapshot;
use crate::mock::Mock;
use crate::record::Recorded;
use crate::world::World;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    version: u8,
    #[serde(default)]
    world: String,
    clock: Shown,
    jobs: JobsSnapshot,
    faults: Vec<Fault>,
    /// Callbacks under way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    callbacks: Vec<KeptCallback>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    journal: Option<Recorded>,
}

pub(super) fn take(mock: &Mock, world: &World, query: &Query<'_>) -> Done {
    let reading = world.clock.reading();
    let jobs = world.jobs.export(reading.now);
    // Jobs may have told somebody a later time meanwhile; the snapshot's clock does not stand before it.
    let reading = ClockReading {
        now: jobs.now,
        wall: world.clock.wall(jobs.now),
        ..reading
    };
    let with_journal = query.flag("journal") == Some(true);
    let answer = ok(&Snapshot {
        version: 1,
        world: world.name.to_string(),
        clock: reading.into(),
        jobs,
        faults: world.faults.all(),
        callbacks: world.callbacks.export(),
        journal: with_journal.then(|| Recorded::of(&world.journal.list(0, |_| true), world)),
    })?;
    let (length, max) = (answer.body.len(), mock.limits().max_snapshot);
    if length > max {
        let message = format!(
            "the snapshot has {length} bytes, and may have {max} (`max_snapshot`): it could not be restored"
        );
        return Err(problem(StatusCode::INSUFFICIENT_STORAGE, message));
    }
    Ok(answer)
}

/// Nothing is changed unless all of it can be.
pub(super) fn restore(mock: &Mock, world: &World, body: &Value) -> Done {
    let snapshot: Snapshot = parsed(body)?;
    let reading = snapshot.clock.reading()?;
    let journal = snapshot.journal.map(Recorded::listing).transpose();
    let journal = journal.map_err(|why| problem(StatusCode::BAD_REQUEST, why))?;
    if snapshot.faults.len() > world.faults.max() {
        return Err(too_many(crate::fault::TooMany(world.faults.max())));
    }
    let callbacks = callbacks(snapshot.callbacks, mock.limits().max_callbacks)?;
    let imported = world.jobs.import(snapshot.jobs, reading.now);
    imported.map_err(|error| problem(StatusCode::CONFLICT, error.to_string()))?;
    world.callbacks.close();
    world.clock.restore(reading);
    world.faults.restore(snapshot.faults).map_err(too_many)?;
    if let Some(journal) = journal {
        world.journal.replace(journal);
    }
    Callbacks::resume(mock, world, callbacks);
    world.tell_new_history("restore");
    Ok(nothing())
}

/// Everything that is wrong with them at once.
fn callbacks(kept: Vec<KeptCallback>, max: usize) -> Result<Vec<Resumed>, Problem> {
    if kept.len() > max {
        let message = format!(
            "the snapshot has {} jobs with callbacks under way, and {max} may be: raise the limit `max_callbacks`",
            kept.len()
        );
        return Err(problem(StatusCode::CONFLICT, message));
    }
    let mut faults = Vec::new();
    let mut read = Vec::with_capacity(kept.len());
    for (index, one) in kept.into_iter().enumerate() {
        match one.read() {
            Ok(resumed) => read.push(resumed),
            Err(why) => faults.push(fault("body", &format!("/callbacks/{index}"), &why)),
        }
    }
    if faults.is_empty() {
        return Ok(read);
    }
    Err(Problem::faults(faults))
}
