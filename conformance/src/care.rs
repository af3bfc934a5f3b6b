//! Care for somebody else's server: while it is taken, requests go out one at a time, with a pause between them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::target::Limits;

/// Whether care is taken, and when the last request was sent with it.
#[derive(Debug)]
pub(crate) struct Care {
    is_taken: AtomicBool,
    gap: Duration,
    last: Mutex<Option<Instant>>,
}

impl Care {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            is_taken: AtomicBool::new(false),
            gap: Duration::from_millis(limits.security_gap_milliseconds.into()),
            last: Mutex::default(),
        }
    }

    pub(crate) fn set(&self, is_taken: bool) {
        self.is_taken.store(is_taken, Ordering::Relaxed);
    }

    /// Waits for its turn, which lasts as long as the guard; nothing while no care is taken. The lock is held while
    /// waiting on purpose: it is the queue.
    pub(crate) async fn turn(&self) -> Option<MutexGuard<'_, Option<Instant>>> {
        if !self.is_taken.load(Ordering::Relaxed) {
            return None;
        }
        let mut last = self.last.lock().await;
        if let Some(last) = *last {
            tokio::time::sleep_until(last + self.gap).await;
        }
        *last = Some(Instant::now());
        Some(last)
    }
}
