//! From what an operation answered to a verdict on one of its properties. The first case that fails is sent again.

use std::sync::Arc;

use super::line::Property;
use super::said::{
    accepted, described, found, named, refused_media, refused_method, rejected, survived,
};
use super::{Done, Generic, Ground, Kind};
use crate::case::Opinion;
use crate::result::{Failure, Line, LineResult, Verdict};
use crate::tally::verdict;

/// Exchanges that a verdict names.
const EVIDENCE: usize = 8;

impl Generic {
    pub(super) async fn judge(
        &self,
        property: Property,
        line: Line,
        done: &[Done],
        is_proved: bool,
        ground: &Ground<'_>,
    ) -> LineResult {
        let (mut cases, mut passed, mut loose) = (0, 0, 0);
        let (mut evidence, mut open) = (Vec::new(), None);
        for one in done {
            let Some(opinion) = self.opinion(property, one, is_proved, ground) else {
                continue;
            };
            cases += 1;
            if evidence.len() < EVIDENCE {
                evidence.push(one.exchange.id.clone());
            }
            match opinion {
                Opinion::Pass | Opinion::Seen(_) => passed += 1,
                Opinion::Inconclusive(why) => {
                    loose += 1;
                    open.get_or_insert_with(|| format!("{}: {why}", one.about));
                }
                Opinion::Fail { expected, got } => {
                    let failed =
                        self.failed(property, line, one, is_proved, ground, (expected, got));
                    let failed = failed.await;
                    return LineResult { cases, ..failed };
                }
            }
        }
        let (kind, reason) = match (passed, open) {
            _ if cases == 0 && property == Property::Links => (
                Verdict::Inconclusive,
                Some("no accepted answer led to a request that the document allows".to_owned()),
            ),
            _ if cases == 0 => (
                Verdict::Skipped,
                Some("the document gives no case for it".to_owned()),
            ),
            (0, open) => (Verdict::Inconclusive, open),
            (_, Some(why)) => {
                let why = format!("{loose} of {cases} cases were inconclusive: {why}");
                (Verdict::Pass, Some(why))
            }
            (_, None) => (Verdict::Pass, None),
        };
        LineResult {
            cases,
            evidence,
            ..verdict(line, kind, reason)
        }
    }

    /// What is thought of an answer; nothing where the property is not about it.
    fn opinion(
        &self,
        property: Property,
        done: &Done,
        is_proved: bool,
        ground: &Ground<'_>,
    ) -> Option<Opinion> {
        let (exchange, busy) = (&done.exchange, ground.busy);
        let operation = &self.contract.operations()[done.operation];
        let opinion = match (property, &done.kind) {
            (Property::Accepts, Kind::Base | Kind::Valid) => accepted(exchange, busy),
            (
                Property::Rejects | Property::Lenient,
                Kind::Invalid {
                    is_in_path,
                    is_lenient,
                },
            ) if *is_lenient == (property == Property::Lenient) => {
                rejected(exchange, busy, *is_in_path, is_proved)
            }
            (Property::Answers, Kind::Base | Kind::Valid | Kind::Invalid { .. }) => {
                described(&self.contract, operation, exchange)?
            }
            (Property::Errors, Kind::Invalid { .. }) => named(operation, exchange)?,
            (Property::Survives, _) => survived(exchange, busy),
            (Property::Methods, Kind::Method(method)) => {
                refused_method(exchange, method, is_proved)
            }
            (Property::Media, Kind::Media) => refused_media(exchange, busy, is_proved),
            (Property::Links, Kind::Link) => found(exchange, busy),
            _ => return None,
        };
        // Where nothing is accepted, nothing that is well proves anything.
        Some(match opinion {
            Opinion::Pass if !is_proved => {
                Opinion::Inconclusive("no valid request of this operation was accepted".to_owned())
            }
            other => other,
        })
    }

    async fn failed(
        &self,
        property: Property,
        line: Line,
        first: &Done,
        is_proved: bool,
        ground: &Ground<'_>,
        (expected, got): (String, String),
    ) -> LineResult {
        let exchange = ground
            .send(format!("{}#again", line.id), &first.message)
            .await;
        let again = Done {
            exchange,
            ..first.clone()
        };
        let repeated = self.opinion(property, &again, is_proved, ground);
        let (kind, reason) = match repeated {
            Some(Opinion::Fail { .. }) => (Verdict::Fail, None),
            Some(Opinion::Inconclusive(why)) => (
                Verdict::Flaky,
                Some(format!(
                    "when repeated, the same case was inconclusive: {why}"
                )),
            ),
            _ => (
                Verdict::Flaky,
                Some("the same case did not fail when it was repeated".to_owned()),
            ),
        };
        let failure = Failure {
            origin: None,
            case: first.about.clone(),
            expected,
            got,
            exchanges: vec![Arc::clone(&first.exchange)],
            receipts: Vec::new(),
        };
        LineResult {
            evidence: vec![first.exchange.id.clone()],
            failure: Some(failure),
            ..verdict(line, kind, reason)
        }
    }
}
