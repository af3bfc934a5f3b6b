use std::sync::Arc;
use std::time::Duration;

use super::receiver::{Receiver, Reply};
use super::{Bench, JobKey, PATIENCE, Settings};
use crate::clock::Moment;
use crate::courier::{Address, FollowError, Pool};

fn sharing(pool: &Arc<Pool>) -> Bench {
    let settings = Settings {
        pool: Some(Arc::clone(pool)),
        deadline: 2 * PATIENCE,
        ..Settings::default()
    };
    Bench::with(settings, |_| None)
}

#[tokio::test]
async fn all_couriers_together_follow_so_many_jobs() {
    let pool = Arc::new(Pool::new(2, 0));
    let (one, two) = (sharing(&pool), sharing(&pool));
    one.start(1, "http://127.0.0.1:9/");
    two.start(1, "http://127.0.0.1:9/");
    let address = Address::parse("http://127.0.0.1:9/").unwrap();
    let follow = |job| {
        let followed = two
            .courier
            .follow(JobKey(job), address.clone(), Moment::default());
        followed.map_err(|error| matches!(error, FollowError::Full(2)))
    };
    assert_eq!(follow(2), Err(true));
    assert_eq!(two.courier.len(), 1);
    drop(one);
    // What a dropped courier followed is given back when its task has ended.
    let end = tokio::time::Instant::now() + PATIENCE;
    while follow(2).is_err() {
        assert!(tokio::time::Instant::now() < end, "it is never given back");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_courier_that_takes_all_places_leaves_the_others_their_own() {
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(Receiver::new(|_| Reply::Hang).await);
    }
    let healthy = Receiver::healthy().await;
    let pool = Arc::new(Pool::new(1_000, 3));
    let (greedy, other) = (sharing(&pool), sharing(&pool));
    for job in 0..100 {
        greedy.start(job, &silent[job as usize % 5].url("/"));
    }
    greedy.clock.advance(Duration::from_secs(50));
    let under_way = || silent.iter().map(|one| one.hits().len()).sum::<usize>();
    let end = tokio::time::Instant::now() + PATIENCE;
    // Four of its own, and the three that are shared.
    while under_way() < 7 {
        assert!(tokio::time::Instant::now() < end, "{}", under_way());
        tokio::task::yield_now().await;
    }
    for job in 0..50 {
        other.start(job, &healthy.url("/"));
    }
    other.clock.advance(Duration::from_secs(100));
    healthy.wait_for(50).await;
    assert_eq!(under_way(), 7);
}
