//! What is forgotten, and counts of what is kept.

use rusqlite::{Connection, Row};

use super::rows::{self, parsed};
use super::writer::Desk;
use super::{Census, Forgotten, StoreError};
use crate::clock::Millis;
use crate::gb28181::Serial;
use crate::job::State;

/// The most jobs that are forgotten in one transaction.
const BATCH: usize = 256;

/// A job that could be forgotten: its row number, its serial, the size of its file, and the rest.
struct Candidate {
    key: i64,
    serial: Serial,
    bytes: u64,
    ended: Millis,
    forgotten: Forgotten,
}

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    let finished = row.get_ref(3)?.as_str()? == "finished";
    Ok(Candidate {
        key: row.get(0)?,
        serial: Serial::from_number(row.get(1)?),
        bytes: if finished { row.get(2)? } else { 0 },
        ended: Millis(row.get(7)?),
        forgotten: Forgotten {
            id: parsed(row, 4)?,
            file: parsed(row, 5)?,
            untold: row.get::<_, Option<bool>>(6)?.unwrap_or(false),
        },
    })
}

/// Forgets jobs by age and by the size of all files; the oldest go first.
pub(super) fn forget(
    desk: &mut Desk<'_>,
    before: Millis,
    most_bytes: u64,
) -> Result<Vec<Forgotten>, StoreError> {
    let mut excess = file_bytes(desk.connection)?.saturating_sub(most_bytes);
    let mut select = desk.connection.prepare_cached(
        "SELECT key, serial, written, state, stream_id, file, pending, ended \
         FROM job LEFT JOIN outbox ON outbox.job = job.key \
         WHERE ended IS NOT NULL AND (ended < ?1 OR (?2 AND state = 'finished')) \
         ORDER BY ended, key LIMIT ?3",
    )?;
    let candidates = select.query_map((before.0, excess > 0, BATCH as u64), candidate)?;
    // All of them are read before the first one is deleted.
    let candidates: Vec<Candidate> = candidates.collect::<Result<_, _>>()?;
    let mut forgotten = Vec::new();
    for candidate in candidates {
        if candidate.ended >= before && excess == 0 {
            break;
        }
        excess = excess.saturating_sub(candidate.bytes);
        let mut delete = desk
            .connection
            .prepare_cached("DELETE FROM job WHERE key = ?")?;
        delete.execute((candidate.key,))?;
        forgotten.push((candidate.serial, candidate.forgotten));
    }
    let give_back = |(serial, forgotten)| {
        desk.ledger.give_back(serial);
        forgotten
    };
    Ok(forgotten.into_iter().map(give_back).collect())
}

fn file_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let mut select = connection
        .prepare_cached("SELECT coalesce(sum(written), 0) FROM job WHERE state = 'finished'")?;
    select.query_row((), |row| row.get(0))
}

/// Counts.
pub(super) fn census(connection: &Connection) -> rusqlite::Result<Census> {
    let mut census = Census {
        file_bytes: file_bytes(connection)?,
        ..Census::default()
    };
    let mut select = connection.prepare_cached("SELECT state, count(*) FROM job GROUP BY state")?;
    let mut counted = select.query(())?;
    while let Some(row) = counted.next()? {
        let state = rows::state(row, 0)?;
        let place = State::ALL.into_iter().position(|other| other == state);
        census.states[place.unwrap_or(0)] = row.get(1)?;
    }
    let mut select = connection.prepare_cached("SELECT count(*) FROM outbox WHERE pending")?;
    census.letters = select.query_row((), |row| row.get(0))?;
    Ok(census)
}
