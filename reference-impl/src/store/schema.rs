//! The tables, and how a file gets them.

use rusqlite::{Connection, TransactionBehavior};

/// The version of [`TABLES`], kept in the file's `user_version`.
pub(super) const VERSION: i64 = 1;

/// Times are milliseconds since 1970 by the service's clock.
const TABLES: &str = "
CREATE TABLE job (
    -- In order of acceptance; never given twice.
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    stream_id TEXT NOT NULL,
    -- The last four digits of the SSRC: unique among the jobs that are kept.
    serial INTEGER NOT NULL UNIQUE CHECK (serial BETWEEN 0 AND 9999),
    -- Empty: the tenant without a name.
    tenant TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'finished', 'failed', 'cancelled')),
    -- The recording and how its source finds it again, in JSON.
    recording TEXT NOT NULL,
    -- Bytes that are safely in the work file.
    written INTEGER NOT NULL DEFAULT 0,
    percent INTEGER NOT NULL DEFAULT 0 CHECK (percent BETWEEN 0 AND 100),
    file TEXT NOT NULL UNIQUE,
    reason TEXT,
    accepted INTEGER NOT NULL,
    ended INTEGER,
    CHECK ((ended IS NOT NULL) = (state IN ('finished', 'failed', 'cancelled'))),
    CHECK ((percent = 100) = (state = 'finished'))
) STRICT;
CREATE INDEX job_ended ON job (ended) WHERE ended IS NOT NULL;

CREATE TABLE outbox (
    job INTEGER PRIMARY KEY REFERENCES job (key) ON DELETE CASCADE,
    url TEXT NOT NULL,
    -- Host and port of `url`.
    receiver TEXT NOT NULL,
    -- Counts the messages; the newest one is in this row.
    version INTEGER NOT NULL DEFAULT 0,
    percent INTEGER NOT NULL DEFAULT 0,
    last INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    first_failed INTEGER,
    -- Why nothing further is told.
    closed TEXT,
    CHECK (NOT (pending AND closed IS NOT NULL))
) STRICT;
CREATE INDEX outbox_pending ON outbox (due) WHERE pending;
";

/// What is wrong with the tables of a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum SchemaError {
    #[error("it was written by a newer version of smsload (tables {0}, known {VERSION})")]
    Newer(i64),
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl SchemaError {
    /// Whether there was no room.
    pub(super) fn is_disk_full(&self) -> bool {
        let full = Some(rusqlite::ErrorCode::DiskFull);
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == full)
    }
}

/// Makes the tables in an empty file; checks those of another.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), SchemaError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    match version {
        0 => {
            transaction.execute_batch(TABLES)?;
            transaction.execute_batch(&format!("PRAGMA user_version = {VERSION}"))?;
        }
        VERSION => {
            let check = "PRAGMA quick_check(1)";
            let verdict: String = transaction.query_row(check, (), |row| row.get(0))?;
            if verdict != "ok" {
                return Err(SchemaError::Damaged(verdict));
            }
        }
        newer => return Err(SchemaError::Newer(newer)),
    }
    Ok(transaction.commit()?)
}
