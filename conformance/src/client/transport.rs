//! What carries requests: hyper's client over TCP or TLS. No proxy, no redirects, no content coding, HTTP/1.1 only; one
//! deadline over connecting, headers and body.
//!
//! It is hyper's client itself and not reqwest's, since reqwest's TLS is a feature of the whole build: with it every
//! client of the workspace loads the machine's certificates when it is made, and fails where there are none.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::fault;
use crate::exchange::{Answer, Lost, MAX_ANSWER};
use crate::request::{Request, Wire};
use crate::target::Target;
use crate::tls::TlsError;

/// Kept connections are given up before most servers do; it saves requests that would have to be sent again.
const IDLE: Duration = Duration::from_secs(3);

/// Bytes of one chunk of a chunked body.
const CHUNK: usize = 24;

/// Between two bytes of a slow body.
const SLOW: Duration = Duration::from_secs(1);

type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;
type Pool = Client<HttpsConnector<HttpConnector>, Body>;

/// The connections of one run.
#[derive(Debug)]
pub(super) struct Transport {
    pooled: Pool,
    fresh: Pool,
    titled: Pool,
    kept: Pool,
    answer_time: Duration,
    slow_time: Duration,
}

impl Transport {
    pub(super) fn new(target: &Target) -> Result<Self, TlsError> {
        let answer_time = target.limits.answer_time();
        let connector = connector(target, answer_time)?;
        let pool = |idle: usize, change: fn(&mut Builder) -> &mut Builder| {
            let mut builder = Client::builder(TokioExecutor::new());
            builder
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(idle);
            change(&mut builder).build(connector.clone())
        };
        let concurrency = usize::from(target.limits.concurrency.max(1));
        Ok(Self {
            pooled: pool(concurrency, |b| b),
            fresh: pool(0, |b| b),
            titled: pool(1, |b| b.http1_title_case_headers(true)),
            kept: pool(1, |b| b),
            answer_time,
            slow_time: Duration::from_secs(target.limits.slow_body_seconds.into()),
        })
    }

    /// Sends a request without a body, and leaves the body of the answer to the caller. The time is for its head.
    pub(super) async fn open(
        &self,
        method: &http::Method,
        (uri, headers): (http::Uri, http::HeaderMap),
    ) -> Result<http::Response<Incoming>, Lost> {
        let ask = |pool: &Pool| {
            let mut message = http::Request::new(Either::Left(Full::default()));
            *message.method_mut() = method.clone();
            *message.uri_mut() = uri.clone();
            *message.headers_mut() = headers.clone();
            let asked = pool.request(message);
            async {
                match tokio::time::timeout(self.answer_time, asked).await {
                    Ok(answer) => answer.map_err(|error| failed(&error)),
                    Err(_) => Err(Lost::TimedOut(self.answer_time)),
                }
            }
        };
        match ask(&self.pooled).await {
            Err(Lost::Dropped | Lost::NotReached(_)) => ask(&self.fresh).await,
            other => other,
        }
    }

    /// The next piece of a body; nothing at its end.
    pub(super) async fn next(&self, body: &mut Incoming) -> Result<Option<Bytes>, Lost> {
        loop {
            let frame = tokio::time::timeout(self.answer_time, body.frame()).await;
            match frame {
                Err(_) => return Err(Lost::TimedOut(self.answer_time)),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(fault::lost(&error)),
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    pub(super) fn answer_time(&self) -> Duration {
        self.answer_time
    }

    /// Sends a request on its way. `is_fresh`: on a connection of its own, whatever it says.
    pub(super) async fn send(
        &self,
        request: &Request,
        (uri, headers): (http::Uri, http::HeaderMap),
        is_fresh: bool,
    ) -> Result<Answer, Lost> {
        let pool = match request.wire {
            Wire::Slow => &self.fresh,
            _ if is_fresh => &self.fresh,
            Wire::Plain | Wire::Chunked => &self.pooled,
            Wire::TitleCase => &self.titled,
            Wire::Kept => &self.kept,
        };
        let time = if request.wire == Wire::Slow {
            self.slow_time
        } else {
            self.answer_time
        };
        let mut message = http::Request::new(body(request));
        *message.method_mut() = request.method.clone();
        *message.uri_mut() = uri;
        *message.headers_mut() = headers;
        if request.wire == Wire::Slow {
            let length = HeaderValue::from(request.body.len());
            message.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        tokio::time::timeout(time, receive(pool, message))
            .await
            .unwrap_or(Err(Lost::TimedOut(time)))
    }
}

fn connector(target: &Target, time: Duration) -> Result<HttpsConnector<HttpConnector>, TlsError> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    // Less than all the time for an answer, so that it is told which of the two ran out.
    http.set_connect_timeout(Some(time - time / 10));
    let tls = target.tls.config(target.base_url.is_https())?;
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http))
}

async fn receive(pool: &Pool, message: http::Request<Body>) -> Result<Answer, Lost> {
    let response = pool
        .request(message)
        .await
        .map_err(|error| failed(&error))?;
    let (head, mut rest) = response.into_parts();
    let (mut body, mut is_cut) = (Vec::new(), false);
    while let Some(frame) = rest.frame().await {
        let frame = frame.map_err(|e| fault::lost(&e))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let room = MAX_ANSWER - body.len();
        body.extend_from_slice(&data[..data.len().min(room)]);
        is_cut = data.len() > room;
        if is_cut {
            break;
        }
    }
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.into(),
        is_cut,
        digest: None,
    })
}

fn failed(error: &hyper_util::client::legacy::Error) -> Lost {
    if error.is_connect() {
        fault::not_reached(error)
    } else {
        fault::lost(error)
    }
}

fn body(request: &Request) -> Body {
    let bytes = &request.body;
    match request.wire {
        Wire::Slow => Either::Right(trickle(bytes)),
        Wire::Chunked => Either::Right(chunked(bytes)),
        _ => Either::Left(Full::new(bytes.clone())),
    }
}

/// A byte a second; the first at once.
fn trickle(body: &Bytes) -> UnsyncBoxBody<Bytes, Infallible> {
    let bytes = body.clone();
    let frames = stream::unfold(0, move |at: usize| {
        let frame = (at < bytes.len()).then(|| bytes.slice(at..=at));
        async move {
            let frame = frame?;
            if at > 0 {
                tokio::time::sleep(SLOW).await;
            }
            Some((Ok(Frame::data(frame)), at + 1))
        }
    });
    UnsyncBoxBody::new(StreamBody::new(Box::pin(frames)))
}

fn chunked(body: &Bytes) -> UnsyncBoxBody<Bytes, Infallible> {
    let chunks: Vec<_> = body
        .chunks(CHUNK)
        .map(|chunk| Ok(Frame::data(body.slice_ref(chunk))))
        .collect();
    UnsyncBoxBody::new(StreamBody::new(stream::iter(chunks)))
}

/// The error and what caused it, the root last. An `io::Error` hides what it wraps from `source`.
pub(super) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e: &&'e (dyn Error + 'static)| {
        let wrapped = e.downcast_ref::<std::io::Error>().and_then(|e| e.get_ref());
        wrapped.map_or_else(|| (*e).source(), |inner| Some(inner))
    })
}
