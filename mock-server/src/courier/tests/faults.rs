use std::time::Duration;

use bytes::Bytes;

use super::receiver::{Receiver, Reply};
use super::{Bench, Fault, Settings, Then, Upcoming};
use crate::courier::Answer;

/// The fault for the given delivery's first attempt.
fn at(delivery: u32, fault: Fault) -> impl Fn(&Upcoming<'_>) -> Option<Fault> + Send + Sync {
    move |attempt| {
        let is_it = attempt.delivery == delivery && attempt.number == 1;
        is_it.then(|| fault.clone())
    }
}

/// Twelve passes of ten seconds with a fault; what arrived, as percent.
async fn arrive(delivery: u32, fault: Fault) -> (Vec<String>, Bench) {
    let receiver = Receiver::healthy().await;
    let bench = Bench::with(Settings::default(), at(delivery, fault));
    bench.start(1, &receiver.url("/"));
    for _ in 0..12 {
        bench.pass(10.0).await;
    }
    assert!(bench.courier.is_empty());
    (receiver.bodies(), bench)
}

fn percent(list: &[u32]) -> Vec<String> {
    list.iter().map(|n| format!("1 {n}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_comes_twice() {
    let (told, bench) = arrive(3, Fault::Duplicate).await;
    assert_eq!(
        told,
        percent(&[10, 20, 30, 30, 40, 50, 60, 70, 80, 90, 100])
    );
    let same: Vec<_> = bench.attempts()[2..4]
        .iter()
        .map(|a| (a.delivery, a.number))
        .collect();
    assert_eq!(same, [(3, 1), (3, 1)]);
    let (told, _) = arrive(10, Fault::Duplicate).await;
    assert_eq!(told[9..], percent(&[100, 100]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_one_never_comes() {
    let (told, bench) = arrive(3, Fault::Drop).await;
    assert_eq!(told, percent(&[10, 20, 40, 50, 60, 70, 80, 90, 100]));
    let dropped = &bench.attempts()[2];
    assert_eq!(dropped.answer, Answer::NotSent);
    assert_eq!(dropped.fault, Some(Fault::Drop));
    let (told, _) = arrive(10, Fault::Drop).await;
    assert_eq!(told.last().unwrap(), "1 90");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_one_comes_late_as_it_was_and_the_rest_after_it() {
    let (told, bench) = arrive(3, Fault::Delay(Duration::from_secs(25))).await;
    assert_eq!(told, percent(&[10, 20, 30, 60, 70, 80, 90, 100]));
    let held: Vec<_> = bench
        .attempts()
        .into_iter()
        .filter(|a| a.delivery == 3)
        .collect();
    assert_eq!(
        (held[0].then, held[1].then),
        (Then::Held, Then::Acknowledged)
    );
    let (told, _) = arrive(10, Fault::Delay(Duration::from_secs(15))).await;
    assert_eq!(told.last().unwrap(), "1 100");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_out_of_order_comes_after_its_successor() {
    let (told, bench) = arrive(3, Fault::OutOfOrder).await;
    assert_eq!(told, percent(&[10, 20, 40, 30, 50, 60, 70, 80, 90, 100]));
    let order: Vec<_> = bench.attempts()[2..5]
        .iter()
        .map(|a| (a.delivery, a.then))
        .collect();
    let expected = [
        (3, Then::Held),
        (4, Then::Acknowledged),
        (3, Then::Acknowledged),
    ];
    assert_eq!(order, expected);
    let (told, _) = arrive(9, Fault::OutOfOrder).await;
    assert_eq!(told[8..], percent(&[100, 90]));
    let (told, _) = arrive(10, Fault::OutOfOrder).await;
    assert_eq!(told[8..], percent(&[90, 100]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_payload_replaces_the_body_once() {
    let wrong = Bytes::from_static(b"{\"streamId\":");
    let (told, bench) = arrive(3, Fault::WrongPayload(wrong.clone())).await;
    let mut expected = percent(&[10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    expected[2] = "{\"streamId\":".to_owned();
    assert_eq!(told, expected);
    assert_eq!(bench.attempts()[2].body, wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_wrong_payload_is_followed_by_the_right_one() {
    let receiver = Receiver::new(|hit| match hit.body.as_str() {
        "?" => Reply::Status(400),
        _ => Reply::Status(200),
    })
    .await;
    let wrong = Fault::WrongPayload(Bytes::from_static(b"?"));
    let bench = Bench::with(Settings::default(), at(1, wrong));
    bench.start(1, &receiver.url("/"));
    bench.pass(100.0).await;
    bench.pass(2.0).await;
    assert_eq!(receiver.bodies(), ["?", "1 100"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nudge_does_not_shorten_a_delay_or_a_retry() {
    let receiver = Receiver::new(|_| Reply::Status(500)).await;
    let delay = Fault::Delay(Duration::from_secs(5));
    let bench = Bench::with(Settings::default(), at(1, delay));
    bench.start(1, &receiver.url("/"));
    bench.pass(10.0).await;
    bench.courier.nudge(super::JobKey(1));
    bench.settle().await;
    assert!(receiver.hits().is_empty());
    bench.pass(5.0).await;
    assert_eq!(receiver.hits().len(), 1);
    bench.courier.nudge(super::JobKey(1));
    bench.settle().await;
    assert_eq!(receiver.hits().len(), 1);
}
