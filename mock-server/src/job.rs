//! One job: a few words. Its progress is a pure function of them and of the time; they change only if somebody
//! interferes by hand, and then so that what was told of it before stays true: progress never goes back.

use serde::{Deserialize, Serialize};
use smsload_spec::JobView;

use crate::clock::Moment;
use crate::courier::Work;
use crate::course::{Course, Whole};

/// What is known of a job besides its id. There is no timer and no task behind it: whoever asks, computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// When it was accepted.
    pub(crate) started: Moment,
    /// When it would have started, had it never been held: what has passed for its course is counted from here.
    from: Moment,
    /// When somebody interfered last; else when it started.
    mark: Moment,
    /// Microseconds that its course takes; at least 1.
    pub(crate) transfer_micros: u64,
    /// Duration of the file in seconds.
    pub(crate) seconds: u64,
    /// Size of the file in bytes.
    pub(crate) bytes: u64,
    /// Its number among all jobs, from 0.
    pub(crate) number: u64,
    /// The last four digits of its SSRC, below [`SERIALS`](crate::ssrc::SERIALS).
    pub(crate) serial: u16,
    /// The kind of job, as an index.
    pub(crate) kind: u16,
    /// How its progress goes.
    pub(crate) course: Course,
    phase: Phase,
}

/// What was done to a job by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Phase {
    /// It follows its course.
    Runs,
    /// It has stood still since `mark`.
    Held,
    /// It failed at `mark`.
    Failed,
    /// It was finished at `mark`.
    Finished,
}

/// What has become of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Accepted and not begun, and it will not begin by itself.
    Waiting,
    /// On its way.
    Running,
    /// Begun, and it will not go on by itself.
    Stalled,
    /// It will never be whole; what was there stays there.
    Failed,
    /// The whole file is there.
    Finished,
}

impl JobState {
    /// Its name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Stalled => "stalled",
            Self::Failed => "failed",
            Self::Finished => "finished",
        }
    }
}

/// What can be done to a job by hand. What makes no sense for its state changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobAction {
    /// A running job stands still.
    Stall,
    /// A job that was stalled by hand follows its course on from where it is; one whose course had come to a stop, or
    /// never began, goes on at one speed.
    Resume,
    /// A job that is not finished fails, for good.
    Fail,
    /// A job that has not failed is finished at once.
    Finish,
}

/// A job about to be accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewJob {
    pub(crate) started: Moment,
    pub(crate) transfer_micros: u64,
    pub(crate) seconds: u64,
    pub(crate) bytes: u64,
    pub(crate) number: u64,
    pub(crate) serial: u16,
    pub(crate) kind: u16,
    pub(crate) course: Course,
}

impl From<NewJob> for Facts {
    fn from(job: NewJob) -> Self {
        Self {
            started: job.started,
            from: job.started,
            mark: job.started,
            transfer_micros: job.transfer_micros.max(1),
            seconds: job.seconds,
            bytes: job.bytes,
            number: job.number,
            serial: job.serial,
            kind: job.kind,
            course: job.course,
            phase: Phase::Runs,
        }
    }
}

impl Facts {
    fn whole(&self) -> Whole {
        Whole {
            bytes: self.bytes,
            micros: self.transfer_micros,
        }
    }

    /// Microseconds that have passed for its course.
    fn passed(&self, now: Moment) -> u64 {
        // Whoever took the time before somebody interfered, and asks after it, is told what is true after it.
        let at = match self.phase {
            Phase::Runs => now.max(self.mark),
            Phase::Held | Phase::Failed | Phase::Finished => self.mark,
        };
        at.micros_since(self.from)
    }

    /// When its course is or would be over.
    fn nominal_end(&self) -> Moment {
        self.from.plus_micros(self.transfer_micros)
    }

    /// What has become of it.
    pub(crate) fn state(&self, now: Moment) -> JobState {
        match self.phase {
            Phase::Held => return JobState::Stalled,
            Phase::Failed => return JobState::Failed,
            Phase::Finished => return JobState::Finished,
            Phase::Runs => {}
        }
        let passed = self.passed(now);
        let is_halted = |halt: Option<u64>| halt.is_some_and(|halt| passed >= halt);
        match self.course {
            Course::NeverStarts => JobState::Waiting,
            Course::FailsAt(_) if is_halted(self.course.halt(self.whole())) => JobState::Failed,
            Course::StallsAt(_) if is_halted(self.course.halt(self.whole())) => JobState::Stalled,
            _ if passed >= self.transfer_micros => JobState::Finished,
            _ => JobState::Running,
        }
    }

    /// Bytes that are there; all of them only once it is finished, unless the file is empty.
    pub(crate) fn done(&self, now: Moment) -> u64 {
        match self.state(now) {
            JobState::Finished => self.bytes,
            _ => self.course.done(self.whole(), self.passed(now)),
        }
    }

    /// When it finishes or fails, or did, if nobody interferes; nothing if it does neither by itself.
    pub(crate) fn ends(&self) -> Option<Moment> {
        match (self.phase, self.course) {
            (Phase::Failed | Phase::Finished, _) => Some(self.mark),
            (Phase::Held, _) | (Phase::Runs, Course::NeverStarts | Course::StallsAt(_)) => None,
            (Phase::Runs, course) => {
                let micros = course.halt(self.whole()).unwrap_or(self.transfer_micros);
                Some(self.from.plus_micros(micros))
            }
        }
    }

    /// What is being brought over, while nobody holds it.
    pub(crate) fn work(&self) -> Option<Work> {
        (self.phase == Phase::Runs).then_some(Work {
            started: self.from,
            transfer_micros: self.transfer_micros,
            bytes: self.bytes,
        })
    }

    /// When it is forgotten: so long after the end that it has or would have had, or after somebody interfered if that
    /// is later. No action makes it earlier.
    pub(crate) fn kept_until(&self, keep_micros: u64) -> Moment {
        self.nominal_end().max(self.mark).plus_micros(keep_micros)
    }

    /// Does something to it.
    pub(crate) fn act(&mut self, now: Moment, action: JobAction) {
        use JobState::{Finished, Running, Stalled, Waiting};
        let now = now.max(self.mark);
        match (action, self.state(now)) {
            (JobAction::Stall, Running) => self.mark_at(now, Phase::Held),
            (JobAction::Resume, Stalled) if self.phase == Phase::Held => {
                self.mark_at(now, Phase::Runs);
            }
            (JobAction::Resume, Stalled | Waiting) => {
                let passed = self.course.halt(self.whole()).unwrap_or(0);
                let stood = self.passed(now).saturating_sub(passed);
                self.from = self.from.plus_micros(stood);
                self.course = Course::Linear;
                self.mark_at(now, Phase::Runs);
            }
            (JobAction::Fail, Waiting | Running | Stalled) => self.mark_at(now, Phase::Failed),
            (JobAction::Finish, Waiting | Running | Stalled) => self.mark_at(now, Phase::Finished),
            (JobAction::Stall | JobAction::Resume, _)
            | (JobAction::Fail | JobAction::Finish, Finished | JobState::Failed) => {}
        }
    }

    /// Enters another phase with the progress that it has.
    fn mark_at(&mut self, now: Moment, phase: Phase) {
        if self.phase == Phase::Held {
            self.from = self.from.plus_micros(now.micros_since(self.mark));
        }
        self.mark = now;
        self.phase = phase;
    }

    /// The same job, with all its times so much later.
    pub(crate) fn later(self, micros: u64) -> Self {
        Self {
            started: self.started.plus_micros(micros),
            from: self.from.plus_micros(micros),
            mark: self.mark.plus_micros(micros),
            ..self
        }
    }

    /// The job as the contract's expressions see it; the address of its file only once that is whole.
    pub(crate) fn view<'a>(
        &self,
        id: &'a str,
        ssrc: &'a str,
        file_url: &'a str,
        now: Moment,
    ) -> JobView<'a> {
        let state = self.state(now);
        JobView {
            id,
            ssrc,
            serial: self.number,
            seconds: self.seconds,
            bytes: self.bytes,
            done: self.done(now),
            finished: state == JobState::Finished,
            failed: state == JobState::Failed,
            file_url: if state == JobState::Finished {
                file_url
            } else {
                ""
            },
        }
    }
}

#[cfg(test)]
mod tests;
