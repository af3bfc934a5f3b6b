//! Runs, and what is read off them.

use std::collections::BTreeSet;

use smsload_conformance::{BaseUrl, Event, Fixtures, Run, RunResult, Target, Verdict, Window};
use smsload_spec::Contract;

use crate::server::{CHANNEL, Choices, DEVICE, Fault, RECORDED, serve};

/// Cases of each property.
pub(crate) const CASES: u32 = 12;

/// What a target file for the tests' server would say.
pub(crate) fn target(address: &str) -> Target {
    let recorded = Window::parse(RECORDED.0, RECORDED.1).unwrap();
    let mut fixtures = Fixtures::new(DEVICE, CHANNEL, recorded);
    fixtures.platform_id = Some("2".into());
    fixtures.unknown_device = Some("34020000001110009999".into());
    fixtures.unknown_channel = Some("34020000001320009999".into());
    fixtures.empty_window =
        Some(Window::parse("2024-01-01T00:00:00", "2024-01-01T01:00:00").unwrap());
    fixtures.callback = Some("http://192.0.2.1/progress".into());
    let mut target = Target::new(BaseUrl::parse(address).unwrap(), fixtures);
    target.declared.progress_query = true;
    target.limits.completion_seconds = 4;
    target.limits.keep_seconds = 1;
    target
}

pub(crate) async fn run(target: Target, seed: u64) -> RunResult {
    let run = Run::builder(Contract::bundled(), target)
        .seed(seed)
        .cases(CASES)
        .build()
        .unwrap();
    run.run(&mut |_: &Event| {}).await
}

/// Lines that take their time, since downloads are watched for them.
pub(crate) const WATCHED: [&str; 6] = [
    "PROG-02", "PROG-03", "PROG-04", "PROG-07", "PROG-08", "PROG-09",
];

/// Without the lines that take their time.
pub(crate) async fn run_against(choices: Choices, fault: Fault) -> RunResult {
    let run = Run::builder(Contract::bundled(), target(&serve(choices, fault).await))
        .seed(42)
        .cases(CASES)
        .skip(WATCHED)
        .build()
        .unwrap();
    run.run(&mut |_: &Event| {}).await
}

/// The lines with a verdict.
pub(crate) fn lines(result: &RunResult, is: fn(Verdict) -> bool) -> BTreeSet<&str> {
    result
        .lines
        .iter()
        .filter(|l| is(l.verdict))
        .map(|l| l.line.id.as_str())
        .collect()
}

pub(crate) fn failures(result: &RunResult) -> BTreeSet<&str> {
    lines(result, Verdict::is_failure)
}

pub(crate) fn inconclusive(result: &RunResult) -> BTreeSet<&str> {
    lines(result, |v| v == Verdict::Inconclusive)
}
