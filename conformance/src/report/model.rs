//! The result of a run as all reports tell it: `report.json` is this model, and every other form is made from it.
//!
//! Members may be added within a schema version; none is renamed or removed. `report.schema.json` describes it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smsload_spec::{Level, Provenance, Text};

use super::coverage::Coverage;
use super::times::AnswerTimes;
use super::watched::WatchedDownload;
use crate::about::{Fingerprint, RunSettings};
use crate::draw::Origin;
use crate::exchange::Exchange;
use crate::result::Verdict;

/// The version of the form of `report.json`.
pub const SCHEMA_VERSION: u32 = 1;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of this form.
    pub schema_version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// The seed that gives the same run again. A string: not every reader of JSON holds 64 bits.
    pub seed: String,
    /// The address of the target.
    pub target: String,
    /// The contract.
    pub contract: Fingerprint,
    /// The catalogue; nothing if the contract has no operation that it is about.
    pub catalogue: Option<Fingerprint>,
    /// What was asked for.
    pub settings: RunSettings,
    /// True if failures of the level SHOULD count too.
    pub strict: bool,
    /// True if nothing that counts failed or was left open.
    pub conforms: bool,
    /// What `smsload verify` exits with.
    pub exit_code: u8,
    /// How it ended.
    pub ended: Ending,
    /// Why, unless it is complete.
    pub ended_reason: Option<String>,
    /// When it began (RFC 3339, UTC).
    pub started_at: String,
    /// When it ended (RFC 3339, UTC).
    pub ended_at: String,
    /// How long it took.
    pub milliseconds: u64,
    /// Requests that were sent.
    pub exchanges: u64,
    /// Callbacks that came.
    #[serde(default)]
    pub receipts: u64,
    /// What else is to be known of the run.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Failures that were known before.
    #[serde(default)]
    pub known_failures: Vec<Known>,
    /// Groups of requirements, in order.
    pub groups: Vec<Group>,
    /// One verdict for each requirement, and for each part of one that has a level of its own.
    pub requirements: Vec<Requirement>,
    /// What of the contract was touched.
    #[serde(default)]
    pub coverage: Coverage,
    /// How long answers took.
    #[serde(default)]
    pub answer_times: Vec<AnswerTimes>,
    /// Downloads that were watched.
    #[serde(default)]
    pub downloads: Vec<WatchedDownload>,
}

/// A failure that was known before the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The requirement or the part of one.
    pub id: String,
    /// Why it is tolerated.
    pub reason: String,
    /// The last day on which it is, `YYYY-MM-DD`.
    pub expires: String,
    /// What became of it.
    pub state: KnownState,
}

/// What became of a known failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownState {
    /// It is tolerated: a failure does not count.
    Tolerated,
    /// It is tolerated no longer: it counts, whatever came.
    Expired,
    /// The requirement passes: take it off the list.
    Mended,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It did all that was asked for.
    Complete,
    /// The target could not be reached at all.
    Unreachable,
    /// It was stopped, or the target went away: the report is a part of one.
    CutShort,
}

/// A group of requirements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its id: what stands before the hyphen in those of its requirements; of operations without a catalogue their id.
    pub id: String,
    /// Its title.
    pub title: Text,
}

/// A verdict on a requirement or on a part of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// `TIME-06`, or `TIME-06/clipped-values` for a part.
    pub id: String,
    /// The group.
    pub group: String,
    /// How much weight a failure has.
    pub level: Level,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The member or section of the page, or the clause of a standard, that it rests on.
    pub source: String,
    /// What is demanded.
    pub statement: Text,
    /// What became of it.
    pub verdict: Verdict,
    /// Cases that were judged.
    pub cases: u32,
    /// Why, where the verdict alone does not say it.
    pub reason: Option<String>,
    /// Names of the exchanges that it rests on; of a property without failure only the first few.
    pub evidence: Vec<String>,
    /// The smallest case that shows the fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Shown>,
}

/// The smallest case that shows a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What is particular about it.
    pub case: String,
    /// Where it comes from; nothing where it is judged by more than its exchanges.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
    /// The exchanges that show it, in order; the last one is the one at fault.
    pub exchanges: Vec<Evidence>,
}

/// An exchange, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its name within the run.
    pub id: String,
    /// A command for a POSIX shell that sends the request again.
    pub curl: String,
    /// The status of the answer; nothing if there is none.
    pub status: Option<u16>,
    /// The beginning of the answer, or why there is none; whatever does not print is escaped.
    pub answer: String,
    /// All of it, as in `evidence.jsonl`; of bodies at most 64 KiB.
    pub exchange: Arc<Exchange>,
}

impl Report {
    /// Reads `report.json`.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read(text: &[u8]) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u32,
        }
        let Version { schema_version } = serde_json::from_slice(text)?;
        if schema_version != SCHEMA_VERSION {
            return Err(ReadError::Version(schema_version));
        }
        Ok(serde_json::from_slice(text)?)
    }

    /// How many verdicts of a kind there are.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.requirements
            .iter()
            .filter(|r| r.verdict == verdict)
            .count()
    }

    /// The known failure that a requirement's failure is, if it is tolerated.
    #[must_use]
    pub fn tolerated(&self, requirement: &Requirement) -> Option<&Known> {
        let mut known = self.known_failures.iter();
        known.find(|k| k.id == requirement.id && k.state == KnownState::Tolerated)
    }

    /// How many requirements of a level failed, without those that are tolerated.
    #[must_use]
    pub fn failed(&self, level: Level) -> usize {
        let is_it = |r: &&Requirement| {
            r.level == level && r.verdict.is_failure() && self.tolerated(r).is_none()
        };
        self.requirements.iter().filter(is_it).count()
    }

    fn expired(&self) -> usize {
        let is_expired = |k: &&Known| k.state == KnownState::Expired;
        self.known_failures.iter().filter(is_expired).count()
    }

    /// The conclusion in a sentence.
    #[must_use]
    pub fn conclusion(&self) -> String {
        let (failed, warned) = (self.failed(Level::Must), self.failed(Level::Should));
        let is_open =
            |r: &&Requirement| r.level == Level::Must && r.verdict == Verdict::Inconclusive;
        let open = self.requirements.iter().filter(is_open).count();
        let why = self.ended_reason.as_deref().unwrap_or_default();
        let expired = self.expired();
        match (self.ended, self.conforms) {
            (Ending::Unreachable, _) => format!("Nothing was judged: {why}."),
            (Ending::CutShort, _) => format!("Cut short: {why}. {failed} MUST failed before."),
            (_, true) if warned > 0 => {
                format!("Conforms, as far as it was tested; {warned} SHOULD failed.")
            }
            (_, true) => "Conforms, as far as it was tested.".to_owned(),
            (_, false) if failed == 0 && open > 0 && !self.strict => {
                format!("Not known whether it conforms: {open} MUST could not be judged.")
            }
            (_, false) if failed == 0 && warned == 0 && expired > 0 => {
                format!("Does not pass: {expired} known failures are tolerated no longer.")
            }
            (_, false) => format!("Does not conform: {failed} MUST and {warned} SHOULD failed."),
        }
    }
}

/// Why a `report.json` cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no report.
    #[error("this is no report of smsload verify: {0}")]
    NoReport(#[from] serde_json::Error),
    /// Another version wrote it.
    #[error(
        "the report has schema_version {0}, this build reads {SCHEMA_VERSION}; use the smsload that wrote it"
    )]
    Version(u32),
}
