//! Correct servers are accused of nothing, however they use the page's freedom.

use bytes::Bytes;
use smsload_conformance::{EXIT_CONFORMS, EXIT_INCOMPLETE, Event, Run, Secret, Target, Verdict};
use smsload_spec::{Contract, Profile};

use crate::server::{Choices, Fault, serve};
use crate::support::{WATCHED, failures, inconclusive, lines, run, target};

const PLAIN: Choices = Choices {
    has_statuses: false,
    has_extras: false,
    has_fractions: false,
    shares_ids: false,
    is_terse: false,
    authenticates: false,
    simulates: false,
};

const VARIANTS: [Choices; 4] = [
    PLAIN,
    Choices {
        has_statuses: true,
        shares_ids: true,
        ..PLAIN
    },
    Choices {
        has_extras: true,
        has_fractions: true,
        ..PLAIN
    },
    Choices {
        has_statuses: true,
        has_extras: true,
        has_fractions: true,
        shares_ids: true,
        ..PLAIN
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_about_a_body_breaks_an_assumption_and_no_must() {
    let choices = Choices {
        has_statuses: true,
        is_terse: true,
        ..PLAIN
    };
    let result = run(target(&serve(choices, Fault::None).await), 1).await;
    let found: Vec<_> = failures(&result).into_iter().collect();
    assert_eq!(found, ["RESP-10"]);
    assert_eq!(result.exit_code(), EXIT_CONFORMS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pass_everything_whatever_the_seed() {
    for choices in VARIANTS {
        let address = serve(choices, Fault::None).await;
        for seed in 0..3 {
            let result = run(target(&address), seed).await;
            let wrong: Vec<_> = result
                .lines
                .iter()
                .filter(|l| l.verdict.is_failure() || l.verdict == Verdict::Inconclusive)
                .collect();
            assert!(wrong.is_empty(), "{choices:?}, seed {seed}: {wrong:#?}");
            assert_eq!(result.exit_code(), EXIT_CONFORMS);
            assert!(
                result.count(Verdict::Pass) >= 60,
                "{}",
                result.count(Verdict::Pass)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_of_seconds_is_enough() {
    let mut target = target(&serve(VARIANTS[0], Fault::None).await);
    for end in ["2025-04-04T21:00:01", "2025-04-04T21:00:03"] {
        target.fixtures.recorded =
            smsload_conformance::Window::parse("2025-04-04T21:00:00", end).unwrap();
        let result = run(target.clone(), 1).await;
        assert!(failures(&result).is_empty(), "{:?}", failures(&result));
        // A download that is over so soon may show nothing of how it went.
        let mut open = inconclusive(&result);
        open.retain(|line| !["PROG-08", "PROG-09"].contains(line));
        assert!(open.is_empty(), "{open:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_declared_or_named_is_skipped() {
    let mut target = target(&serve(VARIANTS[0], Fault::None).await);
    target.declared.progress_query = false;
    target.fixtures.platform_id = None;
    target.fixtures.unknown_device = None;
    let result = run(target, 1).await;
    let skipped = lines(&result, |v| v == Verdict::Skipped);
    for id in [
        "ACC-02", "ACC-06", "BODY-10", "PROG-01", "PROG-05", "PROG-06",
    ] {
        assert!(skipped.contains(id), "{id} in {skipped:?}");
    }
    let reason = result.line("BODY-10").unwrap().reason.as_deref();
    assert_eq!(reason, Some("the target file names no `unknown_device`"));
    assert_eq!(result.exit_code(), EXIT_CONFORMS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_of_downloads_is_kept() {
    let mut target = target(&serve(VARIANTS[0], Fault::None).await);
    target.limits.downloads = Some(200);
    let generous = run(target.clone(), 1).await;
    assert!(failures(&generous).is_empty() && inconclusive(&generous).is_empty());
    target.limits.downloads = Some(3);
    let frugal = run(target, 1).await;
    assert!(failures(&frugal).is_empty());
    assert_eq!(frugal.exit_code(), EXIT_INCOMPLETE);
    let reason = frugal.line("STRM-04").unwrap().reason.clone().unwrap();
    assert!(reason.contains("download budget"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_selection_runs_that_alone_and_secrets_stay_secret() {
    let mut target = target(&serve(VARIANTS[0], Fault::None).await);
    let token = "hunter2-hunter2";
    target.headers = vec![("token".parse().unwrap(), Secret::new(token))];
    let build = |only: &[&str]| {
        Run::builder(Contract::bundled(), target.clone())
            .only(only.iter().copied())
            .skip(["TIME-06/clipped-values"])
            .profiles(&[Profile::Core])
            .build()
    };
    let mut seen = String::new();
    let mut reporter = |event: &Event| seen.push_str(&format!("{event:?}\n"));
    let result = build(&["ACC-03", "TIME-06"])
        .unwrap()
        .run(&mut reporter)
        .await;
    let ids: Vec<_> = result.lines.iter().map(|l| l.line.id.as_str()).collect();
    assert_eq!(ids, ["ACC-03", "TIME-06"]);
    assert!(result.conforms(), "{result:#?}");
    assert!(!seen.contains(token) && seen.contains("ACC-03#0"));
    let error = build(&["TIME-99"]).unwrap_err().to_string();
    assert!(error.contains("TIME-99"), "{error}");
}

/// Everything that was sent, in the order of cases, and the verdicts.
async fn sent(
    mut target: Target,
    concurrency: u16,
) -> (Vec<(String, Bytes)>, Vec<(String, Verdict, u32)>) {
    target.limits.concurrency = concurrency;
    // How often a download is asked depends on how long it takes.
    let run = Run::builder(Contract::bundled(), target)
        .seed(5)
        .cases(40)
        .skip(WATCHED);
    let mut sent = Vec::new();
    let mut reporter = |event: &Event| {
        if let Event::Exchanged(exchange) = event {
            sent.push((exchange.id.clone(), exchange.sent.body.clone()));
        }
    };
    let result = run.build().unwrap().run(&mut reporter).await;
    // The name of an exchange has the number of its case; answers come in any order.
    sent.sort();
    let verdicts = result.lines.iter();
    let verdicts = verdicts.map(|l| (l.line.id.clone(), l.verdict, l.cases));
    (sent, verdicts.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_changes_nothing() {
    // Also where cases fail, are repeated and made smaller.
    for fault in [Fault::None, Fault::Windows, Fault::Reversed] {
        let target = target(&serve(VARIANTS[1], fault).await);
        let (one, many) = (sent(target.clone(), 1).await, sent(target, 32).await);
        assert_eq!(one.1, many.1, "{fault:?}");
        assert_eq!(one.0, many.0, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures: cargo test --release -p smsload-conformance -- --ignored --nocapture"]
async fn how_fast_it_is() {
    let target = target(&serve(VARIANTS[0], Fault::None).await);
    let run = Run::builder(Contract::bundled(), target)
        .cases(1_000)
        .build()
        .unwrap();
    let result = run.run(&mut |_: &Event| {}).await;
    let cases: u32 = result.lines.iter().map(|line| line.cases).sum();
    println!(
        "{} requests, {cases} cases in {:?}",
        result.exchanges, result.took
    );
}
