//! The proxy before upstreams that nobody should have, behind clients that nobody should be, and before large files.

use smsload_mock::proxy::{Content, Ending, ProxyLimits};
use tokio::net::TcpListener;

use crate::between::{Between, canned, hurried, json_answer};
use crate::support::{raw_post, valid};

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
