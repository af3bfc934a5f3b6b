//! Servers with one fault are caught by the requirement that is about it, and by no other.

use smsload_conformance::{
    EXIT_CONFORMS, EXIT_FAILED, Ended, Event, Run, Secret, Tenants, Verdict, curl,
};
use smsload_spec::Contract;

use crate::server::{Choices, Fault, TOKEN, serve};
use crate::support::{failures, inconclusive, run_against, target};

async fn check(fault: Fault, expected: &[&str]) {
    for has_statuses in [false, true] {
        let choices = Choices {
            has_statuses,
            ..Choices::default()
        };
        // These show only in one of the two forms of a rejection.
        if (fault == Fault::CodeZeroWithStatus && !has_statuses)
            || (fault == Fault::ServerErrorOnBadJson && has_statuses)
        {
            continue;
        }
        let result = run_against(choices, fault).await;
        let found: Vec<_> = failures(&result).into_iter().collect();
        let why: Vec<_> = result
            .lines
            .iter()
            .filter_map(|l| l.failure.as_ref())
            .collect();
        assert_eq!(found, expected, "{fault:?}, {choices:?}: {why:#?}");
        let is_must = expected.iter().any(|id| {
            result
                .line(id)
                .is_some_and(|l| l.line.level == smsload_spec::Level::Must)
        });
        if is_must {
            assert_eq!(result.exit_code(), EXIT_FAILED);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_their_answers() {
    check(Fault::TooLong, &["RESP-07"]).await;
    check(Fault::NumericDuration, &["RESP-03"]).await;
    check(Fault::DurationWithUnit, &["RESP-05"]).await;
    check(Fault::SizeWithUnit, &["RESP-06"]).await;
    check(Fault::EmptyId, &["STRM-01"]).await;
    check(Fault::OneId, &["STRM-04"]).await;
    check(Fault::PlainText, &["RESP-01"]).await;
    check(Fault::NoMessage, &["RESP-02"]).await;
    check(Fault::CodeZeroWithStatus, &["RESP-04"]).await;
    check(Fault::IdInRejection, &["RESP-04"]).await;
    check(Fault::TwoValues, &["RESP-13"]).await;
    check(Fault::Duplicate, &["RESP-13/duplicate-members"]).await;
    check(Fault::WiderIsShorter, &["RESP-09"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_what_they_let_in() {
    check(Fault::Reversed, &["TIME-01", "TIME-07", "TIME-08"]).await;
    for source_type in ["1", "2", "4", "5", "6"] {
        let result = run_against(Choices::default(), Fault::SourceType(source_type)).await;
        let found: Vec<_> = failures(&result).into_iter().collect();
        assert_eq!(found, ["SRC-01"], "{source_type}");
    }
    check(Fault::SourceType("7"), &["SRC-02"]).await;
    check(Fault::SourceType(" 3"), &["SRC-02/lenient-spellings"]).await;
    check(Fault::MissingChannel, &["BODY-01"]).await;
    check(
        Fault::NullDevice,
        &["BODY-01", "BODY-02", "BODY-03", "BODY-04", "BODY-05"],
    )
    .await;
    check(Fault::ReadsTruncated, &["BODY-07"]).await;
    check(
        Fault::ServerErrorOnBadJson,
        &[
            "BODY-06",
            "BODY-07",
            "BODY-07/lenient-syntax",
            "ROBU-01",
            "ROBU-05",
            "ROBU-06",
        ],
    )
    .await;
    check(Fault::UnknownDevice, &["BODY-10"]).await;
    check(Fault::UnknownChannel, &["BODY-11"]).await;
    check(Fault::Month13, &["TIME-06"]).await;
    check(Fault::Words, &["TIME-04"]).await;
    check(Fault::AnyId, &["PROG-05", "PROG-06/malformed-id"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_what_they_keep_out() {
    check(Fault::ForgetsIds, &["PROG-01"]).await;
    check(Fault::NoCharset, &["ACC-04"]).await;
    check(Fault::Escapes, &["ACC-04"]).await;
    check(Fault::PlatformId, &["ACC-06"]).await;
    check(Fault::Windows, &["ACC-07"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_what_they_say_of_a_rejection() {
    check(Fault::NoReason, &["RESP-10"]).await;
    check(Fault::OtherCode, &["RESP-11"]).await;
    check(Fault::Anonymous, &["RESP-12"]).await;
    check(Fault::ForgedId, &["STRM-06"]).await;
    check(Fault::FlipsDuplicates, &["BODY-09"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_what_they_withstand() {
    check(Fault::ServerErrorOnNul, &["ROBU-01", "ROBU-06"]).await;
    check(Fault::ServerErrorOnDepth, &["ROBU-05"]).await;
    check(Fault::IgnoresDepth, &["ROBU-05/refused"]).await;
    check(Fault::ServerErrorOnNull, &["ACC-09"]).await;
    check(Fault::ServerErrorOnYears, &["TIME-09"]).await;
    check(Fault::Large, &["ROBU-04"]).await;
    let result = run_against(Choices::default(), Fault::DropsControls).await;
    assert!(
        failures(&result).contains("ROBU-06"),
        "{:?}",
        failures(&result)
    );
}

/// One line alone, with what else it needs.
async fn alone(choices: Choices, fault: Fault, line: &str) -> Verdict {
    let mut target = target(&serve(choices, fault).await);
    target.declared.simulated_recordings = true;
    target.declared.callbacks = true;
    target.declared.tenants = true;
    target.declared.authentication = choices.authenticates;
    target.limits.slow_body_seconds = 3;
    target.limits.security_gap_milliseconds = 0;
    let header = |name: &str, value: &str| (name.parse().unwrap(), Secret::new(value));
    if choices.authenticates {
        target.headers = vec![header("token", TOKEN)];
    }
    target.tenants = Some(Tenants {
        a: vec![header("tenant-id", "one")],
        b: vec![header("tenant-id", "other")],
    });
    let run = Run::builder(Contract::bundled(), target).only([line]);
    let result = run.build().unwrap().run(&mut |_: &Event| {}).await;
    result.line(line).unwrap().verdict
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_what_only_some_are_asked_for() {
    let simulates = Choices {
        simulates: true,
        ..Choices::default()
    };
    let authenticates = Choices {
        authenticates: true,
        ..Choices::default()
    };
    let plain = Choices::default();
    for (choices, fault, line) in [
        (simulates, Fault::LeapDays, "ACC-08"),
        (plain, Fault::Crowded, "ROBU-07"),
        (plain, Fault::Patient, "ROBU-08"),
        (plain, Fault::StackTrace, "SECU-01"),
        (plain, Fault::AnyTenant, "SECU-02"),
        (plain, Fault::DecimalHost, "SECU-04"),
        (plain, Fault::LineBreaks, "SECU-05"),
        (authenticates, Fault::AnyToken, "SECU-07"),
    ] {
        assert_eq!(alone(choices, fault, line).await, Verdict::Fail, "{line}");
        let right = alone(choices, Fault::None, line).await;
        assert_eq!(right, Verdict::Pass, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_leaves_little_open() {
    let result = run_against(Choices::default(), Fault::NumericDuration).await;
    let open: Vec<_> = inconclusive(&result).into_iter().collect();
    assert_eq!(open, ["RESP-05"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_property_shows_its_smallest_case() {
    let result = run_against(Choices::default(), Fault::Windows).await;
    let failure = result.line("ACC-07").unwrap().failure.as_ref().unwrap();
    assert_eq!(
        failure.case,
        "the window 2025-04-04T21:00:00 to 2025-04-04T21:00:01"
    );
    let result = run_against(Choices::default(), Fault::Reversed).await;
    let line = result.line("TIME-01").unwrap();
    assert_eq!(line.verdict, Verdict::Fail);
    let sent = &line.failure.as_ref().unwrap().exchanges[0].sent;
    insta::with_settings!({filters => vec![(r"127\.0\.0\.1:\d+", "HOST")]}, {
        insta::assert_snapshot!(curl(sent), @r#"curl -sS -i -X POST 'http://HOST/api/smsload/playback/v1/download' -H 'content-type: application/json' --data-raw '{"device_unicode":"34020000001110000228","source_type":"3","channel":"34020000001320000666","start_time":"2025-04-04T21:00:01","end_time":"2025-04-04T21:00:00"}'"#);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn now_and_then_is_flaky_and_counts() {
    let result = run_against(Choices::default(), Fault::Every(10)).await;
    let flaky: Vec<_> = result
        .lines
        .iter()
        .filter(|l| l.verdict == Verdict::Flaky)
        .collect();
    assert!(!flaky.is_empty());
    assert_eq!(result.exit_code(), EXIT_FAILED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_halfway_does_not_conform() {
    let result = run_against(Choices::default(), Fault::GivesUp).await;
    assert!(failures(&result).contains("ROBU-02"));
    assert_ne!(result.exit_code(), EXIT_CONFORMS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_answer_to_some_requests_is_not_taken_for_gone() {
    let address = serve(Choices::default(), Fault::HangsOnBadJson).await;
    let mut target = target(&address);
    target.limits.answer_milliseconds = 500;
    target.limits.concurrency = 64;
    let only = ["BODY-06", "BODY-07", "TIME-03", "ROBU-02"];
    let run = Run::builder(Contract::bundled(), target)
        .cases(60)
        .only(only)
        .build()
        .unwrap();
    let result = run.run(&mut |_: &Event| {}).await;
    assert_eq!(result.ended, Ended::Complete);
    let found: Vec<_> = failures(&result).into_iter().collect();
    assert_eq!(
        found,
        ["BODY-06", "BODY-07", "BODY-07/lenient-syntax"],
        "{:#?}",
        result.lines
    );
    let failure = result.line("BODY-07").unwrap().failure.as_ref().unwrap();
    assert_eq!(failure.got, "no answer within 500 ms");
}
