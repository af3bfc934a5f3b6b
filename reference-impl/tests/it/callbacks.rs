//! What receivers of callbacks see.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use serde_json::json;
use smsload_reference::Config;

use crate::receiver::{Receiver, Reply};
use crate::source::Source;
use crate::support::{Api, config, poll_until, speed, with, within};

/// Callbacks to this machine, tried again at once.
fn calling() -> Config {
    let mut config = config();
    config.callbacks.allow = vec!["127.0.0.0/8".parse().unwrap()];
    config.callbacks.retry = vec![Duration::from_millis(20); 5];
    config.callbacks.deadline = Duration::from_millis(300);
    config
}

fn told(receiver: &Receiver, path: &str) -> serde_json::Value {
    with("callback", receiver.url(path))
}

#[tokio::test]
async fn progress_rises_to_an_end_with_a_file() {
    let receiver = Receiver::start().await;
    let mut config = calling();
    // Half an hour in 0.6 s.
    config.jobs.speed = speed(3_000);
    let api = Api::with(config).await;
    let answer = api
        .download(&told(&receiver, "/a%2Fb//c/../d+e?x=%7e&&y="))
        .await;
    let id = answer.data("stream_id");
    let calls = receiver.until_last().await;
    let percents: Vec<u8> = calls.iter().map(crate::receiver::Call::percent).collect();
    assert!(percents.is_sorted() && percents.len() > 2, "{percents:?}");
    for call in &calls {
        let members: Vec<&String> = call.body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["streamId", "fileUrl", "downloadProgress"]);
        assert_eq!(call.member("streamId"), id);
        assert_eq!(call.member("fileUrl").is_empty(), call.percent() < 100);
        assert!(
            call.head
                .starts_with("POST /a%2Fb//c/../d+e?x=%7e&&y= HTTP/1.1"),
            "{call:?}"
        );
        assert_eq!(call.header("host"), Some(&*receiver.addr.to_string()));
        assert_eq!(call.header("content-type"), Some("application/json"));
        assert_eq!(
            call.header("webhook-id"),
            None,
            "not signed unless configured"
        );
    }
    let last = calls.last().unwrap();
    assert_eq!(last.percent(), 100);
    let told = api.progress(&id).await;
    assert_eq!(told.data("file_url"), last.member("fileUrl"));
}

#[tokio::test]
async fn what_fails_is_tried_again_and_redirects_are_a_failure() {
    let elsewhere = Receiver::start().await;
    let location = format!("location: {}\r\n", elsewhere.url("/"));
    let receiver = Receiver::replying(vec![
        Reply::status("500 Internal Server Error"),
        Reply::Hang,
        Reply::Close,
        Reply::with("307 Temporary Redirect", &location),
        Reply::Send("nonsense".to_owned()),
    ])
    .await;
    let api = Api::with(calling()).await;
    api.download(&told(&receiver, "/")).await.assert_accepted();
    poll_until("the sixth attempt", async || {
        (receiver.calls().len() >= 6).then_some(())
    })
    .await;
    poll_until("the delivery", async || {
        api.metric("smsload_callbacks_delivered_total")
            .await
            .filter(|n| *n >= 1)
    })
    .await;
    assert_eq!(receiver.calls().last().unwrap().percent(), 100);
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn retry_after_is_waited_for_and_410_ends_it() {
    let receiver = Receiver::replying(vec![
        Reply::with("503 Service Unavailable", "retry-after: 1\r\n"),
        Reply::status("410 Gone"),
    ])
    .await;
    let mut config = calling();
    config.jobs.save_every = Duration::from_secs(60);
    let api = Api::with(config).await;
    let id = api.download(&told(&receiver, "/")).await.data("stream_id");
    let calls = poll_until("the second attempt", async || {
        Some(receiver.calls()).filter(|calls| calls.len() == 2)
    })
    .await;
    assert!(calls[1].at - calls[0].at >= Duration::from_secs(1));
    poll_until("that the job says so", async || {
        api.job(&id)
            .await
            .callback_closed
            .filter(|why| why.contains("410"))
    })
    .await;
    assert_eq!(receiver.calls().len(), 2);
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_given_up_and_the_job_says_so() {
    let receiver = Receiver::replying(vec![Reply::status("500 No"); 100]).await;
    let mut config = calling();
    config.callbacks.retry = vec![Duration::from_millis(5); 3];
    let api = Api::with(config).await;
    let id = api.download(&told(&receiver, "/")).await.data("stream_id");
    let why = poll_until("giving up", async || api.job(&id).await.callback_closed).await;
    assert_eq!(why, "given up after 4 attempts: the receiver answered 500");
    assert_eq!(
        api.metric("smsload_callbacks_given_up_total").await,
        Some(1)
    );
    let ends = receiver
        .calls()
        .iter()
        .filter(|call| call.percent() == 100)
        .count();
    assert_eq!(ends, 4);
    // The download itself is none the worse for it.
    assert_eq!(api.progress(&id).await.data("download_progress"), "100");
}

#[tokio::test]
async fn slow_and_dead_receivers_delay_nobody_else() {
    let slow = Receiver::replying(vec![Reply::Hang; 1000]).await;
    let quick = Receiver::start().await;
    let mut config = calling();
    config.callbacks.deadline = Duration::from_secs(60);
    config.callbacks.at_once = 16;
    let api = Api::with(config).await;
    for number in 0..40 {
        api.download(&told(&slow, &format!("/{number}")))
            .await
            .assert_accepted();
        // Nobody listens on the discard port.
        api.download(&with("callback", "http://127.0.0.1:9/"))
            .await
            .assert_accepted();
    }
    api.download(&told(&quick, "/")).await.assert_accepted();
    // Far sooner than the slow one's time is up.
    quick.until_last().await;
    let slow = slow.connections();
    assert!(slow <= 4, "{slow} at once to one receiver");
}

#[tokio::test]
async fn newest_progress_takes_the_place_of_what_was_not_sent() {
    let receiver = Receiver::replying(vec![Reply::status("500 No")]).await;
    let mut config = calling();
    config.callbacks.retry = vec![Duration::from_secs(2)];
    config.jobs.speed = speed(3_000);
    let api = Api::with(config).await;
    let id = api.download(&told(&receiver, "/")).await.data("stream_id");
    let first = poll_until("the first attempt", async || receiver.calls().pop()).await;
    // Many steps are saved while it waits for its second attempt.
    let later = poll_until("more progress", async || {
        let now = api.progress(&id).await.data("download_progress");
        Some(now.parse::<u8>().unwrap()).filter(|now| *now > first.percent())
    })
    .await;
    let calls = receiver.until_last().await;
    assert!(calls[1].percent() >= later, "{later}: {calls:?}");
    assert_eq!(calls.last().unwrap().percent(), 100);
}

#[tokio::test]
async fn the_end_of_a_failed_download_is_told_without_a_file() {
    let receiver = Receiver::start().await;
    let source = Source::default();
    source.0.breaks_after.store(200_000, SeqCst);
    let api = Api::of(calling(), source).await;
    let id = api.download(&told(&receiver, "/")).await.data("stream_id");
    poll_until("the failure", async || {
        (api.progress(&id).await.code() == "42208").then_some(())
    })
    .await;
    poll_until("that all is told", async || {
        api.metric("smsload_callbacks_waiting")
            .await
            .filter(|n| *n == 0)
    })
    .await;
    let call = receiver.calls().pop().unwrap();
    assert_eq!(
        (call.member("streamId"), call.member("fileUrl")),
        (&*id, "")
    );
    assert!(call.percent() < 100);
    api.progress(&id).await.assert_rejected(200, "42208");
}

#[tokio::test]
async fn a_rejected_request_calls_nobody() {
    let receiver = Receiver::start().await;
    let api = Api::with(calling()).await;
    let mut body = told(&receiver, "/");
    body["source_type"] = json!("1");
    api.download(&body).await.assert_rejected(200, "42201");
    let mut other = within(("2025-04-04T21:30:00", "2025-04-04T21:30:01"));
    other["callback"] = json!(receiver.url("/other"));
    api.download(&other).await.assert_accepted();
    let calls = receiver.until_last().await;
    assert!(
        calls
            .iter()
            .all(|call| call.head.starts_with("POST /other ")),
        "{calls:?}"
    );
}

#[tokio::test]
async fn a_configured_secret_signs_what_is_sent() {
    let receiver = Receiver::replying(vec![Reply::status("500 No")]).await;
    let text = "sip_domain = '3402000000'\n[callbacks]\n\
                secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'";
    let mut config = calling();
    config.callbacks.secret = Config::from_toml(text).unwrap().callbacks.secret;
    config.jobs.save_every = Duration::from_secs(60);
    let api = Api::with(config).await;
    api.download(&told(&receiver, "/")).await.assert_accepted();
    let calls = poll_until("two attempts", async || {
        Some(receiver.calls()).filter(|calls| calls.len() == 2)
    })
    .await;
    let id = calls[0].header("webhook-id").unwrap();
    assert_eq!(
        calls[1].header("webhook-id"),
        Some(id),
        "the same for each attempt"
    );
    let signature = calls[0].header("webhook-signature").unwrap();
    assert!(
        signature.starts_with("v1,") && signature.len() == 47,
        "{signature}"
    );
    assert!(
        calls[0]
            .header("webhook-timestamp")
            .unwrap()
            .parse::<u64>()
            .is_ok()
    );
}

#[tokio::test]
async fn https_is_spoken_and_certificates_are_verified() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let receiver = Receiver::over_tls(&ca_file).await;
    let mut config = calling();
    config.callbacks.ca_file = Some(ca_file);
    let body = with("callback", format!("https://{}/", receiver.addr));
    let api = Api::with(config).await;
    api.download(&body).await.assert_accepted();
    receiver.until_last().await;
    // Who does not trust the authority tells nothing.
    let before = receiver.calls().len();
    let mut config = calling();
    config.callbacks.retry = vec![Duration::from_millis(5)];
    let api = Api::with(config).await;
    let id = api.download(&body).await.data("stream_id");
    let why = poll_until("giving up", async || api.job(&id).await.callback_closed).await;
    assert!(why.contains("TLS"), "{why}");
    assert_eq!(receiver.calls().len(), before);
}
