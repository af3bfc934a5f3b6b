//! Faults, each seen on the wire.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use smsload_mock::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Api, SOON, but, raw_post, valid};

/// A mock with one fault.
async fn with_fault(fault: Value) -> Api {
    let api = Api::start().await;
    api.control("POST", "/faults", fault).await.json(201);
    api
}

/// What comes on the wire until the connection ends, and how it ended.
async fn wire(api: &Api) -> (String, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(api.server.addr()).await.unwrap();
    let body = valid().to_string();
    let head = format!("host: a\r\ncontent-length: {}\r\n", body.len());
    stream
        .write_all(raw_post(&head, &body).as_bytes())
        .await
        .unwrap();
    let mut all = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut all));
    let end = read.await.expect("the connection ends");
    (
        String::from_utf8_lossy(&all).into(),
        end.err().map(|e| e.kind()),
    )
}

#[tokio::test]
async fn a_status() {
    let api = with_fault(json!({"action": {"status": 503}})).await;
    let got = api.download(&valid()).await;
    assert_eq!(got.status, 503);
    assert!(
        got.body["message"]
            .as_str()
            .unwrap()
            .contains("fault of the mock")
    );
    assert_eq!(api.server.mock().job_count(), 0, "nothing was started");
    let api = with_fault(json!({"action": {"status": 204}})).await;
    let got = api.download(&valid()).await;
    assert_eq!((got.status, got.body), (204, json!("")));
}

#[tokio::test]
async fn a_rejection_by_name_or_code() {
    let api = with_fault(json!({"action": {"error": "overload"}})).await;
    api.download(&valid()).await.rejected(200, "50301");
    let api = with_fault(json!({"action": {"code": "40404"}})).await;
    api.download(&valid()).await.rejected(200, "40404");
    // A fault comes before the validation.
    api.download(&json!({})).await.rejected(200, "40404");
}

#[tokio::test]
async fn a_reset_is_one() {
    let api = with_fault(json!({"action": {"reset": true}})).await;
    let (text, end) = wire(&api).await;
    assert_eq!((text.as_str(), end), ("", Some(ErrorKind::ConnectionReset)));
    assert_eq!(api.server.mock().job_count(), 0);
    let journal = api.get("/journal").await;
    let entry = &journal["entries"][0];
    assert_eq!(
        (&entry["outcome"], &entry["fault"]),
        (&json!("fault"), &json!(1))
    );
    assert_eq!(entry["status"], Value::Null);
}

#[tokio::test]
async fn a_body_that_is_cut() {
    for at in [10, 0, 1_000_000] {
        let api = with_fault(json!({"action": {"cut_body_at": at}})).await;
        let (text, end) = wire(&api).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(end, None, "closed, not reset");
        assert_eq!(body.len(), at.min(length - 1), "{text}");
        assert_eq!(
            api.server.mock().job_count(),
            1,
            "the request was let through"
        );
    }
}

#[tokio::test]
async fn garbage_is_no_json() {
    let api = with_fault(json!({"action": {"garbage": true}})).await;
    let got = api.download(&valid()).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.headers["content-type"], "application/json");
    assert!(got.body.is_string(), "{:?}", got.body);
}

#[tokio::test]
async fn a_delay_delays_its_request_and_no_other() {
    let delayed = json!({
        "match": {"members": {"channel": "slow"}}, "action": {"delay_ms": 600_000},
    });
    let api = with_fault(delayed).await;
    let body = but("channel", "slow").to_string();
    let length = format!("host: a\r\ncontent-length: {}\r\n", body.len());
    let mut slow = api.connect().await;
    slow.send(raw_post(&length, &body)).await;
    api.until(async || api.get("/faults").await["faults"][0]["hits"] == 1)
        .await;
    for _ in 0..20 {
        api.download(&valid()).await.accepted();
    }
    let answered = tokio::time::timeout(Duration::ZERO, slow.until("HTTP")).await;
    assert!(answered.is_err(), "{answered:?}");
}

#[tokio::test]
async fn a_delay_and_another_action_go_together() {
    let api = with_fault(json!({"action": {"delay_ms": 100, "error": "overload"}})).await;
    let began = Instant::now();
    api.download(&valid()).await.rejected(200, "50301");
    assert!(began.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn a_hang_ends_with_its_limit() {
    let limits = Limits {
        max_fault_wait: Duration::from_millis(200),
        ..Limits::default()
    };
    let api = Api::with(|builder| builder.limits(limits)).await;
    let hang = json!({"action": {"hang": true}});
    api.control("POST", "/faults", hang).await.json(201);
    let began = Instant::now();
    let (text, end) = wire(&api).await;
    assert_eq!((text.as_str(), end), ("", None));
    assert!(began.elapsed() >= Duration::from_millis(200));
}

/// A request that hangs, sent on a connection of its own.
async fn hanging(api: &Api) -> TcpStream {
    api.control("POST", "/faults", json!({"action": {"hang": true}}))
        .await
        .json(201);
    let mut stream = TcpStream::connect(api.server.addr()).await.unwrap();
    let body = valid().to_string();
    let head = format!("host: a\r\ncontent-length: {}\r\n", body.len());
    let request = raw_post(&head, &body);
    stream.write_all(request.as_bytes()).await.unwrap();
    api.until(async || api.get("/journal").await["last"] == 1)
        .await;
    stream
}

#[tokio::test]
async fn a_hang_ends_when_the_client_goes() {
    let api = Api::start().await;
    let stream = hanging(&api).await;
    let open = api.server.connection_count();
    drop(stream);
    api.until(async || api.server.connection_count() < open)
        .await;
}

#[tokio::test]
async fn a_hang_ends_when_the_server_stops() {
    let api = Api::start().await;
    let mut stream = hanging(&api).await;
    let began = Instant::now();
    api.server.stop().await;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.is_empty());
    assert!(began.elapsed() < Limits::default().stop_grace);
}

#[tokio::test]
async fn nth_every_and_times_count_what_the_rest_matches() {
    let hits = async |matching: Value| {
        let api = with_fault(json!({"match": matching, "action": {"error": "overload"}})).await;
        let mut hits = Vec::new();
        for n in 1..=7 {
            // Between them come requests that the match does not mean.
            api.progress("nothing").await.rejected(200, "40404");
            if api.download(&but("channel", n.to_string())).await.body["code"] == "50301" {
                hits.push(n);
            }
        }
        let fault = &api.get("/faults").await["faults"][0];
        (
            hits,
            fault["seen"].as_u64().unwrap(),
            fault["hits"].as_u64().unwrap(),
        )
    };
    let only = "startDownload";
    assert_eq!(
        hits(json!({"operation": only, "nth": 3})).await,
        (vec![3], 7, 1)
    );
    assert_eq!(
        hits(json!({"operation": only, "every": 3})).await,
        (vec![3, 6], 7, 2)
    );
    assert_eq!(
        hits(json!({"operation": only, "times": 2})).await,
        (vec![1, 2], 7, 2)
    );
    assert_eq!(
        hits(json!({"members": {"channel": "5"}})).await,
        (vec![5], 1, 1)
    );
    assert_eq!(
        hits(json!({"members": {"/channel": "6"}})).await,
        (vec![6], 1, 1)
    );
    assert_eq!(hits(json!({"path": "/download"})).await, (vec![], 0, 0));
    assert_eq!(
        hits(json!({"path": "/api/smsload/playback/v1/d*", "method": "POST", "nth": 1})).await,
        (vec![1], 7, 1)
    );
}

#[tokio::test]
async fn the_first_that_is_met_acts() {
    let api = with_fault(json!({"match": {"nth": 2}, "action": {"error": "overload"}})).await;
    let second = json!({"action": {"error": "unknown-stream"}});
    api.control("POST", "/faults", second).await.json(201);
    let codes = async || api.download(&valid()).await.body["code"].clone();
    assert_eq!(codes().await, "40404");
    assert_eq!(codes().await, "50301");
    assert_eq!(codes().await, "40404");
    api.control("DELETE", "/faults/2", Value::Null)
        .await
        .empty();
    assert_eq!(codes().await, "0");
    api.control("DELETE", "/faults", Value::Null).await.empty();
    assert_eq!(api.get("/faults").await, json!({"faults": []}));
}

#[tokio::test]
async fn their_number_is_bounded() {
    let limits = Limits {
        max_faults: 2,
        ..Limits::default()
    };
    let api = Api::with(|builder| builder.limits(limits)).await;
    let fault = json!({"action": {"status": 500}});
    for _ in 0..2 {
        api.control("POST", "/faults", fault.clone())
            .await
            .json(201);
    }
    let got = api.control("POST", "/faults", fault.clone()).await;
    assert!(got.problem(409).contains("max_faults"));
    let got = api
        .control("PUT", "/faults", json!([fault, fault, fault]))
        .await;
    assert!(got.problem(409).contains("max_faults"));
    let replaced = api
        .control("PUT", "/faults", json!([fault]))
        .await
        .json(200);
    assert_eq!(replaced["faults"].as_array().unwrap().len(), 1);
    assert_eq!(replaced["faults"][0]["id"], 3);
}

#[tokio::test]
async fn names_that_the_contract_does_not_have_are_told_with_all_else() {
    let api = Api::start().await;
    let rule = json!({"match": {"operation": "nope", "nth": 0}, "action": {"error": "nope", "status": 99}});
    let got = api.control("POST", "/faults", rule.clone()).await;
    let mut members = got.members(400);
    members.sort_unstable();
    assert!(
        members.contains(&"/match/operation") && members.contains(&"/match/nth"),
        "{got:?}"
    );
    assert!(
        members.contains(&"/action/error") && members.contains(&"/action/status"),
        "{got:?}"
    );
    let sound = json!({"action": {"error": "overload"}});
    let got = api.control("PUT", "/faults", json!([sound, rule])).await;
    assert!(got.members(400).contains(&"/1/match/operation"), "{got:?}");
}
