//! When the progress of a steadily growing file reaches something worth telling: pure figures for sources.

use std::time::Duration;

use crate::clock::Moment;

/// What progress is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Each time that so many more whole percent are done; 0 is taken as 1, and what is above 100 means the end only.
    /// Default 10.
    pub percent: u8,
    /// Also whenever so much mock time has passed since the start. Default: never.
    pub every: Option<Duration>,
}

/// A file that grows steadily from nothing to its whole size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// When it starts.
    pub started: Moment,
    /// Microseconds from its start to its end; at least 1.
    pub transfer_micros: u64,
    /// Its whole size in bytes; this many are there only at the end.
    pub bytes: u64,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            percent: 10,
            every: None,
        }
    }
}

impl Steps {
    /// The first point after `now` at which there is something to tell; none once the end is reached.
    #[must_use]
    pub fn next(&self, work: &Work, now: Moment) -> Option<Moment> {
        if now >= work.end() {
            return None;
        }
        let percent = work.percent(now) / self.percent() * self.percent() + self.percent();
        let step = work.reaches(percent);
        let tick = self.tick_micros().map(|every| {
            let next = now.micros_since(work.started) / every + 1;
            work.started.plus_micros(next.saturating_mul(every))
        });
        Some(tick.map_or(step, |tick| tick.min(step)).min(work.end()))
    }

    /// Stands for what there is to tell at a time: it changes exactly at the points that [`Steps::next`] gives.
    #[must_use]
    pub fn mark(&self, work: &Work, now: Moment) -> u64 {
        let step = work.percent(now) / self.percent();
        // Beyond the end nothing changes.
        let passed = now.min(work.end()).micros_since(work.started);
        let ticks = self.tick_micros().map_or(0, |every| passed / every);
        let is_whole = u64::from(now >= work.end());
        ticks << 8 | step << 1 | is_whole
    }

    fn percent(&self) -> u64 {
        u64::from(self.percent.max(1))
    }

    fn tick_micros(&self) -> Option<u64> {
        let every = self.every?.as_micros();
        Some(u64::try_from(every).unwrap_or(u64::MAX).max(1))
    }
}

impl Work {
    fn end(&self) -> Moment {
        self.started.plus_micros(self.transfer_micros)
    }

    /// Whole percent, never rounded up.
    fn percent(&self, now: Moment) -> u64 {
        if now >= self.end() {
            return 100;
        }
        let passed = u128::from(now.micros_since(self.started));
        let done = u128::from(self.bytes) * passed / u128::from(self.transfer_micros.max(1));
        let percent = (done * 100).checked_div(u128::from(self.bytes));
        u64::try_from(percent.unwrap_or(0).min(99)).unwrap_or(99)
    }

    /// When so many percent are reached: [`Work::percent`] turned around.
    fn reaches(&self, percent: u64) -> Moment {
        if percent >= 100 || self.bytes == 0 {
            return self.end();
        }
        let done = (u128::from(self.bytes) * u128::from(percent)).div_ceil(100);
        let passed = (done * u128::from(self.transfer_micros)).div_ceil(u128::from(self.bytes));
        self.started
            .plus_micros(u64::try_from(passed).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Moment, Steps, Work};

    fn points(steps: Steps, work: Work) -> Vec<u64> {
        let next = |now: &Moment| steps.next(&work, *now);
        let points = std::iter::successors(Some(work.started), next);
        points.skip(1).map(Moment::micros).collect()
    }

    #[test]
    fn steps_and_ticks() {
        let work = Work {
            started: Moment::from_micros(1_000),
            transfer_micros: 100,
            bytes: 1_000_000,
        };
        let of = |percent, every: Option<u64>| Steps {
            percent,
            every: every.map(Duration::from_micros),
        };
        assert_eq!(points(of(30, None), work), [1_030, 1_060, 1_090, 1_100]);
        assert_eq!(points(of(101, None), work), [1_100]);
        assert_eq!(points(of(50, Some(40)), work), [1_040, 1_050, 1_080, 1_100]);
        assert_eq!(points(of(0, None), work).len(), 100);
    }

    proptest! {
        #[test]
        fn something_new_is_there_at_each_point_and_not_before(
            started in 0_u64..1 << 40,
            transfer_micros in 1_u64..1 << 40,
            bytes in 0_u64..1 << 40,
            percent: u8,
            every in proptest::option::of(1_u64..1 << 40),
            at in 0_u64..1 << 41,
        ) {
            let work = Work { started: Moment::from_micros(started), transfer_micros, bytes };
            let steps = Steps { percent, every: every.map(Duration::from_micros) };
            let now = work.started.plus_micros(at);
            match steps.next(&work, now) {
                None => prop_assert!(now >= work.end()),
                Some(next) => {
                    prop_assert!(next > now && next <= work.end());
                    prop_assert_ne!(steps.mark(&work, next), steps.mark(&work, now));
                    let before = Moment::from_micros(next.micros() - 1);
                    prop_assert_eq!(steps.mark(&work, before), steps.mark(&work, now));
                }
            }
        }
    }
}
