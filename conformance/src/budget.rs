//! The downloads that a run may start (`limits.downloads`).

use std::sync::atomic::{AtomicU32, Ordering};

/// Why something was not done.
pub(crate) const BUDGET: &str = "the download budget (`limits.downloads`) is used up";

/// The downloads that a run may start.
#[derive(Debug)]
pub(crate) struct Downloads {
    limit: Option<u32>,
    used: AtomicU32,
    /// Kept for the tables of lines that are still to be judged.
    kept: AtomicU32,
}

impl Downloads {
    pub(crate) fn new(limit: Option<u32>) -> Self {
        Self {
            limit,
            used: AtomicU32::new(0),
            kept: AtomicU32::new(0),
        }
    }

    /// How many are left; nothing if there is no limit.
    pub(crate) fn left(&self) -> Option<u32> {
        let used = self.used.load(Ordering::Relaxed);
        Some(self.limit?.saturating_sub(used))
    }

    /// How many are left for random cases: those that nothing is kept for; nothing if there is no limit.
    pub(crate) fn spare(&self) -> Option<u32> {
        Some(
            self.left()?
                .saturating_sub(self.kept.load(Ordering::Relaxed)),
        )
    }

    /// Keeps some for cases that are always run, so that no random case of an earlier line takes them.
    pub(crate) fn keep(&self, n: u32) {
        self.kept.fetch_add(n, Ordering::Relaxed);
    }

    /// Gives some of those that were kept free, since their cases come now.
    pub(crate) fn give(&self, n: u32) {
        let give = |kept: u32| Some(kept.saturating_sub(n));
        // The function never refuses.
        let _ = self
            .kept
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
    }

    /// Sets some aside. False if so many are not left.
    pub(crate) fn take(&self, n: u32) -> bool {
        if self.left().is_some_and(|left| left < n) {
            return false;
        }
        self.add(n);
        true
    }

    /// Some were started that nobody had set aside.
    pub(crate) fn add(&self, n: u32) {
        self.used.fetch_add(n, Ordering::Relaxed);
    }
}
