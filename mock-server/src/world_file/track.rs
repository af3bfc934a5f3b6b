//! What one channel recorded: segments in the order of time, with what was recorded before each, so that a window costs
//! two searches, however many segments it covers.

use jiff::civil::DateTime;
use smsload_spec::{Recorded, local_seconds};

/// A part of time that is recorded whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    /// The first second.
    pub(super) start: DateTime,
    /// The first second after it.
    pub(super) end: DateTime,
    /// Bytes of each second.
    pub(super) bytes_per_second: u64,
}

/// The segments of a channel.
#[derive(Debug, Default)]
pub(super) struct Track {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    start: i64,
    end: i64,
    bytes_per_second: u64,
    /// Recorded before it.
    before: Recorded,
}

impl Track {
    /// Takes segments that follow each other and do not overlap.
    pub(super) fn new(segments: impl IntoIterator<Item = Segment>) -> Self {
        let mut before = Recorded {
            seconds: 0,
            bytes: 0,
        };
        let part = |segment: Segment| {
            let part = Part {
                start: local_seconds(segment.start),
                end: local_seconds(segment.end),
                bytes_per_second: segment.bytes_per_second,
                before,
            };
            before = part.upto(part.end);
            part
        };
        Self {
            parts: segments.into_iter().map(part).collect(),
        }
    }

    /// What is recorded of a window.
    pub(super) fn between(&self, start: DateTime, end: DateTime) -> Recorded {
        let (from, to) = (
            self.upto(local_seconds(start)),
            self.upto(local_seconds(end)),
        );
        Recorded {
            seconds: to.seconds.saturating_sub(from.seconds),
            bytes: to.bytes.saturating_sub(from.bytes),
        }
    }

    /// All that is recorded before a second.
    fn upto(&self, second: i64) -> Recorded {
        let begun = self.parts.partition_point(|part| part.start < second);
        let last = begun.checked_sub(1).and_then(|last| self.parts.get(last));
        last.map_or(
            Recorded {
                seconds: 0,
                bytes: 0,
            },
            |part| part.upto(second),
        )
    }
}

impl Part {
    fn upto(&self, second: i64) -> Recorded {
        let seconds = u64::try_from(second.min(self.end) - self.start).unwrap_or(0);
        Recorded {
            seconds: self.before.seconds + seconds,
            bytes: self
                .before
                .bytes
                .saturating_add(seconds.saturating_mul(self.bytes_per_second)),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;
    use proptest::prelude::*;

    use super::{Segment, Track};

    fn at(second: i64) -> DateTime {
        jiff::civil::datetime(2025, 4, 4, 0, 0, 0, 0)
            .checked_add(jiff::SignedDuration::from_secs(second))
            .unwrap()
    }

    /// Gap, length and rate of each segment.
    fn segments(plan: &[(i64, i64, u64)]) -> Vec<Segment> {
        let mut second = 0;
        let segment = |(gap, length, bytes_per_second): &(i64, i64, u64)| {
            let start = second + gap;
            second = start + length;
            Segment {
                start: at(start),
                end: at(second),
                bytes_per_second: *bytes_per_second,
            }
        };
        plan.iter().map(segment).collect()
    }

    fn plan() -> impl Strategy<Value = Vec<(i64, i64, u64)>> {
        proptest::collection::vec((0_i64..5, 1_i64..8, 1_u64..9), 0..8)
    }

    proptest! {
        #[test]
        fn a_window_holds_what_its_seconds_hold(plan in plan(), start in -5_i64..90, length in 0_i64..90) {
            let segments = segments(&plan);
            let found = Track::new(segments.clone()).between(at(start), at(start + length));
            let (mut seconds, mut bytes) = (0, 0);
            for second in start..start + length {
                let held = segments.iter().find(|s| s.start <= at(second) && at(second) < s.end);
                seconds += u64::from(held.is_some());
                bytes += held.map_or(0, |s| s.bytes_per_second);
            }
            prop_assert_eq!((found.seconds, found.bytes), (seconds, bytes));
        }

        #[test]
        fn the_parts_of_a_window_sum_up_to_it(plan in plan(), mut cuts in proptest::collection::vec(-5_i64..90, 2..9)) {
            cuts.sort_unstable();
            let track = Track::new(segments(&plan));
            let between = |a: i64, b: i64| track.between(at(a), at(b));
            let parts = cuts.windows(2).map(|cut| between(cut[0], cut[1]));
            let (seconds, bytes) = parts.fold((0, 0), |(s, b), r| (s + r.seconds, b + r.bytes));
            let whole = between(cuts[0], cuts[cuts.len() - 1]);
            prop_assert_eq!((seconds, bytes), (whole.seconds, whole.bytes));
        }

        #[test]
        fn a_wider_window_holds_no_less(plan in plan(), mut ends in proptest::array::uniform4(-5_i64..90)) {
            ends.sort_unstable();
            let track = Track::new(segments(&plan));
            let (wide, narrow) = (
                track.between(at(ends[0]), at(ends[3])),
                track.between(at(ends[1]), at(ends[2])),
            );
            prop_assert!(wide.seconds >= narrow.seconds && wide.bytes >= narrow.bytes);
        }
    }
}
