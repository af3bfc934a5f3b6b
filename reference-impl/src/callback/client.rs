//! One exchange with a receiver.
//!
//! Looking the name up, judging its addresses, connecting to one of those, sending, and reading the
//! answer are one straight line under one deadline. There is no pool, no proxy, no redirect and no
//! decompression: nothing in between could choose another address than the one that was judged.

use std::time::Duration;

use axum::http::header::{CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::address::CallbackAddress;
use super::reach::{Reach, Refusal};
use super::tls::Tls;

/// How much of an answer's body is read.
const MAX_BODY: usize = 16 * 1024;
/// How long an answer's head may be.
const MAX_HEAD: usize = 16 * 1024;
const AGENT: &str = concat!("smsload/", env!("CARGO_PKG_VERSION"));

/// Sends callbacks.
#[derive(Clone)]
pub(crate) struct Client {
    reach: Reach,
    tls: Tls,
    deadline: Duration,
}

/// What is sent, and its headers beside the usual ones.
pub(super) struct Parcel<'a> {
    pub(super) address: &'a CallbackAddress,
    pub(super) body: Bytes,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// What a receiver answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// How long it asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("it did not answer within {0:?}")]
    Timeout(Duration),
    #[error("it cannot be connected to: {0}")]
    Connect(std::io::Error),
    #[error("TLS with it fails: {0}")]
    Tls(std::io::Error),
    #[error("the exchange broke off: {0}")]
    Broken(#[from] hyper::Error),
    #[error("the request cannot be written: {0}")]
    Request(#[from] axum::http::Error),
}

impl Client {
    pub(crate) fn new(reach: Reach, tls: Tls, deadline: Duration) -> Self {
        Self {
            reach,
            tls,
            deadline,
        }
    }

    /// Sends; the status decides as soon as it is there.
    pub(super) async fn send(&self, parcel: Parcel<'_>) -> Result<Answer, SendError> {
        let end = Instant::now() + self.deadline;
        let late = |_| SendError::Timeout(self.deadline);
        let stream = timeout_at(end, self.connect(parcel.address))
            .await
            .map_err(late)??;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_headers(64)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await?;
        let request = request(parcel)?;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let (head, body) = response.into_parts();
            // Whether it ends in time or not: the receiver has said what it had to say.
            let _ = timeout_at(end, discard(body)).await;
            Ok::<_, SendError>(Answer {
                status: head.status,
                retry_after: retry_after(&head.headers),
            })
        };
        tokio::pin!(exchange);
        // The connection lives here and nowhere else: it is closed when this returns.
        tokio::pin!(connection);
        let answer = async {
            tokio::select! {
                answer = &mut exchange => answer,
                closed = &mut connection => {
                    closed?;
                    // All was read before it closed, or the sender says what is missing.
                    exchange.await
                }
            }
        };
        timeout_at(end, answer).await.map_err(late)?
    }

    /// A connection to one of the addresses that were judged just now.
    async fn connect(&self, address: &CallbackAddress) -> Result<Box<dyn Stream>, SendError> {
        let mut failed = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
        for judged in self.reach.judge(address).await? {
            match TcpStream::connect(judged).await {
                Ok(stream) if address.is_https() => {
                    let stream = self.tls.connect(stream, address.callee()).await;
                    return Ok(Box::new(stream.map_err(SendError::Tls)?));
                }
                Ok(stream) => return Ok(Box::new(stream)),
                Err(error) => failed = error,
            }
        }
        Err(SendError::Connect(failed))
    }
}

/// A connection, with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

fn request(parcel: Parcel<'_>) -> Result<Request<Full<Bytes>>, SendError> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(parcel.address.target())
        .header(HOST, parcel.address.authority())
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, HeaderValue::from_static("close"))
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in parcel.headers {
        request = request.header(name, value);
    }
    Ok(request.body(Full::new(parcel.body))?)
}

/// Reads a body to its end, unless it is long.
async fn discard(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MAX_BODY {
            return;
        }
    }
}

/// `Retry-After` in seconds; its other form, a date, depends on two clocks and is not used.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse();
    seconds.ok().map(Duration::from_secs)
}
