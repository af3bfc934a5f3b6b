//! The tables behind [`Jobs`](super::Jobs): slots, and what finds them by id, by serial and by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::Lane;
use crate::clock::Moment;
use crate::hash::fold;
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
    entries: Slots,
    pub(super) free: Vec<u32>,
    /// Slots by id; half of the hash beside the slot, so that neither growing nor a collision reads an entry.
    ids: HashTable<(u32, u32)>,
    /// Slots by lane and serial, in the same way.
    serials: HashTable<(u32, u32)>,
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
    fn hash(self, lane: Lane, serial: u16) -> u32 {
        let lane = fold(lane.0 ^ self.0, self.1 | 1);
        half(fold(lane ^ u64::from(serial), self.0 | 1))
    }
}

/// Half of a hash, made of all of it.
#[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
pub(super) const fn half(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

/// Jobs by slot, in blocks that stay where they are: a table with room for a million that is copied when it grows
/// would keep every request waiting meanwhile.
#[derive(Debug, Default)]
struct Slots {
    blocks: Vec<Vec<Option<Entry>>>,
}

/// Slots of a block.
const BLOCK: usize = 1024;

impl Slots {
    fn get(&self, slot: u32) -> Option<&Entry> {
        let slot = slot as usize;
        self.blocks.get(slot / BLOCK)?.get(slot % BLOCK)?.as_ref()
    }

    fn get_mut(&mut self, slot: u32) -> Option<&mut Option<Entry>> {
        let slot = slot as usize;
        self.blocks.get_mut(slot / BLOCK)?.get_mut(slot % BLOCK)
    }

    /// Keeps a job in a new slot.
    fn push(&mut self, entry: Entry) -> u32 {
        if self.blocks.last().is_none_or(|last| last.len() == BLOCK) {
            // A world with few jobs needs no whole block.
            let room = if self.blocks.is_empty() { 0 } else { BLOCK };
            self.blocks.push(Vec::with_capacity(room));
        }
        let full = self.blocks.len() - 1;
        let last = &mut self.blocks[full];
        last.push(Some(entry));
        let slot = full * BLOCK + last.len() - 1;
        // Fewer jobs are kept than there are such numbers.
        u32::try_from(slot).unwrap_or(u32::MAX)
    }

    /// All slots, with the jobs that are there.
    fn iter(&self) -> impl Iterator<Item = (u32, Option<&Entry>)> {
        (0..).zip(self.blocks.iter().flatten().map(Option::as_ref))
    }
}

impl Table {
    pub(super) fn new(hasher: &RandomState) -> Self {
        Self {
            entries: Slots::default(),
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
        self.entries.get(slot)
    }

    pub(super) fn entry_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.entries.get_mut(slot)?.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        self.entries
            .iter()
            .filter_map(|(slot, entry)| Some((slot, entry?)))
    }

    pub(super) fn slot(&self, hash: u32, is_it: impl Fn(&Entry) -> bool) -> Option<u32> {
        let found = self.ids.find(spread(hash.into()), |(half, slot)| {
            *half == hash && self.entry(*slot).is_some_and(&is_it)
        });
        found.map(|(_, slot)| *slot)
    }

    pub(super) fn is_free(&self, lane: Lane, serial: u16) -> bool {
        let hash = self.keys.hash(lane, serial);
        let is_it = |e: &Entry| e.lane == lane && e.facts.serial == serial;
        let found = self.serials.find(spread(hash.into()), |(half, slot)| {
            *half == hash && self.entry(*slot).is_some_and(is_it)
        });
        found.is_none()
    }

    /// A serial that is free. The first jobs have one after the other; later ones the first from a scattered place on,
    /// since callers that take turns among channels would find the same few taken again and again.
    pub(super) fn free_serial(&self, lane: Lane) -> Option<u16> {
        let serial = |n: u64| u16::try_from(n % u64::from(SERIALS)).unwrap_or(0);
        let first = match self.next < u64::from(SERIALS) {
            true => serial(self.next),
            false => serial(spread(self.next)),
        };
        (first..SERIALS)
            .chain(0..first)
            .find(|serial| self.is_free(lane, *serial))
    }

    pub(super) fn put(&mut self, hash: u32, entry: Entry, overdue: Moment) {
        let serial = self.keys.hash(entry.lane, entry.facts.serial);
        let free = self.free.pop();
        let slot = match free.and_then(|slot| Some((slot, self.entries.get_mut(slot)?))) {
            Some((slot, place)) => {
                *place = Some(entry);
                slot
            }
            None => self.entries.push(entry),
        };
        let rehash = |(half, _): &(u32, u32)| spread(u64::from(*half));
        self.ids
            .insert_unique(spread(hash.into()), (hash, slot), rehash);
        self.serials
            .insert_unique(spread(serial.into()), (serial, slot), rehash);
        self.overdue.push(Reverse((overdue, slot)));
    }

    /// Takes a job out of everything but `overdue`; its slot is not free yet.
    pub(super) fn remove(&mut self, hash: u32, slot: u32) -> Option<Entry> {
        let entry = self.entries.get_mut(slot).and_then(Option::take)?;
        let serial = self.keys.hash(entry.lane, entry.facts.serial);
        if let Ok(found) = self
            .ids
            .find_entry(spread(hash.into()), |(_, s)| *s == slot)
        {
            found.remove();
        }
        if let Ok(found) = self
            .serials
            .find_entry(spread(serial.into()), |(_, s)| *s == slot)
        {
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
        let empty = self.entries.iter().filter(|(_, e)| e.is_none());
        self.free = empty.map(|(slot, _)| slot).collect();
        self.deleted = 0;
    }
}

/// Moves the entropy of a number into all of its bits.
fn spread(n: u64) -> u64 {
    let n = (n ^ (n >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    n ^ (n >> 29)
}
