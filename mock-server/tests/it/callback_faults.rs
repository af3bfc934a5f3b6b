//! Callbacks that go wrong because a fault wants it, so that receivers can be tried.

use std::time::Duration;

use serde_json::{Value, json};

use crate::callbacks::{Hit, Receiver, until_journal_has};
use crate::support::{Api, but};

const HOUR: Duration = Duration::from_secs(3600);

/// A mock with a fault, a receiver, and a download half of which is told of: the end is still to come.
async fn halfway(fault: Value) -> (Api, Receiver, String) {
    let (api, receiver) = (Api::start().await, Receiver::new(&[]).await);
    api.control("POST", "/faults", fault).await.json(201);
    let id = api.start_download(&receiver.body()).await;
    let job = api.get(&format!("/jobs/{id}")).await;
    let micros = job["ends"].as_u64().unwrap() - job["started"].as_u64().unwrap();
    api.clock.advance(Duration::from_micros(micros / 2));
    until_journal_has(&api, 1).await;
    (api, receiver, id)
}

async fn ended(api: &Api, receiver: &Receiver, id: &str) -> Vec<Hit> {
    api.clock.advance(HOUR);
    api.until(async || receiver.has_end(id)).await;
    receiver.hits()
}

#[tokio::test]
async fn a_duplicate_comes_twice() {
    let fault = json!({"match": {"callback": {"end": true}}, "action": {"duplicate": true}});
    let (api, receiver, id) = halfway(fault).await;
    ended(&api, &receiver, &id).await;
    api.until(async || {
        receiver
            .hits()
            .iter()
            .filter(|h| h.percent() == 100)
            .count()
            == 2
    })
    .await;
    let last = until_journal_has(&api, 3).await.pop().unwrap();
    assert_eq!(last["fault"], "duplicate", "{last}");
    assert_eq!(api.get("/faults").await["faults"][0]["hits"], 1);
}

#[tokio::test]
async fn what_is_dropped_never_comes_and_is_in_the_journal() {
    let fault = json!({"match": {"callback": {"delivery": 1}}, "action": {"drop": true}});
    let (api, receiver, id) = halfway(fault).await;
    let hits = ended(&api, &receiver, &id).await;
    assert!(hits.iter().all(|hit| hit.percent() == 100), "{hits:?}");
    let first = until_journal_has(&api, 1).await.remove(0);
    assert_eq!(
        (&first["fault"], &first["then"]),
        (&json!("drop"), &json!("acknowledged"))
    );
    assert_eq!(first["error"], "not sent");
}

#[tokio::test]
async fn what_is_delayed_comes_old_and_holds_up_the_rest() {
    let fault = json!({"match": {"callback": {"delivery": 1}}, "action": {"delay_ms": 1_800_000}});
    let (api, receiver, id) = halfway(fault).await;
    assert_eq!(receiver.hits().len(), 0);
    let hits = ended(&api, &receiver, &id).await;
    assert!(
        hits[0].percent() < 100 && hits[1].percent() == 100,
        "{hits:?}"
    );
}

#[tokio::test]
async fn out_of_order_means_after_the_next() {
    let fault = json!({"match": {"callback": {"delivery": 1}}, "action": {"out_of_order": true}});
    let (api, receiver, id) = halfway(fault).await;
    ended(&api, &receiver, &id).await;
    api.until(async || receiver.hits().len() == 2).await;
    let percents: Vec<u8> = receiver.hits().iter().map(Hit::percent).collect();
    assert!(percents[0] == 100 && percents[1] < 100, "{percents:?}");
}

#[tokio::test]
async fn another_payload_is_sent_as_it_is_given() {
    for (action, expected) in [
        (json!({"payload": {"streamId": 7}}), json!({"streamId": 7})),
        (json!({"payload": null}), Value::Null),
    ] {
        let fault = json!({"match": {"callback": {}, "times": 1}, "action": action});
        let (_api, receiver, _) = halfway(fault).await;
        assert_eq!(receiver.hits()[0].body, expected);
    }
    let fault = json!({"match": {"callback": {}, "times": 1}, "action": {"garbage": true}});
    let (_api, receiver, _) = halfway(fault).await;
    let hits = receiver.hits();
    assert!(hits[0].body.is_string(), "{hits:?}");
}

#[tokio::test]
async fn a_fault_of_callbacks_meets_no_request_and_only_the_job_that_it_names() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[]).await);
    let rule = json!({"match": {"callback": {"job": "somebody else"}}, "action": {"drop": true}});
    api.control("POST", "/faults", rule).await.json(201);
    let id = api.start_download(&receiver.body()).await;
    ended(&api, &receiver, &id).await;
    assert_eq!(api.get("/faults").await["faults"][0]["seen"], 0);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_every_reason() {
    let api = Api::start().await;
    for (rule, reason) in [
        (
            json!({"action": {"drop": true}}),
            "name `callback` in the match",
        ),
        (
            json!({"match": {"callback": {}}, "action": {"status": 500}}),
            "are about requests, not about callbacks",
        ),
        (
            json!({"match": {"callback": {}, "path": "/x"}, "action": {"drop": true}}),
            "callback cannot be given together with operation",
        ),
        (
            json!({"match": {"callback": {}}, "action": {"drop": true, "delay_ms": 5}}),
            "delayed or meets another action",
        ),
        (
            json!({"match": {"callback": {"delivery": 0}}, "action": {"drop": true}}),
            "delivery",
        ),
    ] {
        let told = api.control("POST", "/faults", rule).await;
        assert_eq!(told.status, 400);
        assert!(told.body.to_string().contains(reason), "{}", told.body);
    }
}

#[tokio::test]
async fn the_journal_is_asked_for_callbacks_and_held_against_expectations() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[500]).await);
    let id = api.start_download(&receiver.body()).await;
    api.clock.advance(HOUR);
    until_journal_has(&api, 1).await;
    api.clock.advance(Duration::from_secs(120));
    until_journal_has(&api, 2).await;

    let only = api.get("/journal?kind=callback").await;
    let kinds = only["entries"].as_array().unwrap().iter();
    assert!(kinds.clone().count() == 2 && kinds.clone().all(|e| e["kind"] == "callback"));
    let none = api.get("/journal?job=nobody").await;
    assert_eq!(none["entries"], json!([]));
    let asked = api.get("/journal?kind=exchange").await;
    assert_eq!(asked["entries"].as_array().unwrap().len(), 1);

    let expectations = json!([
        {"callback": {"job": id, "then": "retry"}, "status": 500, "count": 1},
        {"callback": {"end": true}, "members": {"streamId": id}, "count": 2},
        {"callback": {"then": "given-up"}, "count": 0},
        {"operation": "startDownload", "count": 1},
    ]);
    let told = api
        .control("POST", "/journal/verify", expectations)
        .await
        .json(200);
    assert_eq!(told["ok"], true, "{told}");
    let wrong = json!([{"callback": {"end": false}, "min": 1}]);
    let told = api
        .control("POST", "/journal/verify", wrong)
        .await
        .json(200);
    assert_eq!(told["ok"], false, "{told}");
    let mixed = json!([{"callback": {}, "operation": "startDownload"}]);
    api.control("POST", "/journal/verify", mixed)
        .await
        .problem(400);
}

#[tokio::test]
async fn a_password_in_an_address_is_shown_to_nobody() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[]).await);
    let address = receiver.body()["callback"].as_str().unwrap().to_owned();
    let with_user = address.replace("http://", "http://user:hunter2@");
    api.start_download(&but("callback", with_user)).await;
    api.clock.advance(HOUR);
    let attempt = until_journal_has(&api, 1).await.remove(0);
    assert!(!attempt.to_string().contains("hunter2"), "{attempt}");
}
