//! The tables behind [`Jobs`](super::Jobs): slots, and what finds them by id, by serial and by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::Lane;
use crate::clock::Moment;
use crate::job::Facts;
use crate::ssrc::SERIALS;

/// Slots of deleted jobs that are always borne; beyond them no more than half of all.
const DELETED_BORNE: usize = 1024;

/// A job, kept.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: Box<str>,
    pub(super) lane: Lane,
    pub(super) facts: Facts,
}

#[derive(Debug)]
pub(super) struct Table {
    entries: Vec<Option<Entry>>,
    pub(super) free: Vec<u32>,
    /// Slots by id; half of the hash beside the slot, so that growing reads no id.
    ids: HashTable<(u32, u32)>,
    /// Slots by lane and serial.
    serials: HashTable<u32>,
    /// When each slot is overdue, or earlier, the earliest first; one item for each entry and each deleted one.
    pub(super) overdue: BinaryHeap<Reverse<(Moment, u32)>>,
    /// Deleted entries whose slots are still in `overdue`.
    deleted: usize,
    pub(super) next: u64,
    /// The latest time that anybody was told of.
    latest: Moment,
    keys: Keys,
}

/// What keeps callers from choosing channels whose serials meet in one place of the table.
#[derive(Debug, Clone, Copy)]
struct Keys(u64, u64);

impl Keys {
    fn hash(self, lane: Lane, serial: u16) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "both halves of the product are used"
        )]
        let fold = |a: u64, b: u64| {
            let product = u128::from(a) * u128::from(b);
            product as u64 ^ (product >> 64) as u64
        };
        let lane = fold(lane.0 ^ self.0, self.1 | 1);
        fold(lane ^ u64::from(serial), self.0 | 1)
    }
}

impl Table {
    pub(super) fn new(hasher: &RandomState) -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
            ids: HashTable::new(),
            serials: HashTable::new(),
            overdue: BinaryHeap::new(),
            deleted: 0,
            next: 0,
            latest: Moment::default(),
            keys: Keys(hasher.hash_one(0), hasher.hash_one(1)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.overdue.len() - self.deleted
    }

    /// A time, or the latest that anybody was told of: what is done by hand must not come before it.
    pub(super) fn not_before(&mut self, now: Moment) -> Moment {
        self.latest = self.latest.max(now);
        self.latest
    }

    pub(super) fn entry(&self, slot: u32) -> Option<&Entry> {
        self.entries.get(slot as usize)?.as_ref()
    }

    pub(super) fn entry_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.entries.get_mut(slot as usize)?.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (0..)
            .zip(&self.entries)
            .filter_map(|(n, e)| Some((n, e.as_ref()?)))
    }

    pub(super) fn slot(&self, hash: u32, is_it: impl Fn(&Entry) -> bool) -> Option<u32> {
        let found = self.ids.find(spread(hash.into()), |(half, slot)| {
            *half == hash && self.entry(*slot).is_some_and(&is_it)
        });
        found.map(|(_, slot)| *slot)
    }

    pub(super) fn is_free(&self, lane: Lane, serial: u16) -> bool {
        let is_it = |slot: &u32| {
            self.entry(*slot)
                .is_some_and(|e| e.lane == lane && e.facts.serial == serial)
        };
        self.serials
            .find(self.keys.hash(lane, serial), is_it)
            .is_none()
    }

    /// A serial that is free: the one after the last job's, else the first from a scattered place on, since callers
    /// that take turns among channels would find the same few taken again and again.
    pub(super) fn free_serial(&self, lane: Lane) -> Option<u16> {
        let serial = |n: u64| u16::try_from(n % u64::from(SERIALS)).unwrap_or(0);
        let (first, jump) = (serial(self.next), serial(spread(self.next)));
        let others = (jump..SERIALS).chain(0..jump);
        std::iter::once(first)
            .chain(others)
            .find(|serial| self.is_free(lane, *serial))
    }

    pub(super) fn put(&mut self, hash: u32, entry: Entry, overdue: Moment) {
        let keys = self.keys;
        let serial = keys.hash(entry.lane, entry.facts.serial);
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
            entry.map_or(0, |e| keys.hash(e.lane, e.facts.serial))
        });
        self.overdue.push(Reverse((overdue, slot)));
    }

    /// Takes a job out of everything but `overdue`; its slot is not free yet.
    pub(super) fn remove(&mut self, hash: u32, slot: u32) -> Option<Entry> {
        let entry = self.entries.get_mut(slot as usize).and_then(Option::take)?;
        let serial = self.keys.hash(entry.lane, entry.facts.serial);
        if let Ok(found) = self
            .ids
            .find_entry(spread(hash.into()), |(_, s)| *s == slot)
        {
            found.remove();
        }
        if let Ok(found) = self.serials.find_entry(serial, |s| *s == slot) {
            found.remove();
        }
        Some(entry)
    }

    /// The slot that is overdue first, if one is; it is no longer noted.
    pub(super) fn pop_overdue(&mut self, now: Moment) -> Option<u32> {
        let Reverse((overdue, _)) = self.overdue.peek()?;
        if *overdue > now {
            return None;
        }
        self.overdue.pop().map(|Reverse((_, slot))| slot)
    }

    /// The time of a deleted job's slot has come.
    pub(super) fn free_deleted(&mut self, slot: u32) {
        self.deleted -= 1;
        self.free.push(slot);
    }

    /// One more slot is deleted before its time. Their number is bounded: else callers that start and delete would
    /// fill the memory.
    pub(super) fn left_behind(&mut self, keep_micros: u64) {
        self.deleted += 1;
        if self.deleted <= DELETED_BORNE.max(self.overdue.len() / 2) {
            return;
        }
        let kept = self
            .iter()
            .map(|(slot, e)| Reverse((e.facts.kept_until(keep_micros), slot)));
        self.overdue = kept.collect();
        let empty = (0..).zip(&self.entries).filter(|(_, e)| e.is_none());
        self.free = empty.map(|(slot, _)| slot).collect();
        self.deleted = 0;
    }
}

/// Moves the entropy of a number into all of its bits.
fn spread(n: u64) -> u64 {
    let n = (n ^ (n >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    n ^ (n >> 29)
}
