//! Which jobs a listing shows, and how many there are of each state.

use serde::Serialize;

use crate::job::JobState;

/// A part of all jobs in the order of their numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Page {
    /// Only jobs after this number.
    pub(crate) after: Option<u64>,
    /// Only jobs before this number.
    pub(crate) before: Option<u64>,
    /// How many at most.
    pub(crate) limit: usize,
    /// Whether the last of them are kept where these are too many, instead of the first.
    pub(crate) is_latest: bool,
}

impl Page {
    /// The first jobs after a number.
    pub(crate) fn after(after: Option<u64>, limit: usize) -> Self {
        Self {
            after,
            limit,
            ..Self::default()
        }
    }

    pub(crate) fn has(&self, number: u64) -> bool {
        self.after.is_none_or(|after| number > after)
            && self.before.is_none_or(|before| number < before)
    }

    /// The least is kept first.
    pub(crate) fn rank(&self, number: u64) -> u64 {
        match self.is_latest {
            true => u64::MAX - number,
            false => number,
        }
    }
}

/// How many jobs are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct StateCounts {
    waiting: usize,
    running: usize,
    stalled: usize,
    failed: usize,
    finished: usize,
}

impl StateCounts {
    pub(crate) fn add(&mut self, state: JobState) {
        let count = match state {
            JobState::Waiting => &mut self.waiting,
            JobState::Running => &mut self.running,
            JobState::Stalled => &mut self.stalled,
            JobState::Failed => &mut self.failed,
            JobState::Finished => &mut self.finished,
        };
        *count += 1;
    }
}
