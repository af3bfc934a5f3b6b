//! The progress query, with a clock that is moved by hand.

use std::time::Duration;

use serde_json::json;
use smsload_mock::Limits;

use crate::support::{Api, PROGRESS, but, valid};

#[tokio::test]
async fn progress_goes_from_0_to_100_with_the_clock_and_never_back() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    // An hour at 8 to 32 times real time takes from 112.5 to 450 seconds.
    let (mut last, mut seen) = (0, std::collections::BTreeSet::new());
    for second in 0..=450 {
        let percent = api.percent(&id).await;
        assert!(percent >= last, "{last} to {percent}");
        assert_eq!(
            percent,
            api.percent(&id).await,
            "asking does not advance it"
        );
        assert!(percent < 100 || second >= 112, "100 after {second} s");
        assert!(second > 0 || percent == 0);
        seen.insert(percent);
        last = percent;
        api.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(last, 100);
    assert!(seen.len() > 90, "{seen:?}");
    let data = api.progress(&id).await.accepted();
    let file_url = data["file_url"].as_str().unwrap();
    assert!(file_url.starts_with(&api.server.url()), "{file_url}");
    assert_eq!(
        data,
        json!({"stream_id": id, "download_progress": "100", "file_url": file_url})
    );
}

#[tokio::test]
async fn an_end_stays_one_until_the_job_is_forgotten() {
    let keep_jobs = Duration::from_secs(60);
    let api = Api::with(|b| {
        b.limits(Limits {
            keep_jobs,
            ..Limits::default()
        })
    })
    .await;
    let id = api
        .start_download(&but("end_time", "2025-04-04T08:00:32"))
        .await;
    // 32 s take 1 to 4 s.
    api.clock.advance(Duration::from_secs(4));
    for _ in 0..56 {
        assert_eq!(api.percent(&id).await, 100);
        api.clock.advance(Duration::from_secs(1));
    }
    api.clock.advance(Duration::from_secs(5));
    let message = api.progress(&id).await.rejected(200, "40404");
    assert!(message.contains("stream_id"), "{message}");
}

#[tokio::test]
async fn downloads_do_not_share_progress() {
    let api = Api::start().await;
    let early = api.start_download(&valid()).await;
    api.clock.advance(Duration::from_secs(60));
    let late = api.start_download(&valid()).await;
    assert!(api.percent(&early).await > 0);
    assert_eq!(api.percent(&late).await, 0);
}

#[tokio::test]
async fn a_running_clock_moves_it_too() {
    // 100,000 times real time: the hour is over within 5 ms.
    let api = Api::with(|b| b.speed(100_000.0)).await;
    api.clock.resume();
    let id = api.start_download(&valid()).await;
    let deadline = tokio::time::Instant::now() + crate::support::SOON;
    while api.percent(&id).await < 100 {
        assert!(tokio::time::Instant::now() < deadline);
    }
}

#[tokio::test]
async fn unknown_and_malformed_ids_are_rejected() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    let similar = [
        format!("{id} "),
        format!(" {id}"),
        id.to_uppercase(),
        id.replace("1200000000", "1200000001"),
        id[..id.len() - 1].to_owned(),
        format!("{id}\u{0}"),
        "x".repeat(100_000),
    ];
    for unknown in similar {
        let message = api.progress(&unknown).await.rejected(200, "40404");
        assert!(message.contains("stream_id"), "{message}");
    }
    for (body, code) in [
        (json!({}), "40003"),
        (json!({"stream_id": ""}), "40004"),
        (json!({"stream_id": null}), "40004"),
        (json!({"stream_id": {}}), "40004"),
        (json!({"stream_id": [id]}), "40004"),
        (json!({"stream_id": 1}), "40004"),
        (json!({"stream_id": true}), "40004"),
        (json!({"streamId": id}), "40003"),
    ] {
        let message = api
            .post(PROGRESS, body.to_string())
            .await
            .rejected(200, code);
        assert!(message.contains("stream_id"), "{body}: {message}");
    }
}
