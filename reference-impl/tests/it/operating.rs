//! What operators see, and how the server is stopped.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use smsload_reference::{Config, Reference, TokenDigest};

use crate::source::Source;
use crate::support::{Api, config, valid, with};

async fn page(api: &Api, path: &str) -> (u16, String) {
    let response = api
        .client
        .get(format!("{}{path}", api.running.url()))
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn the_pages_say_how_it_is() {
    let api = Api::start().await;
    assert_eq!(page(&api, "/healthz").await, (200, "alive\n".to_owned()));
    assert_eq!(page(&api, "/readyz").await, (200, "ready\n".to_owned()));
    let id = api.download(&valid()).await.data("stream_id");
    api.file_of(&id).await;
    api.download(&with("source_type", "1")).await;
    let (status, metrics) = page(&api, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "# TYPE smsload_downloads_accepted_total counter",
        "smsload_downloads_accepted_total 1",
        "smsload_requests_rejected_total{code=\"42201\"} 1",
        "smsload_jobs{state=\"finished\"} 1",
        "smsload_jobs{state=\"queued\"} 0",
        "smsload_file_bytes 360000",
        "smsload_transferred_bytes_total 360000",
        "smsload_ready 1",
    ] {
        assert!(
            metrics.lines().any(|other| other == line),
            "{line}\n{metrics}"
        );
    }
}

#[tokio::test]
async fn the_pages_can_have_an_address_of_their_own() {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = probe.local_addr().unwrap();
    drop(probe);
    let mut config = config();
    config.metrics_listen = Some(addr);
    let api = Api::with(config).await;
    assert_eq!(page(&api, "/metrics").await.0, 404);
    let response = api
        .client
        .get(format!("http://{addr}/readyz"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn stopping_accepts_nothing_more_and_ends_in_time() {
    let api = Api::start().await;
    api.source.0.hold.store(true, SeqCst);
    for _ in 0..5 {
        api.download(&valid()).await.assert_accepted();
    }
    let started = std::time::Instant::now();
    api.running.shutdown().await.unwrap();
    assert!(started.elapsed() < crate::support::PATIENCE);
}

#[tokio::test]
async fn an_address_that_callers_cannot_use_needs_a_public_one() {
    let start = async |config: Config| {
        let reference = Reference::with_source(config, Arc::new(Source::default())).unwrap();
        reference.start(([0, 0, 0, 0], 0).into()).await
    };
    let error = start(config()).await.unwrap_err().to_string();
    assert!(error.contains("public_url"), "{error}");
    let mut public = config();
    public.public_url = Some("https://sms.example/api".to_owned());
    start(public).await.unwrap().shutdown().await.unwrap();
}

#[tokio::test]
async fn secrets_are_in_no_error_and_no_debug_text() {
    let text = "sip_domain = '3402000000'\n[callbacks]\nsecret = 'hush'\n\
                [[access.tokens]]\nsha256 = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'";
    let config = Config::from_toml(text).unwrap();
    let shown = format!("{config:?} {:?}", TokenDigest::of("hush"));
    assert!(
        !shown.contains("hush") && !shown.contains("0123456789abcdef"),
        "{shown}"
    );
    let reference = Reference::with_source(config, Arc::new(Source::default())).unwrap();
    let error = reference
        .start(([127, 0, 0, 1], 0).into())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("callbacks.secret") && !error.contains("hush"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_of_tokens_is_read_and_its_faults_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    let start = async |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut config = config();
        config.access.token_file = Some(file.clone());
        let reference = Reference::with_source(config, Arc::new(Source::default())).unwrap();
        reference.start(([127, 0, 0, 1], 0).into()).await
    };
    for (text, fault) in [
        ("", "without a token"),
        ("# none\n", "without"),
        ("a b c\n", "line 1"),
    ] {
        let error = start(text).await.unwrap_err().to_string();
        assert!(
            error.contains("access.token_file") && error.contains(fault),
            "{error}"
        );
        assert!(error.contains(&file.display().to_string()), "{error}");
    }
    start("# one\nhush tenant\n\nother\n").await.unwrap();
}
