//! Connections that are slow, silent or many, and the end of the server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use smsload_reference::Reference;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::source::Source;
use crate::support::{Api, PATIENCE, Raw, config, impatient, poll_until, raw_post, valid};

/// The times of [`config`], with room for a busy machine.
const AT_LEAST: Duration = Duration::from_millis(200);
const AT_MOST: Duration = Duration::from_secs(4);

fn assert_in_time(elapsed: Duration) {
    assert!((AT_LEAST..AT_MOST).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn a_client_that_sends_nothing_or_half_a_head_is_closed() {
    let api = Api::impatient().await;
    for bytes in [
        &b""[..],
        b"P",
        b"POST / HTTP/1.1\r\nhost: x\r\nx",
        b"PRI * HTTP/2.0\r\n\r\nS",
    ] {
        let mut raw = api.connect().await;
        raw.send(bytes).await;
        let (answer, elapsed) = raw.until_closed().await;
        assert!(!answer.contains("200 OK"), "{answer}");
        assert!(elapsed < AT_MOST, "{elapsed:?}");
    }
    poll_until("no connection", async || {
        (api.running.connections() == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_a_while_and_then_closed() {
    let api = Api::impatient().await;
    let mut raw = api.connect().await;
    let body = valid().to_string();
    let request = raw_post(
        &format!("host: x\r\ncontent-length: {}\r\n", body.len()),
        &body,
    );
    raw.send(&request).await;
    raw.send(&request).await;
    let (answers, elapsed) = raw.until_closed().await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    assert_in_time(elapsed);
}

#[tokio::test]
async fn half_a_body_is_408() {
    let api = Api::impatient().await;
    for framing in ["content-length: 500", "transfer-encoding: chunked"] {
        let mut raw = api.connect().await;
        raw.send(&raw_post(&format!("host: x\r\n{framing}\r\n"), "5\r\n{"))
            .await;
        let (answer, elapsed) = raw.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("\"code\":\"40800\"") && answer.contains("connection: close"));
        assert_in_time(elapsed);
    }
}

/// A client that drips bytes for as long as it may; how long that was.
async fn drip(mut raw: TcpStream, byte: &[u8]) -> Duration {
    let started = Instant::now();
    let mut answer = [0; 16];
    while started.elapsed() < PATIENCE {
        if raw.write_all(byte).await.is_err() {
            break;
        }
        // Waits for the next byte's turn, or for the answer that ends it.
        if let Ok(read) = timeout(Duration::from_millis(20), raw.read(&mut answer)).await {
            assert!(!answer.starts_with(b"HTTP/1.1 200"), "{read:?}");
            break;
        }
    }
    started.elapsed()
}

#[tokio::test]
async fn a_head_or_a_body_that_drips_is_cut_off() {
    let api = Api::impatient().await;
    let mut head = api.connect().await;
    head.send(b"POST / HTTP/1.1\r\nhost: x\r\nx: ").await;
    assert_in_time(drip(head.0, b"a").await);
    let mut body = api.connect().await;
    body.send(&raw_post("host: x\r\ncontent-length: 100000\r\n", "{"))
        .await;
    assert_in_time(drip(body.0, b" ").await);
    let mut chunked = api.connect().await;
    chunked
        .send(&raw_post("host: x\r\ntransfer-encoding: chunked\r\n", ""))
        .await;
    assert_in_time(drip(chunked.0, b"1\r\n \r\n").await);
}

#[tokio::test]
async fn a_client_that_takes_no_answers_is_closed() {
    let api = Api::impatient().await;
    let mut raw = api.connect().await;
    let requests = "GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000);
    let fill = async { while raw.0.write_all(requests.as_bytes()).await.is_ok() {} };
    timeout(PATIENCE, fill)
        .await
        .expect("the server did not close the connection");
    poll_until("no connection", async || {
        (api.running.connections() == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let mut config = impatient();
    config.limits.max_connections = 2;
    config.limits.body_timeout = PATIENCE;
    let api = Api::with(config).await;
    let body = valid().to_string();
    let (first, _second) = (
        half_request(&api, &body).await,
        half_request(&api, &body).await,
    );
    let mut third = api.connect().await;
    let headers = format!(
        "host: x\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    third.send(&raw_post(&headers, &body)).await;
    let too_early = timeout(AT_LEAST, third.0.readable()).await;
    assert!(too_early.is_err(), "the third was served beside the others");
    assert_eq!(api.running.connections(), 2);
    drop(first);
    assert!(third.until_closed().await.0.starts_with("HTTP/1.1 200 OK"));
}

/// Sends a request but for the end of its body, and waits until the server has it in hand.
async fn half_request(api: &Api, body: &str) -> Raw {
    let mut raw = api.connect().await;
    // The server gives this leave when it starts to read the body.
    let headers = format!(
        "host: x\r\nexpect: 100-continue\r\ncontent-length: {}\r\n",
        body.len()
    );
    raw.send(&raw_post(&headers, "")).await;
    let mut leave = [0; 25];
    timeout(PATIENCE, raw.0.read_exact(&mut leave))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&leave, b"HTTP/1.1 100 Continue\r\n\r\n");
    raw.send(&body.as_bytes()[..body.len() / 2]).await;
    raw
}

#[tokio::test]
async fn a_stop_lets_requests_in_hand_end_and_takes_no_more() {
    let api = Api::impatient().await;
    let mut idle = api.connect().await;
    let body = valid().to_string();
    let mut slow = half_request(&api, &body).await;
    let addr = api.running.addr();
    let stop = tokio::spawn(api.running.shutdown());
    poll_until("no listener", async || {
        TcpStream::connect(addr).await.is_err().then_some(())
    })
    .await;
    slow.send(&body.as_bytes()[body.len() / 2..]).await;
    let (answer, _) = slow.until_closed().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert_eq!(idle.until_closed().await.0, "");
    stop.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_longer_than_its_grace() {
    let mut config = impatient();
    config.limits.body_timeout = PATIENCE;
    let api = Api::with(config).await;
    let mut slow = half_request(&api, "{}").await;
    let started = Instant::now();
    api.running.shutdown().await.unwrap();
    assert!(started.elapsed() < AT_MOST, "{:?}", started.elapsed());
    assert_eq!(slow.until_closed().await.0, "");
}

#[tokio::test]
async fn dropping_the_server_frees_its_port() {
    let api = Api::impatient().await;
    let addr = api.running.addr();
    api.download(&valid()).await.assert_accepted();
    drop(api);
    poll_until("no listener", async || {
        TcpStream::connect(addr).await.is_err().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let api = Api::impatient().await;
    let second = Reference::with_source(config(), Arc::new(Source::default())).unwrap();
    assert!(second.start(api.running.addr()).await.is_err());
}
