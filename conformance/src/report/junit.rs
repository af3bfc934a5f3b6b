//! `junit.xml`, for CI systems: one test suite for each group, one test case for each requirement or part.
//!
//! A test case fails exactly where the exit code does: what is broken and counts is a `failure`, a MUST that could not be
//! judged is an `error`. A broken SHOULD that does not count, and everything that was not judged, is `skipped`, with the
//! reason as its message: these systems know no warnings.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Suites, TestCase, TestCaseStatus, TestSuite};

use super::model::{Report, Requirement};
use super::words::Weight;
use crate::text::shown;

/// Writes a report as JUnit XML.
///
/// # Errors
/// The writer's own.
pub fn write_junit(report: &Report, mut out: impl Write) -> io::Result<()> {
    let mut suites = Suites::new(format!("smsload verify {}", shown(&report.target)));
    suites.set_time(Duration::from_millis(report.milliseconds));
    for group in &report.groups {
        let mut suite = TestSuite::new(format!("{} {}", shown(&group.id), group.title.en));
        suite.add_property(("seed", report.seed.as_str()));
        suite.add_property(("contract", report.contract.sha256.as_str()));
        let own = report.requirements.iter().filter(|r| r.group == group.id);
        suite.add_test_cases(own.map(|requirement| case(report, requirement)));
        suites.add_test_suite(suite);
    }
    let text = suites.to_string().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

fn case(report: &Report, requirement: &Requirement) -> TestCase {
    let mut status = match report.weight(requirement) {
        Weight::Good => TestCaseStatus::success(),
        Weight::Broken => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Weight::Open => TestCaseStatus::non_success(NonSuccessKind::Error),
        Weight::Remark | Weight::Left => TestCaseStatus::skipped(),
    };
    let verdict = requirement.verdict.as_str();
    let remark = requirement.remark();
    let message = if remark.is_empty() {
        verdict.to_owned()
    } else {
        format!("{verdict}: {remark}")
    };
    status.set_message(message);
    status.set_type(requirement.level_word());
    if requirement.failure.is_some() {
        status.set_description(description(requirement));
    }
    let id = shown(&requirement.id);
    let mut case = TestCase::new(format!("{id} {}", requirement.statement.en), status);
    case.set_classname(format!("smsload.{}", shown(&requirement.group)));
    case.set_assertions(usize::try_from(requirement.cases).unwrap_or(usize::MAX));
    case
}

fn description(requirement: &Requirement) -> String {
    let mut out = format!(
        "{}\n{}, {}; {}\n",
        requirement.statement.en,
        requirement.level_word(),
        requirement.provenance,
        shown(&requirement.source)
    );
    for evidence in requirement.failure.iter().flat_map(|f| &f.exchanges) {
        let status = evidence
            .status
            .map(|s| format!("HTTP {s} "))
            .unwrap_or_default();
        let answer = shown(&evidence.answer);
        out.push_str(&format!("{}\n{status}{answer}\n", shown(&evidence.curl)));
    }
    out
}
