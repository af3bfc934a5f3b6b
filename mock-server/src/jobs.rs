//! All jobs that are kept, found by id.
//!
//! One mutex guards them, not shards: it is held for a few table look-ups (well below a microsecond), which is a small
//! part of reading and answering a request, so that the servers' cores hardly meet at it; and what is counted over all
//! jobs (the bound, the serials) stays simple and exact. Nothing of the contract is evaluated under it, and nobody
//! waits with it. Listing, exporting and importing hold it for as long as a pass over all jobs takes (some 10 ms for a
//! million).
//!
//! A job costs 88 bytes, its id, and some 50 bytes of tables. It is forgotten some time after its end, or after the
//! end that it would have had if it stalls, fails or never starts; when exactly its memory is freed nobody can see,
//! since an overdue job is treated as gone.

mod page;
mod snapshot;
mod table;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::bounds::{Bounds, Reached};
use crate::clock::Moment;
use crate::hash;
use crate::job::{Facts, JobAction};

pub(crate) use self::page::{Page, StateCounts};
pub use self::snapshot::{JobsSnapshot, SnapshotError};
use self::table::{Entry, Table, half};

/// Overdue jobs that one new job frees at most, so that no request pays for thousands.
const EVICTED_AT_ONCE: usize = 64;

/// The jobs of a world. In memory they lie apart from what else a world has, as [`Journal`](crate::journal::Journal) does.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Jobs {
    hasher: RandomState,
    max: usize,
    keep_micros: u64,
    /// What all worlds have together.
    bounds: Arc<Bounds>,
    table: Mutex<Table>,
}

/// Where a job belongs: all jobs of one channel of one device of one kind. Jobs of one lane have different serials.
///
/// It is a hash that anybody can compute, so that a snapshot means the same in every process. Who makes two channels
/// meet in one lane gets no more out of it than the serials of one channel for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lane(u64);

/// What a new job may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) number: u64,
    pub(crate) serial: u16,
}

/// Why a job could not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many are kept as may be, or every serial of the lane is taken.
    Full,
    /// As many are kept as all worlds together may have.
    AllFull,
    /// The id or the serial was taken meanwhile; another proposal may do.
    Taken,
}

impl Jobs {
    pub(crate) fn new(max: usize, keep_micros: u64, bounds: Arc<Bounds>) -> Self {
        let hasher = RandomState::new();
        let table = Mutex::new(Table::new(&hasher));
        Self {
            hasher,
            max,
            keep_micros,
            bounds,
            table,
        }
    }

    /// The lane of a channel.
    pub(crate) fn lane(kind: u16, device: &str, channel: &str) -> Lane {
        Lane(hash::folded(&[
            &kind.to_le_bytes(),
            device.as_bytes(),
            channel.as_bytes(),
        ]))
    }

    /// A number and a free serial for a new job. They are not reserved; [`Jobs::insert`] decides.
    pub(crate) fn propose(&self, lane: Lane, now: Moment) -> Result<Proposal, Refused> {
        let mut table = self.lock();
        self.evict(&mut table, now, EVICTED_AT_ONCE);
        let mut serial = table.free_serial(lane);
        if serial.is_none() || table.len() >= self.max {
            self.evict(&mut table, now, usize::MAX);
            serial = table.free_serial(lane);
        }
        if table.len() >= self.max {
            self.bounds.tell(Reached::Jobs);
            return Err(Refused::Full);
        }
        let serial = serial.ok_or(Refused::Full)?;
        if !self.bounds.jobs.has_room() {
            return Err(Refused::AllFull);
        }
        let number = table.next;
        table.next += 1;
        Ok(Proposal { number, serial })
    }

    /// Keeps a job under an id.
    pub(crate) fn insert(&self, lane: Lane, id: &str, facts: Facts) -> Result<(), Refused> {
        let hash = self.hash(id);
        let mut table = self.lock();
        if table.len() >= self.max {
            return Err(Refused::Full);
        }
        let is_it = |e: &Entry| e.facts.kind == facts.kind && *e.id == *id;
        if table.slot(hash, is_it).is_some() || !table.is_free(lane, facts.serial) {
            return Err(Refused::Taken);
        }
        if !self.bounds.jobs.try_add() {
            return Err(Refused::AllFull);
        }
        let entry = Entry {
            id: Box::from(id),
            lane,
            facts,
        };
        table.put(hash, entry, facts.kept_until(self.keep_micros));
        Ok(())
    }

    /// When a job is forgotten, if nobody interferes.
    pub(crate) fn kept_until(&self, facts: &Facts) -> Moment {
        facts.kept_until(self.keep_micros)
    }

    /// The job of a kind and an id.
    pub(crate) fn find(&self, kind: u16, id: &str, now: Moment) -> Option<Facts> {
        self.with(id, now, |e| e.facts.kind == kind, |facts, _| *facts)
    }

    /// The job of an id, whatever its kind.
    pub(crate) fn get(&self, id: &str, now: Moment) -> Option<Facts> {
        self.with(id, now, |_| true, |facts, _| *facts)
    }

    /// Does something to a job by hand; gives what it is after that, or nothing if there is no such job.
    pub(crate) fn act(&self, id: &str, now: Moment, action: JobAction) -> Option<Facts> {
        self.with(
            id,
            now,
            |_| true,
            |facts, now| {
                facts.act(now, action);
                *facts
            },
        )
    }

    /// Forgets a job; gives what it was.
    pub(crate) fn delete(&self, id: &str, now: Moment) -> Option<Facts> {
        let hash = self.hash(id);
        let mut table = self.lock();
        let now = table.not_before(now);
        let slot = table.slot(hash, |e| *e.id == *id)?;
        let facts = table.remove(hash, slot)?.facts;
        table.left_behind(self.keep_micros);
        self.bounds.jobs.sub(1);
        (now < facts.kept_until(self.keep_micros)).then_some(facts)
    }

    /// Those jobs of a page that are wanted, in the order of their numbers.
    pub(crate) fn list(
        &self,
        now: Moment,
        page: Page,
        is_wanted: impl Fn(&Facts) -> bool,
    ) -> Vec<(String, Facts)> {
        let table = self.lock();
        // The first of them, the one to be left out next on top.
        let mut first = BinaryHeap::with_capacity(page.limit.min(table.len()).saturating_add(1));
        for (slot, entry) in table.iter() {
            let number = entry.facts.number;
            let is_over = entry.facts.kept_until(self.keep_micros) <= now;
            if !is_over && page.has(number) && is_wanted(&entry.facts) {
                first.push((page.rank(number), slot));
                if first.len() > page.limit {
                    first.pop();
                }
            }
        }
        let mut first = first.into_sorted_vec();
        if page.is_latest {
            first.reverse();
        }
        first
            .into_iter()
            .filter_map(|(_, slot)| table.entry(slot))
            .map(|entry| (entry.id.to_string(), entry.facts))
            .collect()
    }

    /// How many jobs are in each state, in one pass.
    pub(crate) fn count(&self, now: Moment) -> StateCounts {
        let mut counts = StateCounts::default();
        for (_, entry) in self.lock().iter() {
            if entry.facts.kept_until(self.keep_micros) > now {
                counts.add(entry.facts.state(now));
            }
        }
        counts
    }

    /// Whether there is a job that has neither finished nor failed.
    pub(crate) fn has_unfinished(&self, now: Moment) -> bool {
        let table = self.lock();
        let is_unfinished = |facts: &Facts| {
            let is_over = facts.ends().is_some_and(|end| end <= now);
            !is_over && now < facts.kept_until(self.keep_micros)
        };
        table.iter().any(|(_, entry)| is_unfinished(&entry.facts))
    }

    /// Frees all jobs that are overdue.
    pub(crate) fn sweep(&self, now: Moment) {
        self.evict(&mut self.lock(), now, usize::MAX);
    }

    /// Forgets all jobs, their numbers, and what time it was.
    pub(crate) fn clear(&self) {
        let old = std::mem::replace(&mut *self.lock(), Table::new(&self.hasher));
        self.bounds.jobs.sub(old.len());
        // Freed only now, when nobody waits for the lock.
        drop(old);
    }

    /// How many there are, overdue ones that nobody has met among them.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Looks at a job, or changes it, under the lock; the time given back is not before any that was told of.
    fn with(
        &self,
        id: &str,
        now: Moment,
        is_it: impl Fn(&Entry) -> bool,
        look: impl FnOnce(&mut Facts, Moment) -> Facts,
    ) -> Option<Facts> {
        let hash = self.hash(id);
        let mut table = self.lock();
        let now = table.not_before(now);
        let slot = table.slot(hash, |e| *e.id == *id && is_it(e))?;
        let facts = &mut table.entry_mut(slot)?.facts;
        (now < facts.kept_until(self.keep_micros)).then(|| look(facts, now))
    }

    /// Frees jobs that are overdue, the earliest first.
    fn evict(&self, table: &mut Table, now: Moment, at_most: usize) {
        for _ in 0..at_most {
            let Some(slot) = table.pop_overdue(now) else {
                return;
            };
            let found = table
                .entry(slot)
                .map(|e| (self.hash(&e.id), e.facts.kept_until(self.keep_micros)));
            match found {
                // Somebody interfered, so that it is kept for longer than was noted.
                Some((_, until)) if until > now => table.overdue.push(Reverse((until, slot))),
                Some((hash, _)) => {
                    table.remove(hash, slot);
                    table.free.push(slot);
                    self.bounds.jobs.sub(1);
                }
                None => table.free_deleted(slot),
            }
        }
    }

    /// Half of a keyed hash: callers choose ids, and must not be able to choose collisions.
    fn hash(&self, id: &str) -> u32 {
        half(self.hasher.hash_one(id))
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // No code that runs under the lock leaves a table half changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.bounds.jobs.sub(self.len());
    }
}

#[cfg(test)]
mod tests;
