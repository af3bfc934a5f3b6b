//! `report.json`: the result of a run for programs. Members may be added within a schema version; none is renamed or
//! removed.

use std::io::Write;

use serde::Serialize;
use smsload_spec::{Level, Provenance, Text};

use crate::curl::curl;
use crate::exchange::{Exchange, Received};
use crate::result::{Ended, Failure, LineResult, RunResult, Verdict};
use crate::text::excerpt;

/// The version of the form of `report.json`.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'r> {
    schema_version: u32,
    /// A string: not every reader of JSON holds 64 bits.
    seed: String,
    target: &'r str,
    conforms: bool,
    exit_code: u8,
    strict: bool,
    /// `complete`, `unreachable` or `cut_short`.
    ended: &'static str,
    ended_reason: Option<&'r str>,
    exchanges: u64,
    milliseconds: u128,
    requirements: Vec<Requirement<'r>>,
}

#[derive(Serialize)]
struct Requirement<'r> {
    id: &'r str,
    level: Level,
    provenance: Provenance,
    source: &'r str,
    statement: &'r Text,
    verdict: Verdict,
    cases: u32,
    reason: Option<&'r str>,
    evidence: &'r [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Shown<'r>>,
}

#[derive(Serialize)]
struct Shown<'r> {
    case: &'r str,
    expected: &'r str,
    got: &'r str,
    exchanges: Vec<Evidence<'r>>,
}

#[derive(Serialize)]
struct Evidence<'r> {
    id: &'r str,
    curl: String,
    status: Option<u16>,
    /// The beginning of the answer, or why there is none.
    answer: String,
}

/// Writes the result of a run as JSON.
///
/// # Errors
/// The writer's own.
pub fn write_json(result: &RunResult, mut out: impl Write) -> std::io::Result<()> {
    let (ended, ended_reason) = match &result.ended {
        Ended::Complete => ("complete", None),
        Ended::Unreachable(why) => ("unreachable", Some(why.as_str())),
        Ended::CutShort(why) => ("cut_short", Some(why.as_str())),
    };
    let report = Report {
        schema_version: SCHEMA_VERSION,
        seed: result.seed.to_string(),
        target: &result.target,
        conforms: result.conforms(),
        exit_code: result.exit_code(),
        strict: result.is_strict,
        ended,
        ended_reason,
        exchanges: result.exchanges,
        milliseconds: result.took.as_millis(),
        requirements: result.lines.iter().map(requirement).collect(),
    };
    serde_json::to_writer_pretty(&mut out, &report)?;
    out.write_all(b"\n")
}

fn requirement(result: &LineResult) -> Requirement<'_> {
    let line = &result.line;
    Requirement {
        id: &line.id,
        level: line.level,
        provenance: line.provenance,
        source: &line.source,
        statement: &line.statement,
        verdict: result.verdict,
        cases: result.cases,
        reason: result.reason.as_deref(),
        evidence: &result.evidence,
        failure: result.failure.as_ref().map(failure),
    }
}

fn failure(failure: &Failure) -> Shown<'_> {
    Shown {
        case: &failure.case,
        expected: &failure.expected,
        got: &failure.got,
        exchanges: failure.exchanges.iter().map(|e| evidence(e)).collect(),
    }
}

fn evidence(exchange: &Exchange) -> Evidence<'_> {
    let answer = match &exchange.received {
        Received::Answer(answer) => excerpt(&answer.body),
        Received::Lost(lost) => lost.to_string(),
    };
    Evidence {
        id: &exchange.id,
        curl: curl(&exchange.sent),
        status: exchange.answer().map(|a| a.status),
        answer,
    }
}
