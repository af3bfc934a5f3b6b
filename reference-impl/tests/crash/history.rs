//! What happened: accepted downloads, what was told of them, and to whom.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard};

/// A download that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    pub(crate) id: String,
    /// The most that its query ever told.
    pub(crate) told: u8,
}

/// A callback that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Called {
    pub(crate) id: String,
    pub(crate) file_url: String,
    pub(crate) percent: u8,
    pub(crate) acknowledged: bool,
    /// In which life of the server.
    pub(crate) life: u32,
}

/// All of it, by the numbers of the requests.
#[derive(Default)]
pub(crate) struct History {
    accepted: Mutex<BTreeMap<u32, Accepted>>,
    calls: Mutex<BTreeMap<u32, Vec<Called>>>,
    life: AtomicU32,
}

impl History {
    pub(crate) fn new_life(&self) {
        self.life.fetch_add(1, SeqCst);
    }

    pub(crate) fn life(&self) -> u32 {
        self.life.load(SeqCst)
    }

    pub(crate) fn accept(&self, number: u32, id: String) {
        let before = self.accepted().insert(number, Accepted { id, told: 0 });
        assert!(before.is_none(), "request {number} was answered twice");
    }

    /// The most that was told of a download so far.
    pub(crate) fn told_so_far(&self, number: u32) -> u8 {
        self.accepted()[&number].told
    }

    /// Notes what a query told; it must not be less than what was told `before` it was asked.
    pub(crate) fn told(&self, number: u32, before: u8, percent: u8) {
        assert!(percent >= before, "{number}: told {percent} after {before}");
        if let Some(accepted) = self.accepted().get_mut(&number) {
            accepted.told = accepted.told.max(percent);
        }
    }

    pub(crate) fn call(&self, number: u32, called: Called) {
        let mut calls = self.calls.lock().unwrap();
        calls.entry(number).or_default().push(called);
    }

    pub(crate) fn accepted(&self) -> MutexGuard<'_, BTreeMap<u32, Accepted>> {
        self.accepted.lock().unwrap()
    }

    pub(crate) fn calls(&self) -> BTreeMap<u32, Vec<Called>> {
        self.calls.lock().unwrap().clone()
    }
}
