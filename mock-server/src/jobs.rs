//! All jobs that are kept, found by id.
//!
//! One mutex guards them, not shards: it is held for a few table look-ups (well below a microsecond), which is a small
//! part of reading and answering a request, so that the servers' cores hardly meet at it; and what is counted over all
//! jobs (the bound, the serials) stays simple and exact. Nothing of the contract is evaluated under it, and nobody
//! waits with it.
//!
//! A job costs 72 bytes, its id, and some 40 bytes of tables. It is forgotten some time after its end; when exactly
//! its memory is freed nobody can see, since an overdue job is treated as gone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;

use crate::clock::Moment;
use crate::job::Facts;
use crate::ssrc::SERIALS;

/// Overdue jobs that one new job frees at most, so that no request pays for thousands.
const EVICTED_AT_ONCE: usize = 64;

/// The jobs of a mock.
#[derive(Debug)]
pub(crate) struct Jobs {
    hasher: RandomState,
    max: usize,
    keep_micros: u64,
    table: Mutex<Table>,
}

/// Where a job belongs: all jobs of one channel of one device of one kind. Jobs of one lane have different serials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// The id or the serial was taken meanwhile; another proposal may do.
    Taken,
}

#[derive(Debug)]
struct Entry {
    id: Box<str>,
    lane: Lane,
    facts: Facts,
}

#[derive(Debug, Default)]
struct Table {
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    /// Slots by kind and id; half of the hash beside the slot, so that growing reads no id.
    ids: HashTable<(u32, u32)>,
    /// Slots by lane and serial.
    serials: HashTable<u32>,
    /// When each slot is overdue, the earliest first; one item for each entry.
    overdue: BinaryHeap<Reverse<(Moment, u32)>>,
    next: u64,
}

impl Jobs {
    pub(crate) fn new(max: usize, keep_micros: u64) -> Self {
        Self {
            hasher: RandomState::new(),
            max,
            keep_micros,
            table: Mutex::default(),
        }
    }

    /// The lane of a channel.
    pub(crate) fn lane(&self, kind: u16, device: &str, channel: &str) -> Lane {
        Lane(self.hasher.hash_one((kind, device, channel)))
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
        let serial = serial
            .filter(|_| table.len() < self.max)
            .ok_or(Refused::Full)?;
        let number = table.next;
        table.next += 1;
        Ok(Proposal { number, serial })
    }

    /// Keeps a job under an id.
    pub(crate) fn insert(&self, lane: Lane, id: &str, facts: Facts) -> Result<(), Refused> {
        let hash = self.hash(facts.kind, id);
        let mut table = self.lock();
        if table.len() >= self.max {
            return Err(Refused::Full);
        }
        if table.slot(hash, facts.kind, id).is_some() || !table.is_free(lane, facts.serial) {
            return Err(Refused::Taken);
        }
        let overdue = facts.end().plus_micros(self.keep_micros);
        table.put(
            hash,
            Entry {
                id: Box::from(id),
                lane,
                facts,
            },
            overdue,
        );
        Ok(())
    }

    /// The job of an id.
    pub(crate) fn find(&self, kind: u16, id: &str, now: Moment) -> Option<Facts> {
        let hash = self.hash(kind, id);
        let table = self.lock();
        let slot = table.slot(hash, kind, id)?;
        let facts = table.entry(slot)?.facts;
        (now < facts.end().plus_micros(self.keep_micros)).then_some(facts)
    }

    /// How many there are, overdue ones that nobody has met among them.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Frees jobs that are overdue, the earliest first.
    fn evict(&self, table: &mut Table, now: Moment, at_most: usize) {
        for _ in 0..at_most {
            let slot = match table.overdue.peek() {
                Some(Reverse((overdue, slot))) if *overdue <= now => *slot,
                _ => return,
            };
            table.overdue.pop();
            if let Some(hash) = table.entry(slot).map(|e| self.hash(e.facts.kind, &e.id)) {
                table.remove(hash, slot);
            }
        }
    }

    /// Half of a keyed hash: callers choose ids, and must not be able to choose collisions.
    fn hash(&self, kind: u16, id: &str) -> u32 {
        let hash = self.hasher.hash_one((kind, id));
        #[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
        let half = (hash ^ (hash >> 32)) as u32;
        half
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // No code that runs under the lock leaves a table half changed.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn len(&self) -> usize {
        self.overdue.len()
    }

    fn entry(&self, slot: u32) -> Option<&Entry> {
        self.entries.get(slot as usize)?.as_ref()
    }

    fn slot(&self, hash: u32, kind: u16, id: &str) -> Option<u32> {
        let is_it = |(half, slot): &(u32, u32)| {
            *half == hash
                && self
                    .entry(*slot)
                    .is_some_and(|e| e.facts.kind == kind && *e.id == *id)
        };
        self.ids
            .find(spread(hash.into()), is_it)
            .map(|(_, slot)| *slot)
    }

    fn is_free(&self, lane: Lane, serial: u16) -> bool {
        let is_it = |slot: &u32| {
            self.entry(*slot)
                .is_some_and(|e| e.lane == lane && e.facts.serial == serial)
        };
        self.serials
            .find(serial_hash(lane, serial), is_it)
            .is_none()
    }

    /// A serial that is free: the one after the last job's, else the first from a scattered place on, since callers
    /// that take turns among channels would find the same few taken again and again.
    fn free_serial(&self, lane: Lane) -> Option<u16> {
        let serial = |n: u64| u16::try_from(n % u64::from(SERIALS)).unwrap_or(0);
        let (first, jump) = (serial(self.next), serial(spread(self.next)));
        let others = (jump..SERIALS).chain(0..jump);
        std::iter::once(first)
            .chain(others)
            .find(|serial| self.is_free(lane, *serial))
    }

    fn put(&mut self, hash: u32, entry: Entry, overdue: Moment) {
        let serial = serial_hash(entry.lane, entry.facts.serial);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        self.entries[slot as usize] = Some(entry);
        self.ids
            .insert_unique(spread(hash.into()), (hash, slot), |(half, _)| {
                spread(u64::from(*half))
            });
        let entries = &self.entries;
        self.serials.insert_unique(serial, slot, |slot| {
            let entry = entries.get(*slot as usize).and_then(Option::as_ref);
            entry.map_or(0, |e| serial_hash(e.lane, e.facts.serial))
        });
        self.overdue.push(Reverse((overdue, slot)));
    }

    /// Takes a job out of everything but `overdue`.
    fn remove(&mut self, hash: u32, slot: u32) {
        let Some(entry) = self.entries.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        let serial = serial_hash(entry.lane, entry.facts.serial);
        if let Ok(found) = self
            .ids
            .find_entry(spread(hash.into()), |(_, s)| *s == slot)
        {
            found.remove();
        }
        if let Ok(found) = self.serials.find_entry(serial, |s| *s == slot) {
            found.remove();
        }
        self.free.push(slot);
    }
}

fn serial_hash(lane: Lane, serial: u16) -> u64 {
    spread(lane.0 ^ (u64::from(serial) << 48 | u64::from(serial)))
}

/// Moves the entropy of a number into all of its bits.
fn spread(n: u64) -> u64 {
    let n = (n ^ (n >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    n ^ (n >> 29)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::{Facts, Jobs, Moment, Refused};

    fn facts(started: u64, transfer_micros: u64, number: u64, serial: u16) -> Facts {
        let started = Moment::from_micros(started);
        Facts {
            started,
            transfer_micros,
            seconds: 1,
            bytes: 1,
            number,
            serial,
            kind: 0,
        }
    }

    /// Starts a job as the pipeline does: propose, name, insert.
    fn start(jobs: &Jobs, channel: &str, now: u64, transfer: u64) -> Result<String, Refused> {
        let lane = jobs.lane(0, "device", channel);
        let proposal = jobs.propose(lane, Moment::from_micros(now))?;
        let id = format!("{channel}:{:04}", proposal.serial);
        jobs.insert(
            lane,
            &id,
            facts(now, transfer, proposal.number, proposal.serial),
        )?;
        Ok(id)
    }

    #[test]
    fn a_job_is_found_until_it_is_overdue() {
        let jobs = Jobs::new(10, 100);
        let id = start(&jobs, "a", 0, 50).unwrap();
        let find = |id: &str, at| jobs.find(0, id, Moment::from_micros(at));
        assert_eq!(find(&id, 0).unwrap().transfer_micros, 50);
        assert!(find(&id, 149).is_some());
        assert!(find(&id, 150).is_none());
        assert!(find("a:0001", 0).is_none());
        assert!(
            jobs.find(1, &id, Moment::from_micros(0)).is_none(),
            "another kind"
        );
    }

    #[test]
    fn a_full_table_refuses_until_a_job_is_overdue() {
        let jobs = Jobs::new(2, 10);
        start(&jobs, "a", 0, 5).unwrap();
        start(&jobs, "b", 0, 500).unwrap();
        assert_eq!(start(&jobs, "c", 14, 5), Err(Refused::Full));
        start(&jobs, "c", 15, 5).unwrap();
        assert_eq!(jobs.len(), 2);
    }

    #[test]
    fn a_channel_has_as_many_jobs_as_serials_all_with_ids_of_their_own() {
        let jobs = Jobs::new(100_000, 0);
        let mut ids = std::collections::HashSet::new();
        // Another channel's jobs use up numbers, so that the serials of the first are not in order.
        for n in 0..10_000 {
            if n % 7 == 0 {
                start(&jobs, "other", 0, 5).unwrap();
            }
            assert!(ids.insert(start(&jobs, "a", 0, 100).unwrap()));
        }
        assert_eq!(start(&jobs, "a", 0, 100), Err(Refused::Full));
        assert!(start(&jobs, "b", 0, 100).is_ok());
        assert!(start(&jobs, "a", 100, 100).is_ok());
    }

    #[test]
    fn an_id_that_is_taken_is_not_given_again() {
        let jobs = Jobs::new(10, 10);
        let (a, b) = (jobs.lane(0, "d", "a"), jobs.lane(0, "d", "b"));
        jobs.insert(a, "same", facts(0, 1, 0, 0)).unwrap();
        assert_eq!(
            jobs.insert(b, "same", facts(0, 1, 1, 1)),
            Err(Refused::Taken)
        );
        assert_eq!(
            jobs.insert(a, "other", facts(0, 1, 1, 0)),
            Err(Refused::Taken)
        );
        jobs.insert(b, "other", facts(0, 1, 1, 0)).unwrap();
    }

    #[test]
    fn many_threads_never_share_an_id() {
        let jobs = Jobs::new(100_000, 0);
        let ids: Vec<String> = std::thread::scope(|scope| {
            let work = || {
                (0..1_000)
                    .filter_map(|_| start(&jobs, "a", 0, 100).ok())
                    .collect()
            };
            let all: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            all.into_iter()
                .flat_map(|t| -> Vec<String> { t.join().unwrap() })
                .collect()
        });
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(jobs.len(), ids.len());
    }

    proptest! {
        /// The tables against a plain map, over starts and the passing of time.
        #[test]
        fn it_does_what_a_plain_map_does(
            steps in proptest::collection::vec((0_u8..3, 1_u64..40, 0_u64..30), 1..200),
        ) {
            let (jobs, keep, max) = (Jobs::new(20, 5), 5, 20);
            let mut model: HashMap<String, u64> = HashMap::new();
            let mut now = 0;
            for (channel, transfer, passed) in steps {
                now += passed;
                model.retain(|_, end| now < *end + keep);
                let started = start(&jobs, ["a", "b", "c"][usize::from(channel)], now, transfer);
                prop_assert_eq!(started.is_ok(), model.len() < max);
                if let Ok(id) = started {
                    prop_assert!(model.insert(id, now + transfer).is_none());
                }
                for (id, end) in &model {
                    let found = jobs.find(0, id, Moment::from_micros(now)).unwrap();
                    prop_assert_eq!(found.end().micros(), *end);
                }
            }
        }
    }
}
