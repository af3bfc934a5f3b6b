//! How the progress of a job goes: a pure function of the share of its time that has passed.
//!
//! Every course is monotone and has the whole file exactly at its end, never before; one that stalls, fails or never
//! starts has no end. Where a course depends on chance, it comes from the size and the transfer time of the job, which
//! come from the seed: the same window has the same history, whatever else is started.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::hash;

/// Slots of time that a bursty transfer is cut into; one digit of a hash each.
const BURSTS: u32 = 16;
/// Bits behind the point of a share.
const BITS: u32 = 32;
/// Bits of a share within one burst.
const BURST_BITS: u32 = BITS - BURSTS.ilog2();

/// How the progress of a job goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Course {
    /// At the same speed from start to end.
    #[default]
    Linear,
    /// It stands still, then hurries, sixteen times, each time another way.
    Bursty,
    /// Slowly at first, then faster and faster: with the square of the time.
    SlowStart,
    /// At one speed until so many percent are there, and no further until it is resumed by hand.
    StallsAt(Percent),
    /// At one speed until so many percent are there; then it has failed for good.
    FailsAt(Percent),
    /// Accepted, and never begun unless it is resumed by hand.
    NeverStarts,
}

/// Whole percent short of the end: 0 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u8);

/// A text or number is no course, or no percent of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CourseError {
    /// A number is no percent short of the end.
    #[error("{0} percent is not short of the end: give a whole number from 0 to 99")]
    Percent(u64),
    /// A text names no course.
    #[error(
        "`{0}` is no course: give linear, bursty, slow-start, never-starts, stalls-at=PERCENT or fails-at=PERCENT (0 to 99)"
    )]
    Name(String),
}

impl Percent {
    /// A percent.
    ///
    /// # Errors
    /// If it is above 99: what stops at the end has not stopped.
    pub fn new(percent: u64) -> Result<Self, CourseError> {
        match u8::try_from(percent) {
            Ok(small) if small < 100 => Ok(Self(small)),
            _ => Err(CourseError::Percent(percent)),
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// What is to be brought over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole {
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Microseconds from start to end.
    pub(crate) micros: u64,
}

impl Whole {
    fn at_one_speed(self, passed: u64) -> u64 {
        if passed >= self.micros {
            return self.bytes;
        }
        self.times(passed.into(), self.micros.into())
    }

    /// The bytes of a share, rounded down.
    fn times(self, part: u128, of: u128) -> u64 {
        let bytes = (u128::from(self.bytes) * part).checked_div(of);
        bytes
            .and_then(|b| u64::try_from(b).ok())
            .unwrap_or(self.bytes)
    }

    /// The share of the time that has passed, with [`BITS`] behind the point; below 1 until the end.
    fn share(self, passed: u64) -> u64 {
        let share = (u128::from(passed) << BITS).checked_div(self.micros.into());
        share
            .and_then(|s| u64::try_from(s).ok())
            .map_or(1 << BITS, |s| s.min(1 << BITS))
    }

    /// The first bytes that are so many percent, short of all of them.
    fn bytes_at(self, percent: Percent) -> u64 {
        let bytes = (u128::from(self.bytes) * u128::from(percent.0)).div_ceil(100);
        let short = self.bytes.saturating_sub(1);
        u64::try_from(bytes).map_or(short, |b| b.min(short))
    }

    /// When so many percent are there.
    fn micros_at(self, percent: Percent) -> u64 {
        let micros = match self.bytes {
            0 => (u128::from(self.micros) * u128::from(percent.0)).div_ceil(100),
            bytes => (u128::from(self.micros) * u128::from(self.bytes_at(percent)))
                .div_ceil(bytes.into()),
        };
        u64::try_from(micros).map_or(self.micros, |m| m.min(self.micros))
    }
}

impl Course {
    /// Bytes that are there when so many microseconds have passed.
    pub(crate) fn done(self, whole: Whole, passed: u64) -> u64 {
        let one = 1_u128 << BITS;
        match self {
            Self::Linear => whole.at_one_speed(passed),
            Self::SlowStart => {
                let share = u128::from(whole.share(passed));
                whole.times(share * share, one * one)
            }
            Self::Bursty => whole.times(in_bursts(whole, passed).into(), one),
            Self::StallsAt(percent) | Self::FailsAt(percent) => {
                whole.at_one_speed(passed).min(whole.bytes_at(percent))
            }
            Self::NeverStarts => 0,
        }
    }

    /// The microseconds after which it goes no further, if that is before the end.
    pub(crate) fn halt(self, whole: Whole) -> Option<u64> {
        match self {
            Self::StallsAt(percent) | Self::FailsAt(percent) => Some(whole.micros_at(percent)),
            Self::NeverStarts => Some(0),
            Self::Linear | Self::Bursty | Self::SlowStart => None,
        }
    }
}

/// The share of the file: in each slot it stands still for one half and hurries in the other; how much a slot brings
/// is a hexadecimal digit of a hash.
fn in_bursts(whole: Whole, passed: u64) -> u64 {
    let share = whole.share(passed);
    let slot = share >> BURST_BITS;
    let hash = hash::stable(&[&whole.bytes.to_le_bytes(), &whole.micros.to_le_bytes()]);
    // The last slot brings something, so that the whole is there at the end and not before.
    let weight = |n: u64| (hash >> (4 * n) & 0xf) | u64::from(n + 1 == u64::from(BURSTS));
    let sum = |to: u64| (0..to).map(weight).sum::<u64>();
    let total = sum(u64::from(BURSTS));
    if slot >= u64::from(BURSTS) {
        return 1 << BITS;
    }
    let half = 1 << (BURST_BITS - 1);
    let inside = (share & ((1 << BURST_BITS) - 1)).saturating_sub(half) * 2;
    let bursts = (sum(slot) << BURST_BITS) + weight(slot) * inside;
    bursts * u64::from(BURSTS) / total
}

impl FromStr for Course {
    type Err = CourseError;

    fn from_str(text: &str) -> Result<Self, CourseError> {
        let unknown = || CourseError::Name(text.to_owned());
        let percent = |digits: &str| Percent::new(digits.parse().map_err(|_| unknown())?);
        match text.split_once('=') {
            None => match text {
                "linear" => Ok(Self::Linear),
                "bursty" => Ok(Self::Bursty),
                "slow-start" => Ok(Self::SlowStart),
                "never-starts" => Ok(Self::NeverStarts),
                _ => Err(unknown()),
            },
            Some(("stalls-at", digits)) => percent(digits).map(Self::StallsAt),
            Some(("fails-at", digits)) => percent(digits).map(Self::FailsAt),
            Some(_) => Err(unknown()),
        }
    }
}

impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linear => f.write_str("linear"),
            Self::Bursty => f.write_str("bursty"),
            Self::SlowStart => f.write_str("slow-start"),
            Self::NeverStarts => f.write_str("never-starts"),
            Self::StallsAt(percent) => write!(f, "stalls-at={}", percent.0),
            Self::FailsAt(percent) => write!(f, "fails-at={}", percent.0),
        }
    }
}

impl TryFrom<String> for Course {
    type Error = CourseError;

    fn try_from(text: String) -> Result<Self, CourseError> {
        text.parse()
    }
}

impl From<Course> for String {
    fn from(course: Course) -> Self {
        course.to_string()
    }
}

/// Any course, for properties.
#[cfg(test)]
pub(crate) fn drawn() -> impl proptest::strategy::Strategy<Value = Course> {
    use proptest::prelude::*;
    prop_oneof![
        Just(Course::Linear),
        Just(Course::Bursty),
        Just(Course::SlowStart),
        Just(Course::NeverStarts),
        (0_u8..100).prop_map(|p| Course::StallsAt(Percent(p))),
        (0_u8..100).prop_map(|p| Course::FailsAt(Percent(p))),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Course, Percent, Whole, drawn};

    #[test]
    fn every_course_can_be_written_and_read() {
        for text in [
            "linear",
            "bursty",
            "slow-start",
            "never-starts",
            "stalls-at=0",
            "fails-at=99",
        ] {
            assert_eq!(text.parse::<Course>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "Linear",
            "stalls-at",
            "stalls-at=",
            "stalls-at=x",
            "fails-at=-1",
            "linear=3",
        ] {
            let error = bad.parse::<Course>().unwrap_err().to_string();
            assert!(error.contains("give linear"), "{error}");
        }
        let error = "fails-at=100".parse::<Course>().unwrap_err().to_string();
        assert!(error.contains("0 to 99"), "{error}");
    }

    #[test]
    fn courses_go_as_they_say() {
        let whole = Whole {
            bytes: 1_000_003,
            micros: 1_000,
        };
        let percent = |course: Course, passed| course.done(whole, passed) * 100 / whole.bytes;
        let forty = Percent(40);
        assert_eq!(percent(Course::Linear, 501), 50);
        assert_eq!(percent(Course::SlowStart, 500), 24);
        assert_eq!(percent(Course::SlowStart, 100), 0);
        for passed in [400, 401, 1_000, u64::MAX] {
            assert_eq!(
                percent(Course::StallsAt(forty), passed),
                if passed == 400 { 39 } else { 40 }
            );
        }
        assert_eq!(Course::FailsAt(forty).halt(whole), Some(401));
        assert_eq!(Course::FailsAt(Percent(0)).halt(whole), Some(0));
        // The figures of one seed, written down: a changed history would be a changed mock.
        let bursts = [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]
            .map(|passed| percent(Course::Bursty, passed));
        assert_eq!(bursts, [0, 3, 19, 21, 35, 49, 62, 72, 79, 83, 100]);
    }

    proptest! {
        #[test]
        fn monotone_and_whole_at_the_end_only(
            course in drawn(),
            bytes in prop_oneof![0_u64..5, any::<u64>()],
            micros in prop_oneof![1_u64..50, 1_u64..u64::MAX],
            mut at in proptest::collection::vec(any::<u64>(), 2..20),
        ) {
            let whole = Whole { bytes, micros };
            at.iter_mut().for_each(|at| *at %= micros);
            at.sort_unstable();
            let mut last = 0;
            for passed in at {
                let done = course.done(whole, passed);
                prop_assert!(done >= last);
                prop_assert!(done < bytes || bytes == 0);
                last = done;
            }
            let end = course.done(whole, micros);
            prop_assert!(end >= last);
            match course.halt(whole) {
                None => prop_assert_eq!(end, bytes),
                Some(halt) => {
                    prop_assert!(halt <= micros && (end < bytes || bytes == 0));
                    prop_assert_eq!(course.done(whole, halt), end);
                }
            }
        }
    }
}
