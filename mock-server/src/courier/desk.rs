//! The courier as its owner sees it: a handle to the scheduler's task.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::address::Address;
use super::client::Client;
use super::followed::Followed;
use super::record::Record;
use super::round::{Course, Van};
use super::scheduler::{Command, Scheduler};
use super::settings::{Settings, SettingsError};
use super::source::{JobKey, Source};
use crate::clock::{Clock, Moment};

/// Tells the progress of jobs. Dropping it stops it at once: what is under way is cut off.
pub struct Courier {
    /// Unbounded, but no flood: each following is counted before it is sent, and what the scheduler does for one
    /// command takes microseconds and never waits.
    commands: UnboundedSender<Command>,
    followed: Arc<Followed>,
    task: JoinHandle<()>,
}

/// A job is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// As many jobs are followed as may be.
    #[error(
        "{0} jobs have callbacks under way already: wait for some to end, or allow more (`max_jobs`)"
    )]
    Full(usize),
    /// The runtime is shutting down.
    #[error("the courier has stopped")]
    Stopped,
}

impl Courier {
    /// A courier at work. Must be called within a Tokio runtime with time and I/O.
    ///
    /// # Errors
    /// If a setting has a value that cannot be kept.
    pub fn start(
        settings: Settings,
        clock: Arc<Clock>,
        source: Arc<dyn Source>,
        record: Arc<dyn Record>,
    ) -> Result<Self, SettingsError> {
        settings.check()?;
        let (commands, inbox) = unbounded_channel();
        let followed = Arc::new(Followed::new(settings.max_jobs, settings.pool.clone()));
        let van = Van {
            client: Client::new(&settings),
            settings,
            clock,
            source,
            record,
        };
        let scheduler = Scheduler::new(van, inbox, Arc::clone(&followed));
        Ok(Self {
            commands,
            followed,
            task: tokio::spawn(scheduler.run()),
        })
    }

    /// Tells the progress of a job to an address, from a point of time on. A job that is followed already is told to
    /// the new address only, from the start.
    ///
    /// # Errors
    /// If as many jobs are followed as may be.
    pub fn follow(&self, job: JobKey, address: Address, first: Moment) -> Result<(), FollowError> {
        self.resume(job, address, first, None, 0)
    }

    /// As [`Courier::follow`], for a job of which so many messages are over with; the last had this mark.
    ///
    /// # Errors
    /// If as many jobs are followed as may be.
    pub fn resume(
        &self,
        job: JobKey,
        address: Address,
        first: Moment,
        told: Option<u64>,
        deliveries: u32,
    ) -> Result<(), FollowError> {
        self.followed.add().map_err(FollowError::Full)?;
        let command = Command::Follow {
            job,
            address,
            first,
            course: Course::resumed(told, deliveries),
        };
        self.commands
            .send(command)
            .map_err(|_| FollowError::Stopped)
    }

    /// Tells nothing more of a job; an attempt that is under way is made to its end. A job that is not followed stays so.
    pub fn forget(&self, job: JobKey) {
        self.send(Command::Forget(job));
    }

    /// Asks the source again at once, because a job was changed by hand. Does nothing to a job whose receiver is being
    /// tried again: it will hear the newest anyway.
    pub fn nudge(&self, job: JobKey) {
        self.send(Command::Nudge(job));
    }

    /// How many jobs are followed; forgotten ones count until they have left the lane in which they waited.
    #[must_use]
    pub fn len(&self) -> usize {
        self.followed.len()
    }

    /// Whether no job is followed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until nothing is due, waiting for a place or under way. All that was asked for before this call, and what
    /// the clock has reached by then, is done when it returns.
    pub async fn settled(&self) {
        let (sender, receiver) = oneshot::channel();
        self.send(Command::Settle(sender));
        // An error means that the scheduler is gone: nothing is under way any more.
        let _ = receiver.await;
    }

    fn send(&self, command: Command) {
        // An error means that the runtime is shutting down, and the scheduler with it.
        let _ = self.commands.send(command);
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier")
            .field("followed", &self.len())
            .finish_non_exhaustive()
    }
}
