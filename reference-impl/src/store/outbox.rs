//! The outbox: one place for each job that is told of.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::rows::parsed;
use super::writer::Desk;
use super::{Due, Letter, Outcome, StoreError};
use crate::clock::Millis;
use crate::job::{JobKey, Progress};

/// After the end is there, a receiver that failed is tried again within this time, however long the
/// wait was that its failures had come to.
const END_WITHIN_MS: u64 = 5_000;

fn due(row: &Row<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        key: JobKey(row.get(0)?),
        receiver: row.get(1)?,
        at: Millis(row.get(2)?),
    })
}

/// Puts a progress that is news in the job's place, if it has one that is open.
pub(super) fn tell_progress(
    desk: &mut Desk<'_>,
    key: JobKey,
    percent: u8,
    now: Millis,
) -> Result<(), StoreError> {
    let mut update = desk.connection.prepare_cached(
        "UPDATE outbox SET percent = ?2, version = version + 1, pending = 1, \
         due = CASE WHEN failures = 0 THEN ?3 ELSE due END \
         WHERE job = ?1 AND closed IS NULL AND percent < ?2 RETURNING job, receiver, due",
    )?;
    let waiting = update.query_row((key.0, percent, now.0), due).optional()?;
    desk.due.extend(waiting);
    Ok(())
}

/// Puts the end in the job's place, with attempts of its own.
pub(super) fn tell_end(
    desk: &mut Desk<'_>,
    key: JobKey,
    percent: u8,
    now: Millis,
) -> Result<(), StoreError> {
    let mut update = desk.connection.prepare_cached(
        "UPDATE outbox SET percent = ?2, last = 1, version = version + 1, pending = 1, \
         due = CASE WHEN failures = 0 THEN ?3 ELSE max(?3, min(due, ?3 + ?4)) END, \
         failures = 0, first_failed = NULL \
         WHERE job = ?1 AND closed IS NULL RETURNING job, receiver, due",
    )?;
    let parameters = (key.0, percent, now.0, END_WITHIN_MS);
    let waiting = update.query_row(parameters, due).optional()?;
    desk.due.extend(waiting);
    Ok(())
}

/// All that waits.
pub(super) fn all_due(connection: &Connection) -> rusqlite::Result<Vec<Due>> {
    let mut select = connection
        .prepare_cached("SELECT job, receiver, due FROM outbox WHERE pending ORDER BY due")?;
    select.query_map((), due)?.collect()
}

/// What is to be told of a job now.
pub(super) fn letter(connection: &Connection, key: JobKey) -> rusqlite::Result<Option<Letter>> {
    let mut select = connection.prepare_cached(
        "SELECT stream_id, url, version, outbox.percent, file, last, failures, first_failed, state \
         FROM outbox JOIN job ON job.key = outbox.job WHERE job = ? AND pending",
    )?;
    let letter = |row: &Row<'_>| {
        let first_failed: Option<u64> = row.get(7)?;
        let finished = row.get_ref(8)?.as_str()? == "finished";
        Ok(Letter {
            key,
            id: parsed(row, 0)?,
            url: row.get(1)?,
            version: row.get(2)?,
            progress: Progress::from_percent(row.get(3)?),
            file: if finished {
                Some(parsed(row, 4)?)
            } else {
                None
            },
            last: row.get(5)?,
            failures: row.get(6)?,
            first_failed: first_failed.map(Millis),
        })
    };
    select.query_row((key.0,), letter).optional()
}

/// Notes what became of an attempt.
pub(super) fn settle(
    desk: &mut Desk<'_>,
    key: JobKey,
    version: i64,
    outcome: &Outcome,
    now: Millis,
) -> Result<(), StoreError> {
    let connection = desk.connection;
    match outcome {
        Outcome::Delivered => {
            let mut update = connection.prepare_cached(
                "UPDATE outbox SET pending = version <> ?2, failures = 0, first_failed = NULL, \
                 due = ?3 WHERE job = ?1 AND closed IS NULL",
            )?;
            update.execute((key.0, version, now.0))?;
        }
        // Failures of a message that the end has replaced meanwhile are not the end's.
        Outcome::Retry(at, _) => {
            let mut update = connection.prepare_cached(
                "UPDATE outbox SET failures = failures + 1, due = ?3, \
                 first_failed = coalesce(first_failed, ?4) \
                 WHERE job = ?1 AND closed IS NULL AND (version = ?2 OR NOT last)",
            )?;
            update.execute((key.0, version, at.0, now.0))?;
        }
        Outcome::Dropped(at, _) => {
            let mut update = connection.prepare_cached(
                "UPDATE outbox SET pending = version <> ?2, failures = failures + 1, due = ?3 \
                 WHERE job = ?1 AND closed IS NULL AND NOT last",
            )?;
            update.execute((key.0, version, at.0))?;
        }
        Outcome::Closed(why) => {
            let mut update = connection
                .prepare_cached("UPDATE outbox SET pending = 0, closed = ?2 WHERE job = ?1")?;
            update.execute((key.0, why))?;
        }
    }
    let mut select = connection
        .prepare_cached("SELECT job, receiver, due FROM outbox WHERE job = ? AND pending")?;
    desk.due.extend(select.query_row((key.0,), due).optional()?);
    Ok(())
}
