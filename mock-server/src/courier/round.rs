//! One round for one job: ask the source, send what it says, judge what came back, record it.
//!
//! A round is given the job's [`Course`] and gives it back; nothing is shared and nothing is locked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use tokio::time::Instant;

use super::address::Address;
use super::client::{Client, Exchange, Letter};
use super::lanes::Pace;
use super::record::{Answer, Attempt, Failure, Record, Then};
use super::retry::draw;
use super::settings::Settings;
use super::source::{Fault, JobKey, Message, Source, Told, Upcoming};
use crate::clock::{Clock, Moment};

/// A source that says "again at once" without anything new is asked again after this, in mock time.
const MIN_REST_MICROS: u64 = 1_000;

/// What all rounds use.
pub(super) struct Van {
    pub(super) settings: Settings,
    pub(super) clock: Arc<Clock>,
    pub(super) source: Arc<dyn Source>,
    pub(super) record: Arc<dyn Record>,
    pub(super) client: Client,
}

/// How far the telling of a job has come.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// The mark that was acknowledged last.
    told: Option<u64>,
    /// Deliveries that are over.
    deliveries: u32,
    /// Failed attempts at the present one.
    failures: u32,
    /// Whether the present one is the end.
    is_at_end: bool,
    /// Kept by [`Fault::Delay`]: sent next, as it is.
    late: Option<Box<Message>>,
    /// Kept by [`Fault::OutOfOrder`], with its delivery's number: sent after the next.
    behind: Option<Box<(u32, Message)>>,
}

impl Course {
    /// A course that goes on elsewhere.
    pub(super) fn resumed(told: Option<u64>, deliveries: u32) -> Self {
        Self {
            told,
            deliveries,
            ..Self::default()
        }
    }

    /// Whether nothing but the source decides when the next round is.
    pub(super) fn is_free(&self) -> bool {
        self.failures == 0 && self.late.is_none()
    }
}

/// A job's turn to have a round.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) job: JobKey,
    pub(super) address: Address,
    pub(super) course: Course,
    /// Since when it waited for its place.
    pub(super) queued: Instant,
    /// Whether its receiver is slow.
    pub(super) is_slow: bool,
}

/// A round's end.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) course: Course,
    pub(super) next: Next,
    pub(super) pace: Pace,
}

/// When a job has its next round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    At(Moment),
    /// When somebody changes the job.
    OnNudge,
    /// Never: it is forgotten.
    Over,
}

impl From<Option<Moment>> for Next {
    fn from(next: Option<Moment>) -> Self {
        next.map_or(Self::OnNudge, Self::At)
    }
}

/// An attempt under way: what is recorded besides what comes of it.
struct Trial<'a> {
    message: &'a Message,
    delivery: u32,
    number: u32,
    body: Bytes,
    fault: Option<Fault>,
    /// Whether nothing more is sent for the job once this is over with.
    closes: bool,
}

impl Round {
    /// Has the round.
    pub(super) async fn run(mut self, van: &Van) -> Done {
        let now = van.clock.now();
        let (next, took) = if let Some(message) = self.course.late.take() {
            self.attempt(van, &message, None).await
        } else {
            match van.source.tell(self.job, now) {
                Told::Gone => (Next::Over, None),
                Told::Nothing { next } => (rest(next, now), None),
                Told::Say(message) if !message.is_end && self.course.told == Some(message.mark) => {
                    self.course.failures = 0;
                    (rest(message.next, now), None)
                }
                Told::Say(message) => self.tell(van, message, now).await,
            }
        };
        let pace = match took {
            None => Pace::Unknown,
            Some(took) if took >= van.settings.slow_after => Pace::Slow,
            Some(_) => Pace::Quick,
        };
        Done {
            course: self.course,
            next,
            pace,
        }
    }

    /// Tells a message that the source has just given.
    async fn tell(&mut self, van: &Van, message: Message, now: Moment) -> (Next, Option<Duration>) {
        if message.is_end && !self.course.is_at_end {
            // The end has all its attempts, however many the progress before it has used up.
            self.course.is_at_end = true;
            self.course.failures = 0;
        }
        let waited = self.queued.elapsed();
        if self.is_slow && waited > van.settings.max_queued {
            let answer = Answer::Failed(Failure::Queued(waited));
            let trial = self.trial(&message, None);
            self.note(van, &trial, now, answer, Duration::ZERO, Then::GivenUp);
            return (self.close(&message, false), None);
        }
        let upcoming = Upcoming {
            job: self.job,
            delivery: self.course.deliveries + 1,
            number: self.course.failures + 1,
            message: &message,
        };
        let fault = van.source.fault(&upcoming);
        match fault {
            Some(Fault::Drop) => (self.drop_it(van, &message, now), None),
            Some(Fault::Delay(by)) => {
                let at = now.plus_micros(u64::try_from(by.as_micros()).unwrap_or(u64::MAX));
                self.hold(van, &message, Fault::Delay(by), now);
                self.course.late = Some(Box::new(message));
                (Next::At(at), None)
            }
            Some(Fault::OutOfOrder) if !message.is_end && self.course.behind.is_none() => {
                self.hold(van, &message, Fault::OutOfOrder, now);
                let delivery = self.course.deliveries + 1;
                let next = self.close(&message, true);
                self.course.behind = Some(Box::new((delivery, message)));
                (next, None)
            }
            Some(Fault::OutOfOrder) => self.attempt(van, &message, None).await,
            fault => self.attempt(van, &message, fault).await,
        }
    }

    /// Sends a message and draws the conclusions.
    async fn attempt(
        &mut self,
        van: &Van,
        message: &Message,
        fault: Option<Fault>,
    ) -> (Next, Option<Duration>) {
        let mut trial = self.trial(message, fault);
        let at = van.clock.now();
        let exchange = self.send(van, &trial).await;
        let then = self.judge(van, &exchange, trial.number);
        let is_followed = trial.fault == Some(Fault::Duplicate) || self.course.behind.is_some();
        trial.closes &= !(then == Then::Acknowledged && is_followed);
        let mut took = exchange.took;
        self.note(van, &trial, at, exchange.answer, exchange.took, then);
        if then == Then::Acknowledged {
            if trial.fault == Some(Fault::Duplicate) {
                trial.closes = message.is_end && self.course.behind.is_none();
                took = took.max(self.send_once(van, &trial).await);
            }
            if let Some(behind) = self.course.behind.take() {
                let trial = Trial {
                    message: &behind.1,
                    delivery: behind.0,
                    number: 1,
                    body: behind.1.body.clone(),
                    fault: Some(Fault::OutOfOrder),
                    closes: message.is_end,
                };
                took = took.max(self.send_once(van, &trial).await);
            }
        }
        let next = match then {
            Then::Acknowledged => self.close(message, true),
            Then::GivenUp => self.close(message, false),
            Then::Stopped => Next::Over,
            Then::Retry(at) => {
                self.course.failures += 1;
                Next::At(at)
            }
            Then::Held => Next::OnNudge,
        };
        (next, Some(took))
    }

    fn trial<'a>(&self, message: &'a Message, fault: Option<Fault>) -> Trial<'a> {
        let body = match &fault {
            Some(Fault::WrongPayload(wrong)) => wrong.clone(),
            _ => message.body.clone(),
        };
        Trial {
            message,
            delivery: self.course.deliveries + 1,
            number: self.course.failures + 1,
            body,
            fault,
            closes: message.is_end,
        }
    }

    async fn send(&self, van: &Van, trial: &Trial<'_>) -> Exchange {
        let letter = Letter {
            address: &self.address,
            method: &trial.message.method,
            content_type: &trial.message.content_type,
            body: trial.body.clone(),
        };
        van.client.send(letter).await
    }

    /// Sends what a fault asks for in addition: whatever comes of it, nothing follows.
    async fn send_once(&self, van: &Van, trial: &Trial<'_>) -> Duration {
        let at = van.clock.now();
        let exchange = self.send(van, trial).await;
        let then = match exchange.answer {
            Answer::Status(status) if status.is_success() => Then::Acknowledged,
            _ => Then::GivenUp,
        };
        self.note(van, trial, at, exchange.answer, exchange.took, then);
        exchange.took
    }

    /// What follows from what came back.
    fn judge(&self, van: &Van, exchange: &Exchange, number: u32) -> Then {
        let retry = &van.settings.retry;
        match &exchange.answer {
            Answer::Status(status) if status.is_success() => Then::Acknowledged,
            Answer::Status(StatusCode::GONE) | Answer::Failed(Failure::Https) => Then::Stopped,
            _ if number >= retry.attempts => Then::GivenUp,
            _ => {
                let draw = draw(van.settings.seed, self.job, self.course.deliveries, number);
                let delay = retry.delay_micros(number, draw, exchange.retry_after);
                Then::Retry(van.clock.now().plus_micros(delay))
            }
        }
    }

    /// Closes a delivery: the receiver has it, or it was given up.
    fn close(&mut self, message: &Message, is_told: bool) -> Next {
        self.course.deliveries += 1;
        self.course.failures = 0;
        if is_told || !message.is_end {
            self.course.told = Some(message.mark);
        }
        if message.is_end {
            return Next::Over;
        }
        Next::from(message.next)
    }

    fn drop_it(&mut self, van: &Van, message: &Message, now: Moment) -> Next {
        let trial = self.trial(message, Some(Fault::Drop));
        self.note(
            van,
            &trial,
            now,
            Answer::NotSent,
            Duration::ZERO,
            Then::Acknowledged,
        );
        self.close(message, true)
    }

    fn hold(&self, van: &Van, message: &Message, fault: Fault, now: Moment) {
        let trial = self.trial(message, Some(fault));
        self.note(
            van,
            &trial,
            now,
            Answer::NotSent,
            Duration::ZERO,
            Then::Held,
        );
    }

    fn note(
        &self,
        van: &Van,
        trial: &Trial<'_>,
        at: Moment,
        answer: Answer,
        took: Duration,
        then: Then,
    ) {
        van.record.record(Attempt {
            job: self.job,
            delivery: trial.delivery,
            number: trial.number,
            at,
            address: self.address.clone(),
            body: trial.body.clone(),
            mark: trial.message.mark,
            is_end: trial.message.is_end,
            took,
            answer,
            fault: trial.fault.clone(),
            is_last: match then {
                Then::Stopped => true,
                Then::Acknowledged | Then::GivenUp => trial.closes,
                Then::Retry(_) | Then::Held => false,
            },
            then,
        });
    }
}

/// When to ask again after there was nothing to send.
fn rest(next: Option<Moment>, now: Moment) -> Next {
    Next::from(next.map(|at| at.max(now.plus_micros(MIN_REST_MICROS))))
}
