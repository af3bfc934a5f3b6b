//! Load: `wrk` with a script that gives every request its own window, or asks for one download again and again.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

/// The page's operation.
pub(crate) const DOWNLOAD_PATH: &str = "/api/smsload/playback/v1/download";
/// The sibling page's operation.
pub(crate) const QUERY_PATH: &str = "/api/smsload/playback/v1/queryDownloadProgress";

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// A new download each time: one of 2,000 channels, a window of its own.
    Create,
    /// The same, over 1,000 channels.
    Fill,
    /// The progress of one download.
    Query,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Fill => "fill",
            Self::Query => "query",
        })
    }
}

/// What a run of the load tool found.
pub(crate) struct Found {
    pub(crate) per_second: f64,
    pub(crate) requests: u64,
}

/// Channels end with 1, since the mock gives some other endings a meaning.
const CREATE: &str = r#"
local threads = 0
function setup(thread) thread:set("number", threads); threads = threads + 1 end
local n = 0
function request()
  local channel = (number * EACH + n % EACH) * 10 + 1
  local second = math.floor(n / EACH) + OFFSET
  n = n + 1
  local body = string.format('{"device_unicode":"34020000001110000228","platfrom_id":"2","source_type":"3","channel":"3402000000132%07d","start_time":"2025-04-04T%02d:%02d:%02d","end_time":"2025-04-05T12:00:00"}',
    channel, math.floor(second / 3600) % 24, math.floor(second / 60) % 60, second % 60)
  return wrk.format("POST", "DOWNLOAD", headers, body)
end
"#;

const QUERY: &str = r#"
wrk.method = "POST"
wrk.body = '{"stream_id":"ID"}'
"#;

/// Runs `wrk` with 32 connections. Fails if anything was not answered with 200.
pub(crate) fn run(load: Load, root: &str, id: &str, seconds: u32) -> anyhow::Result<Found> {
    let head = r#"headers = {["Content-Type"] = "application/json"}; wrk.headers = headers"#;
    let (script, url) = match load {
        Load::Create | Load::Fill => {
            let each = if matches!(load, Load::Fill) {
                "500"
            } else {
                "1000"
            };
            // Rounds of one run must not meet in their windows.
            let offset = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)?
                .as_secs()
                % 3_600;
            let script = CREATE
                .replace("OFFSET", &(offset * 10).to_string())
                .replace("EACH", each)
                .replace("DOWNLOAD", DOWNLOAD_PATH);
            (script, format!("{root}{DOWNLOAD_PATH}"))
        }
        Load::Query => (QUERY.replace("ID", id), crate::query_url(root)),
    };
    let mut file = tempfile::NamedTempFile::new()?;
    writeln!(file, "{head}\n{script}")?;
    let output = Command::new("wrk")
        .args(["-t2", "-c32", &format!("-d{seconds}s"), "-s"])
        .arg(file.path())
        .arg(url)
        .output()
        .context("`wrk` cannot be run; install it (Debian: apt-get install wrk)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || text.contains("Non-2xx") || text.contains("Socket errors") {
        bail!("the load did not go well:\n{text}");
    }
    let figure = |before: &str, after: &str| -> anyhow::Result<f64> {
        let line = text
            .lines()
            .find_map(|line| Some(line.trim().split_once(before)?.1))
            .and_then(|rest| rest.split(after).next());
        let line = line.with_context(|| format!("no `{before}` in what wrk prints:\n{text}"))?;
        Ok(line.trim().parse()?)
    };
    let requests = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "))
        .and_then(|(count, _)| count.parse().ok())
        .with_context(|| format!("no count in what wrk prints:\n{text}"))?;
    Ok(Found {
        per_second: figure("Requests/sec:", "\n")?,
        requests,
    })
}

/// Starts one download and gives its id. Written by hand, since a client's own start would be measured with the mock's.
pub(crate) fn create_one(root: &str) -> anyhow::Result<String> {
    let body = json!({
        "device_unicode": "34020000001110000228", "source_type": "3", "channel": "34020000001320000666",
        "start_time": "2025-04-04T21:36:17", "end_time": "2025-04-04T22:36:17",
    })
    .to_string();
    let address = root.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST {DOWNLOAD_PATH} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let answer = json_of(&mut stream)?;
    let id = answer["data"]["stream_id"].as_str();
    Ok(id
        .with_context(|| format!("not accepted: {answer}"))?
        .to_owned())
}

/// Whether the job of a number (from 0) is there, as the control interface lists it.
pub(crate) fn has_job(root: &str, number: u64) -> anyhow::Result<bool> {
    let address = root.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET /__mock/jobs?limit=1&after={} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n",
        number.saturating_sub(1)
    )?;
    Ok(json_of(&mut stream)?["jobs"][0]["number"] == number)
}

/// Reads an answer to its end.
fn json_of(stream: &mut TcpStream) -> anyhow::Result<Value> {
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("no HTTP: {answer:?}"))?;
    Ok(serde_json::from_str(body)?)
}

/// Channels of the device whose jobs call back.
const CALLING_CHANNELS: u32 = 100;

/// A world with a device whose channels are all transferred equally fast.
pub(crate) fn write_world(out: &mut impl std::io::Write, speed: u32) -> anyhow::Result<()> {
    writeln!(
        out,
        "defaults: {{bit_rate: 2000000, transfer_speed: {speed}}}"
    )?;
    writeln!(out, "devices:\n  - id: calling\n    channels:")?;
    for channel in 0..CALLING_CHANNELS {
        writeln!(out, "      - id: c{channel}\n        segments:")?;
        writeln!(
            out,
            "          - {{start: '2025-04-04T00:00:00', end: '2025-04-05T00:00:00'}}"
        )?;
    }
    Ok(())
}

/// Starts so many jobs of so many recorded seconds that call back.
pub(crate) fn start_calling(
    root: &str,
    receiver: SocketAddr,
    jobs: u32,
    seconds: u32,
) -> anyhow::Result<()> {
    let address = root.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut answer = BufReader::new(stream.try_clone()?);
    for job in 0..jobs {
        let second = job / CALLING_CHANNELS;
        let time = |second: u32| {
            let (minute, hour) = (second / 60 % 60, second / 3_600);
            format!("2025-04-04T{hour:02}:{minute:02}:{:02}", second % 60)
        };
        let body = json!({
            "device_unicode": "calling", "source_type": "3", "channel": format!("c{}", job % CALLING_CHANNELS),
            "start_time": time(second), "end_time": time(second + seconds),
            "callback": format!("http://{receiver}/"),
        })
        .to_string();
        stream.write_all(
            format!(
                "POST {DOWNLOAD_PATH} HTTP/1.1\r\nHost: {address}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        )?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body)?;
        let body: Value = serde_json::from_slice(&body)?;
        if body["code"] != "0" {
            bail!("not accepted: {body}");
        }
    }
    Ok(())
}
