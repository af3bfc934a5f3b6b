//! From what the engine found, and what was counted along the way, to the model of all reports.

use std::sync::Arc;

use smsload_spec::{Requirements, Text};

use super::coverage::Coverage;
use super::evidence::shortened;
use super::model::{
    Ending, Evidence, Group, Known, KnownState, Report, Requirement, SCHEMA_VERSION, Shown, Tool,
};
use super::times::AnswerTimes;
use super::watched::WatchedDownload;
use crate::curl::curl;
use crate::exchange::{Exchange, Received};
use crate::known::KnownFailure;
use crate::result::{Ended, Failure, LineResult, RunResult};
use crate::text::excerpt;

/// Bytes of a body in a report; `evidence.jsonl` has more.
const BODY: usize = 64 * 1024;

/// What a report has beside the result of the engine: what was counted along the way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) receipts: u64,
    pub(crate) coverage: Coverage,
    pub(crate) answer_times: Vec<AnswerTimes>,
    pub(crate) downloads: Vec<WatchedDownload>,
}

impl Report {
    /// The report of a result.
    pub(crate) fn new(result: &RunResult, counts: Counts) -> Self {
        let (ended, ended_reason) = match &result.ended {
            Ended::Complete => (Ending::Complete, None),
            Ended::Unreachable(why) => (Ending::Unreachable, Some(why.clone())),
            Ended::CutShort(why) => (Ending::CutShort, Some(why.clone())),
        };
        let about = &result.about;
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool {
                name: "smsload".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            seed: result.seed.to_string(),
            target: result.target.clone(),
            contract: about.contract.clone(),
            catalogue: about.catalogue.clone(),
            settings: about.settings.clone(),
            strict: result.is_strict,
            conforms: result.conforms(),
            exit_code: result.exit_code(),
            ended,
            ended_reason,
            started_at: about.started.to_string(),
            ended_at: jiff::Timestamp::now().to_string(),
            milliseconds: u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
            exchanges: result.exchanges,
            receipts: counts.receipts,
            notes: result.notes.clone(),
            known_failures: known(result),
            groups: groups(&result.lines),
            requirements: result.lines.iter().map(Requirement::of).collect(),
            coverage: counts.coverage,
            answer_times: counts.answer_times,
            downloads: counts.downloads,
        }
    }
}

fn known(result: &RunResult) -> Vec<Known> {
    let state = |failure: &KnownFailure| {
        if failure.is_expired(result.today) {
            KnownState::Expired
        } else if result.mended().any(|mended| mended.id == failure.id) {
            KnownState::Mended
        } else {
            KnownState::Tolerated
        }
    };
    let known = result.known.iter().map(|failure| Known {
        id: failure.id.clone(),
        reason: failure.reason.clone(),
        expires: failure.expires.to_string(),
        state: state(failure),
    });
    known.collect()
}

fn groups(lines: &[LineResult]) -> Vec<Group> {
    let catalogue = Requirements::bundled();
    let mut groups: Vec<Group> = Vec::new();
    for line in lines {
        let id = group_of(&line.line.id);
        if groups.iter().any(|group| group.id == id) {
            continue;
        }
        let known = catalogue.groups.iter().find(|group| group.id == id);
        let title = known.map_or_else(
            || Text {
                en: id.to_owned(),
                zh: id.to_owned(),
            },
            |group| group.title.clone(),
        );
        groups.push(Group {
            id: id.to_owned(),
            title,
        });
    }
    groups
}

/// The group of a line: `TIME` of `TIME-06/clipped-values`, `getThing` of `getThing/methods`.
fn group_of(line: &str) -> &str {
    let requirement = line.split('/').next().unwrap_or_default();
    let is_known = Requirements::bundled().get(requirement).is_some();
    match requirement.split_once('-') {
        Some((group, _)) if is_known => group,
        _ => line
            .rsplit_once('/')
            .map_or(line, |(operation, _)| operation),
    }
}

impl Requirement {
    fn of(result: &LineResult) -> Self {
        let line = &result.line;
        Self {
            id: line.id.clone(),
            group: group_of(&line.id).to_owned(),
            level: line.level,
            provenance: line.provenance,
            source: line.source.clone(),
            statement: line.statement.clone(),
            verdict: result.verdict,
            cases: result.cases,
            reason: result.reason.clone(),
            evidence: result.evidence.clone(),
            failure: result.failure.as_ref().map(Shown::of),
        }
    }
}

impl Shown {
    fn of(failure: &Failure) -> Self {
        Self {
            case: failure.case.clone(),
            origin: failure.origin.clone(),
            expected: failure.expected.clone(),
            got: failure.got.clone(),
            exchanges: failure.exchanges.iter().map(Evidence::of).collect(),
        }
    }
}

impl Evidence {
    fn of(exchange: &Arc<Exchange>) -> Self {
        let answer = match &exchange.received {
            Received::Answer(answer) => excerpt(&answer.body),
            Received::Lost(lost) => lost.to_string(),
        };
        Self {
            id: exchange.id.clone(),
            curl: curl(&exchange.sent),
            status: exchange.answer().map(|a| a.status),
            answer,
            exchange: shortened(exchange, BODY),
        }
    }
}
