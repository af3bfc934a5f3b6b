//! Load: `wrk` with a script that gives every request its own window, or asks for one download again and again.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
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
    /// The progress of one download.
    Query,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
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
  local channel = (number * 1000 + n % 1000) * 10 + 1
  local second = math.floor(n / 1000) + OFFSET
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
        Load::Create => {
            // Rounds of one run must not meet in their windows.
            let offset = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)?
                .as_secs()
                % 3_600;
            let script = CREATE
                .replace("OFFSET", &(offset * 10).to_string())
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
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("no HTTP: {answer:?}"))?;
    let answer: Value = serde_json::from_str(body)?;
    let id = answer["data"]["stream_id"].as_str();
    Ok(id
        .with_context(|| format!("not accepted: {answer}"))?
        .to_owned())
}
