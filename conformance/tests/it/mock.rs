//! The mock at high speed, correct and misbehaving: what only a download watched over time can show. Recorded seconds
//! pass 8 to 32 times as fast by themselves, and the clock makes that faster still.

use futures_util::StreamExt as _;
use smsload_conformance::{BaseUrl, Event, Fixtures, Run, RunResult, Target, Window};
use smsload_mock::{MockServer, misbehave};
use smsload_spec::Contract;

use crate::server::{CHANNEL, DEVICE};
use crate::support::{failures, inconclusive};
use crate::ticking::ticking;

fn target(address: &str) -> Target {
    let recorded = Window::parse("2025-04-04T08:00:00", "2025-04-04T14:00:00").unwrap();
    let mut target = Target::new(
        BaseUrl::parse(address).unwrap(),
        Fixtures::new(DEVICE, CHANNEL, recorded),
    );
    target.declared.progress_query = true;
    target.declared.callbacks = true;
    target.declared.files = true;
    target.limits.completion_seconds = 8;
    target.limits.keep_seconds = 2;
    target.limits.security_gap_milliseconds = 0;
    target
}

async fn run(name: Option<&str>, only: &[&str]) -> RunResult {
    let (clock, _hand) = ticking();
    let builder = MockServer::builder().clock(clock).seed(7);
    let builder = match name {
        Some(name) => builder.misbehave(misbehave::find(name).unwrap()),
        None => builder,
    };
    let server = builder.start().await.unwrap();
    let run = Run::builder(Contract::bundled(), target(&server.url()))
        .seed(42)
        .cases(12)
        .only(only.iter().copied());
    let result = run.build().unwrap().run(&mut |_: &Event| {}).await;
    server.stop().await;
    result
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_correct_one_passes_everything() {
    let result = run(None, &["PROG", "CALL", "FILE", "SECU-03", "SECU-06"]).await;
    let open = inconclusive(&result);
    assert!(failures(&result).is_empty(), "{:#?}", result.lines);
    assert!(open.is_empty(), "{:#?}", result.lines);
    let reason = result.line("PROG-03").unwrap().reason.as_deref();
    assert_eq!(
        reason,
        Some("the query told progress in percent, as strings")
    );
}

/// Some of each kind; all of them are in the kill matrix.
const SOME: [&str; 30] = [
    "progress-goes-back",
    "progress-beyond-100",
    "progress-with-sign",
    "progress-never-ends",
    "end-does-not-last",
    "end-told-early",
    "end-without-address",
    "relative-address",
    "changing-address",
    "unreachable-callback-fails",
    "unreachable-callback-delays",
    "no-callbacks",
    "callback-url-misspelt",
    "callback-of-another",
    "callback-goes-back",
    "last-callback-at-99",
    "callback-after-rejection",
    "callback-plus-as-space",
    "callback-dots-resolved",
    "callback-not-retried",
    "callback-follows-redirects",
    "callback-as-text",
    "file-missing",
    "file-one-byte-short",
    "range-off-by-one",
    "suffix-as-prefix",
    "file-too-long",
    "file-differs",
    "guessable-address",
    "traversal",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misbehaviours_are_caught_by_the_lines_that_they_name() {
    let runs = SOME.into_iter().map(|name| async move {
        let named = misbehave::find(name).unwrap().catches;
        (name, named, run(Some(name), named).await)
    });
    let mut runs = futures_util::stream::iter(runs).buffered(10);
    while let Some((name, named, result)) = runs.next().await {
        let found = failures(&result);
        let all = named.iter().all(|line| found.contains(line));
        assert!(all, "{name}: {found:?} of {named:?}: {:#?}", result.lines);
    }
}
