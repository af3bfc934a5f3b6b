//! A whole world as data, and back.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clock::Shown;
use super::faults::{parsed, too_many};
use super::problem::problem;
use super::query::Query;
use super::{Done, nothing, ok};
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
pub(super) fn restore(world: &World, body: &Value) -> Done {
    let snapshot: Snapshot = parsed(body)?;
    let reading = snapshot.clock.reading()?;
    let journal = snapshot.journal.map(Recorded::listing).transpose();
    let journal = journal.map_err(|why| problem(StatusCode::BAD_REQUEST, why))?;
    if snapshot.faults.len() > world.faults.max() {
        return Err(too_many(crate::fault::TooMany(world.faults.max())));
    }
    let imported = world.jobs.import(snapshot.jobs, reading.now);
    imported.map_err(|error| problem(StatusCode::CONFLICT, error.to_string()))?;
    world.callbacks.close();
    world.clock.restore(reading);
    world.faults.restore(snapshot.faults).map_err(too_many)?;
    if let Some(journal) = journal {
        world.journal.replace(journal);
    }
    world.tell_new_history("restore");
    Ok(nothing())
}
