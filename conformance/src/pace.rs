//! The pace of a run: how many requests a second its target allows; and care for somebody else's server, while which is
//! taken requests go out one at a time, with a pause between them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::target::Limits;

/// When the next request may be sent.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Between two requests at any time.
    gap: Duration,
    next: Mutex<Option<Instant>>,
    is_careful: AtomicBool,
    /// Between two requests with care.
    careful_gap: Duration,
    careful_last: Mutex<Option<Instant>>,
}

impl Pace {
    pub(crate) fn new(limits: &Limits) -> Self {
        let gap = match limits.requests_per_second {
            Some(most) if most > 0.0 => Duration::try_from_secs_f64(1.0 / most).unwrap_or_default(),
            _ => Duration::ZERO,
        };
        Self {
            gap,
            next: Mutex::default(),
            is_careful: AtomicBool::new(false),
            careful_gap: Duration::from_millis(limits.security_gap_milliseconds.into()),
            careful_last: Mutex::default(),
        }
    }

    pub(crate) fn take_care(&self, is_careful: bool) {
        self.is_careful.store(is_careful, Ordering::Relaxed);
    }

    /// Waits until a request may be sent. With care the turn lasts as long as the guard; the lock is held while waiting
    /// on purpose: it is the queue.
    pub(crate) async fn turn(&self) -> Option<MutexGuard<'_, Option<Instant>>> {
        let guard = if self.is_careful.load(Ordering::Relaxed) {
            let mut last = self.careful_last.lock().await;
            if let Some(last) = *last {
                tokio::time::sleep_until(last + self.careful_gap).await;
            }
            *last = Some(Instant::now());
            Some(last)
        } else {
            None
        };
        if !self.gap.is_zero() {
            let at = self.reserve().await;
            tokio::time::sleep_until(at).await;
        }
        guard
    }

    /// The next free instant. What was not used is not made up for: no burst follows a pause.
    async fn reserve(&self) -> Instant {
        let mut next = self.next.lock().await;
        let at = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
        *next = Some(at + self.gap);
        at
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pace;
    use crate::target::Limits;

    #[tokio::test(start_paused = true)]
    async fn requests_keep_their_distance() {
        let pace = Pace::new(&Limits {
            requests_per_second: Some(4.0),
            ..Limits::default()
        });
        let start = tokio::time::Instant::now();
        futures_util::future::join_all((0..9).map(|_| pace.turn())).await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
        tokio::time::sleep(Duration::from_secs(60)).await;
        let late = tokio::time::Instant::now();
        futures_util::future::join_all((0..3).map(|_| pace.turn())).await;
        assert_eq!(late.elapsed(), Duration::from_millis(500));
    }

    #[tokio::test(start_paused = true)]
    async fn with_care_one_waits_for_the_other() {
        let pace = Pace::new(&Limits::default());
        pace.take_care(true);
        let turn = pace.turn().await;
        assert!(
            tokio::time::timeout(Duration::from_secs(60), pace.turn())
                .await
                .is_err()
        );
        drop(turn);
        let start = tokio::time::Instant::now();
        drop(pace.turn().await);
        drop(pace.turn().await);
        assert_eq!(start.elapsed(), Duration::from_millis(500));
    }
}
