//! The service from outside: how many requests it accepts, what many downloads cost in memory, how fast files are served.
//!
//! ```text
//! cargo bench -p smsload-reference --bench service               all of it
//! cargo bench -p smsload-reference --bench service -- accept     accepted requests a second, each durable
//! cargo bench -p smsload-reference --bench service -- memory     200 downloads at once: the most memory they take
//! cargo bench -p smsload-reference --bench service -- files      beside nginx with sendfile off (needs nginx and wrk)
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench that cannot go on says so by panicking"
)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use smsload_reference::{
    Config, DOWNLOAD_PATH, Later, PROGRESS_PATH, Plan, Recording, RecordingSource, RecordingStream,
    Reference, SourceError, Window,
};

/// The most that 200 downloads may take.
const MOST_MEMORY: u64 = 200 << 20;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(place) = wanted.iter().position(|argument| argument == "serve") {
        return serve(&wanted[place + 1..]);
    }
    let is_wanted = |name: &str| {
        let mut names = wanted.iter().filter(|argument| !argument.starts_with('-'));
        names.clone().count() == 0 || names.any(|other| other == name)
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if is_wanted("accept") {
        runtime.block_on(accept());
    }
    if is_wanted("memory") {
        runtime.block_on(memory());
    }
    if is_wanted("files") {
        runtime.block_on(files());
    }
}

/// Recordings of zeros: so many bytes for each second of the window, with a pause after each chunk.
struct Zeros {
    rate: u64,
    pause: Duration,
}

impl RecordingSource for Zeros {
    fn locate<'a>(
        &'a self,
        device: &'a str,
        channel: &'a str,
        window: Window,
    ) -> Later<'a, Recording> {
        Box::pin(async move {
            Ok(Recording {
                device: device.parse().map_err(|_| SourceError::UnknownDevice)?,
                channel: channel.parse().map_err(|_| SourceError::UnknownChannel)?,
                duration_ms: window.seconds() * 1000,
                bytes: Some(window.seconds() * self.rate),
                plan: Plan::new(""),
            })
        })
    }

    fn open<'a>(
        &'a self,
        recording: &'a Recording,
        from: u64,
    ) -> Later<'a, Box<dyn RecordingStream>> {
        let stream = Stream {
            at: from,
            end: recording.bytes.unwrap_or(0),
            pause: self.pause,
        };
        Box::pin(std::future::ready(Ok(Box::new(stream) as _)))
    }
}

struct Stream {
    at: u64,
    end: u64,
    pause: Duration,
}

impl RecordingStream for Stream {
    fn position(&self) -> u64 {
        self.at
    }

    fn next(&mut self) -> Later<'_, Option<Bytes>> {
        Box::pin(async {
            let length = (self.end - self.at).min(smsload_reference::MAX_CHUNK as u64);
            if length == 0 {
                return Ok(None);
            }
            if !self.pause.is_zero() {
                tokio::time::sleep(self.pause).await;
            }
            self.at += length;
            Ok(Some(vec![7; usize::try_from(length).unwrap()].into()))
        })
    }
}

/// The process that is measured: data folder, bytes of a second, milliseconds of a pause, jobs at work.
fn serve(arguments: &[String]) {
    let number = |place: usize| arguments[place].parse::<u64>().unwrap();
    let mut config = Config::from_toml("sip_domain = '3402000000'").unwrap();
    config.data_dir = Some(arguments[0].clone().into());
    config.jobs.at_work = u16::try_from(number(3)).unwrap().try_into().unwrap();
    config.limits.max_connections = 1024;
    let source = Zeros {
        rate: number(1),
        pause: Duration::from_millis(number(2)),
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let reference = Reference::with_source(config, Arc::new(source)).unwrap();
        let running = reference.start(([127, 0, 0, 1], 0).into()).await.unwrap();
        println!("{}", running.url());
        std::future::pending::<()>().await;
    });
}

/// A process, ended when it is dropped.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(folder: &Path, rate: u64, pause: u64, at_work: u64) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let numbers = [rate, pause, at_work].map(|number| number.to_string());
        command
            .arg("serve")
            .arg(folder)
            .args(numbers)
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        Self { child, url }
    }

    /// The most memory that it ever had, in bytes.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn request(second: u32, seconds: u32) -> Value {
    let time = |second: u32| {
        format!(
            "2025-01-01T{:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    };
    json!({
        "device_unicode": "34020000001110000228", "source_type": "3",
        "channel": "34020000001320000666",
        "start_time": time(second), "end_time": time(second + seconds),
    })
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn post(client: &reqwest::Client, url: String, body: &Value) -> Value {
    client
        .post(url)
        .json(body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

/// 64 clients ask for 6,000 downloads; none is at work meanwhile but one that waits, so that accepting is measured.
async fn accept() {
    const REQUESTS: u32 = 6_000;
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), 1000, 3_600_000, 1);
    let next = Arc::new(AtomicU32::new(0));
    let started = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (next, url) = (next.clone(), format!("{}{DOWNLOAD_PATH}", server.url));
        clients.spawn(async move {
            let client = client();
            loop {
                let number = next.fetch_add(1, SeqCst);
                if number >= REQUESTS {
                    return;
                }
                let answer = post(&client, url.clone(), &request(number, 1)).await;
                assert_eq!(answer["code"], "0", "{answer}");
            }
        });
    }
    clients.join_all().await;
    let rate = f64::from(REQUESTS) / started.elapsed().as_secs_f64();
    println!("accept: {rate:.0} requests a second accepted, each durable (goal: 1000)");
}

/// 200 downloads of 8 MiB at once.
async fn memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), 8 << 20, 20, 200);
    let client = client();
    let mut ids = Vec::new();
    for number in 0..200 {
        let url = format!("{}{DOWNLOAD_PATH}", server.url);
        let answer = post(&client, url, &request(number, 1)).await;
        ids.push(answer["data"]["stream_id"].as_str().unwrap().to_owned());
    }
    for id in ids {
        finished(&client, &server.url, &id).await;
    }
    let peak = server.peak();
    println!(
        "memory: 200 downloads at once took {} MiB at most (goal: 200)",
        peak >> 20
    );
    assert!(peak < MOST_MEMORY);
}

/// The address of a file, once it is there.
async fn finished(client: &reqwest::Client, url: &str, id: &str) -> String {
    loop {
        let body = json!({ "stream_id": id });
        let answer = post(client, format!("{url}{PROGRESS_PATH}"), &body).await;
        match answer["data"]["file_url"].as_str().unwrap() {
            "" => tokio::time::sleep(Duration::from_millis(20)).await,
            url => return url.to_owned(),
        }
    }
}

/// A file of 64 MiB, whole and in ranges, and one of 64 KiB: here and by nginx, in turns.
async fn files() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(&folder.path().join("data"), 64 << 10, 0, 8);
    let client = client();
    let mut pairs = Vec::new();
    for (name, seconds) in [("large", 1024), ("small", 1)] {
        let answer = post(
            &client,
            format!("{}{DOWNLOAD_PATH}", server.url),
            &request(0, seconds),
        )
        .await;
        let id = answer["data"]["stream_id"].as_str().unwrap();
        let url = finished(&client, &server.url, id).await;
        let bytes = client
            .get(&url)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        std::fs::create_dir_all(folder.path().join("www")).unwrap();
        std::fs::write(folder.path().join("www").join(name), bytes).unwrap();
        pairs.push((name, url));
    }
    let nginx = nginx(folder.path());
    for (name, url) in pairs {
        for range in ["", "bytes=1000000-5000000"] {
            if name == "small" && !range.is_empty() {
                continue;
            }
            let other = format!("{}/{name}", nginx.url);
            let [mut ours, mut theirs] = [Vec::new(), Vec::new()];
            for _ in 0..5 {
                ours.push(wrk(&url, range, folder.path()));
                theirs.push(wrk(&other, range, folder.path()));
            }
            let (ours, theirs) = (median(ours), median(theirs));
            let share = ours / theirs;
            println!(
                "files: {name} {range:24} {:.0} MB/s here, {:.0} MB/s by nginx: {share:.2} (goal: 0.70)",
                ours / 1e6,
                theirs / 1e6
            );
        }
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Bytes a second, by 8 connections for 3 seconds.
fn wrk(url: &str, range: &str, folder: &Path) -> f64 {
    let script = folder.join("wrk.lua");
    let mut text = String::from(
        "done = function(s, l, r) io.write('RATE ' .. s.bytes / (s.duration / 1e6) .. '\\n') end\n",
    );
    if !range.is_empty() {
        writeln!(text, "wrk.headers['Range'] = '{range}'").unwrap();
    }
    std::fs::write(&script, text).unwrap();
    let mut command = Command::new("wrk");
    command
        .args(["-t", "2", "-c", "8", "-d", "3s", "-s"])
        .arg(&script)
        .arg(url);
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("wrk is needed: {error}"));
    let output = String::from_utf8(output.stdout).unwrap();
    let rate = output.lines().find_map(|line| line.strip_prefix("RATE "));
    rate.unwrap_or_else(|| panic!("{output}")).parse().unwrap()
}

/// nginx with two workers and sendfile off, on the folder `www`.
fn nginx(folder: &Path) -> Process {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = probe.local_addr().unwrap();
    drop(probe);
    let root = folder.display();
    let config = format!(
        "daemon off; worker_processes 2; pid {root}/nginx.pid; error_log {root}/error.log;\n\
         user root; events {{ worker_connections 256; }}\n\
         http {{ sendfile off; access_log off; keepalive_requests 1000000;\n\
         server {{ listen {addr}; root {root}/www; }} }}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::File::create(&file)
        .unwrap()
        .write_all(config.as_bytes())
        .unwrap();
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&file).arg("-p").arg(folder);
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("nginx is needed: {error}"));
    while std::net::TcpStream::connect(addr).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    Process {
        child,
        url: format!("http://{addr}"),
    }
}
