//! What the writer of a store knows without asking the file: free serials, and whose turn it is.
//!
//! It follows from the rows, and is read from them again whenever a transaction did not end well.

use std::collections::{HashMap, VecDeque};

use rusqlite::Connection;

use crate::gb28181::Serial;
use crate::job::JobKey;
use crate::tenant::Tenant;

/// The serials and the queue.
#[derive(Debug)]
pub(super) struct Ledger {
    used: Box<[bool]>,
    kept: usize,
    /// After the last serial given, so that one comes again as late as possible.
    next: Serial,
    queue: FairQueue,
    /// The file's `data_version` when it was last looked at.
    version: Option<i64>,
}

/// Jobs that wait: each tenant has its own line, and the tenants take turns.
#[derive(Debug, Default)]
struct FairQueue {
    turns: VecDeque<Tenant>,
    lines: HashMap<Tenant, VecDeque<JobKey>>,
    len: usize,
}

impl Ledger {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut ledger = Self {
            used: vec![false; usize::from(Serial::COUNT)].into(),
            kept: 0,
            next: Serial::FIRST,
            queue: FairQueue::default(),
            version: None,
        };
        let mut rows =
            connection.prepare_cached("SELECT key, serial, tenant, state FROM job ORDER BY key")?;
        let mut rows = rows.query(())?;
        while let Some(row) = rows.next()? {
            let serial = Serial::from_number(row.get(1)?);
            ledger.take_serial(serial);
            if row.get_ref(3)?.as_str()? == "queued" {
                let tenant = Tenant::stored(row.get_ref(2)?.as_str()?);
                ledger.enqueue(&tenant, JobKey(row.get(0)?));
            }
        }
        Ok(ledger)
    }

    /// Whether the file's `data_version` was this when it was asked last.
    pub(super) fn seen(&mut self, version: i64) -> bool {
        self.version.replace(version) == Some(version)
    }

    /// How many jobs are kept.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len
    }

    /// How many of `tenant` wait.
    pub(super) fn waiting_of(&self, tenant: &Tenant) -> usize {
        self.queue.lines.get(tenant).map_or(0, VecDeque::len)
    }

    /// A serial that no job has.
    pub(super) fn free_serial(&self) -> Option<Serial> {
        if self.kept >= self.used.len() {
            return None;
        }
        let mut serial = self.next;
        while self.used[usize::from(serial.number())] {
            serial = serial.next();
        }
        Some(serial)
    }

    pub(super) fn take_serial(&mut self, serial: Serial) {
        self.next = serial.next();
        let used = &mut self.used[usize::from(serial.number())];
        self.kept += usize::from(!*used);
        *used = true;
    }

    pub(super) fn give_back(&mut self, serial: Serial) {
        let used = &mut self.used[usize::from(serial.number())];
        self.kept -= usize::from(*used);
        *used = false;
    }

    pub(super) fn enqueue(&mut self, tenant: &Tenant, key: JobKey) {
        self.queue.push(tenant, key);
    }

    /// The job whose turn it is.
    pub(super) fn dequeue(&mut self) -> Option<JobKey> {
        self.queue.pop()
    }
}

impl FairQueue {
    fn push(&mut self, tenant: &Tenant, key: JobKey) {
        let line = self.lines.entry(tenant.clone()).or_default();
        if line.is_empty() {
            self.turns.push_back(tenant.clone());
        }
        line.push_back(key);
        self.len += 1;
    }

    fn pop(&mut self) -> Option<JobKey> {
        let tenant = self.turns.pop_front()?;
        let line = self.lines.get_mut(&tenant)?;
        let key = line.pop_front();
        self.len -= usize::from(key.is_some());
        if line.is_empty() {
            self.lines.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_take_turns_and_each_keeps_its_order() {
        let mut queue = FairQueue::default();
        let (a, b) = ("a".parse().unwrap(), "b".parse().unwrap());
        for key in 0..4 {
            queue.push(&a, JobKey(key));
        }
        queue.push(&b, JobKey(10));
        assert_eq!(queue.pop(), Some(JobKey(0)));
        queue.push(&b, JobKey(11));
        let rest: Vec<i64> = std::iter::from_fn(|| queue.pop())
            .map(|key| key.0)
            .collect();
        assert_eq!(rest, [10, 1, 11, 2, 3]);
        assert!(queue.len == 0 && queue.lines.is_empty() && queue.turns.is_empty());
    }
}
