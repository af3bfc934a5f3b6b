use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::receiver::Receiver;
use super::{Bench, PATIENCE};
use crate::clock::Speed;

const JOBS: u64 = 10_000;

/// What each job told, checked: it never falls, the end comes once and last.
fn check(receiver: &Receiver) -> HashMap<u64, u32> {
    let mut last = HashMap::new();
    for body in receiver.bodies() {
        let (job, percent) = body.split_once(' ').unwrap();
        let percent: u32 = percent.parse().unwrap();
        let before = last.insert(job.parse().unwrap(), percent).unwrap_or(0);
        assert!(before < percent, "{body} after {before}");
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_jobs_keep_their_order_and_lose_no_end() {
    let receiver = Receiver::healthy().await;
    let bench = Bench::new();
    (0..JOBS).for_each(|job| bench.start(job, &receiver.url("/progress")));
    for seconds in [30.0, 30.0, 40.0] {
        bench.pass(seconds).await;
    }
    let told = check(&receiver);
    assert_eq!(told.len(), 10_000);
    assert!(told.values().all(|percent| *percent == 100));
    assert_eq!(receiver.hits().len(), 30_000);
    assert!(bench.courier.is_empty());
}

/// `cargo test --release -p smsload-mock -- --ignored --nocapture every_second`
#[ignore = "takes 12 s: for figures"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_jobs_with_a_callback_every_second() {
    let before = status("VmRSS");
    let (receiver, mut ends) = Receiver::counting_ends().await;
    let bench = Bench::new();
    (0..JOBS).for_each(|job| bench.start(job, &receiver.url("/progress")));
    bench.settle().await;
    let (waiting, real) = (status("VmRSS"), Instant::now());
    // A job of 100 s with ten steps, ten times faster: each tells every second, for ten seconds.
    bench.clock.set_speed(Speed::new(10.0).unwrap());
    bench.clock.resume();
    let all = timeout(PATIENCE, ends.wait_for(|ends| *ends == JOBS)).await;
    all.unwrap().unwrap();
    bench.settle().await;
    let (took, told) = (real.elapsed(), check(&receiver));
    assert!(told.len() == 10_000 && told.values().all(|percent| *percent == 100));
    let late = bench
        .attempts()
        .iter()
        .map(|a| a.at.micros())
        .max()
        .unwrap()
        - 100_000_000;
    println!("{} callbacks in {took:?}", receiver.hits().len());
    println!("last end {:?} late", Duration::from_micros(late / 10));
    println!(
        "RSS before {before}, {JOBS} followed {waiting}, peak {}",
        status("VmHWM")
    );
}

fn status(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or(": ?")
        .trim_start_matches(':')
        .trim()
        .to_owned()
}
