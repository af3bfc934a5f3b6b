//! The start of a run, from which everything in its evidence counts.

use std::time::{Duration, Instant};

/// When a run began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began(Instant);

impl Began {
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// Time since then, in whole microseconds: what a recording keeps of a time is all that was ever known of it, so that
    /// whoever reads the recording sees what the run saw.
    pub(crate) fn elapsed(self) -> Duration {
        let elapsed = self.0.elapsed();
        Duration::new(elapsed.as_secs(), elapsed.subsec_micros() * 1_000)
    }
}
