//! Downloads that do not simply go on, over real HTTP with a clock that is moved by hand.

use std::time::Duration;

use smsload_mock::{Course, JobAction, JobState, Limits};

use crate::support::{Api, PROGRESS, but, contract, valid, with_error_statuses};

/// Longer than any hour takes to be brought over: 450 s.
const OVER: Duration = Duration::from_secs(451);

async fn with_course(course: &str) -> Api {
    let course: Course = course.parse().unwrap();
    Api::with(|builder| builder.course(course)).await
}

#[tokio::test]
async fn a_stalled_download_stands_still_until_it_is_resumed() {
    let api = with_course("stalls-at=30").await;
    let id = api.start_download(&valid()).await;
    api.clock.advance(OVER);
    for _ in 0..3 {
        assert_eq!(api.percent(&id).await, 30);
        api.clock.advance(Duration::from_secs(60));
    }
    let status = api.server.mock().act(&id, JobAction::Resume).unwrap();
    assert_eq!((status.state, status.percent), (JobState::Running, 30));
    assert_eq!(api.percent(&id).await, 30);
    api.clock.advance(OVER);
    assert_eq!(api.percent(&id).await, 100);
}

#[tokio::test]
async fn a_failed_download_is_told_as_a_rejection() {
    let api = with_course("fails-at=40").await;
    let id = api.start_download(&valid()).await;
    assert_eq!(api.percent(&id).await, 0);
    api.clock.advance(OVER);
    let message = api.progress(&id).await.rejected(200, "40902");
    assert_eq!(message, "The download failed; start it again");
    let status = api.server.mock().act(&id, JobAction::Finish).unwrap();
    assert_eq!((status.state, status.percent), (JobState::Failed, 40));
    // Another one can be started in its place.
    assert_ne!(api.start_download(&valid()).await, id);
}

#[tokio::test]
async fn a_failure_follows_the_form_of_rejections_and_the_contract() {
    let api = Api::with(|b| with_error_statuses(b).course("fails-at=0".parse().unwrap())).await;
    let id = api.start_download(&valid()).await;
    api.progress(&id).await.rejected(409, "40902");
    let silent = contract(&[("  download-failed:", "  something-else:")]);
    let api = Api::with(|b| b.contract(silent).course("fails-at=0".parse().unwrap())).await;
    let id = api.start_download(&valid()).await;
    api.progress(&id).await.rejected(200, "409");
}

#[tokio::test]
async fn a_download_may_never_start() {
    let api = with_course("never-starts").await;
    let id = api.start_download(&valid()).await;
    api.clock.advance(OVER);
    assert_eq!(api.percent(&id).await, 0);
    assert_eq!(api.server.mock().job(&id).unwrap().state, JobState::Waiting);
    // It is not kept for ever: an hour after the end that it would have had.
    api.clock.advance(Limits::default().keep_jobs);
    api.progress(&id).await.rejected(200, "40404");
    assert!(api.server.mock().act(&id, JobAction::Resume).is_none());
}

#[tokio::test]
async fn uneven_downloads_reach_the_end_too() {
    for course in ["bursty", "slow-start"] {
        let api = with_course(course).await;
        let id = api.start_download(&valid()).await;
        let mut last = 0;
        for _ in 0..=45 {
            let percent = api.percent(&id).await;
            assert!(percent >= last);
            last = percent;
            api.clock.advance(Duration::from_secs(10));
        }
        assert_eq!(api.percent(&id).await, 100, "{course}");
    }
}

#[tokio::test]
async fn jobs_are_seen_and_moved_by_hand() {
    let api = Api::start().await;
    let mock = api.server.mock();
    let mut ids = Vec::new();
    for end in [
        "2025-04-04T08:10:00",
        "2025-04-04T08:20:00",
        "2025-04-04T08:30:00",
    ] {
        ids.push(api.start_download(&but("end_time", end)).await);
    }
    let listed: Vec<_> = mock.jobs(None, 2).into_iter().map(|job| job.id).collect();
    assert_eq!(listed, ids[..2]);
    assert_eq!(mock.jobs(Some(1), 2)[0].id, ids[2]);
    mock.act(&ids[0], JobAction::Finish).unwrap();
    assert_eq!(api.percent(&ids[0]).await, 100);
    mock.act(&ids[1], JobAction::Fail).unwrap();
    api.progress(&ids[1]).await.rejected(200, "40902");
    mock.delete(&ids[2]).unwrap();
    api.progress(&ids[2]).await.rejected(200, "40404");
    let json = serde_json::to_value(mock.job(&ids[0]).unwrap()).unwrap();
    assert_eq!(json["state"], "finished");
    assert_eq!(json["course"], "linear");
}

#[tokio::test]
async fn a_snapshot_goes_on_in_another_server() {
    let (one, other) = (Api::start().await, Api::start().await);
    let id = one.start_download(&valid()).await;
    one.clock.advance(Duration::from_secs(50));
    let text = serde_json::to_string(&one.server.mock().export_jobs()).unwrap();
    let snapshot = serde_json::from_str(&text).unwrap();
    other.clock.advance(Duration::from_secs(50));
    other.server.mock().import_jobs(snapshot).unwrap();
    for _ in 0..10 {
        assert_eq!(one.percent(&id).await, other.percent(&id).await);
        one.clock.advance(Duration::from_secs(20));
        other.clock.advance(Duration::from_secs(20));
    }
    // The next download of the same channel has the same id in both, and not that of the first.
    let (next, same) = (
        one.start_download(&valid()).await,
        other.start_download(&valid()).await,
    );
    assert_eq!(next, same);
    assert_ne!(next, id);
    let (asked, path) = (serde_json::json!({"stream_id": next}).to_string(), PROGRESS);
    assert_eq!(
        one.post(path, asked.clone()).await.body,
        other.post(path, asked).await.body
    );
}
