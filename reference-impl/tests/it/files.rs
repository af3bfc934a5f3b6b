//! Files of finished downloads.

use std::time::Duration;

use proptest::prelude::*;
use reqwest::{Method, Response};
use smsload_reference::FILES_PATH;

use crate::source::{RATE, content};
use crate::support::{Api, config, poll_until, within};

const WINDOW: (&str, &str) = ("2025-04-04T21:30:00", "2025-04-04T22:00:00");
const SIZE: u64 = 1800 * RATE;

/// A finished download's file address.
async fn finished(api: &Api) -> String {
    let id = api.download(&within(WINDOW)).await.data("stream_id");
    api.file_of(&id).await
}

async fn get(api: &Api, url: &str, headers: &[(&str, &str)]) -> Response {
    ask(api, Method::GET, url, headers).await
}

async fn ask(api: &Api, method: Method, url: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = api.client.request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn the_whole_file_is_there_as_soon_as_the_end_is_told() {
    let api = Api::start().await;
    let answer = api.download(&within(WINDOW)).await;
    assert_eq!(answer.data("playback_file_size"), SIZE.to_string());
    let url = api.file_of(&answer.data("stream_id")).await;
    assert!(url.starts_with(&format!("{}{FILES_PATH}", api.running.url())));
    for _ in 0..2 {
        let response = get(&api, &url, &[]).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), "video/mp4");
        assert_eq!(header(&response, "accept-ranges"), "bytes");
        assert_eq!(response.content_length(), Some(SIZE));
        assert_eq!(response.bytes().await.unwrap(), content(WINDOW, SIZE));
    }
    let head = ask(&api, Method::HEAD, &url, &[("range", "bytes=0-1")]).await;
    assert_eq!(head.status(), 200);
    assert_eq!(header(&head, "content-length"), SIZE.to_string());
    let post = ask(&api, Method::POST, &url, &[]).await;
    assert_eq!(
        (post.status().as_u16(), header(&post, "allow")),
        (405, "GET, HEAD")
    );
}

#[tokio::test]
async fn parts_are_exactly_the_bytes_that_they_name() {
    let api = Api::start().await;
    let url = finished(&api).await;
    let whole = content(WINDOW, SIZE);
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=-1", SIZE - 1, SIZE),
        ("bytes=350000-", 350_000, SIZE),
        ("bytes=100-299999", 100, 300_000),
    ] {
        let response = get(&api, &url, &[("range", range)]).await;
        assert_eq!(response.status(), 206, "{range}");
        let named = format!("bytes {from}-{}/{SIZE}", to - 1);
        assert_eq!(header(&response, "content-range"), named);
        let part = &whole[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()];
        assert_eq!(response.bytes().await.unwrap(), part, "{range}");
    }
    for range in ["bytes=360000-", "bytes=-0", "bytes=0-9,5-14"] {
        let response = get(&api, &url, &[("range", range)]).await;
        assert_eq!(response.status(), 416, "{range}");
        assert_eq!(
            header(&response, "content-range"),
            format!("bytes */{SIZE}")
        );
    }
    let thousands = format!("bytes=0-0{}", ",9-9".repeat(500));
    assert_eq!(
        get(&api, &url, &[("range", &thousands)]).await.status(),
        416
    );
    let unknown = get(&api, &url, &[("range", "lines=0-1")]).await;
    assert_eq!(unknown.status(), 200);
}

#[tokio::test]
async fn several_parts_come_in_one_body() {
    let api = Api::start().await;
    let url = finished(&api).await;
    let response = get(&api, &url, &[("range", "bytes=10-12,-3")]).await;
    assert_eq!(response.status(), 206);
    let media_type = header(&response, "content-type").to_owned();
    let boundary = media_type
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let whole = content(WINDOW, SIZE);
    let part = |from: u64, to: u64| {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes {from}-{}/{SIZE}\r\n\r\n",
            to - 1
        );
        let range = usize::try_from(from).unwrap()..usize::try_from(to).unwrap();
        [head.as_bytes(), &whole[range]].concat()
    };
    let end = format!("\r\n--{boundary}--\r\n");
    let expected = [part(10, 13), part(SIZE - 3, SIZE), end.into_bytes()].concat();
    assert_eq!(response.content_length(), Some(expected.len() as u64));
    assert_eq!(response.bytes().await.unwrap(), expected);
}

#[tokio::test]
async fn conditions_are_kept() {
    let api = Api::start().await;
    let url = finished(&api).await;
    let response = get(&api, &url, &[]).await;
    let etag = header(&response, "etag").to_owned();
    let modified = header(&response, "last-modified").to_owned();
    let long_ago = "Thu, 01 Jan 2004 00:00:00 GMT";
    for (headers, status) in [
        (&[("if-none-match", &*etag)][..], 304),
        (&[("if-none-match", "\"x\"")], 200),
        (&[("if-modified-since", &*modified)], 304),
        (&[("if-modified-since", long_ago)], 200),
        (&[("if-match", "\"x\"")], 412),
        (&[("if-match", &*etag)], 200),
        (&[("if-unmodified-since", long_ago)], 412),
        (&[("range", "bytes=0-1"), ("if-range", &*etag)], 206),
        (&[("range", "bytes=0-1"), ("if-range", &*modified)], 206),
        (&[("range", "bytes=0-1"), ("if-range", "\"x\"")], 200),
        (&[("range", "bytes=0-1"), ("if-range", long_ago)], 200),
        (&[("range", "bytes=0-1"), ("if-range", "nonsense")], 200),
        (&[("if-none-match", "*"), ("range", "bytes=0-1")], 304),
    ] {
        let response = get(&api, &url, headers).await;
        assert_eq!(response.status(), status, "{headers:?}");
        assert_eq!(header(&response, "etag"), etag);
    }
}

#[tokio::test]
async fn nothing_else_can_be_fetched() {
    let api = Api::start().await;
    let url = finished(&api).await;
    let name = url.rsplit('/').next().unwrap().to_owned();
    let database = "jobs.sqlite3";
    for path in [
        "",
        "x",
        "..",
        "../jobs.sqlite3",
        "%2e%2e/jobs.sqlite3",
        "..%2fjobs.sqlite3",
        "..%5cjobs.sqlite3",
        "%00",
        "1.part",
        database,
        &name.to_uppercase(),
        &name[1..],
        &name.replace(".mp4", ".txt"),
        &format!("{name}/"),
        &format!("{name}/.."),
        &format!("/{name}"),
        &format!("../work/{name}"),
    ] {
        // Written by hand: a client would tidy the path.
        let mut raw = api.connect().await;
        let request =
            format!("GET {FILES_PATH}{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        raw.send(request.as_bytes()).await;
        let (answer, _) = raw.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_in_the_place_of_a_file_is_not_followed() {
    let api = Api::start().await;
    let url = finished(&api).await;
    let name = url.rsplit('/').next().unwrap().trim_end_matches(".mp4");
    let path = api.running.data_dir().join("files").join(name);
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    assert_eq!(get(&api, &url, &[]).await.status(), 404);
}

#[tokio::test]
async fn an_address_can_expire_before_its_job() {
    let mut config = config();
    config.files.address_ttl = Some(Duration::from_millis(400));
    let api = Api::with(config).await;
    let url = finished(&api).await;
    poll_until("the expiry", async || {
        (get(&api, &url, &[]).await.status() == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn old_files_go_when_all_are_too_large() {
    let mut config = config();
    config.files.max_total_bytes = 2 * SIZE;
    let api = Api::with(config).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = api.download(&within(WINDOW)).await.data("stream_id");
        let url = api.file_of(&id).await;
        ids.push((id, url));
    }
    let (id, url) = &ids[0];
    poll_until("the first one's end", async || {
        (api.progress(id).await.code() == "42205").then_some(())
    })
    .await;
    assert_eq!(get(&api, url, &[]).await.status(), 404);
    assert_eq!(get(&api, &ids[1].1, &[]).await.status(), 200);
    let files = api.running.data_dir().join("files");
    poll_until("the file's end", async || {
        (std::fs::read_dir(&files).unwrap().count() == 2).then_some(())
    })
    .await;
}

#[test]
fn any_range_is_what_it_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(Api::start());
    let url = runtime.block_on(finished(&api));
    let whole = content(WINDOW, SIZE);
    let cases = ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..Default::default()
    };
    proptest!(cases, |(a in 0..SIZE, b in 0..SIZE * 2)| {
        let (from, to) = (a.min(b), a.max(b));
        let range = format!("bytes={from}-{to}");
        let part = runtime.block_on(async {
            let response = get(&api, &url, &[("range", &range)]).await;
            assert_eq!(response.status(), 206);
            response.bytes().await.unwrap()
        });
        let end = usize::try_from((to + 1).min(SIZE)).unwrap();
        prop_assert_eq!(part, &whole[usize::try_from(from).unwrap()..end]);
    });
}
