//! What a clock does.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Clock, ClockStart, Moment, Speed, State};

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
        origin: Timestamp::UNIX_EPOCH,
        real,
        mock: Moment(7),
        speed: Speed(2.5),
        is_paused: false,
    };
    assert_eq!(state.at(real + Duration::from_secs(4)), Moment(10_000_007));
    assert_eq!(state.at(real), Moment(7));
}

#[test]
fn it_starts_again_and_goes_back_to_what_it_showed() {
    let origin: Timestamp = "2025-04-04T00:00:00Z".parse().unwrap();
    let clock = Clock::stopped_at(origin);
    let start = clock.as_start();
    clock.advance(Duration::from_secs(60));
    let shown = clock.reading();
    clock.advance(Duration::from_secs(60));
    clock.set_speed(Speed::MAX);
    clock.restore(shown);
    assert_eq!(clock.reading(), shown);
    clock.resume();
    clock.restart(start);
    assert_eq!((clock.now(), clock.is_paused()), (Moment(0), true));
    assert_eq!(clock.wall(clock.now()), origin);
    let running = ClockStart {
        origin: None,
        ..start
    };
    clock.restart(running);
    assert!(clock.wall(clock.now()) > origin, "the host's time");
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

#[test]
fn it_says_how_long_to_wait_and_that_it_was_changed() {
    let clock = Clock::stopped_at(Timestamp::UNIX_EPOCH);
    let mut changes = clock.changes();
    assert!(!changes.has_changed().unwrap());
    assert_eq!(clock.until(Moment(0)), Some(Duration::ZERO));
    assert_eq!(clock.until(Moment(1)), None);
    clock.advance(Duration::from_secs(1));
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    assert_eq!(clock.until(Moment(1_000_000)), Some(Duration::ZERO));
    clock.set_speed(Speed(0.5));
    clock.resume();
    assert!(changes.has_changed().unwrap());
    let wait = clock.until(Moment(101_000_000)).unwrap();
    assert!(wait <= Duration::from_micros(200_000_001));
    assert!(wait > Duration::from_secs(190));
    clock.set_speed(Speed(f64::MIN_POSITIVE));
    assert_eq!(clock.until(Moment(u64::MAX)), Some(Duration::MAX));
}
