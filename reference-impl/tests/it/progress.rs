//! Progress of downloads, and how many of them are kept.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Api, capacity, config, poll_until, speed, valid, within};

const TEN_MINUTES: (&str, &str) = ("2025-04-04T21:30:00", "2025-04-04T21:40:00");

fn percent(answer: &crate::support::Answer) -> u8 {
    answer
        .assert_accepted()
        .data("download_progress")
        .parse()
        .unwrap()
}

#[tokio::test]
async fn progress_rises_to_the_end_and_stays_there() {
    // Ten minutes at 1,200 times real time: half a second.
    let mut config = config();
    config.jobs.speed = speed(1200);
    let api = Api::with(config).await;
    let id = api.download(&within(TEN_MINUTES)).await.data("stream_id");
    let mut seen = vec![percent(&api.progress(&id).await)];
    poll_until("the end", async || {
        let now = percent(&api.progress(&id).await);
        seen.push(now);
        (now == 100).then_some(())
    })
    .await;
    assert!(seen.is_sorted(), "{seen:?}");
    assert!(
        seen[0] < 50 && seen.iter().any(|percent| (1..100).contains(percent)),
        "{seen:?}"
    );
    for _ in 0..5 {
        let answer = api.progress(&id).await;
        assert_eq!(percent(&answer), 100);
        assert_eq!(answer.data("stream_id"), id);
        assert!(answer.data("file_url").starts_with(&api.running.url()));
    }
}

#[tokio::test]
async fn downloads_do_not_share_progress_and_asking_does_not_advance_it() {
    let mut config = config();
    config.jobs.speed = speed(60);
    let api = Api::with(config).await;
    // 30 seconds and one second.
    let long = api.download(&valid()).await.data("stream_id");
    let short = ("2025-04-04T21:30:00", "2025-04-04T21:31:00");
    let short = api.download(&within(short)).await.data("stream_id");
    let mut asked = 0;
    poll_until("the end of the short one", async || {
        asked += 1;
        percent(&api.progress(&long).await);
        (percent(&api.progress(&short).await) == 100).then_some(())
    })
    .await;
    for _ in asked..200 {
        assert!(percent(&api.progress(&long).await) < 50);
    }
}

#[tokio::test]
async fn when_no_place_is_left_the_server_says_so_until_a_job_is_forgotten() {
    let mut config = config();
    config.jobs.capacity = capacity(3);
    config.jobs.speed = speed(1200);
    config.jobs.keep = Duration::from_millis(100);
    let api = Api::with(config).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(api.download(&within(TEN_MINUTES)).await.data("stream_id"));
    }
    api.download(&within(TEN_MINUTES))
        .await
        .assert_rejected(200, "42900");
    for id in &ids {
        assert!(percent(&api.progress(id).await) <= 100);
    }
    let next = poll_until("a free place", async || {
        let answer = api.download(&within(TEN_MINUTES)).await;
        (answer.code() == "0").then_some(answer)
    })
    .await;
    assert!(!ids.contains(&next.data("stream_id")));
    api.progress(&ids[0]).await.assert_rejected(200, "42205");
}

#[tokio::test]
async fn a_rejected_request_takes_no_place() {
    let mut config = config();
    config.jobs.capacity = capacity(1);
    let api = Api::with(config).await;
    for _ in 0..3 {
        let mut body = valid();
        body["source_type"] = Value::from("1");
        api.download(&body).await.assert_rejected(200, "42201");
    }
    api.download(&valid()).await.assert_accepted();
    api.download(&valid()).await.assert_rejected(200, "42900");
}
