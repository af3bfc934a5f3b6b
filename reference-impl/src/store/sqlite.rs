//! The store in one SQLite file.
//!
//! One thread writes ([`writer`](super::writer)); readers have connections of their own and never wait
//! for it (WAL). `synchronous=FULL`: what was answered is on disk, also when the power fails.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use tokio::sync::{Semaphore, oneshot};

use super::ballast::Ballast;
use super::ledger::Ledger;
use super::rows::{self, select_job};
use super::schema::{self, SchemaError};
use super::writer::{Desk, Health, Writer};
use super::{
    Census, Changes, End, Forgotten, JobStore, Letter, NewJob, Outcome, StoreError, Stored,
};
use super::{outbox, retain};
use crate::clock::{Clock, Millis};
use crate::gb28181::SipDomain;
use crate::job::{FileKey, Job, JobKey, Progress, State};
use crate::stream_id::StreamId;
use crate::tenant::Tenant;

/// How long the writer waits for another process that holds the file.
const PATIENCE: Duration = Duration::from_secs(1);
/// Connections that read at once.
const READERS: usize = 4;

/// How many jobs a store takes, and how safe they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreSettings {
    /// Jobs kept, waiting, running and ended; never more than there are serials.
    pub(crate) capacity: usize,
    /// Jobs waiting.
    pub(crate) queue: usize,
    /// Jobs of one tenant waiting.
    pub(crate) queue_per_tenant: usize,
    /// Whether what was answered is safe against a loss of power. A process that is killed loses
    /// nothing either way.
    pub(crate) syncs: bool,
}

/// A database file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the job database {file} cannot be used: {problem}; \
     free it, restore it from a backup, or move it away to begin anew"
)]
pub struct OpenError {
    file: String,
    problem: String,
}

/// The jobs of one SIP domain in a file.
pub(crate) struct SqliteStore {
    domain: SipDomain,
    settings: StoreSettings,
    writer: Writer,
    readers: Arc<Readers>,
    changes: Arc<Changes>,
    health: Arc<Health>,
    clock: Clock,
    closed: Mutex<Option<oneshot::Receiver<()>>>,
}

impl SqliteStore {
    /// Opens a file, or makes it. Jobs that were running when its last process ended wait again.
    ///
    /// Nobody else may have it open as a store; [`Administrator`](crate::Administrator) may.
    ///
    /// # Errors
    /// If the file cannot be opened, is none of ours, is damaged, or is newer than this program.
    pub(crate) fn open(
        file: &Path,
        domain: SipDomain,
        settings: StoreSettings,
    ) -> Result<Self, OpenError> {
        let opened = Self::try_open(file, domain, settings);
        opened.map_err(|error| OpenError {
            file: file.display().to_string(),
            problem: error.to_string(),
        })
    }

    fn try_open(
        file: &Path,
        domain: SipDomain,
        settings: StoreSettings,
    ) -> Result<Self, SchemaError> {
        let mut ballast = Ballast::of(file);
        let mut prepared = prepare(file);
        if let Err(error) = &prepared
            && error.is_disk_full()
        {
            ballast.drop_it();
            prepared = prepare(file);
        }
        let connection = prepared?;
        if !settings.syncs {
            connection.pragma_update(None, "synchronous", "OFF")?;
        }
        let latest = "SELECT max(max(coalesce(max(accepted), 0), coalesce(max(ended), 0)), \
                      coalesce((SELECT max(first_failed) FROM outbox), 0)) FROM job";
        let latest = Millis(connection.query_row(latest, (), |row| row.get(0))?);
        let ledger = Ledger::read(&connection)?;
        let changes = Arc::new(Changes::default());
        changes.note(outbox::all_due(&connection)?);
        changes.queue.notify_one();
        let health = Arc::new(Health::default());
        let (writer, closed) =
            Writer::start(connection, ledger, ballast, changes.clone(), health.clone())
                .map_err(|error| SchemaError::Damaged(error.to_string()))?;
        Ok(Self {
            domain,
            settings,
            writer,
            readers: Arc::new(Readers::new(file.to_owned())),
            changes,
            health,
            clock: Clock::start(SystemTime::now(), latest),
            closed: Mutex::new(Some(closed)),
        })
    }

    /// The clock that starts no earlier than what the file knows of.
    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// Ready when the file is closed: after the last order, once the store is dropped. The first to ask
    /// gets it.
    pub(crate) fn closed(&self) -> Option<oneshot::Receiver<()>> {
        self.closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.order(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let result = self.readers.read(work).await;
        if let Err(error) = &result {
            // The writer says when it works again.
            self.health.note(Some(error));
        }
        result
    }
}

/// A connection to a file whose tables are there and whose interrupted jobs wait again.
fn prepare(file: &Path) -> Result<Connection, SchemaError> {
    let mut connection = connect(file)?;
    // What the log of the database takes is given back first: the disk may be full.
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    schema::prepare(&mut connection)?;
    let again = "UPDATE job SET state = 'queued' WHERE state = 'running'";
    connection.execute(again, ())?;
    Ok(connection)
}

/// A connection set up as all of them are.
pub(super) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Connections for reading, opened when they are needed.
struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

impl Readers {
    fn new(file: PathBuf) -> Self {
        Self {
            file,
            idle: Mutex::new(Vec::new()),
            places: Semaphore::new(READERS),
        }
    }

    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let unavailable =
            |error: &dyn std::fmt::Display| StoreError::Unavailable(error.to_string());
        let place = self.places.acquire().await;
        let _place = place.map_err(|error| unavailable(&error))?;
        let readers = self.clone();
        let read = move || {
            let idle = readers.idle().pop();
            let connection = idle.map_or_else(|| connect(&readers.file), Ok)?;
            let result = work(&connection)?;
            // One that failed is not used again.
            readers.idle().push(connection);
            Ok::<T, rusqlite::Error>(result)
        };
        let read = tokio::task::spawn_blocking(read).await;
        Ok(read.map_err(|error| unavailable(&error))??)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobStore for SqliteStore {
    fn create(&self, new: NewJob) -> Stored<'_, Job> {
        let (domain, settings) = (self.domain.clone(), self.settings);
        Box::pin(self.write(move |desk| rows::create(desk, &domain, &settings, new)))
    }

    fn find<'a>(&'a self, id: &'a StreamId, tenant: &'a Tenant) -> Stored<'a, Option<Job>> {
        let (id, tenant) = (id.clone(), tenant.clone());
        Box::pin(self.read(move |connection| {
            let sql = select_job!("WHERE serial = ? AND stream_id = ? AND tenant = ?");
            let mut select = connection.prepare_cached(sql)?;
            let serial = id.ssrc().serial().number();
            let wanted = (serial, id.to_string(), tenant.as_str());
            select.query_row(wanted, rows::job).optional()
        }))
    }

    fn find_file<'a>(&'a self, file: &'a FileKey) -> Stored<'a, Option<Job>> {
        let file = file.clone();
        Box::pin(self.read(move |connection| {
            let mut select = connection.prepare_cached(select_job!("WHERE file = ?"))?;
            select.query_row((file.as_str(),), rows::job).optional()
        }))
    }

    fn state(&self, key: JobKey) -> Stored<'_, Option<State>> {
        Box::pin(self.read(move |connection| {
            let mut select = connection.prepare_cached("SELECT state FROM job WHERE key = ?")?;
            select
                .query_row((key.0,), |row| rows::state(row, 0))
                .optional()
        }))
    }

    fn list(&self) -> Stored<'_, Vec<Job>> {
        Box::pin(self.read(list))
    }

    fn claim(&self, most: usize) -> Stored<'_, Vec<Job>> {
        Box::pin(self.write(move |desk| rows::claim(desk, most)))
    }

    fn advance(
        &self,
        key: JobKey,
        written: u64,
        progress: Progress,
        now: Millis,
    ) -> Stored<'_, bool> {
        Box::pin(self.write(move |desk| rows::advance(desk, key, written, progress, now)))
    }

    fn end(&self, key: JobKey, end: End, now: Millis) -> Stored<'_, bool> {
        Box::pin(self.write(move |desk| rows::end(desk, key, &end, now)))
    }

    fn forget(&self, before: Millis, most_bytes: u64) -> Stored<'_, Vec<Forgotten>> {
        Box::pin(self.write(move |desk| retain::forget(desk, before, most_bytes)))
    }

    fn letter(&self, key: JobKey) -> Stored<'_, Option<Letter>> {
        Box::pin(self.read(move |connection| outbox::letter(connection, key)))
    }

    fn settle(&self, key: JobKey, version: i64, outcome: Outcome, now: Millis) -> Stored<'_, ()> {
        Box::pin(self.write(move |desk| outbox::settle(desk, key, version, &outcome, now)))
    }

    fn census(&self) -> Stored<'_, Census> {
        Box::pin(self.read(retain::census))
    }

    fn refresh(&self) -> Stored<'_, bool> {
        Box::pin(self.write(|desk| {
            // Changes only by commits of other connections, and this one is the only one of ours that
            // commits.
            let version = |connection: &Connection| {
                connection.query_row("PRAGMA data_version", (), |row| row.get::<_, i64>(0))
            };
            let version = version(desk.connection)?;
            // Whether the tables can be read at all: a file that is damaged should not look well between
            // two orders that need more of it.
            let mut probe = desk.connection.prepare_cached(
                "SELECT count(*) FROM job LEFT JOIN outbox ON job = key WHERE key = 0",
            )?;
            probe.query_row((), |_| Ok(()))?;
            if desk.ledger.seen(version) {
                return Ok(false);
            }
            desk.due.extend(outbox::all_due(desk.connection)?);
            *desk.queued = true;
            Ok(true)
        }))
    }

    fn changes(&self) -> &Changes {
        &self.changes
    }

    fn trouble(&self) -> Option<String> {
        self.health.trouble()
    }
}

/// All jobs in order of acceptance.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<Job>> {
    let mut select = connection.prepare_cached(select_job!("ORDER BY key"))?;
    select.query_map((), rows::job)?.collect()
}
