//! All jobs as data: what is needed to go on with them elsewhere, every answer the same.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::table::{Entry, Table};
use super::{Jobs, Lane};
use crate::clock::Moment;
use crate::job::Facts;
use crate::ssrc::SERIALS;

/// All jobs of a mock at one moment. As JSON it is some 250 bytes a job.
///
/// It belongs to the contract that the jobs were started under: kinds of jobs are told by their place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobsSnapshot {
    /// The moment, by the clock of the mock.
    pub now: Moment,
    /// The number that the next job gets.
    next: u64,
    jobs: Vec<Kept>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    id: Box<str>,
    lane: Lane,
    #[serde(flatten)]
    facts: Facts,
}

/// Why a snapshot of jobs cannot be gone on with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The clock stands before the snapshot, so that jobs would have started before there was time.
    #[error(
        "the snapshot was taken {behind_micros} µs later than the clock shows; advance the clock by that, then restore it"
    )]
    ClockBehind {
        /// By how much, in microseconds.
        behind_micros: u64,
    },
    /// There are more jobs than may be kept.
    #[error("the snapshot has {jobs} jobs, and {max} may be kept: raise the limit `max_jobs`")]
    TooMany {
        /// Jobs of the snapshot.
        jobs: usize,
        /// [`Limits::max_jobs`](crate::Limits::max_jobs).
        max: usize,
    },
    /// There would be more jobs than all worlds together may have.
    #[error(
        "the snapshot has {jobs} jobs, and with those of other tenants there may be {max}: raise the limit `max_total_jobs`, or reset other tenants"
    )]
    TooManyInAll {
        /// Jobs of the snapshot.
        jobs: usize,
        /// [`Limits::max_total_jobs`](crate::Limits::max_total_jobs).
        max: usize,
    },
    /// A job has an id or a serial that another one has, or no serial at all.
    #[error(
        "the job `{id}` of the snapshot {fault}; restore the snapshot as it was taken, unedited"
    )]
    Job {
        /// Its id.
        id: String,
        /// What is wrong with it.
        fault: &'static str,
    },
}

impl JobsSnapshot {
    /// How many jobs it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// True if it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }
}

impl Jobs {
    /// All jobs that are not overdue, and what the next one will be called.
    pub(crate) fn export(&self, now: Moment) -> JobsSnapshot {
        let mut table = self.lock();
        let now = table.not_before(now);
        let jobs = table
            .iter()
            .filter(|(_, e)| now < e.facts.kept_until(self.keep_micros));
        let mut jobs: Vec<_> = jobs
            .map(|(_, e)| Kept {
                id: e.id.clone(),
                lane: e.lane,
                facts: e.facts,
            })
            .collect();
        jobs.sort_unstable_by_key(|kept| kept.facts.number);
        JobsSnapshot {
            now,
            next: table.next,
            jobs,
        }
    }

    /// Puts the jobs of a snapshot in the place of those that are kept. They go on as if no time had passed between.
    ///
    /// # Errors
    /// If the snapshot cannot be gone on with; then nothing is changed.
    pub(crate) fn import(&self, snapshot: JobsSnapshot, now: Moment) -> Result<(), SnapshotError> {
        let later = match snapshot.now.micros_since(now) {
            0 => now.micros_since(snapshot.now),
            behind_micros => return Err(SnapshotError::ClockBehind { behind_micros }),
        };
        if snapshot.jobs.len() > self.max {
            return Err(SnapshotError::TooMany {
                jobs: snapshot.jobs.len(),
                max: self.max,
            });
        }
        let mut table = Table::new(&self.hasher);
        table.next = snapshot.next;
        for kept in snapshot.jobs {
            self.restore(&mut table, kept, later)?;
        }
        table.not_before(now);
        let mut present = self.lock();
        if !self.bounds.jobs.try_exchange(present.len(), table.len()) {
            return Err(SnapshotError::TooManyInAll {
                jobs: table.len(),
                max: self.bounds.jobs.max(),
            });
        }
        std::mem::swap(&mut *present, &mut table);
        // The old ones are freed only when nobody waits for the lock.
        drop(present);
        Ok(())
    }

    fn restore(&self, table: &mut Table, kept: Kept, later: u64) -> Result<(), SnapshotError> {
        let (hash, kind) = (self.hash(&kept.id), kept.facts.kind);
        let is_it = |e: &Entry| e.facts.kind == kind && e.id == kept.id;
        let fault = if kept.facts.serial >= SERIALS {
            Some("has a serial above 9999")
        } else if table.slot(hash, is_it).is_some() {
            Some("is there twice")
        } else if !table.is_free(kept.lane, kept.facts.serial) {
            Some("has the serial of another job of its channel")
        } else {
            None
        };
        if let Some(fault) = fault {
            let id = kept.id.into_string();
            return Err(SnapshotError::Job { id, fault });
        }
        let facts = kept.facts.later(later);
        table.next = table.next.max(facts.number.saturating_add(1));
        let entry = Entry {
            id: kept.id,
            lane: kept.lane,
            facts,
        };
        table.put(hash, entry, facts.kept_until(self.keep_micros));
        Ok(())
    }
}

// In hexadecimal digits: as a number it would lose its last digits in programs that know no 64-bit integers.
impl Serialize for Lane {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Lane {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        u64::from_str_radix(&digits, 16)
            .map(Self)
            .map_err(|_| de::Error::custom(format!("`{digits}` is no lane: 16 hexadecimal digits")))
    }
}
