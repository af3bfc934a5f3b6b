//! What a run found: one verdict for each requirement, and for each part of one that has a level of its own.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use smsload_spec::{Clause, Level, Provenance, Requirement, Text};

use crate::about::About;
use crate::draw::Origin;
use crate::exchange::Exchange;
use crate::known::KnownFailure;
use crate::receipt::Receipt;

/// The target conforms, as far as it was tested.
pub const EXIT_CONFORMS: u8 = 0;
/// A requirement that counts failed.
pub const EXIT_FAILED: u8 = 1;
/// Wrong usage or configuration. No run ends with it; it is here for those who start one.
pub const EXIT_USAGE: u8 = 2;
/// Nothing that counts failed, but something that counts could not be judged.
pub const EXIT_INCOMPLETE: u8 = 3;

/// What became of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every case held.
    Pass,
    /// A case failed, and failed again when it was repeated.
    Fail,
    /// A case failed, and did not fail when it was repeated. Counts as failed.
    Flaky,
    /// Nothing can be concluded.
    Inconclusive,
    /// It does not apply: the target file does not name or declare what it needs.
    Skipped,
    /// There is no check for it yet.
    NotTested,
}

impl Verdict {
    /// The word, as it stands in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Flaky => "flaky",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
            Self::NotTested => "not tested",
        }
    }

    /// True for failed and flaky.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Fail | Self::Flaky)
    }
}

/// What a verdict is about: a requirement, or a part of one.
#[derive(Debug, Clone)]
pub struct Line {
    /// `TIME-06`, or `TIME-06/clipped-values` for a part.
    pub id: String,
    /// How much weight a failure has.
    pub level: Level,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The member or section of the page, or the clause of a standard, that it rests on.
    pub source: String,
    /// What is demanded.
    pub statement: Text,
}

impl Line {
    pub(crate) fn of(requirement: &Requirement) -> Self {
        Self {
            id: requirement.id.clone(),
            level: requirement.level,
            provenance: requirement.provenance,
            source: requirement.source.clone(),
            statement: requirement.statement.clone(),
        }
    }

    /// True if a failure of it fails the run.
    pub(crate) fn counts(&self, is_strict: bool) -> bool {
        self.level == Level::Must || (is_strict && self.level == Level::Should)
    }

    pub(crate) fn of_clause(requirement: &Requirement, clause: &Clause) -> Self {
        Self {
            id: format!("{}/{}", requirement.id, clause.key),
            level: clause.level,
            provenance: clause.provenance,
            source: requirement.source.clone(),
            statement: clause.statement.clone(),
        }
    }
}

/// One verdict, with its reasons and its evidence.
#[derive(Debug, Clone)]
pub struct LineResult {
    /// What it is about.
    pub line: Line,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, where the verdict alone does not say it; what was seen, where that is all that is asked.
    pub reason: Option<String>,
    /// Cases that were judged.
    pub cases: u32,
    /// Names of the exchanges that it rests on; of a property without failure only the first few.
    pub evidence: Vec<String>,
    /// The smallest case that shows the fault.
    pub failure: Option<Failure>,
}

/// The smallest case that shows a fault.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What is particular about the case: "`channel` is missing".
    pub case: String,
    /// Where the case comes from; nothing where it is judged by more than its exchanges.
    pub origin: Option<Origin>,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
    /// The exchanges that show it, in order; the last one is the one at fault.
    pub exchanges: Vec<Arc<Exchange>>,
    /// The callbacks that show it, in order.
    pub receipts: Vec<Arc<Receipt>>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It did all that was asked for.
    Complete,
    /// The target could not be reached at all.
    Unreachable(String),
    /// It ended before it was done, for this reason: the target went away, time ran out, someone stopped it, or the
    /// runner's own side failed.
    CutShort(String),
}

/// What a run found.
#[derive(Debug, Clone)]
pub struct RunResult {
    /// What it is of.
    pub about: Arc<About>,
    /// The seed that gives the same run again.
    pub seed: u64,
    /// The address of the target.
    pub target: String,
    /// The verdicts, in the order of the catalogue.
    pub lines: Vec<LineResult>,
    /// How it ended.
    pub ended: Ended,
    /// True if failures of the level SHOULD count too.
    pub is_strict: bool,
    /// Failures that were known before, whether they came or not.
    pub known: Vec<KnownFailure>,
    /// The day on which they are tolerated or not.
    pub today: Date,
    /// What else is to be known of the run: how it looked at the target, what it saw in passing.
    pub notes: Vec<String>,
    /// Requests that were sent.
    pub exchanges: u64,
    /// How long it took.
    pub took: Duration,
}

impl RunResult {
    /// What a program that runs this and nothing else exits with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let has_failed = |l: &LineResult| {
            l.verdict.is_failure() && l.line.counts(self.is_strict) && self.known(l).is_none()
        };
        let is_open =
            |l: &LineResult| l.verdict == Verdict::Inconclusive && l.line.level == Level::Must;
        if self.lines.iter().any(has_failed) || self.expired().next().is_some() {
            EXIT_FAILED
        } else if self.ended != Ended::Complete || self.lines.iter().any(is_open) {
            EXIT_INCOMPLETE
        } else {
            EXIT_CONFORMS
        }
    }

    /// The known failure that a line's failure is, if it is still tolerated.
    #[must_use]
    pub fn known(&self, line: &LineResult) -> Option<&KnownFailure> {
        let mut known = self.known.iter();
        known.find(|known| known.id == line.line.id && !known.is_expired(self.today))
    }

    /// Known failures that are tolerated no longer, whatever became of them.
    pub fn expired(&self) -> impl Iterator<Item = &KnownFailure> {
        self.known.iter().filter(|k| k.is_expired(self.today))
    }

    /// Known failures that did not come: they can be taken off the list.
    pub fn mended(&self) -> impl Iterator<Item = &KnownFailure> {
        let passes = |id: &str| self.line(id).is_some_and(|l| l.verdict == Verdict::Pass);
        self.known.iter().filter(move |known| passes(&known.id))
    }

    /// True if nothing that counts failed or was left open.
    #[must_use]
    pub fn conforms(&self) -> bool {
        self.exit_code() == EXIT_CONFORMS
    }

    /// How many lines have a verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.lines.iter().filter(|l| l.verdict == verdict).count()
    }

    /// The verdict on a requirement or a part of one.
    #[must_use]
    pub fn line(&self, id: &str) -> Option<&LineResult> {
        self.lines.iter().find(|l| l.line.id == id)
    }
}
