//! Runs that end before they are done, and what is known to fail.

use std::time::{Duration, Instant};

use smsload_conformance::{
    EXIT_CONFORMS, EXIT_FAILED, EXIT_INCOMPLETE, Ended, Event, KnownFailure, Run, RunBuilder,
    RunResult, Stop, Target, Verdict,
};
use smsload_spec::Contract;

use crate::server::{Choices, Fault, serve};
use crate::support::{failures, inconclusive, target};

async fn correct() -> Target {
    target(&serve(Choices::default(), Fault::None).await)
}

async fn broken(fault: Fault) -> Target {
    target(&serve(Choices::default(), fault).await)
}

fn builder(target: Target) -> RunBuilder {
    Run::builder(Contract::bundled(), target).cases(12)
}

async fn run(builder: RunBuilder) -> RunResult {
    builder.build().unwrap().run(&mut |_: &Event| {}).await
}

fn assert_cut_short(result: &RunResult, word: &str) {
    let is_cut_short = matches!(&result.ended, Ended::CutShort(why) if why.contains(word));
    assert!(is_cut_short, "{:?} lacks {word}", result.ended);
    let says_why = |reason: &Option<String>| reason.as_ref().is_some_and(|r| r.contains(word));
    let open = |verdict: Verdict| verdict == Verdict::Inconclusive;
    assert!(
        result
            .lines
            .iter()
            .any(|line| open(line.verdict) && says_why(&line.reason))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_judged_before_a_stop_stays_judged() {
    let stop = Stop::new();
    let ending = stop.clone();
    let mut reporter = move |event: &Event| {
        if let Event::LineFinished(result) = event
            && result.line.id == "BODY-03"
        {
            ending.stop("it was interrupted");
        }
    };
    let run = builder(correct().await).stopped_by(&stop).build().unwrap();
    let result = run.run(&mut reporter).await;
    assert_cut_short(&result, "interrupted");
    assert_eq!(result.exit_code(), EXIT_INCOMPLETE);
    assert!(failures(&result).is_empty());
    let verdict = |id: &str| result.line(id).unwrap().verdict;
    assert_eq!(verdict("BODY-01"), Verdict::Pass);
    assert_eq!(verdict("ROBU-01"), Verdict::Inconclusive);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_target_ends_the_run_in_its_time() {
    let mut target = broken(Fault::HangsOnBadJson).await;
    target.limits.answer_milliseconds = 600_000;
    let started = Instant::now();
    let slow = builder(target).max_time(Some(Duration::from_millis(300)));
    let result = run(slow).await;
    assert_cut_short(&result, "300ms, is over");
    assert!(started.elapsed() < Duration::from_secs(60));
    assert_eq!(result.exit_code(), EXIT_INCOMPLETE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_failure_that_counts_ends_a_fast_one() {
    let target = broken(Fault::MissingChannel).await;
    let result = run(builder(target).fail_fast(true)).await;
    assert_cut_short(&result, "BODY-01 failed");
    assert_eq!(result.exit_code(), EXIT_FAILED);
    assert!(inconclusive(&result).contains("TIME-01"));
    // A warning ends a strict one only.
    let target = broken(Fault::SourceType(" 3")).await;
    let lenient = builder(target).only(["SRC", "STRM"]).fail_fast(true);
    assert_eq!(run(lenient.clone()).await.ended, Ended::Complete);
    let strict = run(lenient.strict(true)).await;
    assert_cut_short(&strict, "SRC-02/lenient-spellings failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_on_our_own_side_is_no_fault_of_the_target() {
    let folder = tempfile::tempdir().unwrap();
    let target = correct().await;
    let text = format!(
        "base_url = \"{}\"\n[fixtures]\ndevice = \"1\"\nchannel = \"2\"\n\
         recorded = {{ start = \"2025-04-04T21:00:00\", end = \"2025-04-04T22:00:00\" }}\n\
         [headers]\nlinker-sign = {{ shell = \"echo x >> log; test $(wc -l < log) -lt 3\", lifetime_seconds = 1 }}\n",
        target.base_url
    );
    let target = Target::parse(&folder.path().join("t.toml"), &text).unwrap();
    let result = run(builder(target)).await;
    assert_cut_short(&result, "runner's own side failed: header `linker-sign`");
    assert!(failures(&result).is_empty());
    assert_eq!(result.exit_code(), EXIT_INCOMPLETE);
}

fn known(id: &str, expires: &str) -> KnownFailure {
    KnownFailure {
        id: id.to_owned(),
        reason: "ticket 4711".to_owned(),
        expires: expires.parse().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn known_failures_do_not_count_until_they_expire() {
    let expecting = |target: Target, known: Vec<KnownFailure>| {
        let only = ["BODY-01", "BODY-06", "ACC-01"];
        run(builder(target).only(only).expect_failures(known))
    };
    let far = "9999-12-31";
    let target = broken(Fault::MissingChannel).await;
    let tolerated = expecting(target.clone(), vec![known("BODY-01", far)]).await;
    assert_eq!(tolerated.exit_code(), EXIT_CONFORMS);
    assert!(failures(&tolerated).contains("BODY-01"));
    assert_eq!(tolerated.mended().count(), 0);
    let expired = expecting(target.clone(), vec![known("BODY-01", "2020-01-01")]).await;
    assert_eq!(expired.exit_code(), EXIT_FAILED);
    let other = expecting(target, vec![known("BODY-06", far)]).await;
    assert_eq!(other.exit_code(), EXIT_FAILED);
    let mended: Vec<_> = other.mended().map(|k| k.id.as_str()).collect();
    assert_eq!(mended, ["BODY-06"]);
    // What is expired fails the run also if it was mended meanwhile: it has to be taken off the list.
    let late = expecting(correct().await, vec![known("BODY-01", "2020-01-01")]).await;
    assert_eq!(late.exit_code(), EXIT_FAILED);
    let unknown = builder(correct().await).expect_failures(vec![known("BODY-99", far)]);
    let error = unknown.build().unwrap_err().to_string();
    assert!(error.contains("\"BODY-99\""), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_and_not_declared_is_told() {
    let mut target = correct().await;
    target.declared.progress_query = false;
    let result = run(builder(target.clone()).only(["ACC-01"])).await;
    assert!(
        result.notes[0].contains("`declared.progress_query`"),
        "{:?}",
        result.notes
    );
    target.declared.progress_query = true;
    assert!(run(builder(target).only(["ACC-01"])).await.notes.is_empty());
}
