//! A clock for mocks that is moved by hand, in small steps. So time stands still for a mock where a busy machine lets
//! nobody else do anything either, and what is to be seen in time is seen.

use std::sync::Arc;
use std::time::Duration;

use smsload_mock::Clock;
use tokio::task::JoinHandle;

/// How much faster than real time it runs.
pub(crate) const SPEED: u32 = 20;
/// Between two moves; under load it becomes longer, and the mock slower.
const TICK: Duration = Duration::from_millis(4);

/// What moves a clock, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Hand(JoinHandle<()>);

impl Drop for Hand {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A clock, and what moves it.
pub(crate) fn ticking() -> (Arc<Clock>, Hand) {
    let clock = Arc::new(Clock::stopped_at("2026-01-05T08:00:00Z".parse().unwrap()));
    let moved = Arc::clone(&clock);
    let hand = tokio::spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            moved.advance(TICK * SPEED);
        }
    });
    (clock, Hand(hand))
}
