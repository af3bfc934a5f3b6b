//! What a run would do, before anything was sent: which lines are judged, which do not apply to the target, which have no
//! check.

use smsload_spec::{Profile, Requirement, Text};

use crate::checks;
use crate::result::Line;
use crate::scene;
use crate::target::Target;

/// What a line of the catalogue has to expect of a run, before anything was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaits {
    /// It is judged.
    Judged,
    /// It does not apply to this target, for this reason.
    Skipped(String),
    /// There is no check for it; the reason, if the catalogue names one.
    NotTested(Option<String>),
}

/// What awaits a line.
pub(crate) fn what_awaits(requirement: &Requirement, line: &str, target: &Target) -> Awaits {
    if checks::find(line).is_none() && checks::watched(line).is_none() {
        let why = untested(requirement, line).map(|why| why.en.clone());
        return Awaits::NotTested(why);
    }
    not_applicable(requirement, target)
        .or_else(|| scene::not_applicable(line, target))
        .map_or(Awaits::Judged, Awaits::Skipped)
}

/// A line of a run, before anything was sent.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The line.
    pub line: Line,
    /// The profiles that it belongs to.
    pub profiles: Vec<Profile>,
    /// Its tags; none for a line of a document without a catalogue.
    pub tags: Vec<String>,
    /// What it has to expect.
    pub awaits: Awaits,
}

/// Why the catalogue says that nothing checks a line.
pub(crate) fn untested<'r>(requirement: &'r Requirement, line: &str) -> Option<&'r Text> {
    match line.split_once('/') {
        None => requirement.not_tested.as_ref(),
        Some((_, key)) => {
            let clause = requirement.clauses.iter().find(|c| c.key == key)?;
            clause.not_tested.as_ref()
        }
    }
}

/// Why a requirement does not apply to a target.
fn not_applicable(requirement: &Requirement, target: &Target) -> Option<String> {
    let undeclared = requirement
        .needs
        .iter()
        .find(|need| !target.declared.has(need));
    if let Some(need) = undeclared {
        return Some(format!("the target file does not declare `{need}`"));
    }
    if requirement.id == "ACC-03" && target.declared.authentication {
        return Some("the target file declares that the target authenticates".to_owned());
    }
    let missing = requirement
        .fixture
        .iter()
        .find(|name| !target.names(name))?;
    Some(format!("the target file names no `{missing}`"))
}
