//! Which addresses there are, and when.

use std::time::Duration;

use reqwest::Method;
use smsload_mock::{Limits, Unfinished};

use super::{LONG_ENOUGH, short};
use crate::support::{Api, contract, valid};

#[tokio::test]
async fn before_the_end_there_is_no_file() {
    let api = Api::start().await;
    let id = api.start_download(&valid()).await;
    assert_eq!(api.file_url(&id).await, "");
    // The same download in a mock with the same seed whose clock is ahead tells the address.
    let ahead = Api::start().await;
    let known = ahead.finish(&valid(), LONG_ENOUGH).await;
    assert_eq!(known.id, id);
    let url = known.url.replace(&ahead.server.url(), &api.server.url());
    assert_eq!(api.get(&url, &[]).await.status, 404);
    api.clock.advance(LONG_ENOUGH);
    assert_eq!(api.file_url(&id).await, url);
    assert_eq!(api.fetch(Method::HEAD, &url, &[]).await.status, 200);
}

#[tokio::test]
async fn a_part_grows_with_the_clock_where_that_is_asked_for() {
    let ahead = Api::start().await;
    let known = ahead.finish(&short(), LONG_ENOUGH).await;
    let whole = ahead.get(&known.url, &[]).await.body;

    let api = Api::with(|b| b.unfinished(Unfinished::Partial)).await;
    let id = api.start_download(&short()).await;
    let url = known.url.replace(&ahead.server.url(), &api.server.url());
    let (mut last, mut etag) = (None, String::new());
    loop {
        let sent = api.get(&url, &[]).await;
        assert_eq!(sent.status, 200);
        assert!(
            sent.body == whole[..sent.body.len()],
            "a beginning of the whole"
        );
        assert!(last < Some(sent.body.len()), "it grows");
        assert_ne!(sent.header("etag"), etag, "another version");
        let head = api.fetch(Method::HEAD, &url, &[]).await;
        assert_eq!(head.headers, sent.headers);
        etag = sent.header("etag").to_owned();
        last = Some(sent.body.len());
        if api.percent(&id).await == 100 {
            assert_eq!(sent.body.len() as u64, known.bytes);
            assert_eq!(sent.header("cache-control"), "no-cache");
            break;
        }
        assert!((sent.body.len() as u64) < known.bytes);
        assert_eq!(sent.header("cache-control"), "no-store");
        api.clock.advance(Duration::from_millis(100));
    }
}

#[tokio::test]
async fn what_is_forgotten_has_no_file() {
    let api = Api::start().await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    assert_eq!(api.fetch(Method::HEAD, &file.url, &[]).await.status, 200);
    api.clock.advance(Limits::default().keep_jobs);
    assert_eq!(api.get(&file.url, &[]).await.status, 404);
}

#[tokio::test]
async fn an_address_is_not_guessed_from_an_id() {
    let api = Api::start().await;
    let (one, other) = (
        api.finish(&short(), LONG_ENOUGH).await,
        api.finish(&short(), LONG_ENOUGH).await,
    );
    let parts = |url: &str| {
        let rest = url.split_once("/__files/").unwrap().1;
        let (key, name) = rest.split_once('/').unwrap();
        (key.to_owned(), name.to_owned())
    };
    let ((key, name), (_, other_name)) = (parts(&one.url), parts(&other.url));
    assert_ne!(name, other_name);
    let zeros = "0".repeat(16);
    for path in [
        format!("{key}/{other_name}"),
        format!("{zeros}/{name}"),
        format!("{key}0/{name}"),
        format!("{}/{name}", &key[1..]),
        format!("/{name}"),
        name.clone(),
        format!("{key}/{}", name.trim_end_matches(".mp4")),
        format!("{key}/"),
        key.clone(),
        String::new(),
    ] {
        let sent = api.get(&api.url(&format!("/__files/{path}")), &[]).await;
        assert_eq!(sent.status, 404, "{path}");
    }
    // Escapes may be written otherwise: it is the same address (RFC 3986 §6.2.2).
    let plain = one.url.replace("%3A", ":");
    assert_eq!(api.fetch(Method::HEAD, &plain, &[]).await.status, 200);
    // Another seed, other addresses.
    let elsewhere = Api::with(|b| b.seed(2)).await;
    let same_id = elsewhere.finish(&short(), LONG_ENOUGH).await;
    assert_eq!(same_id.id, one.id);
    assert_ne!(parts(&same_id.url).0, key);
}

#[tokio::test]
async fn traversal_leads_nowhere() {
    let api = Api::start().await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    let path = file.url.strip_prefix(&api.server.url()).unwrap();
    let folder = path.rsplit_once('/').unwrap().0;
    for name in [
        "../../../../etc/passwd",
        "..",
        "%2e%2e/%2e%2e/etc/passwd",
        "%2e%2e%2fCargo.toml.mp4",
        "..%5c..%5cCargo.toml",
        "%5c%2e%2e.mp4",
        "%00.mp4",
        "x%00.mp4",
        "%ff%fe.mp4",
        "%.mp4",
        "/etc/passwd",
    ] {
        let answer = api.raw_get(&format!("{folder}/{name}")).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{name}: {answer}");
        assert!(answer.ends_with("never was.\n"), "{name}: {answer}");
    }
    for path in [
        format!("{path}%00"),
        format!("{path}/"),
        format!("{path}/.."),
    ] {
        let answer = api.raw_get(&path).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    let answer = api.raw_get(&format!("{folder}/\0.mp4")).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn behind_a_proxy_addresses_begin_elsewhere() {
    let api = Api::with(|b| b.public_url("https://sms.example/front/")).await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    let path = file.url.strip_prefix("https://sms.example/front").unwrap();
    assert_eq!(
        api.fetch(Method::HEAD, &api.url(path), &[]).await.status,
        200
    );
    let error = smsload_mock::MockServer::builder()
        .public_url("sms.example")
        .start()
        .await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("`sms.example`") && error.contains("https://"),
        "{error}"
    );
}

#[tokio::test]
async fn a_contract_cannot_hide_the_files_and_its_figures_are_kept_to() {
    let tiny = "size: 'recorded.seconds * 100'";
    let contract = contract(&[
        ("size: recorded.bytes", tiny),
        (
            "/api/smsload/playback/v1/queryDownloadProgress:",
            "/__files/hidden:",
        ),
    ]);
    let api = Api::with(|b| b.contract(contract).unfinished(Unfinished::Partial)).await;
    assert_eq!(api.get(&api.url("/__files/hidden"), &[]).await.status, 404);

    let contract = crate::support::contract(&[("size: recorded.bytes", tiny)]);
    let api = Api::with(|b| b.contract(contract)).await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    assert_eq!(file.bytes, 1_000, "too few for an MP4");
    let sent = api.get(&file.url, &[]).await;
    assert_eq!((sent.status, sent.body.len()), (200, 1_000));
    assert_eq!(sent.header("content-type"), "application/octet-stream");
    let part = api.get(&file.url, &[("range", "bytes=500-")]).await;
    assert!(part.body == sent.body[500..], "a slice");
}

#[tokio::test]
async fn an_empty_file_is_one() {
    let contract = contract(&[("size: recorded.bytes", "size: '0'")]);
    let api = Api::with(|b| b.contract(contract)).await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    for headers in [&[][..], &[("range", "bytes=-1")]] {
        let sent = api.get(&file.url, headers).await;
        assert_eq!((sent.status, sent.header("content-length")), (200, "0"));
    }
    assert_eq!(
        api.get(&file.url, &[("range", "bytes=0-")]).await.status,
        416
    );
}
