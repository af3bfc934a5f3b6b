//! Ending a run before it is done: by whoever started it, when its time is over, or since its own side failed. What was
//! judged so far stays judged; the rest is inconclusive, with the reason.

use std::sync::Arc;

use tokio::sync::watch;

/// Ends a run early. Clones end the same run.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<Option<Arc<str>>>>);

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// Has stopped nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Ends the run. The reason stands in its report; only the first one counts.
    pub fn stop(&self, why: impl Into<String>) {
        self.0.send_if_modified(|reason| {
            let is_first = reason.is_none();
            reason.get_or_insert_with(|| why.into().into());
            is_first
        });
    }

    /// Why the run was ended, if it was.
    pub(crate) fn why(&self) -> Option<Arc<str>> {
        self.0.borrow().clone()
    }

    /// Waits until the run is ended; the reason.
    pub(crate) async fn stopped(&self) -> Arc<str> {
        let mut reasons = self.0.subscribe();
        // Read before anything else is waited for, so that a run can move between threads.
        let waited = reasons.wait_for(Option::is_some).await;
        let why = waited.ok().and_then(|why| why.clone());
        match why {
            Some(why) => why,
            // The sender is ours, so that it is there as long as we are.
            None => std::future::pending().await,
        }
    }
}
