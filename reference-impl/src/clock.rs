//! The service's clock: milliseconds that never go back and never jump.
//!
//! Durations (when to try again, how long to keep) must not depend on somebody setting the wall
//! clock. The wall clock is read once, at the start; from then on the monotonic clock counts. What a
//! former process wrote down is the least that a later one starts from, so that time does not go back
//! over a restart either.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, as this service counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// This much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// How much later than `earlier` this is; zero if it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// As a time of the system.
    #[must_use]
    pub fn to_system(self) -> SystemTime {
        // Years beyond what the system can hold do not come from a clock.
        UNIX_EPOCH
            .checked_add(Duration::from_millis(self.0))
            .unwrap_or(UNIX_EPOCH)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The clock of one process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    base: Millis,
}

impl Clock {
    /// A clock that starts at `wall`, or at `least` if that is later.
    pub(crate) fn start(wall: SystemTime, least: Millis) -> Self {
        let wall = wall.duration_since(UNIX_EPOCH).map_or(0, millis);
        Self {
            start: Instant::now(),
            base: Millis(wall).max(least),
        }
    }

    /// Now.
    pub(crate) fn now(&self) -> Millis {
        self.base.after(self.start.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_was_set_back_does_not_turn_time_back() {
        let noted = Millis(2_000_000_000_000);
        assert!(Clock::start(UNIX_EPOCH, noted).now() >= noted);
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert!(Clock::start(before, Millis(7)).now() >= Millis(7));
        let wall = UNIX_EPOCH + Duration::from_millis(9);
        assert!(Clock::start(wall, Millis(7)).now() >= Millis(9));
    }
}
