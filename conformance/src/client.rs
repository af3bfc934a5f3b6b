//! The recording client: the only way in which a run talks to its target. Every request becomes an [`Exchange`].
//!
//! At most [`MAX_ANSWER`] bytes of an answer are read. A server may close a kept connection whenever it likes (RFC 9112
//! §9.3.1): a request that met with that is sent once more over a fresh one before anything is concluded.
//!
//! [`MAX_ANSWER`]: crate::exchange::MAX_ANSWER

mod fault;
mod fetch;
mod playback;
mod raw;
mod transport;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::sync::{Semaphore, SemaphorePermit};

pub(crate) use self::fetch::Fetch;
pub(crate) use self::playback::Playback;
use self::transport::Transport;
use crate::base_url::BaseUrl;
use crate::began::Began;
use crate::exchange::{Answer, Exchange, HeaderText, Lost, Received, Sent};
use crate::headers::Headers;
use crate::pace::Pace;
use crate::request::{Caller, Request, Wire};
use crate::secret::Secret;
use crate::target::{Target, Tenants};
use crate::tls::TlsError;

/// Where answers come from.
#[derive(Debug)]
enum Carrier {
    Network(Box<Transport>),
    Playback(Box<Playback>),
}

/// A client for one run.
#[derive(Debug)]
pub(crate) struct Client {
    carrier: Carrier,
    base: BaseUrl,
    headers: Headers,
    tenants: Option<Tenants>,
    gate: Semaphore,
    pace: Pace,
    began: Began,
}

impl Client {
    pub(crate) fn new(target: &Target) -> Result<Self, TlsError> {
        let transport = Transport::new(target)?;
        Ok(Self::with(Carrier::Network(Box::new(transport)), target))
    }

    /// A client that has its answers from a recording of the target.
    pub(crate) fn of_recording(recording: Playback, target: &Target) -> Self {
        Self::with(Carrier::Playback(Box::new(recording)), target)
    }

    fn with(carrier: Carrier, target: &Target) -> Self {
        Self {
            carrier,
            base: target.base_url.clone(),
            headers: target.headers.clone(),
            tenants: target.tenants.clone(),
            gate: Semaphore::new(usize::from(target.limits.concurrency.max(1))),
            pace: Pace::new(&target.limits),
            began: Began::now(),
        }
    }

    /// The recording, if answers come from one.
    pub(crate) fn playback(&self) -> Option<&Playback> {
        match &self.carrier {
            Carrier::Network(_) => None,
            Carrier::Playback(recording) => Some(recording),
        }
    }

    fn transport(&self) -> Result<&Transport, Lost> {
        match &self.carrier {
            Carrier::Network(transport) => Ok(transport),
            Carrier::Playback(_) => Err(Lost::Local("nothing is sent to a recording".to_owned())),
        }
    }

    /// The name under which a request that is sent once in a run has its answer.
    pub(crate) fn shared_name(&self, id: String, path: &str, request: &Request) -> String {
        let Some(recording) = self.playback() else {
            return id;
        };
        let sent = self.sent(&self.address(path), request);
        recording
            .shared(&id, &sent)
            .map_or_else(|| id.clone(), str::to_owned)
    }

    /// The whole address of a path, perhaps with a query.
    fn address(&self, path: &str) -> url::Url {
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        let mut url = self.base.join(path);
        url.set_query(query);
        url
    }

    /// The root of the target.
    pub(crate) fn base(&self) -> url::Url {
        self.base.join("/")
    }

    /// When the run began.
    pub(crate) fn began(&self) -> Began {
        self.began
    }

    /// Time since the run began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// From now on: one request at a time, and a pause before each; or no longer.
    pub(crate) fn take_care(&self, is_careful: bool) {
        self.pace.take_care(is_careful);
    }

    /// Sends a request to a path (perhaps with a query) and records what comes of it.
    pub(crate) async fn exchange(&self, id: String, path: &str, request: &Request) -> Exchange {
        let url = self.address(path);
        if let Some(recording) = self.playback() {
            return recording.answer(id, self.sent(&url, request));
        }
        // Held until the answer is there: with care there is one request at a time.
        let _turn = self.pace.turn().await;
        let _permit: Option<SemaphorePermit<'_>> = self.gate.acquire().await.ok();
        let at = self.elapsed();
        let received = match self.message(&url, request).await {
            Ok(message) => self.deliver(request, message).await,
            Err(why) => Err(Lost::Local(why)),
        };
        let took = self.elapsed().saturating_sub(at);
        Exchange {
            id,
            sent: self.sent(&url, request),
            received: match received {
                Ok(answer) => Received::Answer(self.masked(answer)),
                Err(lost) => Received::Lost(lost),
            },
            at,
            took,
        }
    }

    async fn deliver(
        &self,
        request: &Request,
        message: (http::Uri, HeaderMap),
    ) -> Result<Answer, Lost> {
        let transport = self.transport()?;
        let first = transport.send(request, message.clone(), false).await;
        match first {
            Err(Lost::Dropped | Lost::NotReached(_)) if request.wire != Wire::Slow => {
                transport.send(request, message, true).await
            }
            other => other,
        }
    }

    /// The address and the headers as they go out.
    async fn message(
        &self,
        url: &url::Url,
        request: &Request,
    ) -> Result<(http::Uri, HeaderMap), String> {
        let uri = http::Uri::try_from(url.as_str())
            .map_err(|e| format!("{url} cannot be sent as it is ({e})"))?;
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        for (name, secret) in self.own_headers(request) {
            let value = secret.value().await;
            let value = value.map_err(|why| format!("header `{name}`: {why}"))?;
            headers.insert(name.clone(), usable(name, &value)?);
        }
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("{name:?} is no header name"))?;
            let value = usable(&name, value)?;
            headers.append(name, value);
        }
        Ok((uri, headers))
    }

    /// An answer without the secrets that it may repeat.
    fn masked(&self, mut answer: Answer) -> Answer {
        if self.headers.is_empty() && self.tenants.is_none() {
            return answer;
        }
        for value in answer.headers.values_mut() {
            let masked = self.mask(value.as_bytes().to_vec());
            *value = HeaderValue::from_bytes(&masked).unwrap_or_else(|_| value.clone());
        }
        answer.body = self.mask(answer.body.to_vec()).into();
        answer
    }

    fn mask(&self, bytes: Vec<u8>) -> Vec<u8> {
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

    fn sent(&self, url: &url::Url, request: &Request) -> Sent {
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
}

fn usable(name: &HeaderName, value: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(value)
        .map_err(|_| format!("the value of `{name}` has characters that a header cannot carry"))
}
