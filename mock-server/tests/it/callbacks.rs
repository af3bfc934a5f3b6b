//! Callbacks: what a receiver on a port of its own hears, while the clock is moved by hand.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use smsload_mock::Course;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::{Api, SOON, but, contract};

/// Longer than any download of these tests takes.
const HOUR: Duration = Duration::from_secs(3600);

/// What came: the request line, the media type, the body.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) line: String,
    pub(crate) media: String,
    /// A text if it is no JSON.
    pub(crate) body: Value,
}

impl Hit {
    pub(crate) fn percent(&self) -> u8 {
        let percent = self.body["downloadProgress"].as_str().unwrap();
        percent.parse().unwrap()
    }

    fn id(&self) -> &str {
        self.body["streamId"].as_str().unwrap()
    }
}

/// Keeps what comes, and answers with the next of its statuses, then with 200.
pub(crate) struct Receiver {
    pub(crate) addr: SocketAddr,
    hits: Arc<Mutex<Vec<Hit>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn new(statuses: &[u16]) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), statuses).await
    }

    async fn at(addr: SocketAddr, statuses: &[u16]) -> Self {
        let listener = TcpListener::bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let hits = Arc::<Mutex<Vec<Hit>>>::default();
        let kept = Arc::clone(&hits);
        let mut statuses: VecDeque<u16> = statuses.iter().copied().collect();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let hit = read(&mut stream).await;
                kept.lock().unwrap().push(hit);
                let status = statuses.pop_front().unwrap_or(200);
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nlocation: http://{addr}/elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { addr, hits, task }
    }

    pub(crate) fn hits(&self) -> Vec<Hit> {
        self.hits.lock().unwrap().clone()
    }

    pub(crate) fn body(&self) -> Value {
        but("callback", format!("http://{}/progress", self.addr))
    }

    /// Whether the end of a job has come.
    pub(crate) fn has_end(&self, id: &str) -> bool {
        let hits = self.hits();
        let is_end =
            |hit: &Hit| hit.body["streamId"] == id && hit.body["downloadProgress"] == "100";
        hits.iter().any(is_end)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Hit {
    let (mut line, mut media, mut length) = (String::new(), String::new(), 0);
    stream.read_line(&mut line).await.unwrap();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.unwrap();
        match header.trim_end().split_once(": ") {
            None => break,
            Some((name, value)) => match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "content-type" => value.clone_into(&mut media),
                _ => {}
            },
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    Hit {
        line: line.trim_end().to_owned(),
        media,
        body: serde_json::from_slice(&body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&body).into()),
    }
}

/// Attempts in a journal.
pub(crate) fn attempts(journal: &Value) -> Vec<Value> {
    let entries = journal["entries"].as_array().unwrap();
    let is_attempt = |entry: &&Value| entry["kind"] == "callback";
    entries.iter().filter(is_attempt).cloned().collect()
}

pub(crate) async fn until_journal_has(api: &Api, count: usize) -> Vec<Value> {
    api.until(async || attempts(&api.get("/journal").await).len() >= count)
        .await;
    attempts(&api.get("/journal").await)
}

#[tokio::test]
async fn progress_is_told_in_order_and_to_the_end() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[]).await);
    let id = api.start_download(&receiver.body()).await;
    while !receiver.has_end(&id) {
        api.clock.advance(Duration::from_secs(5));
        let step = api.percent(&id).await / 10;
        api.until(async || receiver.hits().last().map_or(0, |hit| hit.percent() / 10) == step)
            .await;
    }
    let hits = receiver.hits();
    let steps: Vec<u8> = hits.iter().map(|hit| hit.percent() / 10).collect();
    assert_eq!(steps, (1..=10).collect::<Vec<_>>());
    for hit in &hits {
        assert_eq!(hit.line, "POST /progress HTTP/1.1");
        assert_eq!(hit.media, "application/json");
        assert_eq!(hit.id(), id);
        assert_eq!(hit.body["fileUrl"] == "", hit.percent() < 100, "{hit:?}");
    }
    let url = hits[9].body["fileUrl"].as_str().unwrap();
    let head = api.client.head(url).timeout(SOON).send().await.unwrap();
    assert_eq!(head.status().as_u16(), 200);
    assert_eq!(head.headers()["content-type"], "video/mp4");
    let told = api.progress(&id).await.accepted();
    assert_eq!(told["file_url"], url);
}

#[tokio::test]
async fn what_is_rejected_is_not_told_of() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[]).await);
    let mut bad = receiver.body();
    bad["end_time"] = json!("2025-04-04T07:00:00");
    assert_ne!(api.download(&bad).await.body["code"], "0");
    let id = api.start_download(&receiver.body()).await;
    api.clock.advance(HOUR);
    api.until(async || receiver.has_end(&id)).await;
    assert_eq!(receiver.hits().len(), 1);
}

#[tokio::test]
async fn an_unreachable_receiver_delays_no_answer_and_hears_the_end_later() {
    let api = Api::start().await;
    let gone = Receiver::new(&[]).await;
    let (addr, body) = (gone.addr, gone.body());
    drop(gone);
    let asked = std::time::Instant::now();
    let id = api.start_download(&body).await;
    assert!(asked.elapsed() < Duration::from_secs(2));
    api.clock.advance(HOUR);
    let first = until_journal_has(&api, 1).await.remove(0);
    assert_eq!(first["then"], "retry", "{first}");
    assert_eq!(first["status"], Value::Null);
    let error = first["error"].as_str().unwrap();
    assert!(error.starts_with("no connection: "), "{error}");

    let receiver = Receiver::at(addr, &[]).await;
    api.clock.advance(Duration::from_secs(120));
    api.until(async || receiver.has_end(&id)).await;
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_and_the_journal_tells() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[500]).await);
    let mut listener = api.connect().await;
    listener
        .send("GET /__mock/events HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    listener.until("event: hello").await;
    let id = api.start_download(&receiver.body()).await;
    api.clock.advance(HOUR);
    until_journal_has(&api, 1).await;
    api.clock.advance(Duration::from_secs(5));
    let attempts = until_journal_has(&api, 2).await;
    let address = format!("http://{}/progress", receiver.addr);
    for (attempt, (number, status, then)) in attempts
        .iter()
        .zip([(1, 500, "retry"), (2, 200, "acknowledged")])
    {
        assert_eq!(attempt["job"], *id);
        assert_eq!(attempt["address"], address);
        assert_eq!(
            (&attempt["delivery"], &attempt["attempt"]),
            (&json!(1), &json!(number))
        );
        assert_eq!(
            (&attempt["status"], &attempt["then"]),
            (&json!(status), &json!(then))
        );
        assert_eq!(attempt["end"], true);
        assert_eq!(attempt["error"], Value::Null);
        assert!(attempt["body"].as_str().unwrap().contains(&id));
    }
    assert_eq!(receiver.hits().len(), 2);
    let told = listener.until("acknowledged").await;
    assert!(told.contains("event: callback"), "{told}");
}

#[tokio::test]
async fn a_failed_job_tells_no_end() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[]).await);
    let id = api.start_download(&receiver.body()).await;
    while receiver.hits().is_empty() {
        api.clock.advance(Duration::from_secs(5));
        let step = api.percent(&id).await / 10;
        api.until(async || step == 0 || !receiver.hits().is_empty())
            .await;
    }
    let path = format!("/jobs/{id}/fail");
    api.control("POST", &path, Value::Null).await.json(200);
    let other = api.start_download(&receiver.body()).await;
    api.clock.advance(HOUR);
    api.until(async || receiver.has_end(&other)).await;
    assert_eq!(
        receiver.hits().iter().filter(|hit| hit.id() == id).count(),
        1
    );
}

#[tokio::test]
async fn a_stalled_job_is_told_of_again_when_it_is_resumed() {
    let receiver = Receiver::new(&[]).await;
    let course: Course = "stalls-at=45".parse().unwrap();
    let api = Api::with(|builder| builder.course(course)).await;
    let id = api.start_download(&receiver.body()).await;
    api.clock.advance(HOUR);
    api.until(async || receiver.hits().len() == 1).await;
    assert_eq!(receiver.hits()[0].percent(), 45);
    let path = format!("/jobs/{id}/resume");
    api.control("POST", &path, Value::Null).await.json(200);
    api.clock.advance(HOUR);
    api.until(async || receiver.has_end(&id)).await;
    assert_eq!(receiver.hits().len(), 2);
}

#[tokio::test]
async fn a_course_that_goes_unevenly_is_told_of_in_order() {
    let receiver = Receiver::new(&[]).await;
    let api = Api::with(|builder| builder.course(Course::Bursty).callback_step(25)).await;
    let id = api.start_download(&receiver.body()).await;
    while !receiver.has_end(&id) {
        api.clock.advance(Duration::from_secs(2));
        let percent = api.percent(&id).await;
        api.until(async || percent < 100 || receiver.has_end(&id))
            .await;
    }
    let percents: Vec<u8> = receiver.hits().iter().map(Hit::percent).collect();
    assert!(percents.is_sorted(), "{percents:?}");
    assert!((2..=5).contains(&percents.len()), "{percents:?}");
}

#[tokio::test]
async fn worlds_have_callbacks_of_their_own() {
    let api = Api::start().await;
    let (one, two) = (api.tenant("one"), api.tenant("two"));
    let (first, second) = (Receiver::new(&[]).await, Receiver::new(&[]).await);
    let id = one.start_download(&first.body()).await;
    assert_eq!(two.start_download(&second.body()).await, id);
    let hour = json!({"seconds": 3600});
    one.control("POST", "/clock/advance", hour.clone())
        .await
        .json(200);
    api.until(async || first.has_end(&id)).await;
    let url = first.hits()[0].body["fileUrl"].clone();
    let file = api.client.head(url.as_str().unwrap()).send().await.unwrap();
    assert_eq!(file.status().as_u16(), 200);
    assert_eq!(attempts(&two.get("/journal").await).len(), 0);

    // What was forgotten is not told of; the same id is that of another job now.
    two.control("POST", "/reset", Value::Null).await.empty();
    let third = Receiver::new(&[]).await;
    assert_eq!(two.start_download(&third.body()).await, id);
    two.control("POST", "/clock/advance", hour).await.json(200);
    api.until(async || third.has_end(&id)).await;
    assert_eq!(second.hits().len(), 0);
}

#[tokio::test]
async fn an_address_is_called_as_it_was_given() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[]).await);
    let address = format!("http://{}/a%2Fb/c+d?x=%7e", receiver.addr);
    let id = api.start_download(&but("callback", address)).await;
    api.clock.advance(HOUR);
    api.until(async || receiver.has_end(&id)).await;
    assert_eq!(receiver.hits()[0].line, "POST /a%2Fb/c+d?x=%7e HTTP/1.1");
}

#[tokio::test]
async fn an_address_that_cannot_be_called_changes_no_answer() {
    let api = Api::start().await;
    let address = format!("http://127.0.0.1:9/{}", "a".repeat(5000));
    let id = api.start_download(&but("callback", address)).await;
    let attempts = until_journal_has(&api, 1).await;
    assert_eq!(
        (&attempts[0]["job"], &attempts[0]["delivery"]),
        (&json!(id), &json!(0))
    );
    let error = attempts[0]["error"].as_str().unwrap();
    assert!(error.contains("at most 4096"), "{error}");
}

#[tokio::test]
async fn callbacks_find_their_place_in_a_contract_that_was_changed() {
    let (api, receiver) = (Api::start().await, Receiver::new(&[]).await);
    let id = api.start_download(&receiver.body()).await;
    // Another operation before it, another name for it, and another name for its callback.
    let first = "\npaths:\n  /first:\n    get:\n      operationId: first\n      responses:\n        '200': {description: ok}\n";
    let changed = contract(&[
        ("\npaths:\n", first),
        ("operationId: startDownload", "operationId: begin"),
        (
            "      callbacks:\n        progress:",
            "      callbacks:\n        told:",
        ),
    ]);
    api.server.follow(&changed);
    api.clock.advance(HOUR);
    api.until(async || receiver.has_end(&id)).await;
}
