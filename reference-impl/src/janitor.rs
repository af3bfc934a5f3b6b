//! What has to be done again and again: forgetting old jobs, removing their files, and seeing what
//! another process changed in the store.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::clock::{Clock, Millis};
use crate::files::FileStore;
use crate::metrics::Metrics;
use crate::stop::Stop;
use crate::store::JobStore;

/// How often.
const EVERY: Duration = Duration::from_millis(500);

/// Who does it.
pub(crate) struct Janitor {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) files: Arc<dyn FileStore>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) keep: Duration,
    pub(crate) most_bytes: u64,
    pub(crate) stop: Stop,
}

impl Janitor {
    /// Works until it is told to stop.
    pub(crate) async fn run(mut self) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.said() => return,
                _ = ticks.tick() => {}
            }
            // A store that does not work says so in the log by itself.
            let _ = self.store.refresh().await;
            while self.forget().await {}
        }
    }

    /// Forgets some jobs; true if there may be more.
    async fn forget(&self) -> bool {
        let now = self.clock.now();
        let keep = u64::try_from(self.keep.as_millis()).unwrap_or(u64::MAX);
        let before = Millis(now.0.saturating_sub(keep));
        let Ok(forgotten) = self.store.forget(before, self.most_bytes).await else {
            return false;
        };
        for job in &forgotten {
            if job.untold {
                self.metrics.gave_up(1);
                tracing::warn!(stream_id = %job.id, "a callback is given up: its job is forgotten");
            }
            // First the row, then the file: a file that nobody knows is removed at the next start, a
            // job without its file would be a lie.
            if let Err(error) = self.files.remove(&job.file).await {
                tracing::error!(stream_id = %job.id, %error, "an old file cannot be removed");
            }
        }
        !forgotten.is_empty() && !self.stop.is_said()
    }
}
