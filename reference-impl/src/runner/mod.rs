//! Runs jobs: so many at once, tenants in turn, each to its one end.
//!
//! A job that is interrupted by the end of the process, orderly or not, is `running` in the store and
//! waits again when the store is opened the next time; its work file is gone on with.

mod pace;
mod transfer;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use self::transfer::{Outcome, Transfer};
use crate::clock::Clock;
use crate::files::FileStore;
use crate::job::{Job, JobKey};
use crate::metrics::Metrics;
use crate::source::RecordingSource;
use crate::stop::Stop;
use crate::store::{End, JobStore};

/// How long to wait before a store that failed is asked again.
const PATIENCE: Duration = Duration::from_millis(500);

/// How jobs are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunSettings {
    /// Jobs at work at once.
    pub(crate) at_work: usize,
    /// Times real time, at most; as fast as can be, if `None`.
    pub(crate) speed: Option<NonZeroU32>,
    /// The least time between two savings of a job's progress.
    pub(crate) save_every: Duration,
    /// How long a source may bring nothing.
    pub(crate) stall: Duration,
    /// Bytes of a file whose size nobody knows beforehand, at most.
    pub(crate) max_file: u64,
}

/// What jobs are run with.
#[derive(Clone)]
pub(crate) struct Runner {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) source: Arc<dyn RecordingSource>,
    pub(crate) files: Arc<dyn FileStore>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) settings: RunSettings,
    pub(crate) stop: Stop,
}

impl Runner {
    /// Runs jobs until it is told to stop, and until those at work are saved then.
    pub(crate) async fn run(self) {
        let places = Arc::new(Semaphore::new(self.settings.at_work));
        let mut at_work = JoinSet::new();
        let mut stop = self.stop.clone();
        while !stop.is_said() {
            while at_work.try_join_next().is_some() {}
            let claimed = self.claim(places.available_permits()).await;
            for job in claimed {
                // As many were claimed as there are places.
                let place = places.clone().try_acquire_owned();
                let runner = self.clone();
                at_work.spawn(async move {
                    let _place = place;
                    runner.run_to_end(job).await;
                });
            }
            let place_is_free = async {
                if at_work.join_next().await.is_none() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = stop.said() => {}
                () = self.store.changes().queue.notified(), if places.available_permits() > 0 => {}
                () = place_is_free => {}
            }
        }
        while at_work.join_next().await.is_some() {}
    }

    /// Takes waiting jobs, as soon as the store can be asked.
    async fn claim(&self, most: usize) -> Vec<Job> {
        if most == 0 {
            return Vec::new();
        }
        loop {
            match self.store.claim(most).await {
                Ok(jobs) => return jobs,
                Err(_) if self.stop.is_said() => return Vec::new(),
                Err(_) => sleep(PATIENCE).await,
            }
        }
    }

    async fn run_to_end(self, job: Job) {
        let (key, id) = (job.key, job.id.to_string());
        tracing::debug!(stream_id = id, "transfer starts");
        let transfer = Transfer::new(self.clone(), job);
        // A task of its own: a source that panics fails its job and nothing else.
        let end = match tokio::spawn(transfer.run()).await {
            Ok(Outcome::Ended(end)) => end,
            Ok(Outcome::Interrupted) => {
                tracing::info!(
                    stream_id = id,
                    "transfer interrupted; it goes on after a restart"
                );
                return;
            }
            Ok(Outcome::EndedByOthers) => {
                tracing::info!(stream_id = id, "transfer stopped: the job was ended");
                self.discard(key).await;
                return;
            }
            Err(error) => {
                tracing::error!(stream_id = id, %error, "transfer broke");
                End::Failed("an internal error".to_owned())
            }
        };
        if !matches!(end, End::Finished(_)) {
            // Before the end is written down: on a full disk that needs the room.
            self.discard(key).await;
        }
        match &end {
            End::Finished(bytes) => tracing::info!(stream_id = id, bytes, "download finished"),
            End::Failed(reason) | End::Cancelled(reason) => {
                tracing::warn!(stream_id = id, reason, "download failed");
            }
        }
        self.metrics.ended(&end);
        self.write_down(key, end).await;
    }

    async fn discard(&self, key: JobKey) {
        if let Err(error) = self.files.discard(key).await {
            tracing::warn!(job = %key, %error, "a work file cannot be removed; the next start does");
        }
    }

    /// Ends a job in the store, as soon as the store can be written.
    ///
    /// If the process ends before, the next one comes to the same end: a file that is there is found.
    async fn write_down(&self, key: JobKey, end: End) {
        let mut stop = self.stop.clone();
        while self
            .store
            .end(key, end.clone(), self.clock.now())
            .await
            .is_err()
        {
            tokio::select! {
                () = sleep(PATIENCE) => {}
                () = stop.said() => return,
            }
        }
    }
}
