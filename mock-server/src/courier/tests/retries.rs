use std::time::Duration;

use http::StatusCode;
use tokio::net::TcpListener;

use super::receiver::{Receiver, Reply};
use super::{Bench, Settings};
use crate::courier::{Answer, Failure, Retry};

/// A deadline that a healthy receiver keeps and a test can wait for.
fn impatient() -> Settings {
    Settings {
        deadline: Duration::from_millis(500),
        ..Settings::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_is_tried_again_by_the_clock() {
    let refusal = "HTTP/1.1 400 X\r\ncontent-length: 9\r\n\r\nnot whole";
    for bad in [
        Reply::Status(500),
        Reply::Status(404),
        Reply::Hang,
        Reply::Close,
        Reply::Raw(String::from("no HTTP\r\n\r\n")),
        Reply::Raw(refusal.to_owned()),
    ] {
        let reply = bad.clone();
        let receiver = Receiver::new(move |hit| match hit.number {
            1 | 2 => reply.clone(),
            _ => Reply::Status(200),
        })
        .await;
        let bench = Bench::with(impatient(), |_| None);
        bench.start(1, &receiver.url("/"));
        bench.pass(10.0).await;
        bench.pass(0.79).await;
        assert_eq!(receiver.hits().len(), 1, "{bad:?}: too early");
        bench.pass(0.42).await;
        assert_eq!(receiver.hits().len(), 2, "{bad:?}: 1 s after the first");
        bench.pass(1.59).await;
        assert_eq!(receiver.hits().len(), 2, "{bad:?}: too early");
        bench.pass(0.82).await;
        assert_eq!(receiver.hits().len(), 3, "{bad:?}: 2 s after the second");
        assert_eq!(bench.thens(), ["retry", "retry", "acknowledged"], "{bad:?}");
        let numbers: Vec<_> = bench
            .attempts()
            .iter()
            .map(|a| (a.delivery, a.number))
            .collect();
        assert_eq!(numbers, [(1, 1), (1, 2), (1, 3)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_says_what_went_wrong() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    let silent = Receiver::new(|_| Reply::Hang).await;
    let gone = Receiver::new(|_| Reply::Close).await;
    let bench = Bench::with(impatient(), |_| None);
    bench.start(1, &refused);
    bench.start(2, &silent.url("/"));
    bench.start(3, &gone.url("/"));
    bench.pass(10.0).await;
    let mut attempts = bench.attempts();
    attempts.sort_by_key(|attempt| attempt.job);
    let failure = |n: usize| match &attempts[n].answer {
        Answer::Failed(failure) => failure.clone(),
        other => panic!("{other:?}"),
    };
    assert!(matches!(failure(0), Failure::Connect(why) if why.contains("refused")));
    assert_eq!(failure(1), Failure::Timeout(impatient().deadline));
    assert!(attempts[1].took >= impatient().deadline);
    assert!(matches!(failure(2), Failure::Broken(_)));
    assert_eq!(attempts[0].address.as_str(), refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_failure_and_leads_nowhere() {
    let second = Receiver::healthy().await;
    for status in [301, 302, 303, 307, 308] {
        let location = second.url("/");
        let answer =
            format!("HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let first = Receiver::new(move |_| Reply::Raw(answer.clone())).await;
        let bench = Bench::new();
        bench.start(1, &first.url("/"));
        bench.pass(10.0).await;
        assert_eq!(bench.thens(), ["retry"], "{status}");
    }
    assert!(second.hits().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_410_stops_the_job() {
    let receiver = Receiver::new(|_| Reply::Status(410)).await;
    let bench = Bench::new();
    bench.start(1, &receiver.url("/"));
    bench.pass(10.0).await;
    assert!(bench.courier.is_empty());
    bench.pass(1_000.0).await;
    assert_eq!(bench.thens(), ["stopped"]);
    assert_eq!(bench.attempts()[0].answer, Answer::Status(StatusCode::GONE));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_has_all_its_attempts_and_then_is_given_up() {
    let receiver = Receiver::new(|_| Reply::Status(503)).await;
    let retry = Retry {
        attempts: 3,
        ..Retry::default()
    };
    let settings = Settings {
        retry,
        ..Settings::default()
    };
    let bench = Bench::with(settings, |_| None);
    bench.start(1, &receiver.url("/"));
    bench.pass(50.0).await;
    bench.pass(1.2).await;
    for _ in 0..10 {
        bench.pass(60.0).await;
    }
    let attempts = bench.attempts();
    let told: Vec<_> = attempts.iter().map(|a| (a.number, a.is_end)).collect();
    assert_eq!(
        told,
        [(1, false), (2, false), (1, true), (2, true), (3, true)]
    );
    assert_eq!(
        bench.thens(),
        ["retry", "retry", "retry", "retry", "given up"]
    );
    assert!(bench.courier.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_progress_given_up_is_followed_by_the_next() {
    let receiver = Receiver::new(|hit| Reply::Status(if hit.number < 3 { 500 } else { 200 })).await;
    let retry = Retry {
        attempts: 2,
        ..Retry::default()
    };
    let settings = Settings {
        retry,
        ..Settings::default()
    };
    let bench = Bench::with(settings, |_| None);
    bench.start(1, &receiver.url("/"));
    bench.pass(10.0).await;
    bench.pass(1.2).await;
    bench.pass(3.0).await;
    assert_eq!(bench.thens(), ["retry", "given up"]);
    bench.pass(10.0).await;
    assert_eq!(receiver.bodies(), ["1 10", "1 11", "1 24"]);
    assert_eq!(bench.attempts()[2].delivery, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_honoured() {
    let busy = "HTTP/1.1 429 X\r\nretry-after: 20\r\ncontent-length: 0\r\n\r\n";
    let receiver = Receiver::new(move |hit| match hit.number {
        1 => Reply::Raw(busy.to_owned()),
        _ => Reply::Status(200),
    })
    .await;
    let bench = Bench::new();
    bench.start(1, &receiver.url("/"));
    bench.pass(10.0).await;
    bench.pass(19.9).await;
    assert_eq!(receiver.hits().len(), 1);
    bench.pass(0.1).await;
    assert_eq!(receiver.hits().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_taken_and_fails_once_with_its_reason() {
    let bench = Bench::new();
    bench.start(1, "https://127.0.0.1:1/");
    bench.pass(1_000.0).await;
    bench.pass(1_000.0).await;
    let attempts = bench.attempts();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].answer, Answer::Failed(Failure::Https));
    assert!(bench.courier.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_is_cut_and_counts_by_its_status() {
    let long = format!(
        "HTTP/1.1 200 X\r\ncontent-length: 100000000\r\n\r\n{}",
        "x".repeat(1_000_000)
    );
    let short = "HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n";
    for answer in [long, short.to_owned()] {
        let receiver = Receiver::new(move |_| Reply::Raw(answer.clone())).await;
        let bench = Bench::with(impatient(), |_| None);
        bench.start(1, &receiver.url("/"));
        bench.pass(10.0).await;
        bench.pass(10.0).await;
        assert_eq!(bench.thens(), ["acknowledged", "acknowledged"]);
    }
}
