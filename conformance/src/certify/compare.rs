//! Two runs, or two vendors, side by side: what has another verdict here than there, and what else tells them apart.

use std::collections::BTreeMap;

use smsload_spec::Level;

use crate::report::Report;
use crate::result::Verdict;

/// What tells two results apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Requirements with different verdicts, in the order of their ids.
    pub changes: Vec<Change>,
    /// Requirements with the same verdict.
    pub same: usize,
    /// What was judged differently: another contract, other settings. In whole sentences.
    pub notes: Vec<String>,
}

/// A requirement with two verdicts. Of several runs the worst one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its id.
    pub id: String,
    /// How much weight a failure has.
    pub level: Level,
    /// Here; nothing if it was not judged.
    pub before: Option<Verdict>,
    /// There; nothing if it was not judged.
    pub after: Option<Verdict>,
}

impl Change {
    /// True if it passes there and did not here; false the other way round; nothing if it passes in neither.
    #[must_use]
    pub fn is_better(&self) -> Option<bool> {
        let passes = |verdict| verdict == Some(Verdict::Pass);
        match (passes(self.before), passes(self.after)) {
            (false, true) => Some(true),
            (true, false) => Some(false),
            _ => None,
        }
    }
}

/// What tells the runs of one result from those of another one.
#[must_use]
pub fn compare(before: &[Report], after: &[Report]) -> Comparison {
    let (old, new) = (verdicts(before), verdicts(after));
    let mut changes = Vec::new();
    let mut same = 0;
    let mut ids: Vec<_> = old.keys().chain(new.keys()).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let (one, other) = (old.get(id), new.get(id));
        if one.map(|v| v.1) == other.map(|v| v.1) {
            same += 1;
            continue;
        }
        changes.push(Change {
            id: id.to_owned(),
            level: one.or(other).map_or(Level::Info, |v| v.0),
            before: one.map(|v| v.1),
            after: other.map(|v| v.1),
        });
    }
    let notes = before
        .first()
        .zip(after.first())
        .map_or_else(Vec::new, |(one, other)| notes(one, other));
    Comparison {
        changes,
        same,
        notes,
    }
}

/// The worst verdict of each requirement.
fn verdicts(reports: &[Report]) -> BTreeMap<&str, (Level, Verdict)> {
    let mut out: BTreeMap<&str, (Level, Verdict)> = BTreeMap::new();
    for requirement in reports.iter().flat_map(|report| &report.requirements) {
        let verdict = requirement.verdict;
        let entry = out.entry(&requirement.id);
        let worst = entry.or_insert((requirement.level, verdict));
        if badness(verdict) > badness(worst.1) {
            worst.1 = verdict;
        }
    }
    out
}

/// How bad a verdict is, the best first.
pub(super) fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::NotTested => 1,
        Verdict::Skipped => 2,
        Verdict::Inconclusive => 3,
        Verdict::Flaky => 4,
        Verdict::Fail => 5,
    }
}

fn notes(one: &Report, other: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let mut differ = |what: &str, one: &str, other: &str| {
        if one != other {
            notes.push(format!("The {what} is another one: {one}, then {other}."));
        }
    };
    differ("target", &one.target, &other.target);
    differ(
        "contract",
        &short(&one.contract.sha256),
        &short(&other.contract.sha256),
    );
    let catalogue = |report: &Report| {
        let print = report.catalogue.as_ref();
        print.map_or("none".to_owned(), |c| short(&c.sha256))
    };
    differ("catalogue", &catalogue(one), &catalogue(other));
    differ("version of smsload", &one.tool.version, &other.tool.version);
    let cases = |report: &Report| report.settings.cases.to_string();
    differ("number of cases", &cases(one), &cases(other));
    notes
}

/// Enough of a digest to tell two apart by eye.
fn short(sha256: &str) -> String {
    sha256.chars().take(12).collect()
}
