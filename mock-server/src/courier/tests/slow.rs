use std::time::Duration;

use tokio::net::TcpListener;

use super::receiver::{Receiver, Reply};
use super::{Bench, PATIENCE, Settings};
use crate::courier::{Answer, Failure};

/// Jobs at each bad receiver.
const MANY: u64 = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn dead_receivers_delay_nobody() {
    let silent = Receiver::new(|_| Reply::Hang).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    let healthy = Receiver::healthy().await;
    // Longer than anybody is waited for here: whoever waits for the silent one fails.
    let settings = Settings {
        deadline: 2 * PATIENCE,
        ..Settings::default()
    };
    let bench = Bench::with(settings, |_| None);
    for job in 0..MANY {
        bench.start(job, &silent.url("/"));
        bench.start(MANY + job, &refused);
    }
    (0..200).for_each(|job| bench.start(2 * MANY + job, &healthy.url("/")));
    bench.clock.advance(Duration::from_secs(50));
    healthy.wait_for(200).await;
    bench.clock.advance(Duration::from_secs(50));
    healthy.wait_for(400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_silent_receivers_leave_half_of_the_places() {
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(Receiver::new(|_| Reply::Hang).await);
    }
    let healthy = Receiver::healthy().await;
    let settings = Settings {
        places: 16,
        deadline: Duration::from_millis(300),
        slow_after: Duration::from_millis(200),
        ..Settings::default()
    };
    let bench = Bench::with(settings, |_| None);
    for job in 0..60 {
        let receiver = &silent[usize::try_from(job).unwrap() % silent.len()];
        bench.start(job, &receiver.url("/"));
    }
    bench.pass(10.0).await;
    // From now on all of them are known to be slow, and never hold more than eight places.
    bench.start(1_000, &healthy.url("/"));
    bench.clock.advance(Duration::from_secs(90));
    healthy.wait_for(1).await;
    assert_eq!(healthy.bodies(), ["1000 90"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_place_at_a_slow_receiver_is_given_up_in_time() {
    let silent = Receiver::new(|_| Reply::Hang).await;
    let settings = Settings {
        deadline: Duration::from_millis(300),
        slow_after: Duration::from_millis(200),
        max_queued: Duration::from_millis(500),
        ..Settings::default()
    };
    let bench = Bench::with(settings, |_| None);
    (0..1_000).for_each(|job| bench.start(job, &silent.url("/")));
    bench.pass(100.0).await;
    let attempts = bench.attempts();
    let queued = attempts
        .iter()
        .filter(|a| matches!(a.answer, Answer::Failed(Failure::Queued(_))));
    assert_eq!(attempts.len(), 1_000);
    assert!(queued.count() > 980);
    assert!(silent.hits().len() < 20);
    assert!(bench.courier.len() < 20);
}
