//! The one task that knows which job is due when. It never waits for a receiver: rounds are tasks of their own, as many
//! as there are places.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use slab::Slab;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep};

use super::address::Address;
use super::followed::Followed;
use super::lanes::{LaneId, Lanes, Pace};
use super::round::{Course, Done, Next, Round, Van};
use super::source::JobKey;
use crate::clock::{Clock, Moment};

/// Commands taken at once before rounds are looked at again.
const BATCH: usize = 256;

/// What the scheduler is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    Follow {
        job: JobKey,
        address: Address,
        first: Moment,
        course: Course,
    },
    Forget(JobKey),
    Nudge(JobKey),
    /// To be answered when there is nothing to do.
    Settle(oneshot::Sender<()>),
}

/// A followed job.
#[derive(Debug)]
struct Job {
    key: JobKey,
    address: Address,
    lane: LaneId,
    phase: Phase,
    /// Lent to the round while there is one.
    course: Course,
    /// To be removed as soon as it comes out of its lane.
    is_forgotten: bool,
    /// Changed by hand during its round.
    is_nudged: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Until it is nudged.
    Resting,
    /// In the order of times.
    Due(Moment),
    /// In its lane, since then.
    Queued(Instant),
    /// Having a round.
    UnderWay,
}

/// How a round's task ended.
type Ended = Result<(Id, Done), JoinError>;

/// The scheduler.
pub(super) struct Scheduler {
    van: Arc<Van>,
    inbox: UnboundedReceiver<Command>,
    /// A job keeps its slot until it is neither in a lane nor under way.
    jobs: Slab<Job>,
    slots: HashMap<JobKey, usize>,
    due: BTreeSet<(Moment, usize)>,
    lanes: Lanes<usize>,
    rounds: JoinSet<Done>,
    /// Whose rounds they are.
    rounds_of: HashMap<Id, usize>,
    settling: Vec<oneshot::Sender<()>>,
    /// Jobs in slots, and those whose command is still to be read.
    followed: Arc<Followed>,
}

impl Scheduler {
    pub(super) fn new(
        van: Van,
        inbox: UnboundedReceiver<Command>,
        followed: Arc<Followed>,
    ) -> Self {
        let lanes = Lanes::new(van.settings.places, van.settings.places_per_receiver);
        Self {
            van: Arc::new(van),
            inbox,
            jobs: Slab::new(),
            slots: HashMap::new(),
            due: BTreeSet::new(),
            lanes,
            rounds: JoinSet::new(),
            rounds_of: HashMap::new(),
            settling: Vec::new(),
            followed,
        }
    }

    /// Works until its owner is gone.
    pub(super) async fn run(mut self) {
        let mut changes = self.van.clock.changes();
        loop {
            self.queue_due();
            self.start_rounds();
            self.answer_settling();
            let next = self.due.first().map(|(moment, _)| *moment);
            tokio::select! {
                command = self.inbox.recv() => match command {
                    None => return,
                    Some(command) => self.obey_all(command),
                },
                Some(ended) = self.rounds.join_next_with_id() => self.end_all(ended),
                // The sender lives in the clock, which lives in the van.
                Ok(()) = changes.changed() => {}
                () = reached(&self.van.clock, next) => {}
            }
        }
    }

    /// Lets what is due wait in its lane.
    fn queue_due(&mut self) {
        let now = self.van.clock.now();
        while let Some((moment, slot)) = self.due.first().copied() {
            if moment > now {
                return;
            }
            self.due.pop_first();
            self.queue(slot);
        }
    }

    fn queue(&mut self, slot: usize) {
        let job = &mut self.jobs[slot];
        job.phase = Phase::Queued(Instant::now());
        self.lanes.push(job.lane, slot);
    }

    /// Starts as many rounds as there are places.
    fn start_rounds(&mut self) {
        loop {
            let under_way = self.rounds.len();
            let pool = self.van.settings.pool.as_ref();
            let place = match pool.map(|pool| pool.place(under_way)) {
                // What is under way gives the next chance when it ends.
                Some(None) => return,
                place => place.flatten(),
            };
            let Some((slot, is_slow)) = self.lanes.pop() else {
                return;
            };
            let job = &mut self.jobs[slot];
            if job.is_forgotten {
                self.lanes.done(job.lane, Pace::Unknown);
                self.remove(slot);
                continue;
            }
            let queued = match job.phase {
                Phase::Queued(since) => since,
                _ => Instant::now(),
            };
            job.phase = Phase::UnderWay;
            let round = Round {
                job: job.key,
                address: job.address.clone(),
                course: std::mem::take(&mut job.course),
                queued,
                is_slow,
            };
            let van = Arc::clone(&self.van);
            let task = self.rounds.spawn(async move {
                let done = round.run(&van).await;
                drop(place);
                done
            });
            self.rounds_of.insert(task.id(), slot);
        }
    }

    fn answer_settling(&mut self) {
        if self.lanes.is_idle() {
            for settled in self.settling.drain(..) {
                // Whoever asked may have stopped waiting.
                let _ = settled.send(());
            }
        }
    }

    fn obey_all(&mut self, first: Command) {
        self.obey(first);
        for _ in 0..BATCH {
            match self.inbox.try_recv() {
                Ok(command) => self.obey(command),
                Err(_) => return,
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Follow {
                job,
                address,
                first,
                course,
            } => self.follow(job, address, first, course),
            Command::Forget(job) => self.forget(job),
            Command::Nudge(job) => self.nudge(job),
            Command::Settle(sender) => self.settling.push(sender),
        }
    }

    fn follow(&mut self, key: JobKey, address: Address, first: Moment, course: Course) {
        self.forget(key);
        let slot = self.jobs.insert(Job {
            key,
            lane: self.lanes.hold(address.authority()),
            address,
            phase: Phase::Due(first),
            course,
            is_forgotten: false,
            is_nudged: false,
        });
        self.slots.insert(key, slot);
        self.due.insert((first, slot));
    }

    fn forget(&mut self, key: JobKey) {
        let Some(slot) = self.slots.remove(&key) else {
            return;
        };
        let job = &mut self.jobs[slot];
        job.is_forgotten = true;
        match job.phase {
            Phase::Queued(_) | Phase::UnderWay => {}
            Phase::Resting => self.remove(slot),
            Phase::Due(moment) => {
                self.due.remove(&(moment, slot));
                self.remove(slot);
            }
        }
    }

    fn nudge(&mut self, key: JobKey) {
        let Some(&slot) = self.slots.get(&key) else {
            return;
        };
        let job = &mut self.jobs[slot];
        match job.phase {
            Phase::UnderWay => job.is_nudged = true,
            Phase::Due(moment) if job.course.is_free() => {
                self.due.remove(&(moment, slot));
                self.queue(slot);
            }
            Phase::Resting => self.queue(slot),
            Phase::Queued(_) | Phase::Due(_) => {}
        }
    }

    fn end_all(&mut self, first: Ended) {
        self.end(first);
        while let Some(ended) = self.rounds.try_join_next_with_id() {
            self.end(ended);
        }
    }

    /// Draws the conclusions from a round.
    fn end(&mut self, ended: Ended) {
        let (id, done) = match ended {
            Ok((id, done)) => (id, Some(done)),
            Err(error) => (error.id(), None),
        };
        let Some(slot) = self.rounds_of.remove(&id) else {
            return;
        };
        let job = &mut self.jobs[slot];
        let Some(done) = done else {
            tracing::error!(
                job = job.key.0,
                "telling a job's progress panicked; no more is told of it"
            );
            self.lanes.done(job.lane, Pace::Unknown);
            self.remove(slot);
            return;
        };
        self.lanes.done(job.lane, done.pace);
        job.course = done.course;
        let is_nudged = std::mem::take(&mut job.is_nudged) && job.course.is_free();
        match done.next {
            _ if job.is_forgotten => self.remove(slot),
            Next::Over => self.remove(slot),
            _ if is_nudged => self.queue(slot),
            Next::OnNudge => job.phase = Phase::Resting,
            Next::At(moment) => {
                job.phase = Phase::Due(moment);
                self.due.insert((moment, slot));
            }
        }
    }

    /// Takes a job out of everything; it is in no lane and not under way.
    fn remove(&mut self, slot: usize) {
        let job = self.jobs.remove(slot);
        self.lanes.release(job.lane);
        if !job.is_forgotten {
            self.slots.remove(&job.key);
        }
        self.followed.remove();
    }
}

/// Waits until a point of mock time, as the clock goes now; for ever if it stands or there is none.
async fn reached(clock: &Clock, moment: Option<Moment>) {
    match moment.and_then(|moment| clock.until(moment)) {
        Some(wait) => sleep(wait).await,
        None => std::future::pending().await,
    }
}
