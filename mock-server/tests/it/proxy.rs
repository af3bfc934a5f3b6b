//! The proxy between real sockets.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use smsload_mock::proxy::{Content, Ending};
use smsload_mock::{MockServer, Side};

use crate::between::{Between, canned, json_answer};
use crate::support::{DOWNLOAD, but, contract, valid};

#[tokio::test]
async fn what_keeps_the_contract_passes_as_it_is() {
    let mock = MockServer::builder().start().await.unwrap();
    let between = Between::start(&mock.url(), |b| b).await;
    let (status, body) = between.post(&valid()).await;
    assert_eq!((status, &body["code"]), (200, &json!("0")));
    assert_eq!(mock.mock().job_count(), 1);
    let exchange = between.last();
    assert_eq!(exchange.operation.as_deref(), Some("startDownload"));
    assert_eq!((exchange.ending, exchange.status), (Ending::Forwarded, 200));
    let Content::Whole(answer) = &exchange.answer.content else {
        panic!("{exchange:?}")
    };
    assert_eq!(serde_json::from_slice::<Value>(answer).unwrap(), body);
    assert_eq!(between.proxy.violations().total(), 0);
}

#[tokio::test]
async fn breaches_of_both_sides_are_told_and_forwarded() {
    let (url, heads) = canned(json_answer("", r#"{"code": 0}"#), false).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let between = Between::start(&url, |b| {
        b.on_exchange(move |e| tell.lock().unwrap().push(e.breaches.clone()))
    })
    .await;
    let (status, body) = between.post(&but("source_type", "1")).await;
    assert_eq!((status, body), (200, json!({"code": 0})));
    assert_eq!(heads.lock().unwrap().len(), 1);
    let sides: Vec<_> = between
        .proxy
        .violations()
        .list()
        .iter()
        .map(|b| b.side)
        .collect();
    assert!(sides.contains(&Side::Request) && sides.contains(&Side::Answer));
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert!(
        told[0][0].message.contains("source_type"),
        "{:?}",
        told[0][0]
    );
    assert!(told[0].iter().all(|b| b.place.is_some()), "{told:?}");
}

#[tokio::test]
async fn enforcing_refuses_requests_and_replaces_answers() {
    let (url, heads) = canned(json_answer("", r#"{"code": 0}"#), false).await;
    let between = Between::start(&url, |b| b.enforce(true).unjudged("/files/")).await;
    let (status, body) = between.post(&but("channel", Value::Null)).await;
    assert_eq!((status, &body["code"]), (400, &json!("40003")));
    assert_eq!(body["message"], "`channel` is missing");
    assert_eq!(between.last().ending, Ending::Refused);

    let unknown = format!("{}/nothing", between.proxy.url());
    let answer = between.client.get(unknown).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    let get = format!("{}{DOWNLOAD}", between.proxy.url());
    let answer = between.client.get(get).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    assert!(heads.lock().unwrap().is_empty(), "nothing was forwarded");

    let (status, body) = between.post(&valid()).await;
    assert_eq!((status, &body["code"]), (502, &json!("502")));
    let message = body["message"].as_str().unwrap();
    assert!(
        message.contains(&url) && message.contains("code"),
        "{message}"
    );
    assert_eq!(
        (between.last().ending, between.last().status),
        (Ending::Replaced, 200)
    );
    let file = format!("{}/files/1.mp4", between.proxy.url());
    let answer = between.client.get(file).send().await.unwrap();
    assert_eq!(answer.status(), 200, "files are exempt");
}

#[tokio::test]
async fn path_query_and_headers_arrive_as_they_were_sent() {
    let (url, heads) = canned(
        json_answer("connection: x-hop\r\nx-hop: 1\r\nx-kept: 1\r\n", "{}"),
        false,
    )
    .await;
    let between = Between::start(&format!("{url}/prefix/"), |b| b).await;
    let mut raw = between.raw().await;
    raw.send(
        "GET //a/../%2e%2F;x?q=%20+&&q HTTP/1.1\r\nhost: here\r\nconnection: close, x-drop\r\nx-drop: 1\r\n\
         x-keep: a\r\nx-keep: b\r\ntoken: t\r\naccept-encoding: gzip\r\n\r\n",
    )
    .await;
    let answer = raw.until_closed().await;
    assert!(
        answer.contains("x-kept: 1") && !answer.contains("x-hop"),
        "{answer}"
    );
    let head = heads.lock().unwrap()[0].clone();
    let line = "GET /prefix//a/../%2e%2F;x?q=%20+&&q HTTP/1.1\r\n";
    assert!(head.starts_with(line), "{head}");
    let host = url.strip_prefix("http://").unwrap();
    for there in [
        &format!("host: {host}"),
        "x-keep: a",
        "x-keep: b",
        "token: t",
        "via: 1.1 smsload-",
        "accept-encoding: identity",
    ] {
        assert!(head.contains(there), "{there}: {head}");
    }
    for gone in ["here", "x-drop", "connection:", "gzip"] {
        assert!(!head.contains(gone), "{gone}: {head}");
    }
}

#[tokio::test]
async fn redirects_and_head_are_passed_on() {
    let redirect =
        "HTTP/1.1 307 Away\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let (url, _) = canned(redirect.into(), false).await;
    let between = Between::start(&url, |b| b).await;
    let asked = format!("{}/x", between.proxy.url());
    let answer = between.client.get(&asked).send().await.unwrap();
    assert_eq!(answer.status(), 307);
    assert_eq!(answer.headers()["location"], "http://127.0.0.1:1/");

    let head = "HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: 12345\r\n\r\n";
    let (url, _) = canned(head.into(), false).await;
    let between = Between::start(&url, |b| b).await;
    let asked = format!("{}/x", between.proxy.url());
    let answer = between.client.head(&asked).send().await.unwrap();
    assert_eq!(answer.headers()["content-length"], "12345");
}

#[tokio::test]
async fn another_contract_judges_from_then_on() {
    let mock = MockServer::builder().start().await.unwrap();
    let between = Between::start(&mock.url(), |b| b).await;
    between
        .proxy
        .follow(&contract(&[("/v1/download:", "/v2/download:")]));
    between.post(&valid()).await;
    let list = between.proxy.violations().list();
    assert_eq!(list[0].operation, format!("POST {DOWNLOAD}"));
}

#[tokio::test]
async fn a_recording_opens_elsewhere_and_shows_no_secret() {
    let (url, _) = canned(
        json_answer("set-cookie: a=s3cret\r\n", r#"{"code": 0}"#),
        false,
    )
    .await;
    let between = Between::start(&url, |b| b).await;
    let asked = format!("{}{DOWNLOAD}?a=b&c", between.proxy.url());
    let request = between.client.post(asked).json(&valid());
    let request = request
        .header("Token", "s3cret")
        .header("Authorization", "Bearer s3cret")
        .header("linker-sign", "s3cret")
        .header("Cookie", "a=s3cret")
        .header("tenant-id", "seen");
    request.send().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("traffic.har");
    std::fs::write(&path, "old").unwrap();
    between.proxy.traffic().save_har(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("s3cret") && text.contains("seen"), "{text}");
    let archive = har::from_str(&text).unwrap();
    let har::Spec::V1_2(log) = archive.log else {
        panic!("{text}")
    };
    let entry = &log.entries[0];
    assert_eq!(entry.request.url, format!("{url}{DOWNLOAD}?a=b&c"));
    assert_eq!(entry.request.query_string.len(), 2);
    let sent = entry.request.post_data.as_ref().unwrap();
    let sent: Value = serde_json::from_str(sent.text.as_ref().unwrap()).unwrap();
    assert_eq!(sent, valid());
    assert_eq!(
        entry.response.content.text.as_deref(),
        Some(r#"{"code": 0}"#)
    );
    assert!(
        entry.comment.as_ref().unwrap().contains("answer"),
        "{entry:?}"
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    let error = between.proxy.traffic().save_har("/no/such/x.har".as_ref());
    assert!(error.unwrap_err().to_string().contains("/no/such/x.har"));
}
