//! When a failed delivery is tried again: pure figures.

use std::time::Duration;

use super::source::JobKey;

/// The schedule of retries. All times are mock time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The wait after the first failure, the second, and so on; the last one repeats. Default 1, 2, 5, 10, 30, 60 s.
    pub delays: Vec<Duration>,
    /// By how many percent each wait is drawn shorter or longer. At most 100; default 20.
    pub jitter_percent: u8,
    /// Attempts at one delivery, the first included; then it is given up. From 1; default 10, which is some 5 minutes.
    pub attempts: u32,
    /// The longest wait that a receiver's `Retry-After` can ask for. Default 5 minutes.
    pub max_retry_after: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            delays: [1, 2, 5, 10, 30, 60].map(Duration::from_secs).to_vec(),
            jitter_percent: 20,
            attempts: 10,
            max_retry_after: Duration::from_secs(300),
        }
    }
}

impl Retry {
    /// Microseconds from a failure to the next attempt.
    ///
    /// `failures` counts those of the delivery, from 1; `draw` is a random number; `asked` is the receiver's
    /// `Retry-After`, which can make the wait longer, never shorter.
    pub(super) fn delay_micros(&self, failures: u32, draw: u64, asked: Option<Duration>) -> u64 {
        let place = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
        let planned = self.delays.get(place).or(self.delays.last());
        let planned = u128::from(micros(planned.copied().unwrap_or_default()));
        let jitter = u128::from(self.jitter_percent.min(100));
        // At most 64 bits, so that the product below has at most 128.
        let spread = (planned * 2 * jitter / 100).min(u128::from(u64::MAX - 1));
        let drawn = planned * (100 - jitter) / 100 + ((u128::from(draw) * (spread + 1)) >> 64);
        let asked = asked.map_or(0, |asked| micros(asked.min(self.max_retry_after)));
        u64::try_from(drawn).unwrap_or(u64::MAX).max(asked)
    }
}

/// The same number for the same attempt and seed, whatever happens to other jobs.
pub(super) fn draw(seed: u64, job: JobKey, delivery: u32, number: u32) -> u64 {
    let place = u64::from(delivery) << 32 | u64::from(number);
    mix(mix(mix(seed) ^ job.0) ^ place)
}

/// SplitMix64's step: each bit of the number touches all bits of the result.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{JobKey, Retry, draw};

    #[test]
    fn the_last_delay_repeats() {
        let retry = Retry {
            jitter_percent: 0,
            ..Retry::default()
        };
        let seconds =
            [1, 2, 6, 7, u32::MAX].map(|n| retry.delay_micros(n, u64::MAX, None) / 1_000_000);
        assert_eq!(seconds, [1, 2, 60, 60, 60]);
    }

    #[test]
    fn retry_after_makes_it_longer_within_bounds() {
        let retry = Retry::default();
        let delay = |asked| retry.delay_micros(1, 0, Some(Duration::from_secs(asked)));
        assert_eq!(
            [0, 7, u64::MAX].map(delay),
            [800_000, 7_000_000, 300_000_000]
        );
    }

    #[test]
    fn the_ends_of_the_range_are_drawn() {
        let retry = Retry::default();
        assert_eq!(retry.delay_micros(1, 0, None), 800_000);
        assert_eq!(retry.delay_micros(1, u64::MAX, None), 1_200_000);
    }

    proptest! {
        #[test]
        fn a_delay_stays_within_its_jitter(
            delays in proptest::collection::vec(0..u64::MAX / 2, 0..5),
            jitter_percent: u8, failures in 1_u32.., drawn: u64,
        ) {
            let delays: Vec<_> = delays.into_iter().map(Duration::from_micros).collect();
            let last = delays.len().saturating_sub(1);
            let place = usize::try_from(failures - 1).unwrap().min(last);
            let planned = delays.get(place).map_or(0, Duration::as_micros);
            let retry = Retry { delays, jitter_percent, ..Retry::default() };
            let delay = u128::from(retry.delay_micros(failures, drawn, None));
            let part = u128::from(jitter_percent.min(100));
            prop_assert!(delay >= planned * (100 - part) / 100);
            prop_assert!(delay <= planned * (100 + part) / 100 + 1);
        }

        #[test]
        fn draws_depend_on_everything(seed: u64, job: u64, delivery: u32, number in 0..u32::MAX) {
            let one = draw(seed, JobKey(job), delivery, number);
            prop_assert_eq!(one, draw(seed, JobKey(job), delivery, number));
            prop_assert_ne!(one, draw(seed, JobKey(job), delivery, number + 1));
            prop_assert_ne!(one, draw(seed, JobKey(job ^ 1), delivery, number));
            prop_assert_ne!(one, draw(seed ^ 1, JobKey(job), delivery, number));
        }
    }
}
