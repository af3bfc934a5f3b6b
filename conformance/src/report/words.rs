//! Words and escapes that several forms of a report share. Whatever may come from a target goes through
//! [`shown`](crate::text::shown) first, wherever it is shown.

use super::model::{Report, Requirement};
use crate::result::Verdict;
use crate::text::shown;

/// What a verdict means to a CI system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// As it must be.
    Good,
    /// Fails the run.
    Broken,
    /// Nothing that counts failed, but the run is incomplete by it.
    Open,
    /// Worth a look, and counts as nothing: a broken SHOULD, an open one, a known failure.
    Remark,
    /// Was not judged.
    Left,
}

impl Report {
    /// What a verdict of this report means.
    pub(crate) fn weight(&self, requirement: &Requirement) -> Weight {
        use smsload_spec::Level;
        let counts = match requirement.level {
            Level::Must => true,
            Level::Should => self.strict,
            Level::Info => false,
        };
        match requirement.verdict {
            Verdict::Pass => Weight::Good,
            Verdict::Fail | Verdict::Flaky if counts && self.tolerated(requirement).is_none() => {
                Weight::Broken
            }
            Verdict::Inconclusive if requirement.level == Level::Must => Weight::Open,
            Verdict::Fail | Verdict::Flaky | Verdict::Inconclusive => Weight::Remark,
            Verdict::Skipped | Verdict::NotTested => Weight::Left,
        }
    }
}

impl Requirement {
    /// `MUST`, `SHOULD` or `INFO`.
    pub(crate) fn level_word(&self) -> String {
        self.level.as_str().to_uppercase()
    }

    /// What went wrong or what is to be known, in a line; empty if there is nothing.
    pub(crate) fn remark(&self) -> String {
        let failure = self.failure.as_ref().map(|failure| {
            format!(
                "{}: expected {}; got {}",
                shown(&failure.case),
                shown(&failure.expected),
                shown(&failure.got)
            )
        });
        let reason = self.reason.as_deref().map(shown);
        match (failure, reason) {
            (Some(failure), Some(reason)) => format!("{failure} ({reason})"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => String::new(),
        }
    }
}

/// All verdicts, in the order in which they are counted out.
pub(crate) const VERDICTS: [Verdict; 6] = [
    Verdict::Pass,
    Verdict::Fail,
    Verdict::Flaky,
    Verdict::Inconclusive,
    Verdict::Skipped,
    Verdict::NotTested,
];

/// "90 pass, 1 fail, …".
pub(crate) fn counts(report: &Report) -> String {
    let counts: Vec<_> = VERDICTS
        .iter()
        .map(|verdict| format!("{} {}", report.count(*verdict), verdict.as_str()))
        .collect();
    counts.join(", ")
}
