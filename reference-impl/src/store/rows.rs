//! Between rows and jobs.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};

use super::StoreError;
use super::writer::Desk;
use super::{End, NewJob, StoreSettings};
use crate::clock::Millis;
use crate::gb28181::{SipDomain, Ssrc};
use crate::job::{Job, JobKey, Progress, State};
use crate::stream_id::StreamId;
use crate::tenant::Tenant;

/// The columns that [`job`] reads.
macro_rules! select_job {
    ($rest:literal) => {
        concat!(
            "SELECT key, stream_id, tenant, state, recording, written, job.percent, file, reason, \
             url, closed, accepted, ended FROM job LEFT JOIN outbox ON outbox.job = job.key ",
            $rest
        )
    };
}
pub(super) use select_job;

/// A row as a job.
pub(super) fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let ended: Option<u64> = row.get(12)?;
    Ok(Job {
        key: JobKey(row.get(0)?),
        id: parsed(row, 1)?,
        tenant: Tenant::stored(row.get_ref(2)?.as_str()?),
        state: state(row, 3)?,
        recording: serde_json::from_str(row.get_ref(4)?.as_str()?)
            .map_err(|error| wrong(4, error))?,
        written: row.get(5)?,
        progress: Progress::from_percent(row.get(6)?),
        file: parsed(row, 7)?,
        reason: row.get(8)?,
        callback: row.get(9)?,
        callback_closed: row.get(10)?,
        accepted: Millis(row.get(11)?),
        ended: ended.map(Millis),
    })
}

/// The state that a column names.
pub(super) fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<State> {
    let name = row.get_ref(column)?.as_str()?;
    let state = State::ALL.into_iter().find(|state| state.name() == name);
    state.ok_or_else(|| wrong(column, format!("there is no state {name}")))
}

/// What a text column says.
pub(super) fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error: T::Err| wrong(column, error))
}

fn wrong(
    column: usize,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}

/// Writes a new job, and its place in the outbox.
pub(super) fn create(
    desk: &mut Desk<'_>,
    domain: &SipDomain,
    settings: &StoreSettings,
    new: NewJob,
) -> Result<Job, StoreError> {
    if !desk.has_room {
        return Err(StoreError::DiskFull);
    }
    let ledger = &mut desk.ledger;
    if ledger.kept() >= settings.capacity || ledger.waiting() >= settings.queue {
        return Err(StoreError::Full);
    }
    if ledger.waiting_of(&new.tenant) >= settings.queue_per_tenant {
        return Err(StoreError::TenantFull);
    }
    let serial = ledger.free_serial().ok_or(StoreError::Full)?;
    let recording = serde_json::to_string(&new.recording)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let (device, channel) = (&new.recording.device, &new.recording.channel);
    let ssrc = Ssrc::history(domain, serial);
    let id = StreamId::new(device.clone(), channel.clone(), ssrc);
    let mut insert = desk.connection.prepare_cached(
        "INSERT INTO job (stream_id, serial, tenant, state, recording, file, accepted) \
         VALUES (:id, :serial, :tenant, 'queued', :recording, :file, :now)",
    )?;
    let key = insert.insert(named_params! {
        ":id": id.to_string(), ":serial": serial.number(), ":tenant": new.tenant.as_str(),
        ":recording": recording, ":file": new.file.as_str(), ":now": new.now.0,
    })?;
    if let Some((url, receiver)) = &new.callback {
        let mut insert = desk
            .connection
            .prepare_cached("INSERT INTO outbox (job, url, receiver) VALUES (?, ?, ?)")?;
        insert.execute((key, url, receiver))?;
    }
    desk.ledger.take_serial(serial);
    desk.ledger.enqueue(&new.tenant, JobKey(key));
    *desk.queued = true;
    Ok(Job {
        key: JobKey(key),
        id,
        tenant: new.tenant,
        state: State::Queued,
        recording: new.recording,
        written: 0,
        progress: Progress::default(),
        file: new.file,
        reason: None,
        callback: new.callback.map(|(url, _)| url),
        callback_closed: None,
        accepted: new.now,
        ended: None,
    })
}

/// Takes the next jobs in turn.
pub(super) fn claim(desk: &mut Desk<'_>, most: usize) -> Result<Vec<Job>, StoreError> {
    let mut claimed = Vec::new();
    while claimed.len() < most
        && let Some(key) = desk.ledger.dequeue()
    {
        let mut take = desk.connection.prepare_cached(
            "UPDATE job SET state = 'running' WHERE key = ? AND state = 'queued'",
        )?;
        // Somebody may have cancelled it meanwhile.
        if take.execute((key.0,))? == 1 {
            claimed.extend(by_key(desk.connection, key)?);
        }
    }
    Ok(claimed)
}

pub(super) fn by_key(connection: &Connection, key: JobKey) -> rusqlite::Result<Option<Job>> {
    let mut select = connection.prepare_cached(select_job!("WHERE key = ?"))?;
    select.query_row((key.0,), job).optional()
}

/// Notes progress of a running job.
pub(super) fn advance(
    desk: &mut Desk<'_>,
    key: JobKey,
    written: u64,
    progress: Progress,
    now: Millis,
) -> Result<bool, StoreError> {
    // Only the end is 100.
    let percent = progress.percent().min(99);
    let mut update = desk.connection.prepare_cached(
        "UPDATE job SET written = ?2, percent = max(percent, ?3) \
         WHERE key = ?1 AND state = 'running'",
    )?;
    if update.execute((key.0, written, percent))? == 0 {
        return Ok(false);
    }
    super::outbox::tell_progress(desk, key, percent, now)?;
    Ok(true)
}

/// Ends a job that has not ended.
pub(super) fn end(
    desk: &mut Desk<'_>,
    key: JobKey,
    end: &End,
    now: Millis,
) -> Result<bool, StoreError> {
    let (size, reason) = match end {
        End::Finished(size) => (Some(*size), None),
        End::Failed(reason) | End::Cancelled(reason) => (None, Some(reason)),
    };
    let mut update = desk.connection.prepare_cached(
        "UPDATE job SET state = :state, reason = :reason, ended = :now, \
         written = coalesce(:size, written), percent = CASE WHEN :size IS NULL THEN percent ELSE 100 END \
         WHERE key = :key AND state IN ('queued', 'running') RETURNING percent",
    )?;
    let percent: Option<u8> = update
        .query_row(
            named_params! {
                ":state": end.state().name(), ":reason": reason, ":now": now.0, ":size": size,
                ":key": key.0,
            },
            |row| row.get(0),
        )
        .optional()?;
    let Some(percent) = percent else {
        return Ok(false);
    };
    super::outbox::tell_end(desk, key, percent, now)?;
    Ok(true)
}
