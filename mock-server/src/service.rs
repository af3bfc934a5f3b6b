//! The pipeline over HTTP: hyper's requests into the mock's, its answers back, and what faults do to connections.

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::header::{CONNECTION, HeaderValue};
use http::{HeaderMap, Request as HttpRequest, Response, StatusCode, request};
use hyper::body::Incoming;
use tokio::sync::{Semaphore, watch};

use crate::body;
use crate::control::{self, Reply};
use crate::host;
use crate::limits::Limits;
use crate::listen;
use crate::listener::Breaker;
use crate::mock::Mock;
use crate::payload::Payload;
use crate::refusal::Cause;
use crate::request::{Answer, Request, Then};

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The mock under its present contract; a request is answered whole by the one it met.
    pub(crate) mock: ArcSwap<Mock>,
    pub(crate) limits: Limits,
    /// Places for listeners to events.
    pub(crate) listeners: Arc<Semaphore>,
    /// True once the server is to stop: what waits need wait no longer.
    pub(crate) stopping: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(mock: Arc<Mock>, limits: Limits) -> Self {
        Self {
            mock: ArcSwap::from(mock),
            listeners: Arc::new(Semaphore::new(limits.max_listeners)),
            limits,
            stopping: watch::Sender::new(false),
        }
    }

    /// Until the server is to stop.
    async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // An error means that the server is gone.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }
}

/// A fault ends a connection without an answer.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a fault ended the connection")]
pub(crate) struct Broken;

/// The response to a request.
pub(crate) async fn respond(
    shared: Arc<Shared>,
    breaker: Breaker,
    request: HttpRequest<Incoming>,
) -> Result<Response<Payload>, Broken> {
    // A handle of its own: a guard must not be kept while the body is waited for.
    let mock = &shared.mock.load_full();
    let (head, incoming) = request.into_parts();
    if !host::is_proper(&head.headers, head.version) {
        return Ok(closing(mock, &head, Cause::BadRequest));
    }
    let is_control = mock.has_control() && control::is_path(head.uri.path());
    let max_body = match is_control {
        true => control::max_body(head.uri.path(), &shared.limits),
        false => shared.limits.max_body,
    };
    let body = match body::read(&head.headers, incoming, max_body, &shared.limits).await {
        Ok(body) => body,
        Err(cause) => return Ok(closing(mock, &head, cause)),
    };
    let request = asked(&head, &body);
    if is_control {
        return Ok(controlled(&shared, mock, &request));
    }
    if let Some(file) = mock.file(&request) {
        return Ok(file.map(Payload::File));
    }
    let answer = mock.answer(&request);
    tracing::debug!(
        method = %head.method,
        operation = answer.operation.map(|o| o.id.as_str()),
        status = answer.status.as_u16(),
        fault = answer.fault,
        "answered"
    );
    carry_out(&shared, &breaker, answer).await
}

fn asked<'r>(head: &'r request::Parts, body: &'r [u8]) -> Request<'r> {
    Request {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body,
    }
}

fn controlled(shared: &Shared, mock: &Mock, request: &Request<'_>) -> Response<Payload> {
    match control::reply(mock, &shared.listeners, request) {
        Reply::Answer(answer) => whole(*answer),
        Reply::Events(head, world, place) => {
            let stream = listen::listen(world, place, shared.stopping.subscribe());
            build(head.status, head.headers, Payload::Stream(stream))
        }
    }
}

/// Does with an answer what a fault wants; mostly there is none.
async fn carry_out(
    shared: &Shared,
    breaker: &Breaker,
    answer: Answer<'_>,
) -> Result<Response<Payload>, Broken> {
    let effect = answer.effect;
    if !effect.delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(effect.delay) => {}
            () = shared.stopped() => {}
        }
    }
    match effect.then {
        Then::Send => Ok(whole(answer)),
        // Nothing can be cut off from nothing; a client must not wait for it either.
        Then::Cut(_) if answer.body.is_empty() => Err(Broken),
        Then::Cut(at) => {
            let payload = Payload::cut(&answer.body, at);
            Ok(build(answer.status, answer.headers, payload))
        }
        Then::Reset => {
            breaker.reset();
            Err(Broken)
        }
        Then::Hang(time) => {
            tokio::select! {
                () = tokio::time::sleep(time) => {}
                () = shared.stopped() => {}
            }
            Err(Broken)
        }
    }
}

/// A refusal after which the connection cannot be used: its body was not read, or its framing is in doubt.
fn closing(mock: &Mock, head: &request::Parts, cause: Cause) -> Response<Payload> {
    let mut response = whole(mock.refuse_unread(&asked(head, b""), cause));
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn whole(answer: Answer<'_>) -> Response<Payload> {
    let Answer {
        status,
        headers,
        body,
        ..
    } = answer;
    build(status, headers, Payload::Whole(body))
}

fn build(status: StatusCode, headers: HeaderMap, payload: Payload) -> Response<Payload> {
    let mut response = Response::new(payload);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
