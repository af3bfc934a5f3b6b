//! Failures that are sent again: on the same server they are there still, on a correct one they are not.

use smsload_conformance::{
    Again, Event, Replay, ReplayError, Replayed, Report, Reporter as _, Reports, Run, Target,
    replay_exit_code,
};
use smsload_spec::Contract;

use crate::server::{Choices, Fault, serve};
use crate::support::target;

async fn faulty(fault: Fault) -> Target {
    target(&serve(Choices::default(), fault).await)
}

/// The report of a run for some lines.
async fn report(target: &Target, only: &[&str]) -> Report {
    let contract = Contract::bundled();
    let mut reports = Reports::new(&contract, target);
    let run = Run::builder(contract, target.clone()).seed(9).cases(12);
    let run = run.only(only.iter().copied()).build().unwrap();
    let result = run.run(&mut |event: &Event| reports.on(event)).await;
    let report = reports.finish(&result).unwrap();
    // As it is read from a file.
    Report::read(&serde_json::to_vec(&report).unwrap()).unwrap()
}

async fn again(report: &Report, target: Target) -> Vec<Again> {
    let replay = Replay::new(report, Contract::bundled(), target, &[]).unwrap();
    assert_eq!(replay.differences(), Vec::<String>::new());
    replay.run(&mut |_: &Again| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_failure_is_found_again() {
    for (fault, line) in [
        // A case of a table; a random one made smaller; a sequence with an id; several at once; seen in passing.
        (Fault::MissingChannel, "BODY-01"),
        (Fault::Reversed, "TIME-01"),
        (Fault::Windows, "ACC-07"),
        (Fault::ForgetsIds, "PROG-01"),
        (Fault::OneId, "STRM-04"),
        (Fault::OtherCode, "RESP-11"),
        (Fault::Duplicate, "RESP-13/duplicate-members"),
        (Fault::CodeZeroWithStatus, "RESP-04"),
    ] {
        let choices = Choices {
            has_statuses: fault == Fault::CodeZeroWithStatus,
            ..Choices::default()
        };
        let broken = target(&serve(choices, fault).await);
        let report = report(&broken, &[line, "ACC-01"]).await;
        let still = again(&report, broken).await;
        assert_eq!(replay_exit_code(&still), 1, "{fault:?}: {still:?}");
        assert!(still.iter().any(|again| again.id == line), "{still:?}");
        let mended = again(&report, faulty(Fault::None).await).await;
        assert_eq!(replay_exit_code(&mended), 0, "{fault:?}: {mended:?}");
        assert_eq!(mended.len(), still.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_id_of_today_goes_into_the_next_request() {
    let broken = faulty(Fault::ForgetsIds).await;
    let report = report(&broken, &["PROG-01"]).await;
    let failures = report.requirements.iter();
    let failure = failures.filter_map(|r| r.failure.as_ref()).next().unwrap();
    let [first, second] = failure.exchanges.as_slice() else {
        unreachable!("a start and a query");
    };
    assert_eq!(second.exchange.sent.captured[0].from, first.id);
    // A correct server knows the id that it gave itself, and not that of the report.
    let right = again(&report, faulty(Fault::None).await).await;
    assert_eq!(right[0].replayed, Replayed::Holds);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_told_is_open() {
    let broken = faulty(Fault::Reversed).await;
    let report = report(&broken, &["TIME-01"]).await;
    // Another recorded window: the check has no such case.
    let mut other = broken.clone();
    other.fixtures.recorded =
        smsload_conformance::Window::parse("2024-05-05T01:00:00", "2024-05-05T02:00:00").unwrap();
    let open = again(&report, other).await;
    assert_eq!(replay_exit_code(&open), 3, "{open:?}");
    // Nobody there.
    let mut gone = broken.clone();
    gone.base_url = smsload_conformance::BaseUrl::parse("http://127.0.0.1:1").unwrap();
    assert_eq!(replay_exit_code(&again(&report, gone).await), 3);
    let none = Replay::new(&report, Contract::bundled(), broken, &["BODY".to_owned()]);
    assert!(
        matches!(none, Err(ReplayError::NoFailure { .. })),
        "{none:?}"
    );
}
