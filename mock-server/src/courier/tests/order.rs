use std::time::Duration;

use tokio::time::timeout;

use super::receiver::{Receiver, Reply};
use super::{Bench, JobKey, PATIENCE, Settings, Then};
use crate::clock::{Moment, Speed};
use crate::courier::{Address, FollowError};

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_told_in_order_and_the_end_once() {
    let receiver = Receiver::healthy().await;
    let bench = Bench::new();
    bench.start(7, &receiver.url("/"));
    for _ in 0..20 {
        bench.pass(9.9).await;
    }
    let percent = [
        "7 10", "7 20", "7 30", "7 40", "7 50", "7 60", "7 70", "7 80", "7 90", "7 100",
    ];
    let told = receiver.bodies();
    assert_eq!(told.len(), percent.len(), "{told:?}");
    assert_eq!(told.last().unwrap(), "7 100");
    let attempts = bench.attempts();
    let deliveries: Vec<_> = attempts
        .iter()
        .map(|a| (a.delivery, a.number, a.is_end))
        .collect();
    let expected: Vec<_> = (1..=10).map(|n| (n, 1, n == 10)).collect();
    assert_eq!(deliveries, expected);
    assert!(bench.courier.is_empty());
    let hit = &receiver.hits()[0];
    assert_eq!(hit.headers["content-type"], "application/json");
    assert!(!hit.headers.contains_key("cookie") && !hit.headers.contains_key("accept-encoding"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_clock_sends_nothing() {
    let receiver = Receiver::healthy().await;
    let bench = Bench::new();
    bench.start(1, &receiver.url("/"));
    bench.settle().await;
    bench.pass(9.999).await;
    assert!(receiver.hits().is_empty());
    bench.pass(0.001).await;
    assert_eq!(receiver.bodies(), ["1 10"]);
    bench.clock.set_speed(Speed::MAX);
    bench.settle().await;
    assert_eq!(receiver.hits().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_clock_sends_by_itself_and_follows_its_speed() {
    let (receiver, mut ends) = Receiver::counting_ends().await;
    let bench = Bench::new();
    bench.start(1, &receiver.url("/"));
    // At this speed the next step is 2,000 s away: the courier must hear of the change that follows.
    bench.clock.set_speed(Speed::new(0.005).unwrap());
    bench.clock.resume();
    bench.settle().await;
    assert!(receiver.hits().is_empty());
    bench.clock.set_speed(Speed::new(1_000.0).unwrap());
    let end = timeout(PATIENCE, ends.wait_for(|ends| *ends == 1)).await;
    end.unwrap().unwrap();
    bench.settle().await;
    assert!(bench.courier.is_empty());
    assert_eq!(receiver.bodies().last().unwrap(), "1 100");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_replaces_what_was_not_sent() {
    let receiver =
        Receiver::new(|hit| Reply::Status(if hit.number == 1 { 500 } else { 200 })).await;
    let bench = Bench::new();
    bench.start(1, &receiver.url("/"));
    bench.pass(35.0).await;
    bench.pass(50.0).await;
    bench.pass(1_000.0).await;
    assert_eq!(receiver.bodies(), ["1 35", "1 85", "1 100"]);
    assert_eq!(bench.thens(), ["retry", "acknowledged", "acknowledged"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_job_is_told_no_more() {
    let receiver = Receiver::healthy().await;
    let bench = Bench::new();
    bench.start(1, &receiver.url("/"));
    bench.start(2, &receiver.url("/"));
    bench.courier.forget(JobKey(1));
    bench.courier.forget(JobKey(9));
    bench.pass(100.0).await;
    assert_eq!(receiver.bodies(), ["2 100"]);
    bench.start(3, &receiver.url("/"));
    bench.table.work.lock().unwrap().remove(&3);
    bench.pass(100.0).await;
    assert!(bench.courier.is_empty());
    assert_eq!(receiver.hits().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_changed_by_hand_is_told_at_once_when_nudged() {
    let receiver = Receiver::healthy().await;
    let bench = Bench::new();
    bench.start(1, &receiver.url("/"));
    bench.pass(10.0).await;
    bench.courier.nudge(JobKey(1));
    bench.settle().await;
    assert_eq!(receiver.bodies(), ["1 10"], "nothing new");
    bench
        .table
        .work
        .lock()
        .unwrap()
        .get_mut(&1)
        .unwrap()
        .transfer_micros = 1;
    bench.courier.nudge(JobKey(1));
    bench.settle().await;
    assert_eq!(receiver.bodies(), ["1 10", "1 100"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn following_again_starts_again_at_the_new_address() {
    let (old, new) = (Receiver::healthy().await, Receiver::healthy().await);
    let bench = Bench::new();
    bench.start(1, &old.url("/"));
    bench.start(1, &new.url("/"));
    bench.pass(100.0).await;
    assert_eq!((old.hits().len(), new.hits().len()), (0, 1));
    assert!(bench.courier.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_jobs_are_refused() {
    let settings = Settings {
        max_jobs: 2,
        ..Settings::default()
    };
    let bench = Bench::with(settings, |_| None);
    let address = Address::parse("http://127.0.0.1:1/").unwrap();
    let follow = |job| {
        bench
            .courier
            .follow(JobKey(job), address.clone(), Moment::from_micros(1))
    };
    assert_eq!(
        [1, 2, 3].map(follow),
        [Ok(()), Ok(()), Err(FollowError::Full(2))]
    );
    bench.courier.forget(JobKey(1));
    bench.settle().await;
    assert_eq!(follow(3), Ok(()));
    for bad in [
        Settings {
            max_jobs: 0,
            ..Settings::default()
        },
        Settings {
            places: 0,
            ..Settings::default()
        },
        Settings {
            deadline: Duration::ZERO,
            ..Settings::default()
        },
    ] {
        assert!(bad.check().unwrap_err().to_string().contains("at least 1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_panics_costs_its_own_job_only() {
    let receiver = Receiver::healthy().await;
    let bench = Bench::with(Settings::default(), |attempt| {
        assert_ne!(attempt.job, JobKey(1), "this panic belongs to the test");
        None
    });
    bench.start(1, &receiver.url("/"));
    bench.start(2, &receiver.url("/"));
    bench.pass(100.0).await;
    assert_eq!(receiver.bodies(), ["2 100"]);
    assert!(bench.courier.is_empty());
    assert_eq!(bench.attempts()[0].then, Then::Acknowledged);
}
