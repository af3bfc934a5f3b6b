//! Starting and stopping.

use std::time::Duration;

use smsload_mock::{Limits, MockServer, StartError};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Api, SOON, raw_post, valid};

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = taken.local_addr().unwrap();
    let error = MockServer::builder()
        .listen(addr)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::InUse { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains(&addr.to_string()) && text.contains("port 0"),
        "{text}"
    );
}

#[tokio::test]
async fn an_address_of_another_host_is_named_with_what_to_do() {
    let addr = "192.0.2.1:80".parse().unwrap();
    let error = MockServer::builder()
        .listen(addr)
        .start()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("192.0.2.1:80") && error.contains("address of this host"),
        "{error}"
    );
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused() {
    for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = MockServer::builder()
            .speed(speed)
            .start()
            .await
            .unwrap_err();
        assert!(matches!(error, StartError::Speed(_)), "{error}");
    }
    let limits = Limits {
        max_head: 100,
        ..Limits::default()
    };
    let error = MockServer::builder()
        .limits(limits)
        .start()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("max_head"), "{error}");
}

#[tokio::test]
async fn the_url_is_one_to_call() {
    for (listen, url) in [
        ("127.0.0.1:0", "http://127.0.0.1:"),
        ("0.0.0.0:0", "http://127.0.0.1:"),
    ] {
        let server = MockServer::builder()
            .listen(listen.parse().unwrap())
            .start()
            .await
            .unwrap();
        assert_eq!(server.url(), format!("{url}{}", server.addr().port()));
    }
}

#[tokio::test]
async fn stopping_lets_a_request_in_hand_end_and_frees_the_port() {
    let api = Api::start().await;
    let addr = api.server.addr();
    let body = valid().to_string();
    let mut raw = api.connect().await;
    let head = format!("host: x\r\ncontent-length: {}\r\n", body.len());
    raw.send(raw_post(&head, &body[..10])).await;
    // Once a second connection is answered, the first has been taken up.
    api.download(&valid()).await.accepted();
    drop(api.client);
    let (stopped, answer) = tokio::join!(api.server.stop(), async {
        let deadline = tokio::time::Instant::now() + SOON;
        while TcpStream::connect(addr).await.is_ok() {
            assert!(
                tokio::time::Instant::now() < deadline,
                "it still takes connections"
            );
        }
        raw.send(&body[10..]).await;
        raw.until_closed().await
    });
    let () = stopped;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    TcpListener::bind(addr).await.unwrap();
}

#[tokio::test]
async fn stopping_does_not_wait_longer_than_its_grace() {
    let limits = Limits {
        stop_grace: Duration::from_millis(50),
        ..Limits::default()
    };
    let api = Api::with(|b| b.limits(limits)).await;
    let mut raw = api.connect().await;
    raw.send(raw_post("host: x\r\ncontent-length: 5\r\n", "{"))
        .await;
    api.download(&valid()).await.accepted();
    drop(api.client);
    tokio::time::timeout(SOON, api.server.stop()).await.unwrap();
    assert_eq!(raw.until_closed().await, "");
}

#[tokio::test]
async fn dropping_a_server_stops_it() {
    let api = Api::start().await;
    let addr = api.server.addr();
    let mut raw = api.connect().await;
    drop(api);
    raw.until_closed().await;
    let deadline = tokio::time::Instant::now() + SOON;
    while TcpListener::bind(addr).await.is_err() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the port stays taken"
        );
        tokio::task::yield_now().await;
    }
}
