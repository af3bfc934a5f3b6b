//! The timer of the time that a client has for the head of a request.
//!
//! Hyper sets an alarm for each head and throws it away when the head is there. Tokio's timers are kept in one place
//! behind a lock, so that this would cost every request two locks and a large allocation. Here an alarm that is thrown
//! away stays set; the thread's next one takes it over and, should it ring too early, sets it anew. A connection that
//! is used all the time so costs an alarm set every few seconds instead of one for each request. No alarm rings early or
//! late by that: a time is over when Tokio's own timer has rung for it.
//!
//! One alarm is kept for each thread, for as long as it takes until the next is wanted.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::time;

thread_local! {
    static SPARE: Cell<Option<Spare>> = const { Cell::new(None) };
}

/// An alarm that nobody waits for.
struct Spare {
    timer: u64,
    alarm: Pin<Box<time::Sleep>>,
}

/// Hyper's timer for one server, which runs in one runtime.
#[derive(Debug, Clone)]
pub(crate) struct HeadTimer {
    /// Its number, since the alarms of another runtime are of no use.
    number: u64,
}

impl HeadTimer {
    pub(crate) fn new() -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Waiting {
            timer: self.number,
            deadline: deadline.into(),
            alarm: None,
        })
    }

    fn now(&self) -> Instant {
        time::Instant::now().into()
    }
}

/// A time that is waited for.
struct Waiting {
    timer: u64,
    deadline: time::Instant,
    /// There once it was asked for.
    alarm: Option<Pin<Box<time::Sleep>>>,
}

impl Waiting {
    /// The alarm that the thread has left, or a new one.
    fn alarm(&self) -> Pin<Box<time::Sleep>> {
        let spare = SPARE.take().filter(|spare| spare.timer == self.timer);
        let Some(Spare { mut alarm, .. }) = spare else {
            return Box::pin(time::sleep_until(self.deadline));
        };
        if alarm.deadline() > self.deadline {
            alarm.as_mut().reset(self.deadline);
        }
        alarm
    }
}

impl Future for Waiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut alarm = match self.alarm.take() {
            Some(alarm) => alarm,
            None => self.alarm(),
        };
        let is_over = loop {
            let is_ringing = alarm.as_mut().poll(context).is_ready();
            if !is_ringing || alarm.deadline() >= self.deadline {
                break is_ringing;
            }
            // It was set for an earlier time.
            alarm.as_mut().reset(self.deadline);
        };
        self.alarm = Some(alarm);
        if is_over {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Sleep for Waiting {}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(alarm) = self.alarm.take() {
            let timer = self.timer;
            // While a thread ends there is no place for it, and it is thrown away.
            let _ = SPARE.try_with(|spare| spare.set(Some(Spare { timer, alarm })));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::{Duration, Instant};

    use hyper::rt::Timer as _;

    use super::{HeadTimer, SPARE};

    /// Asks for an alarm once, and throws it away.
    async fn throw_away(timer: &HeadTimer, time: Duration) {
        let mut thrown = timer.sleep(time);
        let asked = poll_fn(|context| Poll::Ready(thrown.as_mut().poll(context))).await;
        assert!(asked.is_pending());
        drop(thrown);
        let spare = SPARE.take();
        assert!(spare.is_some(), "it is kept");
        SPARE.set(spare);
    }

    fn run(future: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(future);
    }

    #[test]
    fn rings_in_time_whatever_was_thrown_away_before() {
        let time = Duration::from_millis(40);
        run(async {
            let timer = HeadTimer::new();
            for earlier in [time / 4, time * 2, Duration::from_secs(3_600)] {
                throw_away(&timer, earlier).await;
                let started = Instant::now();
                timer.sleep(time).await;
                let passed = started.elapsed();
                assert!(passed >= time, "{passed:?} after one of {earlier:?}");
                // Far from the hour that was thrown away.
                assert!(passed < Duration::from_secs(60), "{passed:?}");
            }
        });
    }

    #[test]
    fn takes_no_alarm_of_another_runtime() {
        run(async { throw_away(&HeadTimer::new(), Duration::from_millis(1)).await });
        run(async { HeadTimer::new().sleep(Duration::from_millis(2)).await });
    }
}
