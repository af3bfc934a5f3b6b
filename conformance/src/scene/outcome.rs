//! What was found of a line, and what that comes to.

use std::sync::Arc;

use crate::case::Opinion;
use crate::exchange::Exchange;
use crate::receipt::Receipt;
use crate::result::{Failure, Line, LineResult, Verdict};
use crate::tally::verdict;

/// Exchanges and receipts that a verdict names.
const EVIDENCE: usize = 16;
/// Exchanges and receipts that a failure shows, of each.
const SHOWN: usize = 6;

/// What was found of a line in one download.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Which download, and what is particular about it.
    pub(crate) about: String,
    pub(crate) opinion: Opinion,
    pub(crate) exchanges: Vec<Arc<Exchange>>,
    pub(crate) receipts: Vec<Arc<Receipt>>,
}

impl Found {
    pub(crate) fn new(about: impl Into<String>, opinion: Opinion) -> Self {
        Self {
            about: about.into(),
            opinion,
            exchanges: Vec::new(),
            receipts: Vec::new(),
        }
    }

    /// Nothing can be concluded.
    pub(crate) fn open(about: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(about, Opinion::Inconclusive(why.into()))
    }

    /// The same, resting on these exchanges.
    pub(crate) fn by<'e>(mut self, exchanges: impl IntoIterator<Item = &'e Arc<Exchange>>) -> Self {
        self.exchanges.extend(exchanges.into_iter().map(Arc::clone));
        self
    }

    /// The same, resting on these receipts.
    pub(crate) fn heard<'r>(
        mut self,
        receipts: impl IntoIterator<Item = &'r Arc<Receipt>>,
    ) -> Self {
        self.receipts.extend(receipts.into_iter().map(Arc::clone));
        self
    }
}

/// Without what stayed open, if anything did not: where one download says it, the others need not.
pub(crate) fn conclusive(mut found: Vec<Found>) -> Vec<Found> {
    let is_open = |one: &Found| matches!(one.opinion, Opinion::Inconclusive(_));
    if !found.iter().all(is_open) {
        found.retain(|one| !is_open(one));
    }
    found
}

/// What all that was found of a line comes to: failed if anything failed, passed if anything passed. Nothing at all is
/// no ground for a pass.
pub(crate) fn result(line: Line, found: &[Found]) -> LineResult {
    let mut result = verdict(line, Verdict::Inconclusive, None);
    let (mut notes, mut open, mut passed) = (Vec::new(), Vec::new(), 0_u32);
    for one in found {
        result.cases += 1;
        let exchanges = one.exchanges.iter().map(|e| e.id.clone());
        let receipts = one.receipts.iter().map(|r| r.id.clone());
        let room = EVIDENCE.saturating_sub(result.evidence.len());
        result.evidence.extend(exchanges.chain(receipts).take(room));
        match &one.opinion {
            Opinion::Pass => passed += 1,
            Opinion::Seen(note) => {
                passed += 1;
                if !notes.contains(note) {
                    notes.push(note.clone());
                }
            }
            Opinion::Inconclusive(why) => open.push(format!("{}: {why}", one.about)),
            Opinion::Fail { expected, got } if result.failure.is_none() => {
                result.verdict = Verdict::Fail;
                result.failure = Some(Failure {
                    case: one.about.clone(),
                    origin: None,
                    expected: expected.clone(),
                    got: got.clone(),
                    exchanges: one.exchanges.iter().take(SHOWN).cloned().collect(),
                    receipts: one.receipts.iter().take(SHOWN).cloned().collect(),
                });
            }
            Opinion::Fail { .. } => {}
        }
    }
    if result.verdict == Verdict::Fail {
        return result;
    }
    if passed > 0 {
        result.verdict = Verdict::Pass;
        if let Some(first) = open.first() {
            let n = open.len();
            notes.push(format!(
                "{n} of {} cases were inconclusive: {first}",
                result.cases
            ));
        }
        result.reason = (!notes.is_empty()).then(|| notes.join("; "));
    } else {
        let none = "nothing was seen that this is about".to_owned();
        result.reason = Some(open.into_iter().next().unwrap_or(none));
    }
    result
}
