//! `report.sarif`: SARIF 2.1.0 (OASIS), for code-scanning pages. Rules are requirements, results are failures and flaky
//! ones. A server has no files: a result's place is the operation's address, and its fingerprint the requirement, so that
//! such a page knows a failure again.

use serde_json::{Value, json};
use smsload_spec::Level;

use super::model::{Ending, Report, Requirement};
use crate::result::Verdict;
use crate::text::shown;

/// The report as SARIF.
#[must_use]
pub fn sarif(report: &Report) -> Value {
    let rules: Vec<_> = report.requirements.iter().map(rule).collect();
    let is_broken = |r: &(usize, &Requirement)| r.1.verdict.is_failure();
    let all = report.requirements.iter().enumerate();
    let results: Vec<_> = all.filter(is_broken).map(|(n, r)| result(n, r)).collect();
    let notes = report.ended_reason.iter().map(|why| {
        json!({
            "level": "error",
            "message": {"text": text(why)},
        })
    });
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": report.tool.name,
                "semanticVersion": report.tool.version,
                "rules": rules,
            }},
            "automationDetails": {"id": "smsload/verify/"},
            "invocations": [{
                "executionSuccessful": report.ended == Ending::Complete,
                "exitCode": report.exit_code,
                "startTimeUtc": report.started_at,
                "endTimeUtc": report.ended_at,
                "toolExecutionNotifications": notes.collect::<Vec<_>>(),
            }],
            "properties": {"seed": report.seed, "target": shown(&report.target), "contract": report.contract.sha256},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(requirement: &Requirement) -> Value {
    let help = format!(
        "{}\n\n{}, {}; {}",
        shown(&requirement.statement.en),
        requirement.level_word(),
        requirement.provenance,
        shown(&requirement.source)
    );
    json!({
        "id": requirement.id,
        "shortDescription": {"text": text(&first_sentence(&requirement.statement.en))},
        "fullDescription": {"text": text(&requirement.statement.en)},
        "help": {"text": text_of_lines(&help)},
        "defaultConfiguration": {"level": level(requirement.level)},
        "properties": {
            "tags": [requirement.group, requirement.level, requirement.provenance],
            "problem.severity": level(requirement.level),
        },
    })
}

fn result(index: usize, requirement: &Requirement) -> Value {
    let flaky = if requirement.verdict == Verdict::Flaky {
        " (flaky)"
    } else {
        ""
    };
    let message = format!("{}{flaky}: {}", requirement.id, requirement.remark());
    let at_fault = requirement
        .failure
        .as_ref()
        .and_then(|f| f.exchanges.last());
    let address = at_fault.map_or("", |e| e.exchange.sent.url.as_str());
    let mut out = json!({
        "ruleId": requirement.id,
        "ruleIndex": index,
        "kind": "fail",
        "level": level(requirement.level),
        "message": {"text": text(&message)},
        "partialFingerprints": {"requirement/v1": requirement.id},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": "openapi.yaml"},
                "region": {"startLine": 1},
            },
            "logicalLocations": [{"fullyQualifiedName": shown(address), "kind": "resource"}],
        }],
    });
    if let (Some(evidence), Some(out)) = (at_fault, out.as_object_mut()) {
        out.insert(
            "properties".into(),
            json!({"curl": shown(&evidence.curl), "answer": shown(&evidence.answer)}),
        );
    }
    out
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "error",
        Level::Should => "warning",
        Level::Info => "note",
    }
}

/// Plain text of a message (§3.11.5): braces would be places for arguments, brackets links.
fn text(of: &str) -> String {
    text_of_lines(&shown(of))
}

fn text_of_lines(of: &str) -> String {
    let mut out = String::with_capacity(of.len());
    for c in of.chars() {
        match c {
            '{' => out.push_str("{{"),
            '}' => out.push_str("}}"),
            '[' | ']' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

fn first_sentence(statement: &str) -> String {
    let end = statement.find(". ").map_or(statement.len(), |at| at + 1);
    statement[..end].to_owned()
}
