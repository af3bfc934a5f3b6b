//! When a callback that failed is tried again: pure figures.

use std::time::Duration;

/// The schedule of attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// The wait after the first failure, after the second, and so on. After as many failures and one
    /// more, the end of a download is given up; the last wait repeats for progress.
    pub(crate) waits: Vec<Duration>,
    /// How long one message is tried at most, counted from its first failure.
    pub(crate) give_up_after: Duration,
    /// The longest wait that a receiver's `Retry-After` can ask for.
    pub(crate) max_retry_after: Duration,
}

impl Default for Schedule {
    /// 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, each shorter or longer by up to a fifth: given up after
    /// about 28 hours.
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let waits = [minutes(5), minutes(30), minutes(120), minutes(300)];
        Self {
            waits: [Duration::from_secs(5)]
                .into_iter()
                .chain(waits)
                .chain([minutes(600), minutes(600)])
                .collect(),
            give_up_after: Duration::from_secs(36 * 3600),
            max_retry_after: Duration::from_secs(3600),
        }
    }
}

impl Schedule {
    /// The wait after a failure; `None` if that was the last attempt.
    ///
    /// `failures` counts this one, from 1; `trying` is how long it has been tried; `draw` is a random
    /// number, `asked` the receiver's `Retry-After`, which makes a wait longer, never shorter.
    pub(super) fn wait(
        &self,
        failures: u32,
        trying: Duration,
        draw: u32,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        let place = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
        let planned = *self.waits.get(place)?;
        // From 0.8 to 1.2.
        let factor = 0.8 + 0.4 * f64::from(draw) / f64::from(u32::MAX);
        let drawn = Duration::try_from_secs_f64(planned.as_secs_f64() * factor).unwrap_or(planned);
        let asked = asked.unwrap_or_default().min(self.max_retry_after);
        let wait = drawn.max(asked);
        (trying.saturating_add(wait) <= self.give_up_after).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_wait_is_drawn_around_its_plan() {
        let schedule = Schedule::default();
        let wait = |failures, draw| schedule.wait(failures, Duration::ZERO, draw, None);
        assert_eq!(wait(1, 0), Some(SECOND * 4));
        assert_eq!(wait(1, u32::MAX), Some(SECOND * 6));
        assert_eq!(wait(2, 0), Some(SECOND * 240));
        assert_eq!(wait(7, u32::MAX), Some(SECOND * 43_200));
        assert_eq!(wait(8, 0), None);
        assert_eq!(wait(u32::MAX, 0), None);
    }

    #[test]
    fn retry_after_makes_it_longer_within_bounds() {
        let schedule = Schedule::default();
        let wait = |asked| schedule.wait(1, Duration::ZERO, 0, Some(Duration::from_secs(asked)));
        assert_eq!(
            [0, 7, u64::MAX].map(wait),
            [4, 7, 3600].map(|s| Some(SECOND * s))
        );
    }

    #[test]
    fn nobody_is_tried_for_ever() {
        let schedule = Schedule {
            give_up_after: SECOND * 10,
            ..Schedule::default()
        };
        assert_eq!(schedule.wait(1, SECOND * 6, 0, None), Some(SECOND * 4));
        assert_eq!(schedule.wait(1, SECOND * 7, 0, None), None);
    }
}
