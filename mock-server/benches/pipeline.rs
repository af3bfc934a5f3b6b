//! The pipeline without sockets: `cargo bench -p smsload-mock`.

#![expect(
    clippy::expect_used,
    reason = "a bench whose set-up fails has nothing to measure"
)]

use divan::Bencher;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;
use smsload_mock::{Limits, Mock, Outcome, Request, Settings};

fn main() {
    divan::main();
}

const DOWNLOAD: &str = "/api/smsload/playback/v1/download";
const PROGRESS: &str = "/api/smsload/playback/v1/queryDownloadProgress";

/// A mock that keeps no finished job for long and has room for all that the benches start.
fn mock() -> Mock {
    let limits = Limits {
        max_jobs: 4_000_000,
        ..Limits::default()
    };
    Mock::new(Settings {
        limits,
        ..Settings::default()
    })
    .expect("the limits are in range")
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers
}

fn download(channel: u64) -> String {
    json!({
        "device_unicode": "34020000001110000228", "platfrom_id": "2", "source_type": "3",
        "channel": format!("3402000000132{channel:07}"),
        "start_time": "2025-04-04T21:36:17", "end_time": "2025-04-04T21:36:27",
    })
    .to_string()
}

/// Calls the pipeline; gives how it came out and the body.
fn call(mock: &Mock, headers: &HeaderMap, path: &str, body: &str) -> (Outcome, bytes::Bytes) {
    let method = &Method::POST;
    let answer = mock.answer(&Request {
        method,
        path,
        query: "",
        headers,
        body: body.as_bytes(),
    });
    (answer.outcome, answer.body)
}

#[divan::bench]
fn create(bencher: Bencher<'_, '_>) {
    let (mock, headers) = (mock(), headers());
    let mut channel = 0;
    bencher
        .with_inputs(|| {
            channel += 1;
            // Channels whose names are kept for something else are left out.
            download(channel % 200)
        })
        .bench_local_refs(|body| call(&mock, &headers, DOWNLOAD, body));
}

#[divan::bench(args = [1, 100_000])]
fn query(bencher: Bencher<'_, '_>, jobs: u64) {
    let (mock, headers) = (mock(), headers());
    let mut body = String::new();
    for n in 0..jobs {
        let (_, answer) = call(&mock, &headers, DOWNLOAD, &download(n % 200));
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        body = json!({"stream_id": answer["data"]["stream_id"]}).to_string();
    }
    bencher.bench_local(|| call(&mock, &headers, PROGRESS, &body));
}

#[divan::bench]
fn refuse(bencher: Bencher<'_, '_>) {
    let (mock, headers) = (mock(), headers());
    let body = download(1).replace("\"3\"", "\"1\"");
    bencher.bench_local(|| call(&mock, &headers, DOWNLOAD, &body));
}
