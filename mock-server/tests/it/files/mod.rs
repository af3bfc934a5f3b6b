//! The files of finished downloads.

mod addresses;
mod ranges;

use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use smsload_mock::{Clip, Limits};

use crate::support::{Api, SOON, but, hurried, valid};

/// Longer than any download of an hour or less takes.
const LONG_ENOUGH: Duration = Duration::from_secs(500);

/// An answer with its bytes.
#[derive(Debug)]
struct Sent {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

/// A download that has ended.
struct Finished {
    id: String,
    url: String,
    seconds: u64,
    bytes: u64,
}

impl Api {
    async fn fetch(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> Sent {
        let mut request = self.client.request(method, url).timeout(SOON);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        Sent {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    async fn get_file(&self, url: &str, headers: &[(&str, &str)]) -> Sent {
        self.fetch(Method::GET, url, headers).await
    }

    async fn finish(&self, body: &Value, after: Duration) -> Finished {
        let data = self.download(body).await.accepted();
        let number = |name: &str| data[name].as_str().unwrap().parse().unwrap();
        let id = data["stream_id"].as_str().unwrap().to_owned();
        self.clock.advance(after);
        Finished {
            url: self.file_url(&id).await,
            seconds: number("playback_duration"),
            bytes: number("playback_file_size"),
            id,
        }
    }

    /// What the progress query tells.
    async fn file_url(&self, id: &str) -> String {
        let data = self.progress(id).await.accepted();
        data["file_url"].as_str().unwrap().to_owned()
    }

    /// The first line and all of the answer to a GET whose path nobody tidies up on the way.
    async fn raw_get(&self, path: &str) -> String {
        let mut raw = self.connect().await;
        raw.send(format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        ))
        .await;
        raw.until_closed().await
    }
}

/// Ten seconds.
fn short() -> Value {
    but("end_time", "2025-04-04T08:00:10")
}

/// The clip of a download: its tag stands in the file, in a box called `free`.
fn clip(file: &Finished, start: &[u8]) -> Clip {
    let at = start.windows(4).position(|name| name == b"free").unwrap() + 4;
    let tag = u64::from_be_bytes(start[at..at + 8].try_into().unwrap());
    Clip::new(file.seconds, file.bytes, tag).unwrap()
}

fn bytes(clip: &Clip, from: u64, to: u64) -> Vec<u8> {
    let mut out = vec![0; usize::try_from(to - from).unwrap()];
    assert_eq!(clip.read_at(from, &mut out), out.len());
    out
}

#[tokio::test]
async fn the_address_gives_the_whole_file() {
    let api = Api::start().await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    assert!(
        file.url
            .starts_with(&format!("{}/__files/", api.server.url())),
        "{}",
        file.url
    );
    let sent = api.get_file(&file.url, &[]).await;
    assert_eq!(sent.status, 200);
    assert_eq!(sent.body.len() as u64, file.bytes);
    assert_eq!(sent.body, bytes(&clip(&file, &sent.body), 0, file.bytes));
    assert_eq!(sent.header("content-type"), "video/mp4");
    assert_eq!(sent.header("content-length"), file.bytes.to_string());
    assert_eq!(sent.header("accept-ranges"), "bytes");
    assert_eq!(sent.header("cache-control"), "no-cache");
    // By the mock's clock, which stands 500 s after the start; ten seconds take 0.3 to 1.3 s.
    assert_eq!(sent.header("date"), "Sat, 31 May 2025 16:08:20 GMT");
    assert!(
        sent.header("last-modified")
            .starts_with("Sat, 31 May 2025 16:00:0"),
        "{sent:?}"
    );

    let again = api.get_file(&file.url, &[]).await;
    assert_eq!(again.headers, sent.headers);
    assert!(again.body == sent.body, "the same bytes");
    assert_eq!(api.file_url(&file.id).await, file.url, "the address stays");
}

#[tokio::test]
async fn head_tells_what_get_would_and_heeds_no_range() {
    let api = Api::start().await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    let got = api.get_file(&file.url, &[]).await;
    for headers in [
        &[][..],
        &[("range", "bytes=0-9")],
        &[("range", "bytes=999999999-")],
    ] {
        let head = api.fetch(Method::HEAD, &file.url, headers).await;
        assert_eq!(head.status, 200);
        assert_eq!(head.headers, got.headers);
        assert!(head.body.is_empty());
    }
    let etag = got.header("etag");
    let head = api
        .fetch(Method::HEAD, &file.url, &[("if-none-match", etag)])
        .await;
    assert_eq!(head.status, 304);
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let api = Api::start().await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    for method in [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::OPTIONS,
    ] {
        let sent = api.fetch(method, &file.url, &[]).await;
        assert_eq!((sent.status, sent.header("allow")), (405, "GET, HEAD"));
    }
}

#[tokio::test]
async fn two_downloads_are_two_files() {
    let api = Api::start().await;
    let (one, other) = (
        api.finish(&short(), LONG_ENOUGH).await,
        api.finish(&short(), LONG_ENOUGH).await,
    );
    assert_eq!(one.bytes, other.bytes);
    let (first, second) = (
        api.get_file(&one.url, &[]).await,
        api.get_file(&other.url, &[]).await,
    );
    assert!(first.body != second.body, "different bytes");
    assert_ne!(first.header("etag"), second.header("etag"));
}

/// A finished download of ten days.
async fn huge(limits: Limits) -> (Api, Finished) {
    let takes_at_most = Duration::from_secs(864_000 / 8);
    let limits = Limits {
        keep_jobs: takes_at_most,
        ..limits
    };
    let api = Api::with(|b| b.limits(limits)).await;
    let body = but("end_time", "2025-04-14T08:00:00");
    let file = api.finish(&body, takes_at_most).await;
    (api, file)
}

#[tokio::test]
async fn more_than_ten_gibibytes_cost_nothing() {
    // An answer that computed all of it first would take minutes, one that kept it would not fit.
    let (api, file) = huge(Limits::default()).await;
    assert!(file.bytes > 10 << 30, "{}", file.bytes);
    let began = Instant::now();
    let start = api
        .get_file(&file.url, &[("range", "bytes=0-99999")])
        .await
        .body;
    let clip = clip(&file, &start);
    assert!(start == bytes(&clip, 0, 100_000), "the beginning");
    for from in [
        10 << 30,
        file.bytes / 2 + 1,
        file.bytes - 200_001,
        file.bytes - 1,
    ] {
        let to = file.bytes.min(from + 200_000);
        let range = format!("bytes={from}-{}", to - 1);
        let sent = api.get_file(&file.url, &[("range", &range)]).await;
        assert_eq!(sent.status, 206);
        assert!(sent.body == bytes(&clip, from, to), "{range}: other bytes");
    }
    let mut response = api.client.get(&file.url).send().await.unwrap();
    assert_eq!(response.content_length(), Some(file.bytes));
    let mut at = 0;
    while at < 1 << 20 {
        let chunk = response.chunk().await.unwrap().unwrap();
        assert!(
            chunk == bytes(&clip, at, at + chunk.len() as u64),
            "at {at}"
        );
        at += chunk.len() as u64;
    }
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let (api, file) = huge(Limits {
        write_timeout: Duration::from_millis(100),
        ..Limits::default()
    })
    .await;
    let path = file.url.strip_prefix(&api.server.url()).unwrap();
    let mut raw = api.connect().await;
    raw.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
        .await;
    raw.until("video/mp4").await;
    // Its connection is not to be taken for that of the other.
    drop(api.client);
    let deadline = Instant::now() + SOON;
    while api.server.connection_count() > 0 {
        assert!(Instant::now() < deadline, "the connection stays open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The time for the head of a request is over meanwhile, and it is no request's head that is waited for.
#[tokio::test]
async fn a_client_that_takes_its_time_gets_all_and_is_then_waited_for_no_longer() {
    let limits = hurried();
    let pause = limits.header_timeout * 3;
    let api = Api::with(|b| b.limits(limits)).await;
    let file = api.finish(&valid(), LONG_ENOUGH).await;
    let path = file.url.strip_prefix(&api.server.url()).unwrap();
    // More than the system takes off the server's hands.
    let length = 30_000_000;
    let mut raw = api.connect().await;
    let range = format!("range: bytes=0-{}", length - 1);
    raw.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n{range}\r\n\r\n"))
        .await;
    tokio::time::sleep(pause).await;
    let sent = raw.bytes_until_closed().await;
    let head = sent.windows(4).position(|four| four == b"\r\n\r\n");
    assert_eq!(sent.len(), head.unwrap() + 4 + length);
}

#[test]
#[ignore = "needs ffprobe"]
fn ffprobe_reads_the_announced_duration_over_http() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(Api::start());
    for body in [short(), but("end_time", "2025-04-04T08:00:01"), valid()] {
        let file = runtime.block_on(api.finish(&body, LONG_ENOUGH));
        let shown = std::process::Command::new("ffprobe")
            .args([
                "-v",
                "warning",
                "-show_entries",
                "format=duration,size",
                "-of",
                "csv=p=0",
            ])
            .arg(&file.url)
            .output()
            .unwrap();
        let errors = String::from_utf8(shown.stderr).unwrap();
        assert!(shown.status.success() && errors.is_empty(), "{errors}");
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert_eq!(
            shown.trim(),
            format!("{}.000000,{}", file.seconds, file.bytes)
        );
    }
}
