//! `report.md`, for the summary page of a CI job (`cat out/report.md >> "$GITHUB_STEP_SUMMARY"`): the conclusion, what is
//! broken with a request that shows it, what is open.
//!
//! What a target sent stands in code only, behind a fence of backticks that is longer than any in it: no link, mention,
//! image or table comes out of it. In our own words every sign that could act is written as an entity. Limits: [`SHOWN`] failures, 1 MiB being the most that such a page
//! takes.

use std::fmt::Write as _;

use super::model::{Ending, Report, Requirement, Shown};
use super::words::{VERDICTS, Weight, counts};
use crate::result::Verdict;
use crate::text::shown;

/// Failures that are shown in full.
const SHOWN: usize = 50;
/// Characters of a text from a target.
const TEXT: usize = 2_000;

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    let sign = if report.conforms { "✅" } else { "❌" };
    // The reason for an early end may have come from the target.
    let conclusion = match &report.ended_reason {
        Some(_) => code(&report.conclusion()),
        None => plain(&report.conclusion()),
    };
    let _ = write!(
        out,
        "## {sign} {} · smsload verify\n\n**{conclusion}**\n\n{}\n\n",
        code(&report.target),
        counts(report)
    );
    if report.ended != Ending::Complete {
        out.push_str("> This report is a part of one: the run was cut short.\n\n");
    }
    groups(report, &mut out);
    let broken = |r: &&Requirement| r.failure.is_some();
    let all: Vec<_> = report.requirements.iter().filter(broken).collect();
    for requirement in all.iter().take(SHOWN) {
        failure(report, requirement, &mut out);
    }
    if all.len() > SHOWN {
        let more = all.len() - SHOWN;
        let _ = writeln!(out, "And {more} more; `report.json` has them all.\n");
    }
    open(report, &mut out);
    if let Some(sentence) = report.coverage.sentence() {
        let _ = writeln!(out, "Coverage of the contract: {sentence}.\n");
    }
    let _ = writeln!(
        out,
        "<sub>{} {} · seed {} · {} requests in {:.1} s · contract {} {}</sub>",
        report.tool.name,
        report.tool.version,
        report.seed,
        report.exchanges,
        seconds(report),
        code(&report.contract.title),
        code(&report.contract.version),
    );
    out
}

#[expect(clippy::cast_precision_loss, reason = "tenths of a second are shown")]
pub(crate) fn seconds(report: &Report) -> f64 {
    report.milliseconds as f64 / 1e3
}

fn groups(report: &Report, out: &mut String) {
    let heads: Vec<_> = VERDICTS.iter().map(|v| v.as_str()).collect();
    let _ = writeln!(out, "| group | {} |", heads.join(" | "));
    let _ = writeln!(out, "| --- |{}", " ---: |".repeat(heads.len()));
    for group in &report.groups {
        let count = |verdict: &Verdict| {
            let is_it = |r: &&Requirement| r.group == group.id && r.verdict == *verdict;
            match report.requirements.iter().filter(is_it).count() {
                0 => String::new(),
                n => n.to_string(),
            }
        };
        let counts: Vec<_> = VERDICTS.iter().map(count).collect();
        let _ = writeln!(
            out,
            "| {} {} | {} |",
            code_in_cell(&group.id),
            plain(&group.title.en),
            counts.join(" | ")
        );
    }
    out.push('\n');
}

fn failure(report: &Report, requirement: &Requirement, out: &mut String) {
    let Some(Shown {
        case,
        expected,
        got,
        exchanges,
        ..
    }) = &requirement.failure
    else {
        return;
    };
    let counts = match report.weight(requirement) {
        Weight::Broken => "",
        _ => ", does not count",
    };
    let _ = write!(
        out,
        "### {} {}{counts}\n\n{}\n\n{}, {}; {}\n\n- case: {}\n- expected: {}\n- got: {}\n\n",
        code(&requirement.id),
        requirement.verdict.as_str(),
        plain(&requirement.statement.en),
        requirement.level_word(),
        requirement.provenance,
        plain(&requirement.source),
        code(case),
        code(expected),
        code(got),
    );
    for evidence in exchanges {
        let status = evidence
            .status
            .map(|s| format!("HTTP {s} "))
            .unwrap_or_default();
        let text = format!(
            "{}\n{status}{}",
            shown(&evidence.curl),
            shown(&evidence.answer)
        );
        out.push_str(&fenced(&text));
    }
}

fn open(report: &Report, out: &mut String) {
    let is_open = |r: &&Requirement| r.verdict == Verdict::Inconclusive;
    let all: Vec<_> = report.requirements.iter().filter(is_open).collect();
    if all.is_empty() {
        return;
    }
    out.push_str("### Inconclusive\n\n");
    for requirement in all {
        let _ = writeln!(
            out,
            "- {} ({}): {}",
            code(&requirement.id),
            requirement.level_word(),
            code(requirement.reason.as_deref().unwrap_or_default())
        );
    }
    out.push('\n');
}

/// A text from anywhere as code within a line.
fn code(text: &str) -> String {
    let text: String = shown(text).chars().take(TEXT).collect();
    let fence = "`".repeat(longest_fence(&text) + 1);
    let is_bare = !text.is_empty() && !text.starts_with(['`', ' ']) && !text.ends_with(['`', ' ']);
    let room = if is_bare { "" } else { " " };
    format!("{fence}{room}{text}{room}{fence}")
}

/// The same within a table, where an upright line ends a cell even in code.
fn code_in_cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Backticks in a row at most.
fn longest_fence(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Our own words, with every sign that Markdown or HTML could act on as an entity.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let text = shown(text);
    let mut chars = text.chars().take(TEXT).peekable();
    while let Some(c) = chars.next() {
        match c {
            // These act only at the beginning of a line, or beside signs that are written as entities.
            ' ' | ',' | '.' | ';' | '?' | '/' | '"' | '\'' | '%' | '=' | '(' | ')' | '-' | '+' => {
                out.push(c);
            }
            // An address or an emoji has something else behind it.
            ':' if chars
                .peek()
                .is_none_or(|next| *next == ' ' || next.is_ascii_digit()) =>
            {
                out.push(c);
            }
            c if c.is_ascii_punctuation() => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A text as a block of code, behind a fence that is longer than any in it.
fn fenced(text: &str) -> String {
    let fence = "`".repeat(longest_fence(text).max(2) + 1);
    let text: String = text.chars().take(2 * TEXT).collect();
    format!("{fence}text\n{text}\n{fence}\n\n")
}

#[cfg(test)]
mod tests {
    use super::{code, code_in_cell, fenced};

    #[test]
    fn code_stays_code() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code(""), "`  `");
        assert_eq!(code("`a``b"), "``` `a``b ```");
        assert_eq!(code_in_cell("a|b"), "`a\\|b`");
        let text = fenced("a ```` b");
        assert!(
            text.starts_with("`````text\n") && text.ends_with("\n`````\n\n"),
            "{text}"
        );
    }
}
