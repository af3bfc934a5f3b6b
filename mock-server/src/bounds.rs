//! Bounds over all worlds together: what each world may have for itself is in [`Limits`] too, but nobody bounds what a
//! thousand of them have at once. And who was told that a bound is reached: the log, once for each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::courier::Pool;
use crate::limits::Limits;

/// A number that many hands change, and that stays within a bound. It has a line of the cache of its own, so that
/// nothing else is waited for while others change it.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Count {
    now: AtomicUsize,
    max: usize,
}

impl Count {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            now: AtomicUsize::new(0),
            max,
        }
    }

    /// The number.
    pub(crate) fn now(&self) -> usize {
        self.now.load(Ordering::Relaxed)
    }

    /// The bound.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// One more, if there is room.
    pub(crate) fn try_add(&self) -> bool {
        self.try_exchange(0, 1)
    }

    /// So many less and so many more, if there is room.
    pub(crate) fn try_exchange(&self, less: usize, more: usize) -> bool {
        let changed = |now: usize| {
            let now = now.saturating_sub(less).saturating_add(more);
            // What becomes less is never refused.
            (more <= less || now <= self.max).then_some(now)
        };
        self.now
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed)
            .is_ok()
    }

    /// So many more, whether there is room or not.
    pub(crate) fn add(&self, more: usize) {
        self.now.fetch_add(more, Ordering::Relaxed);
    }

    /// So many less.
    pub(crate) fn sub(&self, less: usize) {
        self.now.fetch_sub(less, Ordering::Relaxed);
    }

    /// By how much the bound is passed.
    pub(crate) fn excess(&self) -> usize {
        self.now().saturating_sub(self.max)
    }

    /// Whether there is room for one more.
    pub(crate) fn has_room(&self) -> bool {
        self.now() < self.max
    }
}

/// A bound that is told of when it is reached for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    Jobs,
    TotalJobs,
    Worlds,
    Journal,
    TotalJournal,
    Callbacks,
}

impl Reached {
    /// The limit's name, and what happens from now on.
    fn says(self) -> (&'static str, &'static str) {
        match self {
            Self::Jobs => (
                "max_jobs",
                "as many jobs as a tenant may have are kept: further ones are refused until some are forgotten",
            ),
            Self::TotalJobs => (
                "max_total_jobs",
                "as many jobs as all tenants together may have are kept: further ones are refused until some are forgotten",
            ),
            Self::Worlds => (
                "max_worlds",
                "as many values of tenant-id are in use as worlds are kept: from now on the least recently used world without running jobs makes room for a new one",
            ),
            Self::Journal => (
                "journal_entries, journal_bytes",
                "the journal of a tenant is full: from now on its oldest entries make room",
            ),
            Self::TotalJournal => (
                "total_journal_bytes",
                "the journals of all tenants together are full: from now on the oldest entries of the least recently used tenants make room",
            ),
            Self::Callbacks => (
                "max_callbacks",
                "as many jobs with callbacks as may be are under way: further ones are not told of",
            ),
        }
    }
}

/// What all worlds of a mock share.
#[derive(Debug)]
pub(crate) struct Bounds {
    /// Jobs that are kept.
    pub(crate) jobs: Count,
    /// Bytes of journals.
    pub(crate) journal: Count,
    /// What couriers share.
    pub(crate) couriers: Arc<Pool>,
    told: [AtomicBool; 6],
}

impl Bounds {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            jobs: Count::new(limits.max_total_jobs),
            journal: Count::new(limits.total_journal_bytes),
            couriers: Arc::new(Pool::new(limits.max_callbacks, limits.callback_places)),
            told: Default::default(),
        })
    }

    /// Tells the log that a bound is reached, the first time.
    pub(crate) fn tell(&self, reached: Reached) {
        let told = &self.told[reached as usize];
        // Most calls find it told: a look costs less than a swap.
        if told.load(Ordering::Relaxed) || told.swap(true, Ordering::Relaxed) {
            return;
        }
        let (limit, what) = reached.says();
        tracing::warn!(limit, "{what}");
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn a_count_stays_within_its_bound() {
        let count = Count::new(2);
        assert!(count.try_add() && count.try_add() && !count.try_add());
        assert!(!count.has_room());
        assert!(!count.try_exchange(1, 2), "three are too many");
        assert!(count.try_exchange(1, 1));
        count.add(3);
        assert_eq!(count.excess(), 3);
        assert!(count.try_exchange(5, 4), "less is never refused");
        count.sub(4);
        assert!(count.try_add());
    }
}
