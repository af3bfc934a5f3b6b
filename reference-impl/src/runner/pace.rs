//! How fast a transfer may be.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::source::Recording;

/// Slows a transfer down to so many times real time.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    /// Where the transfer began, in bytes.
    from: u64,
    /// Bytes in a second.
    rate: Option<f64>,
}

impl Pace {
    /// A pace for what is transferred from now on, from `from` on. A recording of unknown size has the
    /// pace of its source.
    pub(super) fn new(recording: &Recording, speed: Option<NonZeroU32>, from: u64) -> Self {
        let rate = speed.zip(recording.bytes).map(|(speed, bytes)| {
            let seconds = recording.duration_ms as f64 / 1000.0 / f64::from(speed.get());
            (bytes as f64 / seconds.max(1e-9)).max(1.0)
        });
        Self {
            start: Instant::now(),
            from,
            rate,
        }
    }

    /// How many bytes are a good piece to write at once: some hundredths of a second's worth.
    pub(super) fn piece(&self) -> usize {
        self.rate
            .map_or(usize::MAX, |rate| ((rate / 50.0) as usize).max(1))
    }

    /// When the transfer may be at `written` bytes.
    pub(super) async fn wait(&self, written: u64) {
        let Some(rate) = self.rate else {
            return;
        };
        let seconds = written.saturating_sub(self.from) as f64 / rate;
        let due = Duration::try_from_secs_f64(seconds).ok();
        match due.and_then(|due| self.start.checked_add(due)) {
            Some(due) => sleep_until(due).await,
            None => std::future::pending().await,
        }
    }
}
