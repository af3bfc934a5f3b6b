//! A whole world: started again, taken as data, restored.

use std::time::Duration;

use serde_json::{Value, json};
use smsload_mock::Limits;

use crate::callbacks::{Hit, Receiver, until_journal_has};
use crate::support::{Api, Tenant, but, valid};

const NONE: Value = Value::Null;

#[tokio::test]
async fn a_reset_starts_the_world_again() {
    let api = Api::start().await;
    let first = api.download(&valid()).await.accepted();
    let fault = json!({"match": {"nth": 99}, "action": {"status": 500}});
    api.control("POST", "/faults", fault).await.json(201);
    let set = json!({"speed": 5, "paused": false});
    api.control("PUT", "/clock", set).await.json(200);
    api.control("POST", "/clock/advance", json!({"seconds": 86_400}))
        .await
        .json(200);
    api.control("POST", "/reset", NONE).await.empty();
    assert_eq!(
        api.get("/clock").await,
        json!({"micros": 0, "time": "2025-05-31T16:00:00Z", "speed": 1.0, "paused": true})
    );
    assert_eq!(api.get("/jobs").await["jobs"], json!([]));
    assert_eq!(api.get("/faults").await["faults"], json!([]));
    assert_eq!(api.get("/journal").await["entries"], json!([]));
    assert_eq!(
        first,
        api.download(&valid()).await.accepted(),
        "the same history"
    );
}

#[tokio::test]
async fn a_restored_snapshot_gives_the_same_answers() {
    let api = Api::start().await;
    let mut ids = Vec::new();
    for channel in ["1", "2", "3"] {
        ids.push(api.start_download(&but("channel", channel)).await);
        api.control("POST", "/clock/advance", json!({"seconds": 20.25}))
            .await
            .json(200);
    }
    api.control("POST", &format!("/jobs/{}/stall", ids[0]), NONE)
        .await
        .json(200);
    let fault = json!({"match": {"operation": "startDownload", "every": 2}, "action": {"error": "overload"}});
    api.control("POST", "/faults", fault).await.json(201);
    api.start_download(&but("channel", "4")).await;

    let snapshot = api.get("/snapshot?journal=true").await;
    let (other, elsewhere) = (api.tenant("other"), Api::start().await);
    other
        .control("PUT", "/snapshot", snapshot.clone())
        .await
        .empty();
    elsewhere
        .control("PUT", "/snapshot", snapshot.clone())
        .await
        .empty();
    let mut again = other.get("/snapshot?journal=true").await;
    again["world"] = snapshot["world"].clone();
    assert_eq!(again, snapshot);

    let history = async |world: &Tenant<'_>| {
        let mut told = Vec::new();
        for _ in 0..4 {
            for id in &ids {
                told.push(world.progress(id).await.body);
            }
            told.push(world.download(&valid()).await.body);
            world
                .control("POST", "/clock/advance", json!({"seconds": 60}))
                .await
                .json(200);
        }
        let mut jobs = world.get("/jobs").await;
        for job in jobs["jobs"].as_array_mut().unwrap() {
            // Each server and each world has addresses of its own; whether there is one is what must be the same.
            job["file"] = json!(job["file"].is_string());
        }
        told.push(jobs);
        told.push(world.get("/faults").await);
        told
    };
    let one = history(&other).await;
    assert_eq!(one, history(&elsewhere.tenant("")).await);
    assert_eq!(one, history(&api.tenant("")).await);
    // Back again.
    api.control("PUT", "/snapshot", snapshot.clone())
        .await
        .empty();
    assert_eq!(api.get("/snapshot?journal=true").await, snapshot);
}

#[tokio::test]
async fn a_wrong_snapshot_changes_nothing() {
    let api = Api::start().await;
    api.download(&valid()).await.accepted();
    let good = api.get("/snapshot").await;
    let edited = |pointer: &str, value: Value| {
        let mut snapshot = good.clone();
        *snapshot.pointer_mut(pointer).unwrap() = value;
        snapshot
    };
    let job = good["jobs"]["jobs"][0].clone();
    for (snapshot, status) in [
        (json!({}), 400),
        (edited("/version", json!(2)), 400),
        (edited("/clock/speed", json!(0)), 400),
        (edited("/clock/time", json!("yesterday")), 400),
        (edited("/jobs/now", json!(-1)), 400),
        (edited("/jobs/jobs", json!([job, job])), 409),
        (edited("/faults", json!([{"id": 1}])), 400),
    ] {
        let got = api.control("PUT", "/snapshot", snapshot.clone()).await;
        got.problem(status);
        assert_eq!(api.get("/snapshot").await, good, "{snapshot}");
    }
}

#[tokio::test]
async fn a_snapshot_that_is_too_large_is_told() {
    let limits = Limits {
        max_snapshot: 1_000,
        ..Limits::default()
    };
    let api = Api::with(|builder| builder.limits(limits)).await;
    for channel in ["1", "2", "3", "4"] {
        api.start_download(&but("channel", channel)).await;
    }
    let got = api.control("GET", "/snapshot", NONE).await;
    assert!(got.problem(507).contains("max_snapshot"));
}

#[tokio::test]
async fn callbacks_under_way_go_on_where_the_snapshot_was_taken() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[]).await);
    let id = api.start_download(&receiver.body()).await;
    while receiver.hits().len() < 3 {
        api.clock.advance(Duration::from_secs(5));
        let step = usize::from(api.percent(&id).await / 10);
        api.until(async || receiver.hits().len() >= step.min(3))
            .await;
    }
    // Not before the third is acknowledged.
    until_journal_has(&api, 3).await;
    let snapshot = api.get("/snapshot").await;
    assert_eq!(snapshot["callbacks"][0]["job"], *id);
    api.control("POST", "/reset", NONE).await.empty();
    assert_eq!(receiver.hits().len(), 3);

    // In another mock, whose contract calls the operation and the callback otherwise.
    let elsewhere = Api::edited(&[("operationId: startDownload", "operationId: begin")]).await;
    elsewhere
        .control("PUT", "/snapshot", snapshot)
        .await
        .empty();
    elsewhere.clock.advance(Duration::from_secs(3600));
    elsewhere.until(async || receiver.has_end(&id)).await;
    let percents: Vec<u8> = receiver.hits().iter().map(Hit::percent).collect();
    assert_eq!(
        percents.len(),
        4,
        "what was told is not told again: {percents:?}"
    );
    let last = until_journal_has(&elsewhere, 1).await.remove(0);
    assert_eq!((&last["delivery"], &last["end"]), (&json!(4), &json!(true)));
    // What has told its end is in no snapshot.
    assert_eq!(elsewhere.get("/snapshot").await["callbacks"], NONE);
}

#[tokio::test]
async fn every_callback_of_a_snapshot_that_cannot_be_is_told() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[]).await);
    for channel in ["1", "2"] {
        let mut body = receiver.body();
        body["channel"] = json!(channel);
        api.start_download(&body).await;
    }
    let good = api.get("/snapshot").await;
    let mut bad = good.clone();
    bad["callbacks"][0]["address"] = json!("ftp://x");
    bad["callbacks"][1]["told_by"]["method"] = json!("P OST");
    let got = api.control("PUT", "/snapshot", bad).await;
    assert_eq!(got.members(400), ["/callbacks/0", "/callbacks/1"]);
    assert_eq!(api.get("/snapshot").await, good);
    let limits = Limits {
        max_callbacks: 1,
        ..Limits::default()
    };
    let small = Api::with(|builder| builder.limits(limits)).await;
    let got = small.control("PUT", "/snapshot", good).await;
    assert!(got.problem(409).contains("max_callbacks"));
}
