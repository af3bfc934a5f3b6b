//! The proxy between real sockets: before a mock, and before upstreams that nobody should have.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use smsload_mock::proxy::{Content, Ending, Exchange, Proxy, ProxyBuilder, ProxyLimits};
use smsload_mock::{MockServer, Side};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{DOWNLOAD, Raw, SOON, but, contract, raw_post, valid};

/// A proxy and a client of it.
struct Between {
    proxy: Proxy,
    client: reqwest::Client,
}

impl Between {
    async fn start(upstream: &str, change: impl FnOnce(ProxyBuilder) -> ProxyBuilder) -> Self {
        let builder = Proxy::builder(upstream.parse().unwrap());
        let proxy = change(builder).start().await.unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(SOON)
            .build()
            .unwrap();
        Self { proxy, client }
    }

    async fn post(&self, body: &Value) -> (u16, Value) {
        let url = format!("{}{DOWNLOAD}", self.proxy.url());
        let response = self.client.post(url).json(body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    async fn raw(&self) -> Raw {
        Raw::connect(self.proxy.addr()).await
    }

    /// The newest exchange.
    fn last(&self) -> Arc<Exchange> {
        self.proxy.traffic().list().pop().unwrap()
    }
}

/// A server that reads a head, tells it, answers with these bytes, and then holds the connection or closes it.
async fn canned(answer: Vec<u8>, hold: bool) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (answer, told) = (answer.clone(), Arc::clone(&told));
            tokio::spawn(async move {
                let head = read_request(&mut stream).await;
                told.lock().unwrap().push(head);
                let _ = stream.write_all(&answer).await;
                if hold {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (url, heads)
}

/// The head of a request; its body is read too, so that closing is no reset.
async fn read_request(stream: &mut TcpStream) -> String {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&all).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.split("content-length: ").nth(1).map_or(0, |rest| {
                rest.split("\r\n").next().unwrap().parse::<usize>().unwrap()
            });
            if all.len() >= end + 4 + length {
                return text[..end].to_owned();
            }
        }
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return text;
        }
        all.extend_from_slice(&buffer[..read]);
    }
}

fn json_answer(headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

fn hurried() -> ProxyLimits {
    ProxyLimits {
        upstream_timeout: Duration::from_millis(200),
        ..ProxyLimits::default()
    }
}

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
async fn upstreams_that_fail_are_named() {
    let unreachable = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let (silent, _) = canned(Vec::new(), true).await;
    let (closing, _) = canned(Vec::new(), false).await;
    let (garbage, _) = canned(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), false).await;
    let long_head = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 1 << 20]].concat();
    let (endless_head, _) = canned(long_head, true).await;
    let (half, _) = canned(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"
            .to_vec(),
        false,
    )
    .await;
    let (stuck, _) = canned(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"
            .to_vec(),
        true,
    )
    .await;
    for (upstream, status, word) in [
        (&unreachable, 502, "cannot be reached"),
        (&silent, 504, "in time"),
        (&closing, 502, "no answer that is HTTP"),
        (&garbage, 502, "no answer that is HTTP"),
        (&endless_head, 502, "no answer that is HTTP"),
        (&half, 502, "no answer that is HTTP"),
        (&stuck, 504, "in time"),
    ] {
        let between = Between::start(upstream, |b| b.limits(hurried())).await;
        let (got, body) = between.post(&valid()).await;
        let message = body["message"].as_str().unwrap();
        assert_eq!(got, status, "{body}");
        assert_eq!(body["code"], status.to_string());
        assert!(
            message.contains(word) && message.contains(upstream.as_str()),
            "{message}"
        );
        assert_eq!(between.last().ending, Ending::Failed);
        assert_eq!(between.proxy.violations().total(), 0);
    }
}

#[tokio::test]
async fn files_flow_through_and_are_not_kept() {
    let body = vec![b'x'; 10 << 20];
    let length = body.len();
    for kind in ["video/mp4", "application/json"] {
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
        let (url, _) = canned([head.into_bytes(), body.clone()].concat(), false).await;
        let between = Between::start(&url, |b| b).await;
        let asked = format!("{}/files/1", between.proxy.url());
        let answer = between.client.get(asked).send().await.unwrap();
        assert_eq!(answer.headers()["content-length"], length.to_string());
        assert_eq!(answer.bytes().await.unwrap(), body);
        let passed = Content::Passed(Some(length as u64));
        assert_eq!(between.last().answer.content, passed);
    }
}

#[tokio::test]
async fn json_of_unknown_length_is_read_up_to_the_limit_and_flows_on() {
    let chunk = "9\r\n\"aaaaaaa\"\r\n";
    for (count, is_kept) in [(1, true), (1_000, false)] {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        let answer = format!("{head}{}0\r\n\r\n", chunk.repeat(count));
        let (url, _) = canned(answer.into_bytes(), false).await;
        let limits = ProxyLimits {
            max_judged: 1_000,
            ..ProxyLimits::default()
        };
        let between = Between::start(&url, |b| b.limits(limits).enforce(true).unjudged("/")).await;
        let asked = format!("{}/list", between.proxy.url());
        let answer = between.client.get(asked).send().await.unwrap();
        assert_eq!(answer.bytes().await.unwrap(), "\"aaaaaaa\"".repeat(count));
        let kept = matches!(between.last().answer.content, Content::Whole(_));
        assert_eq!(kept, is_kept);
    }
}

#[tokio::test]
async fn a_file_that_breaks_off_or_stalls_closes_the_connection() {
    for hold in [false, true] {
        let half = b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: 99\r\n\r\nhalf";
        let (url, _) = canned(half.to_vec(), hold).await;
        let between = Between::start(&url, |b| b.limits(hurried())).await;
        let mut raw = between.raw().await;
        raw.send("GET /files/1 HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let answer = raw.until_closed().await;
        assert!(answer.ends_with("\r\n\r\nhalf"), "{answer}");
    }
}

#[tokio::test]
async fn what_is_no_proper_request_is_not_forwarded() {
    let (url, heads) = canned(json_answer("", "{}"), false).await;
    let between = Between::start(&url, |b| b).await;
    let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    for (request, status) in [
        (raw_post("content-length: 2\r\n", "{}"), "400"),
        (
            raw_post("host: a\r\nhost: b\r\ncontent-length: 2\r\n", "{}"),
            "400",
        ),
        ("CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), "400"),
        (
            "OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_owned(),
            "400",
        ),
        (
            raw_post("host: x\r\ncontent-length: 99999999\r\n", ""),
            "413",
        ),
        (
            raw_post(
                "host: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n",
                smuggled,
            ),
            "400",
        ),
    ] {
        let mut raw = between.raw().await;
        raw.send(&request).await;
        let answer = raw.until_closed().await;
        let expected = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&expected), "{request:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
    assert!(heads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_proxy_that_is_its_own_upstream_says_so() {
    let addr = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let between = Between::start(&format!("http://{addr}"), |b| b.listen(addr)).await;
    let (status, body) = between.post(&valid()).await;
    assert_eq!(status, 508, "{body}");
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
