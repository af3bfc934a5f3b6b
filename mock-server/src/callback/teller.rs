//! What a world's courier asks: what there is to tell of a job at a time, and what shall go wrong with it. And whom it
//! tells what became of each attempt: the journal.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use smsload_spec::{Contract, Job, JobTell, Operation};

use super::entry::entry;
use super::snapshot::KeptCallback;
use crate::clock::Moment;
use crate::courier::{
    Address, Attempt, Fault, JobKey, Message, Record, Source, Then, Told, Upcoming,
};
use crate::evaluate;
use crate::fault::{Action, Calling};
use crate::job::{Facts, JobState};
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
    pub(super) address: Address,
    progress: Mutex<Progress>,
    /// Whether the contract that was looked at last says nothing of it.
    is_lost: AtomicBool,
}

/// How far the telling of a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// Stands for the progress that was told last.
    pub(super) mark: Option<u64>,
    /// Messages that are over with.
    pub(super) deliveries: u32,
}

/// Where the contract says what is told: by the names of an operation, of a callback in it, and by the method of what is
/// sent. Names last when a contract is changed while jobs run; places in lists would not. If a name is changed too,
/// what is still the same leads there: an operation is known by its method and path as well, and a callback by being
/// the operation's first that tells of this kind of job.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) operation: Box<str>,
    /// The operation's method and path.
    pub(super) route: (http::Method, Box<str>),
    /// The kind of job that it tells of.
    pub(super) kind: Box<str>,
    pub(super) callback: Box<str>,
    pub(super) method: http::Method,
}

impl Spot {
    fn of<'c>(&self, contract: &'c Contract) -> Option<(&'c Operation, &'c JobTell)> {
        let is_same_route = |o: &&Operation| o.method == self.route.0 && o.path == *self.route.1;
        let operation = contract
            .operation(&self.operation)
            .or_else(|| contract.operations().iter().find(is_same_route))?;
        let told = operation.callbacks.iter().flat_map(|callback| {
            let named = |o| (*callback.name == *self.callback, o);
            callback.operations.iter().map(named)
        });
        let told = told.filter_map(|(is_named, o)| match &o.job {
            Some(Job::Tells(tell)) if *tell.kind == *self.kind => {
                Some(((is_named, o.method == self.method), (o, &**tell)))
            }
            _ => None,
        });
        // The first of those that have the most in common with it.
        let mut best = None;
        for (likeness, found) in told {
            if best.is_none_or(|(so_far, _)| likeness > so_far) {
                best = Some((likeness, found));
            }
        }
        best.map(|(_, found)| found)
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

    /// All jobs that it tells of, in the order of their numbers.
    pub(super) fn export(&self) -> Vec<KeptCallback> {
        let mut told: Vec<_> = {
            let told = self.lock();
            told.iter().map(|(n, s)| (*n, Arc::clone(s))).collect()
        };
        told.sort_unstable_by_key(|(number, _)| *number);
        told.iter().map(|(_, s)| KeptCallback::of(s)).collect()
    }

    /// The jobs of which the contract that was looked at last says nothing.
    pub(super) fn find_lost(&self) -> Vec<u64> {
        let told = self.lock();
        let lost = told
            .iter()
            .filter(|(_, s)| s.is_lost.load(Ordering::Relaxed));
        lost.map(|(number, _)| *number).collect()
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
        let server = self.server.upgrade()?;
        let mock = server.mock.load_full();
        let world = self.world.upgrade()?;
        let facts = world.jobs.find(subject.kind, &subject.id, now)?;
        match facts.state(now) {
            JobState::Failed => None,
            JobState::Waiting => Some(Told::Nothing {
                next: mock.callbacks.next(&world, &facts, now),
            }),
            JobState::Running | JobState::Stalled | JobState::Finished => {
                let Some(told) = subject.spot.of(mock.contract()) else {
                    // Another contract may be followed before the job is forgotten, and tell of it again.
                    subject.is_lost.store(true, Ordering::SeqCst);
                    if !Arc::ptr_eq(&mock, &server.mock.load()) {
                        // It came just now, perhaps before this one could be found among the lost.
                        return self.look(number, now);
                    }
                    let next = Some(world.jobs.kept_until(&facts));
                    return Some(Told::Nothing { next });
                };
                subject.is_lost.store(false, Ordering::Relaxed);
                let message = subject.message(told, &mock, &world, &facts, now);
                message.map(Told::Say)
            }
        }
    }
}

impl Subject {
    pub(super) fn new(
        id: &str,
        kind: u16,
        spot: Arc<Spot>,
        address: Address,
        progress: Progress,
    ) -> Self {
        Self {
            id: Box::from(id),
            kind,
            spot,
            address,
            progress: Mutex::new(progress),
            is_lost: AtomicBool::new(false),
        }
    }

    /// Whether nothing was told of it yet.
    pub(super) fn is_new(&self) -> bool {
        self.progress() == Progress::default()
    }

    pub(super) fn progress(&self) -> Progress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of what became of an attempt.
    fn note(&self, attempt: &Attempt) {
        if !matches!(attempt.then, Then::Acknowledged | Then::GivenUp) {
            return;
        }
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if attempt.delivery > progress.deliveries {
            *progress = Progress {
                mark: Some(attempt.mark),
                deliveries: attempt.delivery,
            };
        }
    }

    fn message(
        &self,
        (operation, tell): (&Operation, &JobTell),
        mock: &Mock,
        world: &World,
        facts: &Facts,
        now: Moment,
    ) -> Option<Message> {
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
            subject.note(&attempt);
            let most = world.journal.max_body();
            world.note_callback(attempt.at, entry(&subject.id, &attempt, most));
            if let Some(server) = self.server.upgrade() {
                server.mock.load().worlds().trim_journals(&world);
            }
        }
    }
}
