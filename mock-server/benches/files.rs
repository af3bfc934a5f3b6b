//! A GiB of a file over loopback, and what memory that takes: `cargo bench -p smsload-mock --bench files`.

#![expect(clippy::expect_used, reason = "a bench that cannot go on should stop")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use divan::{Bencher, counter::BytesCount};
use serde_json::{Value, json};
use smsload_mock::{Clock, MockServer, Speed};

const SIZE: u64 = 1 << 30;

fn main() {
    divan::main();
    // Of client and server together.
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find(|line| line.starts_with("VmHWM"));
        println!("{}", peak.unwrap_or_default());
    }
}

/// Sends a request on a connection of its own; gives the connection and the first bytes that come.
fn ask(addr: SocketAddr, request: &str) -> (TcpStream, Vec<u8>) {
    let mut stream = TcpStream::connect(addr).expect("the server listens");
    stream
        .write_all(request.as_bytes())
        .expect("it takes the request");
    let mut first = vec![0; 4096];
    let count = stream.read(&mut first).expect("it answers");
    first.truncate(count);
    (stream, first)
}

fn post(addr: SocketAddr, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let (_, answer) = ask(
        addr,
        &format!(
            "POST /api/smsload/playback/v1/{path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let text = String::from_utf8_lossy(&answer);
    let (_, body) = text.split_once("\r\n\r\n").expect("a head");
    serde_json::from_str(body).expect("JSON")
}

/// The path of a file of several GiB.
fn finished(addr: SocketAddr, clock: &Clock) -> String {
    let day = json!({
        "device_unicode": "34020000001110000228", "source_type": "3", "channel": "34020000001320000666",
        "start_time": "2025-04-04T00:00:00", "end_time": "2025-04-04T06:00:00",
    });
    let started = post(addr, "download", &day);
    clock.advance(Duration::from_secs(3000));
    let id = json!({"stream_id": started["data"]["stream_id"]});
    let progress = post(addr, "queryDownloadProgress", &id);
    let url = progress["data"]["file_url"].as_str().expect("an address");
    url.replace(&format!("http://{addr}"), "")
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn download(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let clock = Arc::new(Clock::new(Speed::REAL));
    let builder = MockServer::builder().clock(Arc::clone(&clock));
    let server = runtime.block_on(builder.start()).expect("a server");
    let path = finished(server.addr(), &clock);
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nrange: bytes=0-{}\r\n\r\n",
        SIZE - 1
    );
    let mut buffer = vec![0; 256 << 10];
    bencher.counter(BytesCount::new(SIZE)).bench_local(|| {
        let (mut stream, first) = ask(server.addr(), &request);
        assert!(first.starts_with(b"HTTP/1.1 206"), "another answer");
        // Head and beginning may have come together; then fewer are left, by no more than that.
        let mut left = SIZE - first.len() as u64;
        while left > 0 {
            let count = stream.read(&mut buffer).expect("it goes on");
            assert!(count > 0, "it ended early");
            left = left.saturating_sub(count as u64);
        }
    });
}
