//! The one thread that writes to the file.
//!
//! Orders that arrive while a transaction is being synced to disk are carried out together in the next
//! one (group commit), so that a thousand of them a second need a few dozen syncs. Each order has a
//! savepoint of its own: one that fails takes nothing of the others with it. Nobody is answered before
//! the transaction is on disk.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::ballast::Ballast;
use super::ledger::Ledger;
use super::{Changes, Due, StoreError};

/// The most orders in one transaction.
const BATCH: usize = 512;
/// Orders that wait to be taken; who has a further one waits with it.
const BACKLOG: usize = 2048;

/// What an order works with.
pub(super) struct Desk<'a> {
    pub(super) connection: &'a Connection,
    pub(super) ledger: &'a mut Ledger,
    /// Letters that wait from now on, told to their sender after the transaction.
    pub(super) due: &'a mut Vec<Due>,
    /// Set if a job waits to be claimed from now on.
    pub(super) queued: &'a mut bool,
    /// Whether the disk has room for new jobs.
    pub(super) has_room: bool,
    /// What the file made an order fail with.
    pub(super) trouble: &'a mut Option<StoreError>,
}

/// Something to be done within a transaction.
trait Order: Send {
    /// Does it; the answer is sent when it is known how the transaction went.
    fn carry_out(self: Box<Self>, desk: &mut Desk<'_>) -> Reply;
    /// Answers that there was no transaction.
    fn refuse(self: Box<Self>, error: StoreError);
}

type Reply = Box<dyn FnOnce(Option<&StoreError>) + Send>;

/// An order and who waits for it.
struct Awaited<W, T> {
    work: W,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<W, T> Order for Awaited<W, T>
where
    W: FnOnce(&mut Desk<'_>) -> Result<T, StoreError> + Send,
    T: Send + 'static,
{
    fn carry_out(self: Box<Self>, desk: &mut Desk<'_>) -> Reply {
        let result = within_savepoint(desk, self.work);
        let answer = self.answer;
        Box::new(move |failed| {
            // Who asked may have gone away.
            let _ = answer.send(failed.map_or(result, |error| Err(error.clone())));
        })
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.answer.send(Err(error));
    }
}

fn within_savepoint<T>(
    desk: &mut Desk<'_>,
    work: impl FnOnce(&mut Desk<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    run(desk.connection, "SAVEPOINT one")?;
    let result = work(desk);
    if let Err(error) = &result {
        if matches!(error, StoreError::DiskFull | StoreError::Unavailable(_)) {
            *desk.trouble = Some(error.clone());
        }
        run(desk.connection, "ROLLBACK TO one")?;
    }
    run(desk.connection, "RELEASE one")?;
    result
}

fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    Ok(connection.prepare_cached(sql)?.execute(()).map(drop)?)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) {
            return Self::DiskFull;
        }
        Self::Unavailable(error.to_string())
    }
}

/// The last trouble with the file.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Option<String>>);

impl Health {
    pub(super) fn trouble(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes how it went; says in the log when that changes.
    pub(super) fn note(&self, error: Option<&StoreError>) {
        let now = match error {
            Some(StoreError::Unavailable(what)) => Some(what.clone()),
            Some(StoreError::DiskFull) => Some(StoreError::DiskFull.to_string()),
            _ => None,
        };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*last, &now) {
            (None, Some(what)) => tracing::error!(
                error = what,
                "the job store does not work; requests are refused until it does"
            ),
            (Some(_), None) => tracing::info!("the job store works again"),
            _ => {}
        }
        *last = now;
    }
}

/// Where orders are given.
#[derive(Clone)]
pub(super) struct Writer {
    orders: mpsc::Sender<Box<dyn Order>>,
}

impl Writer {
    /// Starts the thread. It ends when the last writer is dropped; then `done` is closed.
    pub(super) fn start(
        connection: Connection,
        ledger: Ledger,
        ballast: Ballast,
        changes: Arc<Changes>,
        health: Arc<Health>,
    ) -> std::io::Result<(Self, oneshot::Receiver<()>)> {
        let (orders, inbox) = mpsc::channel(BACKLOG);
        let (done, is_done) = oneshot::channel();
        let mut thread = Thread {
            connection,
            ledger,
            ballast,
            is_torn: false,
            changes,
            health,
        };
        std::thread::Builder::new()
            .name("job-store".to_owned())
            .spawn(move || {
                thread.serve(inbox);
                drop(thread);
                drop(done);
            })?;
        Ok((Self { orders }, is_done))
    }

    /// Does `work` within a transaction and waits until it is on disk.
    pub(super) async fn order<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let stopped = || StoreError::Unavailable("it has been closed".to_owned());
        let (answer, answered) = oneshot::channel();
        let order = Box::new(Awaited { work, answer });
        self.orders.send(order).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

struct Thread {
    connection: Connection,
    ledger: Ledger,
    ballast: Ballast,
    /// The last commit failed.
    is_torn: bool,
    changes: Arc<Changes>,
    health: Arc<Health>,
}

impl Thread {
    fn serve(&mut self, mut inbox: mpsc::Receiver<Box<dyn Order>>) {
        while let Some(first) = inbox.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH
                && let Ok(order) = inbox.try_recv()
            {
                batch.push(order);
            }
            self.commit(batch);
        }
    }

    fn commit(&mut self, batch: Vec<Box<dyn Order>>) {
        if let Err(error) = self.begin() {
            self.look_at(Some(&error));
            for order in batch {
                order.refuse(error.clone());
            }
            return;
        }
        let (mut due, mut queued) = (Vec::new(), false);
        let mut trouble = None;
        let mut desk = Desk {
            connection: &self.connection,
            ledger: &mut self.ledger,
            due: &mut due,
            queued: &mut queued,
            has_room: self.ballast.is_there(),
            trouble: &mut trouble,
        };
        let replies: Vec<Reply> = batch
            .into_iter()
            .map(|order| order.carry_out(&mut desk))
            .collect();
        let failed = run(&self.connection, "COMMIT").err();
        self.is_torn = failed.is_some();
        self.look_at(failed.clone().or(trouble).as_ref());
        if failed.is_none() {
            self.changes.note(due);
            if queued {
                self.changes.queue.notify_one();
            }
        }
        for reply in replies {
            reply(failed.as_ref());
        }
    }
}

impl Thread {
    fn begin(&mut self) -> Result<(), StoreError> {
        if self.is_torn {
            // A commit that failed may have left its transaction open, and what the ledger was told in
            // it did not happen.
            if !self.connection.is_autocommit() {
                run(&self.connection, "ROLLBACK")?;
            }
            self.ledger = Ledger::read(&self.connection)?;
            self.is_torn = false;
        }
        run(&self.connection, "BEGIN IMMEDIATE")
    }

    /// Notes how it went. On a full disk the ballast is given up, and what the log of the database has
    /// taken, too.
    fn look_at(&mut self, failed: Option<&StoreError>) {
        if failed == Some(&StoreError::DiskFull) && self.ballast.is_there() {
            self.ballast.drop_it();
            // If it cannot be done now, it is done by and by.
            let _ = self
                .connection
                .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        if self.ballast.is_there() {
            self.health.note(failed);
        } else {
            self.health.note(Some(&StoreError::DiskFull));
            self.ballast.load();
        }
    }
}
