//! The mock's clock: real time, faster or slower, stopped, or moved by hand.
//!
//! All times of the mock come from here: the progress of jobs, how long they are kept, and what "the future" is. Mock
//! time is counted in microseconds from the making of the clock (a [`Moment`]); it never goes back, whatever is done to
//! the clock, but for [`Clock::restart`] and [`Clock::restore`], which begin a new history. Its wall time starts at the
//! host's and moves with it, so that an hour passed by hand is an hour there too. Limits: microseconds, some 584,000 years of them; what is beyond stays at the end.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

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
    start: ClockStart,
    state: RwLock<State>,
    changed: watch::Sender<()>,
}

/// How a clock starts, and starts again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockStart {
    /// Its first wall time; nothing means the host's at that time.
    pub origin: Option<Timestamp>,
    /// Its speed.
    pub speed: Speed,
    /// Whether it stands until it is moved by hand.
    pub is_paused: bool,
}

/// What a clock shows, and how it goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockReading {
    /// Mock time.
    pub now: Moment,
    /// The wall time that belongs to it.
    pub wall: Timestamp,
    /// The speed at which it runs when it is not stopped.
    pub speed: Speed,
    /// Whether it is stopped.
    pub is_paused: bool,
}

/// Mock time as a straight line through (`real`, `mock`); the line is replaced whenever its slope changes.
#[derive(Debug, Clone, Copy)]
struct State {
    /// The wall time of the first moment.
    origin: Timestamp,
    real: Instant,
    mock: Moment,
    speed: Speed,
    is_paused: bool,
}

impl State {
    fn start(start: ClockStart) -> Self {
        Self {
            origin: start.origin.unwrap_or_else(Timestamp::now),
            real: Instant::now(),
            mock: Moment(0),
            speed: start.speed,
            is_paused: start.is_paused,
        }
    }

    fn wall(&self, moment: Moment) -> Timestamp {
        let micros = i64::try_from(moment.0).unwrap_or(i64::MAX);
        let passed = SignedDuration::from_micros(micros);
        self.origin.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

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
        Self::starting(ClockStart {
            origin: None,
            speed,
            is_paused: false,
        })
    }

    /// A clock that runs, from another time.
    #[must_use]
    pub fn at(origin: Timestamp, speed: Speed) -> Self {
        Self::starting(ClockStart {
            origin: Some(origin),
            speed,
            is_paused: false,
        })
    }

    /// A clock that stands at a time until it is moved by hand.
    #[must_use]
    pub fn stopped_at(origin: Timestamp) -> Self {
        Self::starting(ClockStart {
            origin: Some(origin),
            speed: Speed::REAL,
            is_paused: true,
        })
    }

    /// A clock that starts so.
    #[must_use]
    pub fn starting(start: ClockStart) -> Self {
        Self {
            start,
            state: RwLock::new(State::start(start)),
            changed: watch::Sender::new(()),
        }
    }

    /// How it started, with the speed and the pause that it has now: how a clock beside it starts.
    #[must_use]
    pub fn as_start(&self) -> ClockStart {
        let state = *self.read();
        ClockStart {
            origin: self.start.origin,
            speed: state.speed,
            is_paused: state.is_paused,
        }
    }

    /// Begins a new history: mock time 0, as another clock starts.
    pub fn restart(&self, start: ClockStart) {
        self.replace(State::start(start));
    }

    /// Begins a new history at what another clock showed.
    pub fn restore(&self, reading: ClockReading) {
        let micros = i64::try_from(reading.now.0).unwrap_or(i64::MAX);
        let origin = reading
            .wall
            .checked_sub(SignedDuration::from_micros(micros))
            .unwrap_or(Timestamp::MIN);
        self.replace(State {
            origin,
            real: Instant::now(),
            mock: reading.now,
            speed: reading.speed,
            is_paused: reading.is_paused,
        });
    }

    /// What it shows, all at one instant.
    #[must_use]
    pub fn reading(&self) -> ClockReading {
        let state = *self.read();
        let now = state.at(Instant::now());
        ClockReading {
            now,
            wall: state.wall(now),
            speed: state.speed,
            is_paused: state.is_paused,
        }
    }

    /// Mock time.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.read().at(Instant::now())
    }

    /// The wall time that belongs to a point of mock time.
    #[must_use]
    pub fn wall(&self, moment: Moment) -> Timestamp {
        self.read().wall(moment)
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
        self.read().is_paused
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
        self.read().speed
    }

    /// Real time from now until a point of mock time, if nothing changes the clock meanwhile (see [`Clock::changes`]):
    /// none while it is stopped before that point, zero if the point is reached.
    #[must_use]
    pub fn until(&self, moment: Moment) -> Option<Duration> {
        let state = *self.read();
        let left = moment.micros_since(state.at(Instant::now()));
        if left == 0 {
            return Some(Duration::ZERO);
        }
        if state.is_paused {
            return None;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a wait needs no more than 53 bits"
        )]
        let seconds = left as f64 / 1e6 / state.speed.0;
        // A microsecond more, so that rounding never wakes anybody before the point.
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        Some(wait.saturating_add(Duration::from_micros(1)))
    }

    /// Reports every later change of the clock: stopped, resumed, moved by hand, another speed, another history.
    ///
    /// No change is missed between two waits; several at once may be reported as one.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.change_state(change);
        // After the lock: whoever is woken reads the state at once.
        self.changed.send_replace(());
    }

    fn replace(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed.send_replace(());
    }

    fn change_state(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock: a time read before it could lie before one that another caller was told.
        let real = Instant::now();
        state.mock = state.at(real);
        state.real = real;
        change(&mut state);
    }
}

#[cfg(test)]
mod tests;
