//! The mock's clock: real time, faster or slower, stopped, or moved by hand.
//!
//! All times of the mock come from here: the progress of jobs, how long they are kept, and what "the future" is. Mock
//! time is counted in microseconds from the making of the clock (a [`Moment`]); it never goes back, whatever is done to
//! the clock. Its wall time starts at the host's and moves with it, so that an hour passed by hand is an hour there
//! too. Limits: microseconds, some 584,000 years of them; what is beyond stays at the end.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A point of mock time: microseconds since the clock was made.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Moment(u64);

impl Moment {
    /// The point so many microseconds after the clock was made.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the clock was made.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Microseconds since another point; 0 if that is later.
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The point so many microseconds later.
    #[must_use]
    pub const fn plus_micros(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

/// How much mock time passes in a unit of real time: more than 0, at most [`Speed::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Speed(f64);

/// A number is no speed of a clock.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "{0} is no speed of a clock: give a number above 0 and up to 1000000 (1 is real time, 10 is ten times faster)"
)]
pub struct SpeedError(f64);

impl Speed {
    /// Real time.
    pub const REAL: Self = Self(1.0);
    /// The greatest speed: at it eleven days pass in a second.
    pub const MAX: Self = Self(1_000_000.0);

    /// A speed.
    ///
    /// # Errors
    /// If it is not a number, not above 0, or above [`Speed::MAX`].
    pub fn new(factor: f64) -> Result<Self, SpeedError> {
        if factor > 0.0 && factor <= Self::MAX.0 {
            Ok(Self(factor))
        } else {
            Err(SpeedError(factor))
        }
    }

    /// Mock time in a unit of real time.
    #[must_use]
    pub const fn factor(self) -> f64 {
        self.0
    }
}

/// A clock. It is shared: every method takes `&self`.
///
/// The lock is held for reading a few words, never over anything that waits.
#[derive(Debug)]
pub struct Clock {
    origin: Timestamp,
    state: RwLock<State>,
}

/// Mock time as a straight line through (`real`, `mock`); the line is replaced whenever its slope changes.
#[derive(Debug, Clone, Copy)]
struct State {
    real: Instant,
    mock: Moment,
    speed: Speed,
    is_paused: bool,
}

impl State {
    fn at(&self, real: Instant) -> Moment {
        if self.is_paused {
            return self.mock;
        }
        let passed = real.saturating_duration_since(self.real).as_secs_f64() * 1e6 * self.speed.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "never negative; beyond u64 the cast stays at its end"
        )]
        self.mock.plus_micros(passed as u64)
    }
}

impl Clock {
    /// A clock that runs, from the host's present time.
    #[must_use]
    pub fn new(speed: Speed) -> Self {
        Self::at(Timestamp::now(), speed)
    }

    /// A clock that runs, from another time.
    #[must_use]
    pub fn at(origin: Timestamp, speed: Speed) -> Self {
        let state = State {
            real: Instant::now(),
            mock: Moment(0),
            speed,
            is_paused: false,
        };
        Self {
            origin,
            state: RwLock::new(state),
        }
    }

    /// A clock that stands at a time until it is moved by hand.
    #[must_use]
    pub fn stopped_at(origin: Timestamp) -> Self {
        let clock = Self::at(origin, Speed::REAL);
        clock.change(|state| {
            state.mock = Moment(0);
            state.is_paused = true;
        });
        clock
    }

    /// Mock time.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .at(Instant::now())
    }

    /// The wall time that belongs to a point of mock time.
    #[must_use]
    pub fn wall(&self, moment: Moment) -> Timestamp {
        let micros = i64::try_from(moment.0).unwrap_or(i64::MAX);
        let passed = SignedDuration::from_micros(micros);
        self.origin.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// Stops the clock; what is stopped already stays so.
    pub fn pause(&self) {
        self.change(|state| state.is_paused = true);
    }

    /// Lets the clock run on from where it stands.
    pub fn resume(&self) {
        self.change(|state| state.is_paused = false);
    }

    /// True while the clock is stopped.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_paused
    }

    /// Moves the clock forward at once, whether it runs or not.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.change(|state| state.mock = state.mock.plus_micros(micros));
    }

    /// Changes the speed from now on; what has passed stays passed.
    pub fn set_speed(&self, speed: Speed) {
        self.change(|state| state.speed = speed);
    }

    /// The speed at which the clock runs when it is not stopped.
    #[must_use]
    pub fn speed(&self) -> Speed {
        self.state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .speed
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock: a time read before it could lie before one that another caller was told.
        let real = Instant::now();
        state.mock = state.at(real);
        state.real = real;
        change(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{Clock, Moment, Speed, State};

    #[test]
    fn a_speed_is_above_zero_and_bounded() {
        for bad in [
            0.0,
            -1.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            1_000_000.1,
        ] {
            let error = Speed::new(bad).unwrap_err().to_string();
            assert!(error.contains("above 0"), "{error}");
        }
        for good in [f64::MIN_POSITIVE, 0.5, 1.0, 1_000_000.0] {
            assert!(Speed::new(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_stopped_clock_moves_by_hand_only() {
        let origin: Timestamp = "2025-04-04T00:00:00Z".parse().unwrap();
        let clock = Clock::stopped_at(origin);
        assert!(clock.is_paused());
        assert_eq!(clock.now(), Moment(0));
        clock.advance(Duration::from_secs(3600));
        assert_eq!(clock.now(), Moment(3_600_000_000));
        assert_eq!(clock.wall(clock.now()).to_string(), "2025-04-04T01:00:00Z");
        clock.set_speed(Speed::MAX);
        assert_eq!(clock.now(), Moment(3_600_000_000));
        clock.resume();
        clock.pause();
        let stopped = clock.now();
        assert!(stopped >= Moment(3_600_000_000));
        assert_eq!(clock.now(), stopped);
    }

    #[test]
    fn it_runs_as_fast_as_it_should() {
        let real = Instant::now();
        let state = State {
            real,
            mock: Moment(7),
            speed: Speed(2.5),
            is_paused: false,
        };
        assert_eq!(state.at(real + Duration::from_secs(4)), Moment(10_000_007));
        assert_eq!(state.at(real), Moment(7));
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let clock = Clock::new(Speed::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Moment(u64::MAX));
        assert_eq!(clock.wall(clock.now()), Timestamp::MAX);
    }

    proptest! {
        #[test]
        fn it_never_goes_back(steps in proptest::collection::vec((0_u8..4, 1_u64..1_000_000), 1..50)) {
            let clock = Clock::new(Speed::REAL);
            let mut last = clock.now();
            for (what, amount) in steps {
                match what {
                    0 => clock.pause(),
                    1 => clock.resume(),
                    2 => clock.advance(Duration::from_micros(amount)),
                    _ => clock.set_speed(Speed::new(amount as f64).unwrap()),
                }
                let now = clock.now();
                prop_assert!(now >= last);
                last = now;
            }
        }
    }
}
