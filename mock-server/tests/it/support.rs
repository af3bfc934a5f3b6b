//! A server, a client, and words to ask with.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use smsload_mock::{Clock, Limits, MockServer, MockServerBuilder, RejectStatus};
use smsload_spec::{Contract, Document, Load, OPENAPI_YAML};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

pub(crate) const DOWNLOAD: &str = "/api/smsload/playback/v1/download";
pub(crate) const PROGRESS: &str = "/api/smsload/playback/v1/queryDownloadProgress";

/// How long anything may take that should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A server whose clock is moved by hand, and a client.
pub(crate) struct Api {
    pub(crate) server: MockServer,
    pub(crate) client: reqwest::Client,
    pub(crate) clock: Arc<Clock>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    /// A server built otherwise.
    pub(crate) async fn with(change: impl FnOnce(MockServerBuilder) -> MockServerBuilder) -> Self {
        let clock = Arc::new(Clock::stopped_at(now()));
        let builder = MockServer::builder().seed(1).clock(Arc::clone(&clock));
        let server = change(builder).start().await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            server,
            client,
            clock,
        }
    }

    /// A server for the bundled document, edited: each text must be there, and is replaced everywhere.
    pub(crate) async fn edited(edits: &[(&str, &str)]) -> Self {
        let contract = contract(edits);
        Self::with(|builder| builder.contract(contract)).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Got {
        let request = self
            .client
            .post(self.url(path))
            .header("content-type", "application/json");
        self.send(request.body(body)).await
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Got {
        let response = request.timeout(SOON).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into()));
        Got {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }

    pub(crate) async fn download(&self, body: &Value) -> Got {
        self.post(DOWNLOAD, body.to_string()).await
    }

    /// Starts a download that must be accepted; its id.
    pub(crate) async fn start_download(&self, body: &Value) -> String {
        self.download(body).await.accepted()["stream_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn progress(&self, id: &str) -> Got {
        self.post(PROGRESS, json!({"stream_id": id}).to_string())
            .await
    }

    /// The percent of a download that must be known.
    pub(crate) async fn percent(&self, id: &str) -> u8 {
        let data = self.progress(id).await.accepted();
        data["download_progress"].as_str().unwrap().parse().unwrap()
    }

    /// The same server, asked for a world.
    pub(crate) fn tenant(&self, name: &str) -> Tenant<'_> {
        Tenant {
            api: self,
            name: Some(name.to_owned()),
        }
    }

    /// Asks the control interface; the path is below `/__mock`, and null is no body.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Got {
        let api = self;
        Tenant { api, name: None }.control(method, path, body).await
    }

    /// What the control interface shows.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.control("GET", path, Value::Null).await.json(200)
    }

    /// Waits until something is so; it must become so.
    pub(crate) async fn until(&self, mut is_so: impl AsyncFnMut() -> bool) {
        let deadline = tokio::time::Instant::now() + SOON;
        while !is_so().await {
            assert!(tokio::time::Instant::now() < deadline, "it never came");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn connect(&self) -> Raw {
        Raw::connect(self.server.addr()).await
    }
}

/// A world of a server.
pub(crate) struct Tenant<'a> {
    api: &'a Api,
    name: Option<String>,
}

impl Tenant<'_> {
    async fn ask(&self, method: &str, path: &str, body: Value) -> Got {
        let method = method.parse().unwrap();
        let mut request = self.api.client.request(method, self.api.url(path));
        if let Some(name) = &self.name {
            request = request.header("tenant-id", name);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        self.api.send(request).await
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Got {
        self.ask(method, &format!("/__mock{path}"), body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.control("GET", path, Value::Null).await.json(200)
    }

    pub(crate) async fn download(&self, body: &Value) -> Got {
        self.ask("POST", DOWNLOAD, body.clone()).await
    }

    pub(crate) async fn start_download(&self, body: &Value) -> String {
        let data = self.download(body).await.accepted();
        data["stream_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn progress(&self, id: &str) -> Got {
        self.ask("POST", PROGRESS, json!({"stream_id": id})).await
    }

    pub(crate) async fn percent(&self, id: &str) -> u8 {
        let data = self.progress(id).await.accepted();
        data["download_progress"].as_str().unwrap().parse().unwrap()
    }
}

impl Got {
    /// The body of an answer of the control interface.
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/json", "{self:?}");
        self.body.clone()
    }

    /// No body.
    pub(crate) fn empty(&self) {
        assert_eq!((self.status, &self.body), (204, &json!("")), "{self:?}");
    }

    /// `detail` of a problem.
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        let media = &self.headers["content-type"];
        assert_eq!(media, "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], status, "{self:?}");
        self.body["detail"].as_str().unwrap().to_owned()
    }

    /// The members at fault, in a problem.
    pub(crate) fn members(&self, status: u16) -> Vec<&str> {
        self.problem(status);
        let faults = self.body["faults"].as_array().unwrap();
        faults
            .iter()
            .map(|f| f["member"].as_str().unwrap())
            .collect()
    }

    /// `data` of an acceptance.
    pub(crate) fn accepted(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/json", "{self:?}");
        assert_eq!(self.body["code"], "0", "{self:?}");
        assert_eq!(self.body["message"], "", "{self:?}");
        self.body["data"].clone()
    }

    /// `message` of a rejection with this status and code.
    pub(crate) fn rejected(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/json", "{self:?}");
        assert_eq!(self.body["code"], code, "{self:?}");
        assert_eq!(self.body["data"], json!({}), "{self:?}");
        let message = self.body["message"].as_str().unwrap().to_owned();
        assert!(!message.is_empty(), "{self:?}");
        message
    }
}

/// A connection whose bytes the test writes itself.
pub(crate) struct Raw(TcpStream);

impl Raw {
    pub(crate) async fn connect(addr: std::net::SocketAddr) -> Self {
        Self(TcpStream::connect(addr).await.unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may have answered and closed already; then what it said is what counts.
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Everything that comes until the server closes; it must do so.
    pub(crate) async fn until_closed(&mut self) -> String {
        String::from_utf8_lossy(&self.bytes_until_closed().await).into_owned()
    }

    /// The same as bytes.
    pub(crate) async fn bytes_until_closed(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let reading = self.0.read_to_end(&mut all);
        // A reset closes too.
        let _ = tokio::time::timeout(SOON, reading)
            .await
            .expect("the server closes");
        all
    }

    /// Reads until the text has come.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        let mut all = Vec::new();
        let reading = async {
            while !String::from_utf8_lossy(&all).contains(text) {
                let mut buffer = [0; 4096];
                let read = self.0.read(&mut buffer).await.unwrap();
                assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&all));
                all.extend_from_slice(&buffer[..read]);
            }
        };
        tokio::time::timeout(SOON, reading)
            .await
            .expect("the text comes");
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// One half of a connection.
pub(crate) struct Half<T>(T);

impl Raw {
    /// Both halves, to write while reading.
    pub(crate) fn split(self) -> (Half<OwnedReadHalf>, Half<OwnedWriteHalf>) {
        let (read, write) = self.0.into_split();
        (Half(read), Half(write))
    }
}

impl Half<OwnedReadHalf> {
    pub(crate) async fn until_closed(mut self) -> String {
        let mut all = Vec::new();
        let reading = self.0.read_to_end(&mut all);
        let _ = tokio::time::timeout(SOON, reading)
            .await
            .expect("the server closes");
        String::from_utf8_lossy(&all).into_owned()
    }
}

impl Half<OwnedWriteHalf> {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }
}

/// The time at which the tests' clocks stand: 2025-06-01T00:00:00 in Shanghai.
pub(crate) fn now() -> Timestamp {
    "2025-05-31T16:00:00Z".parse().unwrap()
}

/// The bundled document, edited.
pub(crate) fn contract(edits: &[(&str, &str)]) -> Arc<Contract> {
    let mut text = OPENAPI_YAML.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "the document has no {from:?}");
        text = text.replace(from, to);
    }
    load(text)
}

/// A document.
pub(crate) fn load(text: impl Into<String>) -> Arc<Contract> {
    let document = Document::Text {
        name: "test.yaml".into(),
        text: text.into(),
    };
    let load = Load {
        document,
        overlays: Vec::new(),
    };
    Arc::new(Contract::load(&load).unwrap_or_else(|problems| panic!("{problems}")))
}

/// A request that is accepted: an hour of one channel.
pub(crate) fn valid() -> Value {
    json!({
        "device_unicode": "34020000001110000228", "source_type": "3", "channel": "34020000001320000666",
        "start_time": "2025-04-04T08:00:00", "end_time": "2025-04-04T09:00:00",
    })
}

/// [`valid`] with one member changed; `null` takes it away.
pub(crate) fn but(member: &str, value: impl Into<Value>) -> Value {
    let mut body = valid();
    match value.into() {
        Value::Null => drop(body.as_object_mut().unwrap().remove(member)),
        value => body[member] = value,
    }
    body
}

/// The head of a POST to the download operation, with these lines after the first, and a body.
pub(crate) fn raw_post(headers: &str, body: &str) -> String {
    format!("POST {DOWNLOAD} HTTP/1.1\r\ncontent-type: application/json\r\n{headers}\r\n{body}")
}

/// Limits with short times.
pub(crate) fn hurried() -> Limits {
    let short = Duration::from_millis(150);
    Limits {
        header_timeout: short,
        body_timeout: short,
        stop_grace: short,
        ..Limits::default()
    }
}

/// The bundled contract with another status for rejections.
pub(crate) fn with_error_statuses(builder: MockServerBuilder) -> MockServerBuilder {
    builder.reject_status(RejectStatus::Error)
}
