//! A receiver of callbacks that does as it is told.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::poll_until;

/// What is done with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// This is sent back.
    Send(String),
    /// Nothing is sent back.
    Hang,
    /// The connection is closed.
    Close,
}

impl Reply {
    pub(crate) fn status(status: &str) -> Self {
        Self::with(status, "")
    }

    /// A status and header lines, each with its line end.
    pub(crate) fn with(status: &str, headers: &str) -> Self {
        Self::Send(format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: 0\r\n\r\n"
        ))
    }
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) head: String,
    pub(crate) body: Value,
    pub(crate) at: Instant,
}

impl Call {
    pub(crate) fn member(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap()
    }

    pub(crate) fn percent(&self) -> u8 {
        self.member("downloadProgress").parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1);
        let mut headers = lines.filter_map(|line| line.split_once(": "));
        headers
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

#[derive(Default)]
struct Shared {
    calls: Mutex<Vec<Call>>,
    /// The first ones get these, in order; further ones 200.
    replies: Mutex<Vec<Reply>>,
    connections: AtomicUsize,
}

pub(crate) struct Receiver {
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::replying(Vec::new()).await
    }

    /// With a certificate of its own, which `ca_file` is written with.
    pub(crate) async fn over_tls(ca_file: &Path) -> Self {
        let key = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(ca_file, key.cert.pem()).unwrap();
        let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private)
            .unwrap();
        Self::of(Vec::new(), Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    /// The first requests get these replies, further ones 200.
    pub(crate) async fn replying(replies: Vec<Reply>) -> Self {
        Self::of(replies, None).await
    }

    async fn of(replies: Vec<Reply>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            replies: Mutex::new(replies),
            ..Shared::default()
        });
        let accepting = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.connections.fetch_add(1, SeqCst);
                let (shared, tls) = (accepting.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => serve(tls.accept(stream).await.ok()?, shared).await,
                        None => serve(stream, shared).await,
                    }
                });
            }
        });
        Self { addr, shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(SeqCst)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// All calls, once one with a file address is among them.
    pub(crate) async fn until_last(&self) -> Vec<Call> {
        poll_until("the last callback", async || {
            let calls = self.calls();
            calls
                .iter()
                .any(|call| !call.member("fileUrl").is_empty())
                .then_some(calls)
        })
        .await
    }
}

async fn serve<S>(mut stream: S, shared: Arc<Shared>) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut bytes = Vec::new();
    loop {
        stream
            .read_buf(&mut bytes)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let Ok(body) = serde_json::from_str(body) else {
            continue;
        };
        let head = head.to_owned();
        let at = Instant::now();
        shared.calls.lock().unwrap().push(Call { head, body, at });
        break;
    }
    let reply = {
        let mut replies = shared.replies.lock().unwrap();
        if replies.is_empty() {
            Reply::status("200 OK")
        } else {
            replies.remove(0)
        }
    };
    match reply {
        Reply::Send(text) => stream.write_all(text.as_bytes()).await.ok(),
        Reply::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            None
        }
        Reply::Close => None,
    }
}
