//! How long a connection waits for the head of a request.
//!
//! Hyper has a timeout for it, which asks for an alarm for each head and throws it away when the head is there. Tokio
//! keeps alarms behind a lock, and waking a task takes a reference to it, so that this costs a tenth of what a short
//! answer takes. Here each connection has one alarm, which stays set: if it rings too early, because a request has
//! come meanwhile, it is set anew. A connection that is used all the time sets it every few seconds, and no request
//! asks what time it is: the silence after an answer is counted from when the alarm rings next, and so lasts up to twice
//! as long as a head may take.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A wait that begins and ends many times, and may last so long each time.
#[derive(Debug)]
pub(crate) struct Waiting {
    at_most: Duration,
    since: Option<Instant>,
    /// There once anything was waited for.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Waiting {
    pub(crate) const fn new(at_most: Duration) -> Self {
        Self {
            at_most,
            since: None,
            alarm: None,
        }
    }

    /// Whether the task will be woken.
    pub(crate) fn is_alarmed(&self) -> bool {
        self.alarm.as_ref().is_some_and(|alarm| !alarm.is_elapsed())
    }

    /// It came, or something else is waited for.
    pub(crate) const fn end(&mut self) {
        self.since = None;
    }

    /// Begins to wait, or goes on; ready when that has lasted too long. Else the task is woken then.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let Some(deadline) = since.checked_add(self.at_most) else {
            return Poll::Pending;
        };
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            if alarm.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            // It was set for an earlier time.
            alarm.as_mut().reset(deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::Waiting;

    const TIME: Duration = Duration::from_secs(5);

    /// Whether it is over now.
    async fn is_over(waiting: &mut Waiting) -> bool {
        poll_fn(|context| Poll::Ready(waiting.poll(context).is_ready())).await
    }

    #[tokio::test(start_paused = true)]
    async fn wakes_when_it_has_lasted_too_long() {
        let (mut waiting, started) = (Waiting::new(TIME), Instant::now());
        poll_fn(|context| waiting.poll(context)).await;
        assert!(started.elapsed() >= TIME);
        assert!(started.elapsed() < TIME * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_its_whole_time() {
        let mut waiting = Waiting::new(TIME);
        for _ in 0..4 {
            assert!(!is_over(&mut waiting).await);
            advance(TIME - Duration::from_secs(1)).await;
            assert!(!is_over(&mut waiting).await, "a second is left");
            waiting.end();
            advance(TIME).await;
        }
        let started = Instant::now();
        poll_fn(|context| waiting.poll(context)).await;
        assert!(started.elapsed() >= TIME, "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_in_pieces_has_no_more_time() {
        let mut waiting = Waiting::new(TIME);
        for _ in 0..5 {
            assert!(!is_over(&mut waiting).await);
            advance(Duration::from_secs(1)).await;
        }
        assert!(is_over(&mut waiting).await);
    }
}
