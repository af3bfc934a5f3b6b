//! One download as a job, and its progress.
//!
//! Progress is a pure function of the job and the monotonic clock: nothing runs, nothing is counted,
//! so asking cannot advance it, a change of the wall clock cannot turn it back, and the end stays the
//! end.

use std::fmt;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::source::Recording;
use crate::stream_id::StreamId;

/// How much of a download is done: whole percent, 0 to 100, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Progress(u8);

impl Progress {
    /// The end.
    pub const DONE: Self = Self(100);

    /// The share of `whole` that `elapsed` is. It is [`Progress::DONE`] only if the whole has elapsed.
    #[must_use]
    pub fn of(elapsed: Duration, whole: Duration) -> Self {
        if elapsed >= whole {
            return Self::DONE;
        }
        // `whole` is not zero here, and the quotient is below 100.
        let percent = elapsed.as_nanos() * 100 / whole.as_nanos();
        Self(u8::try_from(percent).unwrap_or(99).min(99))
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A download that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: StreamId,
    pub(crate) started: Instant,
    /// How long the transfer takes.
    pub(crate) transfer: Duration,
}

impl Job {
    /// How much is done at `now`.
    pub(crate) fn progress(&self, now: Instant) -> Progress {
        Progress::of(now.saturating_duration_since(self.started), self.transfer)
    }
}

/// How long `recording` takes to transfer at `speed` times real time; never zero.
pub(crate) fn transfer_time(recording: &Recording, speed: NonZeroU32) -> Duration {
    let nanos = u128::from(recording.duration_ms) * 1_000_000;
    let nanos = nanos.div_ceil(u128::from(speed.get())).max(1);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_end_is_told_neither_early_nor_late() {
        let whole = Duration::from_secs(10);
        let nano = Duration::from_nanos(1);
        assert_eq!(Progress::of(Duration::ZERO, whole), Progress(0));
        assert_eq!(Progress::of(whole - nano, whole), Progress(99));
        assert_eq!(Progress::of(whole, whole), Progress::DONE);
        assert_eq!(Progress::of(Duration::MAX, whole), Progress::DONE);
    }

    proptest! {
        #[test]
        fn progress_never_falls_and_ends_with_the_whole(
            whole in 1_u64..1 << 50, a in 0_u64..1 << 51, b in 0_u64..1 << 51,
        ) {
            let at = |nanos| Progress::of(Duration::from_nanos(nanos), Duration::from_nanos(whole));
            prop_assert!(at(a.min(b)) <= at(a.max(b)));
            prop_assert_eq!(at(a) == Progress::DONE, a >= whole);
        }
    }
}
