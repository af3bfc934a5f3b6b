//! The jobs that are kept, in memory.
//!
//! Each job owns a serial of the SIP domain while it is kept. A job is kept from its acceptance until
//! a keeping time after its end; then it is forgotten and its serial may come again. At most
//! `capacity` jobs are kept (never more than there are serials); a further one is refused, since
//! forgetting a job that somebody still asks for would be worse. A restart forgets everything: the
//! durable store is a later part.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::gb28181::{Serial, SipDomain, Ssrc};
use crate::job::Job;
use crate::source::Recording;
use crate::stream_id::StreamId;

/// No serial or no place is free.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The jobs of one SIP domain.
#[derive(Debug)]
pub(crate) struct JobStore {
    domain: SipDomain,
    capacity: usize,
    keep: Duration,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    jobs: HashMap<Serial, Job>,
    /// When each job is forgotten, soonest first.
    expiry: BTreeSet<(Instant, Serial)>,
    /// Where to look for a free serial: after the last one given, so that a serial comes again as
    /// late as possible.
    next: Serial,
}

impl JobStore {
    /// A store for at most `capacity` jobs, each kept for `keep` after its end.
    pub(crate) fn new(domain: SipDomain, capacity: u16, keep: Duration) -> Self {
        let kept = Kept {
            jobs: HashMap::new(),
            expiry: BTreeSet::new(),
            next: Serial::FIRST,
        };
        let capacity = usize::from(capacity.min(Serial::COUNT));
        Self {
            domain,
            capacity,
            keep,
            kept: Mutex::new(kept),
        }
    }

    /// Starts a job whose transfer takes `transfer`. Every call starts another one.
    pub(crate) fn start(
        &self,
        recording: &Recording,
        transfer: Duration,
        now: Instant,
    ) -> Result<Job, Full> {
        let mut kept = self.kept_at(now);
        if kept.jobs.len() >= self.capacity {
            return Err(Full);
        }
        // Ends, because fewer jobs are kept than there are serials.
        let mut serial = kept.next;
        while kept.jobs.contains_key(&serial) {
            serial = serial.next();
        }
        kept.next = serial.next();
        let ssrc = Ssrc::history(&self.domain, serial);
        let id = StreamId::new(recording.device.clone(), recording.channel.clone(), ssrc);
        let job = Job {
            id,
            started: now,
            transfer,
        };
        // A time that the clock cannot hold is never reached: such a job is simply kept.
        if let Some(forget) = now
            .checked_add(transfer)
            .and_then(|end| end.checked_add(self.keep))
        {
            kept.expiry.insert((forget, serial));
        }
        kept.jobs.insert(serial, job.clone());
        Ok(job)
    }

    /// The job with this id, if it is kept.
    pub(crate) fn find(&self, id: &StreamId, now: Instant) -> Option<Job> {
        let kept = self.kept_at(now);
        kept.jobs
            .get(&id.ssrc().serial())
            .filter(|job| job.id == *id)
            .cloned()
    }

    /// What is kept at `now`.
    ///
    /// The lock is held for map operations only, never while waiting. A panic of another holder
    /// cannot leave the maps torn, so a poisoned lock is used on.
    fn kept_at(&self, now: Instant) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(&(forget, serial)) = kept.expiry.first() {
            if forget > now {
                break;
            }
            kept.expiry.pop_first();
            kept.jobs.remove(&serial);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::source::Plan;

    const TRANSFER: Duration = Duration::from_secs(10);
    const KEEP: Duration = Duration::from_secs(30);

    fn store(capacity: u16) -> JobStore {
        JobStore::new("3402000000".parse().unwrap(), capacity, KEEP)
    }

    fn recording() -> Recording {
        Recording {
            device: "34020000001110000228".parse().unwrap(),
            channel: "34020000001320000666".parse().unwrap(),
            duration_ms: 10_000,
            bytes: Some(1024),
            plan: Plan::new(""),
        }
    }

    #[test]
    fn all_ten_thousand_serials_are_given_once_and_then_the_store_is_full() {
        let (store, now) = (store(Serial::COUNT), Instant::now());
        let ids: HashSet<String> = (0..Serial::COUNT)
            .map(|_| {
                store
                    .start(&recording(), TRANSFER, now)
                    .unwrap()
                    .id
                    .to_string()
            })
            .collect();
        assert_eq!(ids.len(), 10_000);
        assert_eq!(store.start(&recording(), TRANSFER, now).unwrap_err(), Full);
    }

    #[test]
    fn a_job_is_kept_for_the_keeping_time_after_its_end() {
        let (store, now) = (store(1), Instant::now());
        let id = store.start(&recording(), TRANSFER, now).unwrap().id;
        let last = now + TRANSFER + KEEP - Duration::from_nanos(1);
        assert!(store.find(&id, last).is_some());
        assert_eq!(store.start(&recording(), TRANSFER, last).unwrap_err(), Full);
        assert!(store.find(&id, now + TRANSFER + KEEP).is_none());
    }

    #[test]
    fn a_free_serial_comes_again_only_after_the_others() {
        let (store, now) = (store(2), Instant::now());
        let first = store.start(&recording(), TRANSFER, now).unwrap().id;
        let later = now + TRANSFER + KEEP;
        let second = store.start(&recording(), TRANSFER, later).unwrap().id;
        assert_ne!(first, second);
        assert!(store.find(&first, later).is_none());
    }

    #[test]
    fn an_id_with_the_right_serial_and_another_device_is_unknown() {
        let (store, now) = (store(2), Instant::now());
        let id = store
            .start(&recording(), TRANSFER, now)
            .unwrap()
            .id
            .to_string();
        let forged = id.replace("1110000228", "1110000229").parse().unwrap();
        assert!(store.find(&id.parse().unwrap(), now).is_some());
        assert!(store.find(&forged, now).is_none());
    }
}
