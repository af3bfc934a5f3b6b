//! When there is something to tell of a job.

use std::time::Duration;

use crate::clock::Moment;
use crate::courier::Steps;
use crate::course::Course;
use crate::job::{Facts, JobState};
use crate::world::World;

/// The shortest time between two looks at a job.
const LEAST_EVERY: Duration = Duration::from_millis(1);

/// When callbacks are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) seed: u64,
    /// Mock time between two looks at a job that does not go evenly.
    pub(crate) every: Duration,
    /// Percent between two callbacks.
    pub(crate) step: u8,
}

impl Rules {
    /// When to look at a job again; nothing if there will be nothing new.
    pub(super) fn next(self, world: &World, facts: &Facts, now: Moment) -> Option<Moment> {
        match facts.state(now) {
            JobState::Running => {}
            // So that what nobody resumes does not stay here for ever.
            JobState::Waiting | JobState::Stalled => return Some(world.jobs.kept_until(facts)),
            JobState::Failed | JobState::Finished => return None,
        }
        if let (Course::Linear, Some(work)) = (facts.course, facts.work()) {
            let steps = Steps {
                percent: self.step,
                every: None,
            };
            return steps.next(&work, now);
        }
        let every = self.every.max(LEAST_EVERY).as_micros();
        let next = now.plus_micros(u64::try_from(every).unwrap_or(u64::MAX));
        Some(facts.ends().map_or(next, |end| next.min(end)))
    }

    /// Stands for the progress that is worth telling.
    pub(super) fn mark(self, percent: u8, is_end: bool) -> u64 {
        u64::from(percent / self.step.max(1)) << 1 | u64::from(is_end)
    }
}
