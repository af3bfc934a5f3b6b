//! The downloads that a run may start (`limits.downloads`).

use std::sync::atomic::{AtomicU32, Ordering};

/// Why something was not done.
pub(crate) const BUDGET: &str = "the download budget (`limits.downloads`) is used up";

/// The downloads that a run may start.
#[derive(Debug)]
pub(crate) struct Downloads {
    limit: Option<u32>,
    used: AtomicU32,
}

impl Downloads {
    pub(crate) fn new(limit: Option<u32>) -> Self {
        Self {
            limit,
            used: AtomicU32::new(0),
        }
    }

    /// How many are left; nothing if there is no limit.
    pub(crate) fn left(&self) -> Option<u32> {
        let used = self.used.load(Ordering::Relaxed);
        Some(self.limit?.saturating_sub(used))
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
