//! What the cases of a line come to.

use std::sync::Arc;

use crate::case::{Answered, Opinion};
use crate::draw::Drawn;
use crate::result::{Line, LineResult, Verdict};

/// Exchanges that a verdict names.
const EVIDENCE: usize = 8;
/// Different things that were seen which a verdict names.
const NOTES: usize = 32;

/// A case that was run.
pub(crate) struct Ran {
    pub(crate) drawn: Drawn,
    pub(crate) opinion: Opinion,
    pub(crate) answers: Vec<Arc<Answered>>,
}

/// What the cases of a line came to.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) cases: u32,
    passed: u32,
    notes: Vec<String>,
    /// Why a case of the table was inconclusive.
    open: Option<String>,
    /// Random cases that were inconclusive, and why one of them was.
    loose: (u32, Option<String>),
    pub(crate) evidence: Vec<String>,
    pub(crate) failed: Option<Ran>,
}

impl Tally {
    pub(crate) fn add(&mut self, ran: Ran) {
        self.cases += 1;
        let names = ran.answers.iter().map(|a| a.exchange.id.clone());
        self.evidence
            .extend(names.take(EVIDENCE.saturating_sub(self.evidence.len())));
        match &ran.opinion {
            Opinion::Pass => self.passed += 1,
            Opinion::Seen(note) => {
                self.passed += 1;
                if self.notes.len() < NOTES && !self.notes.contains(note) {
                    self.notes.push(note.clone());
                }
            }
            Opinion::Inconclusive(why) if ran.drawn.is_of_table() => {
                self.open
                    .get_or_insert_with(|| format!("{}: {why}", ran.drawn.case.about));
            }
            Opinion::Inconclusive(why) => {
                self.loose.0 += 1;
                self.loose.1.get_or_insert_with(|| why.clone());
            }
            Opinion::Fail { .. } if self.failed.is_none() => self.failed = Some(ran),
            Opinion::Fail { .. } => {}
        }
    }

    /// The verdict where no case failed.
    pub(crate) fn close(self, line: Line, note: Option<String>, gone: Option<&str>) -> LineResult {
        let is_open = self.open.is_some() || self.passed == 0;
        let reason = match (gone, self.open, self.loose) {
            (Some(gone), _, _) => Some(gone.to_owned()),
            (_, Some(open), _) => Some(open),
            (_, _, (n, Some(why))) => Some(format!(
                "{n} of {} cases were inconclusive: {why}",
                self.cases
            )),
            _ if self.notes.is_empty() => note,
            _ => Some(
                self.notes
                    .into_iter()
                    .chain(note)
                    .collect::<Vec<_>>()
                    .join("; "),
            ),
        };
        let is_sound = !is_open && gone.is_none();
        let kind = if is_sound {
            Verdict::Pass
        } else {
            Verdict::Inconclusive
        };
        let evidence = self.evidence;
        LineResult {
            cases: self.cases,
            evidence,
            ..verdict(line, kind, reason)
        }
    }
}

pub(crate) fn verdict(line: Line, verdict: Verdict, reason: Option<String>) -> LineResult {
    LineResult {
        line,
        verdict,
        reason,
        cases: 0,
        evidence: Vec::new(),
        failure: None,
    }
}
