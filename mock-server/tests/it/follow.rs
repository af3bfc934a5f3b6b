//! Another contract under a mock that serves; and who is told of its answers.

use std::sync::Arc;

use serde_json::json;
use smsload_mock::Violations;

use crate::support::{Api, DOWNLOAD, PROGRESS, but, contract, load, valid};

#[tokio::test]
async fn another_contract_is_followed_and_jobs_are_kept() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    let before = api.percent(&id).await;
    api.server
        .follow(&contract(&[("/v1/download:", "/v2/download:")]));
    api.download(&valid()).await.rejected(404, "40405");
    let moved = DOWNLOAD.replace("v1", "v2");
    api.post(&moved, valid().to_string()).await.accepted();
    assert_eq!(api.percent(&id).await, before);
    assert_eq!(api.server.mock().job_count(), 2);
}

#[tokio::test]
async fn a_job_outlives_a_contract_that_does_not_have_its_kind() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    let other = load(
        "openapi: 3.0.3\ninfo: {title: other, version: '1'}\npaths:\n  /ping:\n    get:\n      responses:\n        \
         '200': {description: pong}\n",
    );
    api.server.follow(&other);
    let ping = api.send(api.client.get(api.url("/ping"))).await;
    assert_eq!(ping.status, 200, "{ping:?}");
    // The kinds stand in another order here, and still mean the same.
    let first = ("starts: download\n", "starts: other\n");
    api.server.follow(&contract(&[
        first,
        ("reads: download\n", "reads: other\n"),
        ("tells: download\n", "tells: other\n"),
    ]));
    api.progress(&id).await.rejected(200, "40404");
    api.server.follow(&contract(&[]));
    assert_eq!(api.percent(&id).await, 0);
}

#[tokio::test]
async fn violations_are_counted_and_refusals_of_the_simulation_are_not() {
    let violations = Arc::new(Violations::default());
    let api = Api::with(|b| b.observer(Arc::clone(&violations) as _)).await;
    api.download(&valid()).await.accepted();
    api.download(&but("device_unicode", "34020000001110000404"))
        .await
        .rejected(200, "40401");
    api.post(PROGRESS, json!({"stream_id": "download:1:2:3"}).to_string())
        .await;
    assert_eq!(violations.total(), 0, "{:?}", violations.list());
    for _ in 0..2 {
        api.download(&but("source_type", "1")).await;
    }
    api.download(&but("channel", serde_json::Value::Null)).await;
    api.post("/nothing", "{}").await;
    api.send(api.client.get(api.url(DOWNLOAD))).await;
    let list = violations.list();
    let told: Vec<_> = list
        .iter()
        .map(|b| (b.operation.as_str(), b.count))
        .collect();
    let get = format!("GET {DOWNLOAD}");
    let expected = [
        ("startDownload", 2),
        ("startDownload", 1),
        ("POST /nothing", 1),
        (&get, 1),
    ];
    assert_eq!(told, expected);
    assert!(
        list[0].message.contains("source_type"),
        "{}",
        list[0].message
    );
    assert!(list.iter().all(|b| b.place.is_some()), "{list:?}");
}
