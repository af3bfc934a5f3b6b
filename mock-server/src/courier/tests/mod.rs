//! The courier over real sockets. No test sleeps: the clock is moved by hand, and [`Bench::settle`] waits until nothing
//! is left to do.

mod addresses;
mod faults;
mod load;
mod order;
mod pool;
mod receiver;
mod retries;
mod slow;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method};
use jiff::Timestamp;
use tokio::time::timeout;

use super::{
    Address, Attempt, Courier, Fault, JobKey, Message, Record, Settings, Source, Steps, Then, Told,
    Upcoming, Work,
};
use crate::clock::{Clock, Moment};

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(300);

type Faults = Box<dyn Fn(&Upcoming<'_>) -> Option<Fault> + Send + Sync>;

/// Jobs that grow steadily; a body is `job percent`.
struct Table {
    work: Mutex<HashMap<u64, Work>>,
    steps: Steps,
    faults: Faults,
}

impl Source for Table {
    fn tell(&self, job: JobKey, now: Moment) -> Told {
        let Some(work) = self.work.lock().unwrap().get(&job.0).copied() else {
            return Told::Gone;
        };
        let next = self.steps.next(&work, now);
        let passed = now.micros_since(work.started);
        let percent = (passed * 100 / work.transfer_micros).min(100);
        if percent == 0 {
            return Told::Nothing { next };
        }
        Told::Say(Message {
            method: Method::POST,
            content_type: HeaderValue::from_static("application/json"),
            body: Bytes::from(format!("{} {percent}", job.0)),
            mark: self.steps.mark(&work, now),
            is_end: next.is_none(),
            next,
        })
    }

    fn fault(&self, attempt: &Upcoming<'_>) -> Option<Fault> {
        (self.faults)(attempt)
    }
}

#[derive(Default)]
struct Journal(Mutex<Vec<Attempt>>);

impl Record for Journal {
    fn record(&self, attempt: Attempt) {
        self.0.lock().unwrap().push(attempt);
    }
}

/// A courier with a stopped clock, jobs of 100 s with a step every 10 s, and its journal.
struct Bench {
    courier: Courier,
    clock: Arc<Clock>,
    table: Arc<Table>,
    journal: Arc<Journal>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Settings::default(), |_| None)
    }

    fn with(
        settings: Settings,
        faults: impl Fn(&Upcoming<'_>) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let clock = Arc::new(Clock::stopped_at(Timestamp::UNIX_EPOCH));
        let journal = Arc::new(Journal::default());
        let table = Arc::new(Table {
            work: Mutex::default(),
            steps: Steps::default(),
            faults: Box::new(faults),
        });
        let source: Arc<dyn Source> = Arc::clone(&table) as _;
        let record: Arc<dyn Record> = Arc::clone(&journal) as _;
        let courier = Courier::start(settings, Arc::clone(&clock), source, record).unwrap();
        Self {
            courier,
            clock,
            table,
            journal,
        }
    }

    /// Starts a job of 100 s and follows it.
    fn start(&self, job: u64, address: &str) {
        let work = Work {
            started: self.clock.now(),
            transfer_micros: 100_000_000,
            bytes: 1_000_000,
        };
        self.table.work.lock().unwrap().insert(job, work);
        let first = self.table.steps.next(&work, work.started).unwrap();
        let address = Address::parse(address).unwrap();
        self.courier.follow(JobKey(job), address, first).unwrap();
    }

    async fn settle(&self) {
        timeout(PATIENCE, self.courier.settled()).await.unwrap();
    }

    /// Moves the clock and waits until everything that is due by then is done.
    async fn pass(&self, seconds: f64) {
        self.clock.advance(Duration::from_secs_f64(seconds));
        self.settle().await;
    }

    fn attempts(&self) -> Vec<Attempt> {
        self.journal.0.lock().unwrap().clone()
    }

    /// What followed from each attempt.
    fn thens(&self) -> Vec<&'static str> {
        let name = |attempt: &Attempt| match attempt.then {
            Then::Acknowledged => "acknowledged",
            Then::Retry(_) => "retry",
            Then::GivenUp => "given up",
            Then::Stopped => "stopped",
            Then::Held => "held",
        };
        self.attempts().iter().map(name).collect()
    }
}
