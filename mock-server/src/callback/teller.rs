//! What a world's courier asks: what there is to tell of a job at a time, and what shall go wrong with it. And whom it
//! tells what became of each attempt: the journal.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use smsload_spec::{Contract, Job, JobTell, Operation};

use crate::clock::Moment;
use crate::courier::{
    Answer, Attempt, Fault, JobKey, Message, Record, Source, Then, Told, Upcoming,
};
use crate::evaluate;
use crate::fault::{Action, Calling};
use crate::job::{Facts, JobState};
use crate::journal::CallbackAttempt;
use crate::misbehave::Call;
use crate::mock::Mock;
use crate::request::JSON;
use crate::service::Shared;
use crate::strike::GARBAGE;
use crate::world::World;

/// Speaks for the jobs of a world.
#[derive(Debug)]
pub(super) struct Teller {
    server: Weak<Shared>,
    world: Weak<World>,
    /// Jobs with callbacks, by number, until there is nothing more to tell.
    told: Mutex<HashMap<u64, Arc<Subject>>>,
    /// What is still under way then belongs to another history.
    is_closed: AtomicBool,
}

/// A job that is told of.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) id: Box<str>,
    pub(super) kind: u16,
    /// Shared by all jobs that are told of in the same way.
    pub(super) spot: Arc<Spot>,
}

/// Where the contract says what is told: by the names of an operation, of a callback in it, and by the method of what is
/// sent. Names last when a contract is changed while jobs run; places in lists would not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) operation: Box<str>,
    pub(super) callback: Box<str>,
    pub(super) method: http::Method,
}

impl Spot {
    fn of<'c>(&self, contract: &'c Contract) -> Option<(&'c Operation, &'c JobTell)> {
        let operation = contract.operation(&self.operation)?;
        let mut callbacks = operation.callbacks.iter();
        let callback = callbacks.find(|c| *c.name == *self.callback)?;
        let mut told = callback.operations.iter();
        let operation = told.find(|o| o.method == self.method)?;
        match &operation.job {
            Some(Job::Tells(tell)) => Some((operation, tell)),
            _ => None,
        }
    }
}

impl Teller {
    pub(super) fn new(server: Weak<Shared>, world: Weak<World>) -> Self {
        Self {
            server,
            world,
            told: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Tells of a job from now on.
    pub(super) fn add(&self, number: u64, subject: Subject) {
        self.lock().insert(number, Arc::new(subject));
    }

    /// Tells of it no more.
    pub(super) fn remove(&self, number: u64) {
        self.lock().remove(&number);
    }

    /// What comes to an end from now on is written down no more.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// How many jobs it tells of.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Subject>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is to tell; nothing if there never will be anything again.
    fn look(&self, number: u64, now: Moment) -> Option<Told> {
        let subject = self.lock().get(&number).map(Arc::clone)?;
        let mock = self.server.upgrade()?.mock.load_full();
        let world = self.world.upgrade()?;
        let facts = world.jobs.find(subject.kind, &subject.id, now)?;
        match facts.state(now) {
            JobState::Failed => None,
            JobState::Waiting => Some(Told::Nothing {
                next: mock.callbacks.next(&world, &facts, now),
            }),
            JobState::Running | JobState::Stalled | JobState::Finished => {
                subject.message(&mock, &world, &facts, now).map(Told::Say)
            }
        }
    }
}

impl Subject {
    fn message(&self, mock: &Mock, world: &World, facts: &Facts, now: Moment) -> Option<Message> {
        let (operation, tell) = self.spot.of(mock.contract())?;
        let ssrc = mock.domain.ssrc(facts.serial);
        let file_url = mock.file_url(world, &tell.kind, &self.id, facts, now);
        let view = facts.view(&self.id, &ssrc, &file_url, now);
        let body = evaluate::body(&tell.body, &[("job", &view)]).map_err(|error| {
            let operation = &operation.id;
            tracing::error!(operation, %error, "an expression of a callback failed; mend it in the contract");
        });
        let (mut body, mut content_type) = (body.ok()?, JSON);
        if let Some(misbehaving) = mock.misbehaving() {
            let mut call = Call {
                // What was just written is JSON.
                body: serde_json::from_slice(&body).unwrap_or_default(),
                media: content_type,
                percent: view.percent(),
                is_end: view.finished,
            };
            misbehaving.callback(&mut call);
            (body, content_type) = (call.body.to_string().into(), call.media);
        }
        Some(Message {
            method: operation.method.clone(),
            content_type,
            body,
            mark: mock.callbacks.mark(view.percent(), view.finished),
            is_end: view.finished,
            next: mock.callbacks.next(world, facts, now),
        })
    }
}

impl Source for Teller {
    fn tell(&self, job: JobKey, now: Moment) -> Told {
        if let Some(told) = self.look(job.0, now) {
            return told;
        }
        self.remove(job.0);
        Told::Gone
    }

    fn fault(&self, upcoming: &Upcoming<'_>) -> Option<Fault> {
        let subject = self.lock().get(&upcoming.job.0).map(Arc::clone)?;
        let world = self.world.upgrade()?;
        let hit = world.faults.hit_callback(Calling {
            job: &subject.id,
            delivery: upcoming.delivery,
            attempt: upcoming.number,
            is_end: upcoming.message.is_end,
        })?;
        world.tell("fault", || json!({"id": hit.id, "job": subject.id}));
        fault(&hit.action)
    }
}

/// What an action means for an attempt to call back; the description of the control interface lets no other through.
fn fault(action: &Action) -> Option<Fault> {
    if action.duplicate {
        return Some(Fault::Duplicate);
    }
    if action.drop {
        return Some(Fault::Drop);
    }
    if action.out_of_order {
        return Some(Fault::OutOfOrder);
    }
    if action.garbage {
        return Some(Fault::WrongPayload(Bytes::from_static(GARBAGE)));
    }
    if let Some(payload) = &action.payload {
        return Some(Fault::WrongPayload(Bytes::from(payload.to_string())));
    }
    action
        .delay_ms
        .map(|delay| Fault::Delay(Duration::from_millis(delay)))
}

/// How the journal calls a fault.
fn name(fault: &Fault) -> &'static str {
    match fault {
        Fault::Duplicate => "duplicate",
        Fault::Drop => "drop",
        Fault::Delay(_) => "delay",
        Fault::OutOfOrder => "out-of-order",
        Fault::WrongPayload(_) => "wrong-payload",
    }
}

impl Record for Teller {
    fn record(&self, attempt: Attempt) {
        let number = attempt.job.0;
        let subject = match attempt.is_last {
            true => self.lock().remove(&number),
            false => self.lock().get(&number).map(Arc::clone),
        };
        let world = self.world.upgrade();
        if let (Some(subject), Some(world)) = (subject, world)
            && !self.is_closed.load(Ordering::Relaxed)
        {
            let most = world.journal.max_body();
            world.note_callback(attempt.at, entry(&subject.id, &attempt, most));
        }
    }
}

/// An attempt as the journal keeps it.
fn entry(id: &str, attempt: &Attempt, max_body: usize) -> CallbackAttempt {
    let (status, error) = match &attempt.answer {
        Answer::Status(status) => (Some(status.as_u16()), None),
        Answer::Failed(failure) => (None, Some(failure.to_string())),
        Answer::NotSent => (None, Some("not sent".to_owned())),
    };
    let then = match attempt.then {
        Then::Acknowledged => "acknowledged",
        Then::Retry(_) => "retry",
        Then::GivenUp => "given-up",
        Then::Stopped => "stopped",
        Then::Held => "held",
    };
    CallbackAttempt {
        job: id.to_owned(),
        address: without_user(&attempt.address.to_string()).into_owned(),
        delivery: attempt.delivery,
        attempt: attempt.number,
        body: text(&attempt.body, max_body),
        length: attempt.body.len(),
        cut: attempt.body.len() > max_body,
        fault: attempt
            .fault
            .as_ref()
            .map(|fault| Cow::Borrowed(name(fault))),
        end: attempt.is_end,
        status,
        error,
        then: then.to_owned(),
    }
}

/// An address as it may be shown: a user and a password in it are somebody's secret.
pub(super) fn without_user(address: &str) -> Cow<'_, str> {
    let start = address.find("//").map_or(0, |at| at + 2);
    let (scheme, rest) = address.split_at(start);
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    match host.rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}***{}", &rest[at..])),
        None => Cow::Borrowed(address),
    }
}

fn text(body: &Bytes, at_most: usize) -> String {
    String::from_utf8_lossy(&body[..body.len().min(at_most)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::without_user;

    #[test]
    fn users_and_passwords_are_not_shown() {
        for (address, shown) in [
            ("http://h/a@b", "http://h/a@b"),
            ("http://u:p@h:80/x?y@z", "http://***@h:80/x?y@z"),
            ("http://u:p@q@h", "http://***@h"),
            ("//u@h", "//***@h"),
            ("u:secret@h/x", "***@h/x"),
            ("", ""),
        ] {
            assert_eq!(without_user(address), shown);
        }
    }
}
