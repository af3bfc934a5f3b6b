//! Worlds: what each `tenant-id` has for itself.

use std::time::Duration;

use serde_json::{Value, json};
use smsload_mock::Limits;

use crate::support::{Api, DOWNLOAD, but, valid};

/// A mock with room for so many worlds.
async fn with_worlds(max_worlds: usize) -> Api {
    let limits = Limits {
        max_worlds,
        ..Limits::default()
    };
    Api::with(|builder| builder.limits(limits)).await
}

#[tokio::test]
async fn worlds_do_not_meet() {
    let api = Api::start().await;
    let (one, two) = (api.tenant("one"), api.tenant("two"));
    let first = one.download(&valid()).await.accepted();
    let second = two.download(&valid()).await.accepted();
    assert_eq!(first, second, "the same history, so the same id");
    let id = first["stream_id"].as_str().unwrap();
    assert_eq!(one.percent(id).await, 0);
    api.progress(id).await.rejected(200, "40404");

    one.control("POST", "/clock/advance", json!({"seconds": 3600}))
        .await
        .json(200);
    assert_eq!(one.percent(id).await, 100);
    assert_eq!(two.percent(id).await, 0);
    let times: Vec<Value> = vec![
        one.get("/clock").await["time"].clone(),
        two.get("/clock").await["time"].clone(),
        api.get("/clock").await["time"].clone(),
    ];
    assert_eq!(
        times,
        [
            "2025-05-31T17:00:00Z",
            "2025-05-31T16:00:00Z",
            "2025-05-31T16:00:00Z"
        ]
    );

    let fault = json!({"action": {"error": "overload"}});
    two.control("POST", "/faults", fault).await.json(201);
    two.download(&valid()).await.rejected(200, "50301");
    one.download(&valid()).await.accepted();
    assert_eq!(one.get("/faults").await, json!({"faults": []}));

    let count = |journal: Value| journal["entries"].as_array().unwrap().len();
    assert_eq!(count(one.get("/journal").await), 4);
    assert_eq!(count(two.get("/journal").await), 3);
    assert_eq!(count(api.get("/journal").await), 1);
    two.control("POST", "/reset", Value::Null).await.empty();
    two.progress(id).await.rejected(200, "40404");
    assert_eq!(one.percent(id).await, 100);
}

#[tokio::test]
async fn an_empty_name_means_the_default_world() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    assert_eq!(api.tenant("").percent(&id).await, 0);
    assert_eq!(api.server.mock().job_count(), 1);
}

#[tokio::test]
async fn the_least_recently_used_idle_world_makes_room() {
    let api = with_worlds(4).await;
    let limit = |name: &str| api.tenant(name);
    // Two worlds at rest, one with a running job; with the default world they are four.
    let running = limit("running").start_download(&valid()).await;
    for name in ["old", "new"] {
        let got = limit(name).download(&but("source_type", "1")).await;
        got.rejected(200, "40005");
    }
    limit("another").download(&valid()).await.accepted();
    // "old" was dropped, the others were not.
    let entries = |journal: Value| journal["entries"].as_array().unwrap().len();
    assert_eq!(limit("running").percent(&running).await, 0);
    assert_eq!(entries(limit("new").get("/journal").await), 1);
    assert_eq!(entries(limit("another").get("/journal").await), 1);
    assert_eq!(entries(limit("old").get("/journal").await), 0);
}

#[tokio::test]
async fn when_every_world_is_at_work_a_new_one_is_refused_and_told_the_bound() {
    let api = with_worlds(3).await;
    for name in ["one", "two"] {
        api.tenant(name).download(&valid()).await.accepted();
    }
    let three = api.tenant("three");
    let message = three.download(&valid()).await.rejected(200, "50301");
    assert!(
        message.contains("3 worlds") && message.contains("max_worlds"),
        "{message}"
    );
    let got = three.control("GET", "/clock", Value::Null).await;
    assert!(got.problem(429).contains("max_worlds"));
    // The default world is always there, and one that comes to rest makes room.
    api.download(&valid()).await.accepted();
    let one = api.tenant("one");
    one.control("POST", "/clock/advance", json!({"seconds": 3600}))
        .await
        .json(200);
    three.download(&valid()).await.accepted();
}

#[tokio::test]
async fn a_long_name_is_refused() {
    let api = Api::start().await;
    let longest = "x".repeat(256);
    api.tenant(&longest).download(&valid()).await.accepted();
    let long = "x".repeat(257);
    let got = api.tenant(&long).download(&valid()).await;
    assert_eq!(got.status, 400, "{got:?}");
    let message = got.body["message"].as_str().unwrap();
    assert!(
        message.contains("tenant-id") && message.contains("256"),
        "{message}"
    );
    let got = api
        .tenant(&long)
        .control("GET", "/clock", Value::Null)
        .await;
    assert_eq!(got.members(400), ["tenant-id"]);
}

#[tokio::test]
async fn a_thousand_tenants_cost_a_thousand_worlds_and_no_more() {
    let api = with_worlds(16).await;
    let body = but("source_type", "1").to_string();
    for n in 0..1_000 {
        let request = api
            .client
            .post(api.url(DOWNLOAD))
            .header("tenant-id", format!("t{n}"))
            .header("content-type", "application/json")
            .body(body.clone());
        api.send(request).await.rejected(200, "40005");
    }
    let last = api.tenant("t999").get("/journal").await;
    assert_eq!(last["entries"].as_array().unwrap().len(), 1);
    let first = api.tenant("t0").get("/journal").await;
    assert_eq!(first["entries"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn clocks_of_new_worlds_start_as_the_mocks_clock_did() {
    let api = Api::with(|builder| builder.speed(50.0)).await;
    api.clock.advance(Duration::from_secs(60));
    let clock = api.tenant("late").get("/clock").await;
    assert_eq!(
        clock,
        json!({"micros": 0, "time": "2025-05-31T16:00:00Z", "speed": 50.0, "paused": true})
    );
}

#[tokio::test]
async fn all_worlds_together_have_so_many_jobs_and_what_is_over_makes_room() {
    let limits = Limits {
        max_total_jobs: 2,
        keep_jobs: Duration::from_secs(60),
        ..Limits::default()
    };
    let api = Api::with(|builder| builder.limits(limits)).await;
    let (one, two) = (api.tenant("one"), api.tenant("two"));
    one.download(&valid()).await.accepted();
    two.download(&valid()).await.accepted();
    api.download(&valid()).await.rejected(200, "50301");
    // Nobody asks "one" anything; its job is forgotten all the same when the room is needed.
    one.control("POST", "/clock/advance", json!({"seconds": 3600}))
        .await
        .json(200);
    api.download(&valid()).await.accepted();
    api.download(&valid()).await.rejected(200, "50301");
    // Deleting, resetting and restoring give room back too.
    two.control("POST", "/reset", Value::Null).await.empty();
    let mine = api.start_download(&but("channel", "2")).await;
    let path = format!("/jobs/{mine}");
    api.control("DELETE", &path, Value::Null).await.json(200);
    two.download(&valid()).await.accepted();
    let snapshot = two.get("/snapshot").await;
    two.control("PUT", "/snapshot", snapshot.clone())
        .await
        .empty();
    let three = api.tenant("three");
    let got = three.control("PUT", "/snapshot", snapshot).await;
    assert!(got.problem(409).contains("max_total_jobs"));
}

#[tokio::test]
async fn all_journals_together_have_so_many_bytes_and_old_worlds_make_room() {
    let limits = Limits {
        total_journal_bytes: 64 * 1024,
        ..Limits::default()
    };
    let api = Api::with(|builder| builder.limits(limits)).await;
    let bad = but("source_type", "1");
    let read = async |name: &str| api.tenant(name).get("/journal").await;
    for name in ["old", "new"] {
        for _ in 0..20 {
            api.tenant(name).download(&bad).await.rejected(200, "40005");
        }
    }
    let before = read("new").await["bytes"].as_u64().unwrap();
    assert!((20_000..60_000).contains(&before), "{before}");
    for _ in 0..20 {
        api.tenant("third")
            .download(&bad)
            .await
            .rejected(200, "40005");
    }
    let (old, third) = (read("old").await, read("third").await);
    assert!(old["dropped"].as_u64().unwrap() > 0, "{old}");
    assert_eq!(third["dropped"], 0, "{third}");
    let mut all = 0;
    for name in ["old", "new", "third"] {
        all += read(name).await["bytes"].as_u64().unwrap();
    }
    assert!(all <= 64 * 1024, "{all}");
}
