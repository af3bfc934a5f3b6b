//! The recording client: the only way in which a run talks to its target. Every request becomes an [`Exchange`].
//!
//! No proxy, no redirects, no content coding, one deadline over connecting, headers and body, and at most
//! [`MAX_ANSWER`] bytes of an answer. A server may close a kept connection whenever it likes (RFC 9112 §9.3.1): a
//! request that met with that is sent once more over a fresh one before anything is concluded.

use std::convert::Infallible;
use std::error::Error;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::care::Care;
use crate::exchange::{Answer, Exchange, HeaderText, Lost, MAX_ANSWER, Received, Sent};
use crate::request::{Caller, Request, Wire};
use crate::secret::Secret;
use crate::target::{BaseUrl, Target, Tenants};

/// Kept connections are given up before most servers do; it saves requests that would have to be sent again.
const IDLE: Duration = Duration::from_secs(3);

/// Bytes of one chunk of a chunked body.
const CHUNK: usize = 24;

/// Between two bytes of a slow body.
const SLOW: Duration = Duration::from_secs(1);

/// A client for one run.
#[derive(Debug)]
pub(crate) struct Client {
    pooled: reqwest::Client,
    fresh: reqwest::Client,
    titled: reqwest::Client,
    kept: reqwest::Client,
    base: BaseUrl,
    headers: Vec<(HeaderName, Secret)>,
    tenants: Option<Tenants>,
    gate: Semaphore,
    care: Care,
    answer_time: Duration,
    slow_time: Duration,
    started: Instant,
}

impl Client {
    pub(crate) fn new(target: &Target) -> Result<Self, reqwest::Error> {
        let answer_time = target.limits.answer_time();
        let concurrency = usize::from(target.limits.concurrency.max(1));
        let builder = |idle: usize| {
            reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .http1_only()
                .connect_timeout(answer_time)
                .timeout(answer_time)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(idle)
        };
        Ok(Self {
            pooled: builder(concurrency).build()?,
            fresh: builder(0).build()?,
            titled: builder(1).http1_title_case_headers().build()?,
            kept: builder(1).build()?,
            base: target.base_url.clone(),
            headers: target.headers.clone(),
            tenants: target.tenants.clone(),
            gate: Semaphore::new(concurrency),
            care: Care::new(&target.limits),
            answer_time,
            slow_time: Duration::from_secs(target.limits.slow_body_seconds.into()),
            started: Instant::now(),
        })
    }

    /// Time since the run began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// From now on: one request at a time, and a pause before each; or no longer.
    pub(crate) fn take_care(&self, is_careful: bool) {
        self.care.set(is_careful);
    }

    /// Sends a request to a path (perhaps with a query) and records what comes of it.
    pub(crate) async fn exchange(&self, id: String, path: &str, request: &Request) -> Exchange {
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        let mut url = self.base.join(path);
        url.set_query(query);
        // Held until the answer is there: with care there is one request at a time.
        let _turn = self.care.turn().await;
        let _permit: Option<SemaphorePermit<'_>> = self.gate.acquire().await.ok();
        let at = self.elapsed();
        let client = match request.wire {
            Wire::Plain | Wire::Chunked => &self.pooled,
            Wire::Slow => &self.fresh,
            Wire::TitleCase => &self.titled,
            Wire::Kept => &self.kept,
        };
        let mut received = self.send(client, &url, request).await;
        let is_lost = matches!(
            received,
            Received::Lost(Lost::Dropped | Lost::NotReached(_))
        );
        if is_lost && request.wire != Wire::Slow {
            received = self.send(&self.fresh, &url, request).await;
        }
        let took = self.elapsed().saturating_sub(at);
        Exchange {
            id,
            sent: self.sent(&url, request),
            received,
            at,
            took,
        }
    }

    async fn send(
        &self,
        client: &reqwest::Client,
        url: &reqwest::Url,
        request: &Request,
    ) -> Received {
        let mut builder = client.request(request.method.clone(), url.clone());
        for (name, value) in self.own_headers(request) {
            builder = builder.header(name, value.expose());
        }
        for (name, value) in &request.headers {
            builder = builder.header(name.as_ref(), value);
        }
        let builder = match request.wire {
            Wire::Slow => builder
                .header(http::header::CONTENT_LENGTH, request.body.len())
                .timeout(self.slow_time)
                .body(trickle(&request.body)),
            Wire::Chunked => builder.body(chunked(&request.body)),
            _ => builder.body(request.body.clone()),
        };
        match self.receive(builder).await {
            Ok(answer) => Received::Answer(answer),
            Err(error) if error.is_timeout() && request.wire == Wire::Slow => {
                Received::Lost(Lost::TimedOut(self.slow_time))
            }
            Err(error) => Received::Lost(self.lost(&error)),
        }
    }

    async fn receive(&self, builder: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let mut response = builder.send().await?;
        let (mut body, mut is_cut) = (Vec::new(), false);
        while let Some(chunk) = response.chunk().await? {
            let room = MAX_ANSWER - body.len();
            is_cut = chunk.len() > room;
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if is_cut {
                break;
            }
        }
        let status = response.status().as_u16();
        let mut headers = std::mem::take(response.headers_mut());
        for value in headers.values_mut() {
            let masked = self.masked(value.as_bytes().to_vec());
            *value = HeaderValue::from_bytes(&masked).unwrap_or_else(|_| value.clone());
        }
        let body = self.masked(body);
        Ok(Answer {
            status,
            headers,
            body: Bytes::from(body),
            is_cut,
            digest: None,
        })
    }

    /// Bytes of an answer without the secrets that it may repeat.
    fn masked(&self, bytes: Vec<u8>) -> Vec<u8> {
        let tenants = self.tenants.iter().flat_map(|t| t.a.iter().chain(&t.b));
        self.headers
            .iter()
            .chain(tenants)
            .fold(bytes, |bytes, (_, secret)| secret.mask(bytes))
    }

    fn own_headers(&self, request: &Request) -> impl Iterator<Item = (&HeaderName, &Secret)> {
        let tenant: &[_] = match (&self.tenants, request.caller) {
            (Some(tenants), Caller::TenantA) => &tenants.a,
            (Some(tenants), Caller::TenantB) => &tenants.b,
            _ => &[],
        };
        let replaced = |name: &HeaderName| tenant.iter().any(|(other, _)| other == name);
        self.headers
            .iter()
            .filter(move |(name, _)| !replaced(name))
            .chain(tenant)
            .filter(|(name, _)| !request.omitted.iter().any(|o| o == name.as_str()))
            .map(|(name, value)| (name, value))
    }

    fn sent(&self, url: &reqwest::Url, request: &Request) -> Sent {
        let secret = self
            .own_headers(request)
            .map(|(n, _)| (n.to_string(), HeaderText::Secret));
        let plain = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), HeaderText::Plain(value.clone())));
        Sent {
            method: request.method.to_string(),
            url: url.to_string(),
            headers: plain.chain(secret).collect(),
            caller: request.caller,
            wire: request.wire,
            body: request.body.clone(),
            digest: None,
            captured: request.captured.clone(),
        }
    }

    fn lost(&self, error: &reqwest::Error) -> Lost {
        if error.is_connect() {
            return Lost::NotReached(root_cause(error));
        }
        if error.is_timeout() {
            return Lost::TimedOut(self.answer_time);
        }
        match causes(error).find_map(|e| e.downcast_ref::<hyper::Error>()) {
            Some(error) if error.is_parse() => Lost::NoHttp(root_cause(error)),
            _ => Lost::Dropped,
        }
    }
}

/// A byte a second; the first at once.
fn trickle(body: &Bytes) -> reqwest::Body {
    let bytes = body.clone();
    let frames = stream::unfold(0, move |at: usize| {
        let frame = (at < bytes.len()).then(|| bytes.slice(at..=at));
        async move {
            let frame = frame?;
            if at > 0 {
                tokio::time::sleep(SLOW).await;
            }
            Some((Ok::<_, Infallible>(Frame::data(frame)), at + 1))
        }
    });
    reqwest::Body::wrap(StreamBody::new(Box::pin(frames)))
}

fn chunked(body: &Bytes) -> reqwest::Body {
    let chunks: Vec<_> = body
        .chunks(CHUNK)
        .map(|chunk| Ok::<_, Infallible>(Frame::data(body.slice_ref(chunk))))
        .collect();
    reqwest::Body::wrap(StreamBody::new(stream::iter(chunks)))
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e: &&'e (dyn Error + 'static)| (*e).source())
}

fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}
