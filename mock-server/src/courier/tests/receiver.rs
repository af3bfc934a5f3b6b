//! A receiver on a port of its own: it keeps each request as it came over the wire and answers as told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;

/// One request.
#[derive(Debug, Clone, Default)]
pub(super) struct Hit {
    /// The request line.
    pub(super) line: String,
    /// Names in lower case.
    pub(super) headers: HashMap<String, String>,
    pub(super) body: String,
    /// Its number, from 1.
    pub(super) number: usize,
}

/// What a receiver does with a request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Status(u16),
    /// A whole answer, byte by byte.
    Raw(String),
    /// Closes the connection without an answer.
    Close,
    /// Never answers.
    Hang,
}

pub(super) struct Receiver {
    pub(super) addr: SocketAddr,
    hits: Arc<Mutex<Vec<Hit>>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

type Replies = Arc<dyn Fn(&Hit) -> Reply + Send + Sync>;

struct Desk {
    hits: Arc<Mutex<Vec<Hit>>>,
    count: watch::Sender<usize>,
    replies: Replies,
}

impl Receiver {
    pub(super) async fn new(reply: impl Fn(&Hit) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let hits = Arc::<Mutex<Vec<Hit>>>::default();
        let (sender, count) = watch::channel(0);
        let desk = Arc::new(Desk {
            hits: Arc::clone(&hits),
            count: sender,
            replies: Arc::new(reply),
        });
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&desk)));
            }
        });
        Self {
            addr,
            hits,
            count,
            task,
        }
    }

    /// One that takes everything.
    pub(super) async fn healthy() -> Self {
        Self::new(|_| Reply::Status(204)).await
    }

    /// One that takes everything and counts the ends.
    pub(super) async fn counting_ends() -> (Self, watch::Receiver<u64>) {
        let (sender, ends) = watch::channel(0);
        let receiver = Self::new(move |hit| {
            if hit.body.ends_with(" 100") {
                sender.send_modify(|ends| *ends += 1);
            }
            Reply::Status(204)
        });
        (receiver.await, ends)
    }

    pub(super) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.addr)
    }

    pub(super) fn hits(&self) -> Vec<Hit> {
        self.hits.lock().unwrap().clone()
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        self.hits().into_iter().map(|hit| hit.body).collect()
    }

    /// Waits until so many requests have come.
    pub(super) async fn wait_for(&self, hits: usize) {
        let mut count = self.count.clone();
        let reached = count.wait_for(|count| *count >= hits);
        timeout(PATIENCE, reached).await.unwrap().unwrap();
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, desk: Arc<Desk>) {
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    while let Some(mut hit) = read(&mut stream).await {
        let reply = {
            let mut hits = desk.hits.lock().unwrap();
            hit.number = hits.len() + 1;
            hits.push(hit.clone());
            (desk.replies)(&hit)
        };
        desk.count.send_modify(|count| *count += 1);
        let answer = match reply {
            Reply::Status(status) => format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"),
            Reply::Raw(raw) => raw,
            Reply::Close => return,
            Reply::Hang => std::future::pending().await,
        };
        if stream.get_mut().write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Hit> {
    let mut hit = Hit::default();
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    hit.line = line.strip_suffix("\r\n")?.to_owned();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let name = name.to_ascii_lowercase();
        hit.headers.insert(name, value.trim().to_owned());
    }
    let length = hit.headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    hit.body = String::from_utf8(body).ok()?;
    Some(hit)
}
