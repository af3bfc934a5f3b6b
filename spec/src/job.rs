//! `x-job`: what an operation has to do with a long-running job. The state machine of a job is data of the contract:
//! which members name the device and the window, how its id, duration and size come about, what is answered.
//!
//! Variables of the expressions: `self` (the body of the request), `recorded` (what a window holds), `job` (the job,
//! see [`JobView`]).

use std::borrow::Cow;
use std::collections::HashMap;

use cel::Value as Cel;
use cel::objects::Key;

use crate::expression::{Expression, Members};
use crate::quick::Quick;
use crate::template::Template;

/// What an operation has to do with a job.
#[derive(Debug)]
pub enum Job {
    /// It starts one.
    Starts(Box<JobStart>),
    /// It reads one.
    Reads(Box<JobRead>),
    /// It tells of one: a callback.
    Tells(Box<JobTell>),
}

/// An operation that starts a job.
#[derive(Debug)]
pub struct JobStart {
    /// The kind of job; operations with the same kind belong together.
    pub kind: String,
    /// The device: an expression over `self` that gives a string.
    pub device: Expression,
    /// The channel: an expression over `self` that gives a string.
    pub channel: Expression,
    /// Start of the window: an expression over `self` that gives a local date-time.
    pub start: Expression,
    /// End of the window: an expression over `self` that gives a local date-time.
    pub end: Expression,
    /// The id: an expression over `self` and `job` (`job.ssrc`, `job.serial`) that gives a string.
    pub id: Expression,
    /// Duration in seconds: an expression over `self` and `recorded`.
    pub duration: Expression,
    /// Size in bytes: an expression over `self` and `recorded`.
    pub size: Expression,
    /// The answer: expressions over `self` and `job`.
    pub response: Template,
}

/// An operation that reads a job.
#[derive(Debug)]
pub struct JobRead {
    /// The kind of job.
    pub kind: String,
    /// Which job: an expression over `self` that gives its id.
    pub id: Expression,
    /// The answer: expressions over `self` and `job`.
    pub response: Template,
}

/// A callback that tells of a job.
#[derive(Debug)]
pub struct JobTell {
    /// The kind of job.
    pub kind: String,
    /// The body that is sent: expressions over `job`.
    pub body: Template,
}

/// What a window of a channel holds: the variable `recorded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Recorded seconds.
    pub seconds: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Members of [`Recorded`].
pub(crate) const RECORDED: &[&str] = &["seconds", "bytes"];

impl Members for Recorded {
    fn member(&self, name: &str) -> Option<Cel> {
        let whole = |n: u64| i64::try_from(n).map_or(Cel::UInt(n), Cel::Int);
        match name {
            "seconds" => Some(whole(self.seconds)),
            "bytes" => Some(whole(self.bytes)),
            _ => None,
        }
    }

    fn all(&self) -> Cel {
        all(self, RECORDED)
    }

    fn quick(&self, name: &str) -> Option<Quick<'_>> {
        let number = match name {
            "seconds" => self.seconds,
            "bytes" => self.bytes,
            _ => return None,
        };
        i64::try_from(number).ok().map(Quick::Int)
    }
}

/// A job as expressions see it: the variable `job`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobView<'a> {
    /// Its id; empty while the id itself is made.
    pub id: &'a str,
    /// Its SSRC (GB/T 28181): 10 decimal digits, the first 1 for a recording.
    pub ssrc: &'a str,
    /// Its number among all jobs of the server, from 0.
    pub serial: u64,
    /// Duration in seconds.
    pub seconds: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Bytes that are there.
    pub done: u64,
    /// True once the whole file is there.
    pub finished: bool,
    /// True once it is known that the whole file will never be there.
    pub failed: bool,
    /// Address of the file; empty until it is finished.
    pub file_url: &'a str,
}

/// Members of [`JobView`].
pub(crate) const JOB: &[&str] = &[
    "id", "ssrc", "serial", "seconds", "bytes", "done", "finished", "failed", "file_url",
    "percent", "fraction",
];

impl JobView<'_> {
    /// Whole percent that are done, never rounded up: 100 only once the file is whole.
    #[must_use]
    pub fn percent(&self) -> u8 {
        if self.finished {
            return 100;
        }
        let percent = (u128::from(self.done) * 100)
            .checked_div(u128::from(self.bytes))
            .unwrap_or(0);
        u8::try_from(percent.min(99)).unwrap_or(99)
    }

    /// The part that is done, from 0 to 1, never rounded up: 1 only once the file is whole.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        if self.finished {
            return 1.0;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a fraction needs no more than 53 bits"
        )]
        let fraction = self.done as f64 / self.bytes.max(1) as f64;
        (fraction * 10_000.0).floor().min(9_999.0) / 10_000.0
    }
}

impl Members for JobView<'_> {
    fn member(&self, name: &str) -> Option<Cel> {
        let whole = |n: u64| i64::try_from(n).map_or(Cel::UInt(n), Cel::Int);
        Some(match name {
            "id" => Cel::from(self.id),
            "ssrc" => Cel::from(self.ssrc),
            "serial" => whole(self.serial),
            "seconds" => whole(self.seconds),
            "bytes" => whole(self.bytes),
            "done" => whole(self.done),
            "finished" => Cel::Bool(self.finished),
            "failed" => Cel::Bool(self.failed),
            "file_url" => Cel::from(self.file_url),
            "percent" => Cel::Int(i64::from(self.percent())),
            "fraction" => Cel::Float(self.fraction()),
            _ => return None,
        })
    }

    fn all(&self) -> Cel {
        all(self, JOB)
    }

    fn quick(&self, name: &str) -> Option<Quick<'_>> {
        let whole = |n: u64| i64::try_from(n).ok().map(Quick::Int);
        let text = |t| Some(Quick::Text(Cow::Borrowed(t)));
        match name {
            "id" => text(self.id),
            "ssrc" => text(self.ssrc),
            "file_url" => text(self.file_url),
            "serial" => whole(self.serial),
            "seconds" => whole(self.seconds),
            "bytes" => whole(self.bytes),
            "done" => whole(self.done),
            "percent" => whole(self.percent().into()),
            "finished" => Some(Quick::Bool(self.finished)),
            "failed" => Some(Quick::Bool(self.failed)),
            _ => None,
        }
    }
}

fn all(value: &dyn Members, names: &[&str]) -> Cel {
    let map: HashMap<Key, Cel> = names
        .iter()
        .filter_map(|n| Some((Key::from(*n), value.member(n)?)))
        .collect();
    Cel::from(map)
}

#[cfg(test)]
mod tests {
    use super::JobView;

    #[test]
    fn progress_is_never_rounded_up() {
        let job = |done, finished| JobView {
            id: "x",
            ssrc: "1200000001",
            serial: 1,
            seconds: 10,
            bytes: 1_000_000,
            done,
            finished,
            failed: false,
            file_url: "",
        };
        assert_eq!(job(0, false).percent(), 0);
        assert_eq!(job(999_999, false).percent(), 99);
        assert_eq!(job(1_000_000, false).percent(), 99);
        assert_eq!(job(1_000_000, true).percent(), 100);
        assert!(job(1_000_000, false).fraction() < 1.0);
        assert!((job(500_000, false).fraction() - 0.5).abs() < 1e-9);
    }
}
