//! A server on a free port, a client, and a raw connection.

use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::{Value, json};
use smsload_reference::{
    Administrator, Config, DOWNLOAD_PATH, Fixtures, Job, PROGRESS_PATH, Reference, Running,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::source::Source;

pub(crate) const NAMES: Fixtures = Fixtures::DEMO;

/// Far longer than anything here takes; a test that reaches it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The demonstration with timeouts short enough to wait for. A connection that a client keeps is closed
/// soon, so that it can be closed while the next request is being sent.
pub(crate) fn impatient() -> Config {
    let mut config = config();
    config.limits.header_timeout = Duration::from_millis(300);
    config.limits.body_timeout = Duration::from_millis(600);
    config.limits.write_timeout = Duration::from_millis(300);
    config
}

/// The demonstration, as fast as it can be.
pub(crate) fn config() -> Config {
    let mut config = Config::demo();
    config.limits.header_timeout = PATIENCE * 6;
    config.limits.shutdown_grace = Duration::from_secs(1);
    config.jobs.speed = None;
    config.jobs.save_every = Duration::from_millis(10);
    config
}

pub(crate) fn speed(times: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(times)
}

pub(crate) fn capacity(jobs: u16) -> NonZeroU16 {
    NonZeroU16::new(jobs).unwrap()
}

pub(crate) struct Api {
    pub(crate) running: Running,
    pub(crate) source: Source,
    pub(crate) client: Client,
}

/// An answer: status and envelope.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        assert_eq!(response.headers()["content-type"], "application/json");
        let body: Value = response.json().await.unwrap();
        let members: Vec<&str> = body
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(members, ["code", "message", "data"]);
        Self { status, body }
    }

    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap()
    }

    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap()
    }

    /// A member of `data`, which has to be a string.
    #[track_caller]
    pub(crate) fn data(&self, member: &str) -> String {
        self.body["data"][member]
            .as_str()
            .unwrap_or_else(|| panic!("{self:?}"))
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn seconds(&self) -> u64 {
        self.data("playback_duration").parse().unwrap()
    }

    #[track_caller]
    pub(crate) fn assert_accepted(&self) -> &Self {
        assert_eq!(
            (self.status, self.code(), self.message()),
            (200, "0", ""),
            "{self:?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn assert_rejected(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        assert!(
            !self.message().is_empty() && self.message().len() < 120,
            "{self:?}"
        );
        assert_eq!(self.body["data"], json!({}));
        self
    }
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn impatient() -> Self {
        Self::with(impatient()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::of(config, Source::default()).await
    }

    pub(crate) async fn of(config: Config, source: Source) -> Self {
        let reference = Reference::with_source(config, Arc::new(source.clone())).unwrap();
        Self::started(reference, source).await
    }

    pub(crate) async fn started(reference: Reference, source: Source) -> Self {
        let addr = ([127, 0, 0, 1], 0).into();
        let running = reference.start(addr).await.unwrap();
        let client = Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            running,
            source,
            client,
        }
    }

    /// Posts bytes as JSON.
    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.client.post(format!("{}{path}", self.running.url()));
        let request = request
            .header("content-type", "application/json")
            .body(body);
        Answer::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn download(&self, body: &Value) -> Answer {
        self.post(DOWNLOAD_PATH, body.to_string()).await
    }

    pub(crate) async fn progress(&self, stream_id: &str) -> Answer {
        self.post(PROGRESS_PATH, json!({ "stream_id": stream_id }).to_string())
            .await
    }

    /// The address of a download's file, once it is finished.
    pub(crate) async fn file_of(&self, id: &str) -> String {
        poll_until("the file", async || {
            let answer = self.progress(id).await;
            Some(answer.assert_accepted().data("file_url")).filter(|url| !url.is_empty())
        })
        .await
    }

    /// A number from the page of metrics that has no labels.
    pub(crate) async fn metric(&self, name: &str) -> Option<u64> {
        let url = format!("{}/metrics", self.running.url());
        let page = self
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map(|number| number.parse().unwrap())
    }

    /// What an operator sees of a job.
    pub(crate) async fn job(&self, id: &str) -> Job {
        let folder = self.running.data_dir().to_owned();
        let jobs = Administrator::open(&folder).unwrap().list().unwrap();
        jobs.into_iter()
            .find(|job| job.id.to_string() == id)
            .unwrap()
    }

    pub(crate) async fn connect(&self) -> Raw {
        Raw(TcpStream::connect(self.running.addr()).await.unwrap())
    }
}

/// A valid request for the recorded window.
pub(crate) fn valid() -> Value {
    within(NAMES.recorded)
}

/// A request that is valid but for, perhaps, its window.
pub(crate) fn within((start, end): (&str, &str)) -> Value {
    json!({
        "device_unicode": NAMES.device,
        "source_type": "3",
        "channel": NAMES.channel,
        "start_time": start,
        "end_time": end,
    })
}

/// The valid request with one member replaced or added.
pub(crate) fn with(member: &str, value: impl Into<Value>) -> Value {
    let mut body = valid();
    body[member] = value.into();
    body
}

/// The valid request without one member.
pub(crate) fn without(member: &str) -> Value {
    let mut body = valid();
    body.as_object_mut().unwrap().remove(member);
    body
}

/// A request in bytes, as valid as the parts given.
pub(crate) fn raw_post(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {DOWNLOAD_PATH} HTTP/1.1\r\ncontent-type: application/json\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

/// A connection that sends what it likes.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// All that comes until the server closes the connection, and how long that took.
    pub(crate) async fn until_closed(&mut self) -> (String, Duration) {
        let started = Instant::now();
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        // A reset is an end too.
        let _ = read.expect("the server did not close the connection");
        (String::from_utf8(bytes).unwrap(), started.elapsed())
    }
}

/// Asks again and again until `done`; fails if it never is.
pub(crate) async fn poll_until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
