//! One exchange with a receiver: connect, send, read the status, throw the rest away. All within one deadline.
//!
//! No redirects are followed (but see [`Settings::follow_redirect`]), no proxy is taken from the environment, nothing is decompressed, no cookies are kept: the
//! client below has none of these. Connections are used again while a receiver keeps them open.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as Legacy, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};

use super::address::Address;
use super::record::{Answer, Failure};
use super::settings::Settings;

/// How much of an answer's body is read.
const MAX_BODY: usize = 16 * 1024;
/// How long a connection is kept without use: less than the 5 s after which widespread servers close it.
const KEEP_IDLE: Duration = Duration::from_secs(4);
const AGENT: &str = concat!("smsload-mock/", env!("CARGO_PKG_VERSION"));

/// Sends.
#[derive(Debug)]
pub(super) struct Client {
    http: Legacy<HttpConnector, Full<Bytes>>,
    deadline: Duration,
    follow_redirect: bool,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Letter<'a> {
    pub(super) address: &'a Address,
    pub(super) method: &'a Method,
    pub(super) content_type: &'a HeaderValue,
    pub(super) body: Bytes,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) answer: Answer,
    pub(super) took: Duration,
    pub(super) retry_after: Option<Duration>,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        // The client may go on connecting for a request that was given up: not for ever.
        connector.set_connect_timeout(Some(settings.deadline));
        let http = Legacy::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_IDLE)
            .pool_max_idle_per_host(settings.places_per_receiver)
            .build(connector);
        Self {
            http,
            deadline: settings.deadline,
            follow_redirect: settings.follow_redirect,
        }
    }

    /// Sends a letter; the status decides as soon as it is there.
    pub(super) async fn send(&self, letter: Letter<'_>) -> Exchange {
        let start = Instant::now();
        let end = start + self.deadline;
        let mut retry_after = None;
        let answer = match timeout_at(end, self.deliver(letter)).await {
            Err(_) => Answer::Failed(Failure::Timeout(self.deadline)),
            Ok(Err(failure)) => Answer::Failed(failure),
            Ok(Ok(response)) => {
                let (head, body) = response.into_parts();
                retry_after = asked_delay(&head.headers);
                // Whether it ends in time or not: the receiver has said what it had to say.
                let _ = timeout_at(end, discard(body)).await;
                Answer::Status(head.status)
            }
        };
        Exchange {
            answer,
            took: start.elapsed(),
            retry_after,
        }
    }

    async fn deliver(&self, letter: Letter<'_>) -> Result<Response<Incoming>, Failure> {
        if !self.follow_redirect {
            return self.request(letter).await;
        }
        let response = self.request(letter.clone()).await?;
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|l| Address::parse(l.to_str().ok()?).ok());
        match location.filter(|_| response.status().is_redirection()) {
            Some(address) => {
                let address = &address;
                self.request(Letter { address, ..letter }).await
            }
            None => Ok(response),
        }
    }

    async fn request(&self, letter: Letter<'_>) -> Result<Response<Incoming>, Failure> {
        if letter.address.is_https() {
            return Err(Failure::Https);
        }
        let request =
            compose(letter).ok_or_else(|| Failure::Broken(String::from("not sendable")))?;
        self.http.request(request).await.map_err(|e| explain(&e))
    }
}

/// The request; the host is named as in the address, a port 80 too.
fn compose(letter: Letter<'_>) -> Option<Request<Full<Bytes>>> {
    let host = HeaderValue::from_str(letter.address.authority()).ok()?;
    let request = Request::builder()
        .method(letter.method)
        .uri(letter.address.uri()?)
        .header(HOST, host)
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, letter.content_type)
        .body(Full::new(letter.body));
    request.ok()
}

/// Reads a body to its end, so that the connection can be used again, unless it is long.
async fn discard(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MAX_BODY {
            return;
        }
    }
}

/// `Retry-After` in seconds; its other form, a date, is not used.
fn asked_delay(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse();
    seconds.ok().map(Duration::from_secs)
}

fn explain(error: &ClientError) -> Failure {
    let mut text = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    if error.is_connect() {
        Failure::Connect(text)
    } else {
        Failure::Broken(text)
    }
}
