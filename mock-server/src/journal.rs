//! What a world was asked, what it answered, and what it told whom: a bounded list, the oldest entry making room.
//!
//! What is kept is copied out of the request, since what a request borrows would keep the whole read buffer of its
//! connection in memory. Headers that hold secrets ([`crate::exchange::SECRETS`]) are kept without their values. Nothing is formatted
//! before somebody reads the journal.
//!
//! Limits: so many entries and bytes as [`Limits`] says; bodies are cut.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smsload_spec::Violation;

use crate::bounds::{Bounds, Reached};
use crate::clock::Moment;
use crate::exchange::{Exchange, Room};
use crate::limits::Limits;
use crate::request::{Answer, Request};

/// What an entry costs beside its texts.
const OVERHEAD: usize = 512;

/// An attempt to tell somebody of a job.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct CallbackAttempt {
    /// The job's id.
    pub(crate) job: String,
    /// Where it was sent, without user and password.
    pub(crate) address: String,
    /// Which message of the job it was; the first is 1, and 0 means that none could be sent.
    #[serde(default)]
    pub(crate) delivery: u32,
    /// Which attempt at that message; the first is 1.
    pub(crate) attempt: u32,
    /// What was sent, or its beginning.
    pub(crate) body: String,
    /// Bytes of the whole body.
    #[serde(default)]
    pub(crate) length: usize,
    /// Whether only its beginning is kept.
    #[serde(default)]
    pub(crate) cut: bool,
    /// What the mock did wrong with it, because a fault wanted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<Cow<'static, str>>,
    /// Whether it was the job's last message.
    #[serde(default)]
    pub(crate) end: bool,
    /// What was answered, if anything was.
    pub(crate) status: Option<u16>,
    /// Why nothing was.
    pub(crate) error: Option<String>,
    /// What follows: `acknowledged`, `retry`, `given-up`, `stopped`, `held`.
    #[serde(default)]
    pub(crate) then: String,
}

/// What an entry is about. Its texts are shared, so that a listing copies none under the lock.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Exchange(Exchange),
    Callback(Arc<CallbackAttempt>),
}

/// One entry.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its number in its world, from 1.
    pub(crate) number: u64,
    /// When, in mock time.
    pub(crate) at: Moment,
    pub(crate) what: What,
}

impl What {
    /// Bytes that it costs, nearly.
    fn cost(&self) -> usize {
        let told = |v: &Violation| OVERHEAD / 2 + v.message.len() + v.pointer.len() + v.rule.len();
        OVERHEAD
            + match self {
                Self::Exchange(e) => {
                    e.text_length()
                        + e.violations().iter().map(told).sum::<usize>()
                        + e.duplicates().iter().map(|d| d.len() + 24).sum::<usize>()
                }
                Self::Callback(c) => {
                    let error = c.error.as_ref().map_or(0, String::len);
                    c.job.len() + c.address.len() + c.body.len() + error
                }
            }
    }
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<(usize, Entry)>,
    /// Where the next exchange is written.
    room: Room,
    bytes: usize,
    /// Numbers given so far.
    last: u64,
    /// Entries that had to make room.
    dropped: u64,
}

/// The journal of a world. What lies beside its lock in memory would be waited for whenever another processor takes
/// that, so it has lines of the cache of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Journal {
    max_entries: usize,
    max_bytes: usize,
    max_body: usize,
    /// What all worlds have together.
    bounds: Arc<Bounds>,
    ring: Mutex<Ring>,
}

/// What a journal holds at one instant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
    pub(crate) last: u64,
    pub(crate) dropped: u64,
    /// Bytes of all entries.
    pub(crate) bytes: usize,
}

impl Journal {
    pub(crate) fn new(limits: &Limits, bounds: Arc<Bounds>) -> Self {
        Self {
            max_entries: limits.journal_entries,
            max_bytes: limits.journal_bytes,
            max_body: limits.journal_body,
            bounds,
            ring: Mutex::default(),
        }
    }

    /// Whether anything is kept.
    pub(crate) fn is_on(&self) -> bool {
        self.max_entries > 0
    }

    /// Bytes of a body that are kept at most.
    pub(crate) fn max_body(&self) -> usize {
        self.max_body
    }

    /// Keeps an exchange; its number, if any is given.
    pub(crate) fn exchange(
        &self,
        at: Moment,
        request: &Request<'_>,
        answer: &Answer<'_>,
    ) -> Option<u64> {
        self.is_on().then(|| {
            let mut exchange = Exchange::of(request, answer);
            let mut ring = self.lock();
            exchange.write(&mut ring.room, request, answer, self.max_body);
            self.put(ring, at, What::Exchange(exchange))
        })
    }

    /// Keeps something; its number.
    pub(crate) fn push(&self, at: Moment, what: What) -> u64 {
        self.put(self.lock(), at, what)
    }

    fn put(&self, mut ring: MutexGuard<'_, Ring>, at: Moment, what: What) -> u64 {
        let cost = what.cost();
        ring.last = ring.last.saturating_add(1);
        let number = ring.last;
        ring.bytes += cost;
        let entry = Entry { number, at, what };
        ring.entries.push_back((cost, entry));
        let before = ring.bytes - cost;
        let room = self.make_room(&mut ring);
        self.count(before, ring.bytes);
        drop(ring);
        if room.is_some() {
            self.bounds.tell(Reached::Journal);
        }
        // Freed only now, when nobody waits for the lock.
        drop(room);
        number
    }

    /// Tells all worlds' count what became of the bytes. Under the lock, lest somebody take away there what was not yet
    /// added.
    fn count(&self, before: usize, after: usize) {
        match after.checked_sub(before) {
            // What all count is written to only if need be.
            Some(0) => {}
            Some(more) => self.bounds.journal.add(more),
            None => self.bounds.journal.sub(before - after),
        }
    }

    /// Bytes of all entries.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Throws away the oldest entries, until so many bytes are given back or there is none.
    pub(crate) fn give_back(&self, bytes: usize) {
        let mut room = Vec::new();
        let mut ring = self.lock();
        let before = ring.bytes;
        while before - ring.bytes < bytes {
            let Some((cost, entry)) = ring.entries.pop_front() else {
                break;
            };
            ring.bytes -= cost;
            ring.dropped += 1;
            room.push(entry);
        }
        self.count(before, ring.bytes);
        drop(ring);
        drop(room);
    }

    /// Takes out what is too much; gives the first of it, which mostly is all.
    fn make_room(&self, ring: &mut Ring) -> Option<Entry> {
        let mut first = None;
        while ring.entries.len() > self.max_entries || ring.bytes > self.max_bytes {
            let (cost, entry) = ring.entries.pop_front()?;
            ring.bytes -= cost;
            ring.dropped += 1;
            first.get_or_insert(entry);
        }
        first
    }

    /// All entries after a number, the oldest first, that pass.
    pub(crate) fn list(&self, after: u64, mut passes: impl FnMut(&Entry) -> bool) -> Listing {
        // Only counted references are copied under the lock; whoever asks looks at them and formats them after it.
        let mut listing = {
            let ring = self.lock();
            let entries = ring.entries.iter().map(|(_, entry)| entry);
            Listing {
                entries: entries.filter(|e| e.number > after).cloned().collect(),
                last: ring.last,
                dropped: ring.dropped,
                bytes: ring.bytes,
            }
        };
        listing.entries.retain(|entry| passes(entry));
        listing
    }

    /// Forgets all entries; numbers go on.
    pub(crate) fn clear(&self) {
        let mut ring = self.lock();
        let emptied = Ring {
            last: ring.last,
            ..Ring::default()
        };
        let old = std::mem::replace(&mut *ring, emptied);
        self.count(old.bytes, 0);
        drop(ring);
        drop(old);
    }

    /// Puts other entries in the place of all; as many as there is room for.
    pub(crate) fn replace(&self, listing: Listing) {
        let mut ring = Ring {
            last: listing.last,
            dropped: listing.dropped,
            ..Ring::default()
        };
        for entry in listing.entries {
            let cost = entry.what.cost();
            ring.last = ring.last.max(entry.number);
            ring.bytes += cost;
            ring.entries.push_back((cost, entry));
            drop(self.make_room(&mut ring));
        }
        let mut present = self.lock();
        let old = std::mem::replace(&mut *present, ring);
        self.count(old.bytes, present.bytes);
        drop(present);
        drop(old);
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // No code that runs under the lock leaves the ring half changed.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.count(self.bytes(), 0);
    }
}
