//! Worlds: each value of the header `tenant-id` has jobs, a clock, faults and a journal of its own, so that tests that
//! run side by side do not meet. Without the header (or with an empty one) the default world is meant.
//!
//! A world is made when it is first met, and their number is bounded: for a further one the least recently used makes
//! room that has no running job and no listener.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use http::{HeaderMap, HeaderName};
use serde_json::json;

use crate::bounds::{Bounds, Reached};
use crate::callback::Callbacks;
use crate::clock::{Clock, ClockStart, Moment};
use crate::events::{About, Event, Events};
use crate::fault::Faults;
use crate::jobs::Jobs;
use crate::journal::{CallbackAttempt, Journal, What};
use crate::limits::Limits;
use crate::request::{Answer, Request};

/// The header that names a world.
pub(crate) const TENANT: HeaderName = HeaderName::from_static("tenant-id");
/// Bytes of a name at most.
pub(crate) const MAX_NAME: usize = 256;

/// What belongs to one tenant.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) name: Box<str>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) jobs: Jobs,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) events: Events,
    pub(crate) callbacks: Callbacks,
    me: Weak<Self>,
    /// When it was used last, as a number of uses of all worlds.
    used: AtomicU64,
}

impl World {
    fn new(name: &[u8], clock: Arc<Clock>, limits: &Limits, bounds: &Arc<Bounds>) -> Arc<Self> {
        let keep_micros = u64::try_from(limits.keep_jobs.as_micros()).unwrap_or(u64::MAX);
        Arc::new_cyclic(|me| Self {
            name: String::from_utf8_lossy(name).into(),
            clock,
            jobs: Jobs::new(limits.max_jobs, keep_micros, Arc::clone(bounds)),
            journal: Journal::new(limits, Arc::clone(bounds)),
            faults: Faults::new(limits.max_faults),
            events: Events::new(limits.event_backlog),
            callbacks: Callbacks::default(),
            me: Weak::clone(me),
            used: AtomicU64::new(0),
        })
    }

    /// Writes down what was asked and answered, and tells those who listen.
    pub(crate) fn note(&self, request: &Request<'_>, answer: &Answer<'_>) {
        let is_heard = self.events.has_listeners();
        if !is_heard && !self.journal.is_on() {
            return;
        }
        // The clock is asked once for what an answer tells and for when it was given.
        let at = answer.at.unwrap_or_else(|| self.clock.now());
        let number = self.journal.exchange(at, request, answer);
        if is_heard {
            self.events.tell(|| exchange_event(number, request, answer));
        }
    }

    /// Itself, for who must not keep it.
    pub(crate) fn weak(&self) -> Weak<Self> {
        Weak::clone(&self.me)
    }

    /// Writes down an attempt to call back, and tells those who listen.
    pub(crate) fn note_callback(&self, at: Moment, attempt: CallbackAttempt) {
        let attempt = Arc::new(attempt);
        if self.journal.is_on() {
            self.journal.push(at, What::Callback(Arc::clone(&attempt)));
        }
        self.tell("callback", || {
            serde_json::to_value(&*attempt).unwrap_or_default()
        });
    }

    /// Tells of what became of a job.
    pub(crate) fn tell_job(&self, change: &str, id: &str) {
        self.events.tell(|| Event {
            name: "job",
            data: Arc::new(json!({"id": id, "change": change})),
            about: match change {
                "finished" | "failed" | "deleted" => About::Ended(Arc::from(id)),
                "started" => About::Started(Arc::from(id)),
                _ => About::Changed(Arc::from(id)),
            },
        });
    }

    /// Tells of something that is no job.
    pub(crate) fn tell(&self, name: &'static str, data: impl FnOnce() -> serde_json::Value) {
        self.events.tell(|| Event {
            name,
            data: Arc::new(data()),
            about: About::Nothing,
        });
    }

    /// Tells that everything is another now.
    pub(crate) fn tell_new_history(&self, why: &'static str) {
        self.events.tell(|| Event {
            name: "reset",
            data: Arc::new(json!({"why": why})),
            about: About::Everything,
        });
    }

    /// Forgets what happened, and starts the clock again.
    pub(crate) fn reset(&self, start: ClockStart) {
        self.callbacks.close();
        self.clock.restart(start);
        self.jobs.clear();
        self.faults.clear();
        self.journal.clear();
        self.tell_new_history("reset");
    }

    fn is_idle(&self, now: Moment) -> bool {
        !self.events.has_listeners() && !self.jobs.has_unfinished(now)
    }
}

fn exchange_event(number: Option<u64>, request: &Request<'_>, answer: &Answer<'_>) -> Event {
    let status = answer.is_answered().then(|| answer.status.as_u16());
    let data = json!({
        "number": number,
        "method": request.method.as_str(),
        "path": request.path,
        "operation": answer.operation.map(|o| o.id.as_str()),
        "status": status,
        "fault": answer.fault,
    });
    Event {
        name: "exchange",
        data: Arc::new(data),
        about: About::Nothing,
    }
}

/// Why a request belongs to no world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoWorld {
    #[error("`tenant-id` is longer than {MAX_NAME} bytes")]
    LongName,
    #[error(
        "{0} worlds are kept at most (`max_worlds`), and each has running jobs or a listener: reset one, or use fewer values of `tenant-id`"
    )]
    Full(usize),
}

/// A world that was found.
pub(crate) enum Found<'w> {
    Default(&'w Arc<World>),
    Other(Arc<World>),
}

impl Deref for Found<'_> {
    type Target = Arc<World>;

    fn deref(&self) -> &Arc<World> {
        match self {
            Self::Default(world) => world,
            Self::Other(world) => world,
        }
    }
}

/// All worlds of a mock.
#[derive(Debug)]
pub(crate) struct Worlds {
    default: Arc<World>,
    others: RwLock<HashMap<Box<[u8]>, Arc<World>>>,
    uses: AtomicU64,
    limits: Limits,
    /// How clocks start.
    start: ClockStart,
    /// What they have together.
    bounds: Arc<Bounds>,
    /// Held by who throws away entries of journals.
    trimming: Mutex<()>,
}

impl Worlds {
    /// The default world, with this clock; clocks of others start as it stands now.
    pub(crate) fn new(clock: Arc<Clock>, limits: &Limits) -> Self {
        let bounds = Bounds::new(limits);
        Self {
            start: clock.as_start(),
            default: World::new(b"", clock, limits, &bounds),
            bounds,
            trimming: Mutex::default(),
            others: RwLock::default(),
            uses: AtomicU64::new(0),
            limits: limits.clone(),
        }
    }

    /// The world of requests that name none.
    pub(crate) fn default_world(&self) -> &Arc<World> {
        &self.default
    }

    /// How clocks start.
    pub(crate) fn clock_start(&self) -> ClockStart {
        self.start
    }

    /// All worlds.
    pub(crate) fn all(&self) -> Vec<Arc<World>> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(&self.default)
            .chain(others.values())
            .cloned()
            .collect()
    }

    /// The world that a request names; made, if it is new.
    pub(crate) fn find(&self, headers: &HeaderMap) -> Result<Found<'_>, NoWorld> {
        let name = headers.get(TENANT).map_or(&b""[..], |v| v.as_bytes());
        if name.is_empty() {
            return Ok(Found::Default(&self.default));
        }
        if name.len() > MAX_NAME {
            return Err(NoWorld::LongName);
        }
        let use_number = self.uses.fetch_add(1, Ordering::Relaxed);
        let known = {
            let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
            others.get(name).map(Arc::clone)
        };
        let world = match known {
            Some(world) => world,
            None => self.make(name)?,
        };
        world.used.store(use_number, Ordering::Relaxed);
        Ok(Found::Other(world))
    }

    fn make(&self, name: &[u8]) -> Result<Arc<World>, NoWorld> {
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(world) = others.get(name) {
            return Ok(Arc::clone(world));
        }
        let mut dropped = None;
        // The default world is one of them.
        if others.len() + 1 >= self.limits.max_worlds {
            self.bounds.tell(Reached::Worlds);
            let mut by_use: Vec<_> = others
                .iter()
                .map(|(name, world)| (world.used.load(Ordering::Relaxed), name, world))
                .collect();
            by_use.sort_unstable_by_key(|(used, _, _)| *used);
            // Whether one is idle takes a look at its jobs: only as many are looked at as must be.
            let idle = by_use
                .iter()
                .find(|(_, _, world)| world.is_idle(world.clock.now()))
                .map(|(_, name, _)| (*name).clone());
            let idle = idle.ok_or(NoWorld::Full(self.limits.max_worlds))?;
            dropped = others.remove(&idle);
        }
        let clock = Arc::new(Clock::starting(self.start));
        let world = World::new(name, clock, &self.limits, &self.bounds);
        others.insert(Box::from(name), Arc::clone(&world));
        drop(others);
        // Freed only now, when nobody waits for the lock.
        drop(dropped);
        Ok(world)
    }

    /// What they have together.
    pub(crate) fn bounds(&self) -> &Arc<Bounds> {
        &self.bounds
    }

    /// Frees the jobs of all worlds that are overdue: a world that nobody asks anything frees none by itself.
    pub(crate) fn sweep(&self) {
        for world in self.all() {
            world.jobs.sweep(world.clock.now());
        }
    }

    /// Throws away old entries, if the journals have too many bytes together: of the worlds that were not used for the
    /// longest time, the default one after the others, and of the one that is just written to only if need be.
    pub(crate) fn trim_journals(&self, present: &World) {
        let excess = self.bounds.journal.excess();
        if excess == 0 {
            return;
        }
        // One is enough: two would throw away twice as much.
        let Ok(_only) = self.trimming.try_lock() else {
            return;
        };
        self.bounds.tell(Reached::TotalJournal);
        // A little more than must be, so that it is long until the next time.
        let mut wanted = excess + self.bounds.journal.max() / 16;
        let mut worlds = self.all();
        worlds.sort_by_cached_key(|world| {
            let used = world.used.load(Ordering::Relaxed);
            (
                std::ptr::eq(&raw const **world, present),
                world.name.is_empty(),
                used,
            )
        });
        for world in worlds {
            let before = world.journal.bytes();
            world.journal.give_back(wanted);
            wanted = wanted.saturating_sub(before.saturating_sub(world.journal.bytes()));
            if wanted == 0 {
                return;
            }
        }
    }
}
