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
use crate::mock::Mock;
use crate::payload::Payload;
use crate::refusal::Cause;
use crate::request::{Answer, Effect, Request, Then};
use crate::seat::Seat;

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
    seat: Arc<Seat<Shared>>,
    request: HttpRequest<Incoming>,
) -> Result<Response<Payload>, Broken> {
    let shared = &*seat.shared;
    let (head, incoming) = request.into_parts();
    if !host::is_proper(&head.headers, head.version) {
        return Ok(closing(&shared.mock.load(), &head, Cause::BadRequest));
    }
    let path = head.uri.path();
    let is_control = control::is_path(path) && shared.mock.load().has_control();
    let max_body = match is_control {
        true => control::max_body(path, &shared.limits),
        false => shared.limits.max_body,
    };
    let body = match body::read(&head.headers, incoming, max_body, &shared.limits).await {
        Ok(body) => body,
        Err(cause) => return Ok(closing(&shared.mock.load(), &head, cause)),
    };
    let (response, effect) = answered(shared, is_control, &asked(&head, &body));
    if effect == Effect::default() {
        return Ok(response);
    }
    // In a box, since what waits is large and mostly is not there.
    Box::pin(carry_out(&seat, response, effect)).await
}

/// The response, and what a fault wants done with it. Nothing waits here: the mock is held without counting, which
/// processors would have to take turns for.
fn answered(
    shared: &Shared,
    is_control: bool,
    request: &Request<'_>,
) -> (Response<Payload>, Effect) {
    let mock = &shared.mock.load();
    if is_control {
        return (controlled(shared, mock, request), Effect::default());
    }
    if let Some(file) = mock.file(request) {
        return (file.map(Payload::File), Effect::default());
    }
    let answer = mock.answer(request);
    tracing::debug!(
        method = %request.method,
        operation = answer.operation.map(|o| o.id.as_str()),
        status = answer.status.as_u16(),
        fault = answer.fault,
        "answered"
    );
    let effect = answer.effect;
    (whole(answer), effect)
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

/// Does with a response what a fault wants.
async fn carry_out(
    seat: &Seat<Shared>,
    response: Response<Payload>,
    effect: Effect,
) -> Result<Response<Payload>, Broken> {
    let shared = &seat.shared;
    if !effect.delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(effect.delay) => {}
            () = shared.stopped() => {}
        }
    }
    match effect.then {
        Then::Send => Ok(response),
        Then::Cut(at) => {
            let (head, payload) = response.into_parts();
            // Nothing can be cut off from nothing; a client must not wait for it either.
            let payload = payload.cut(at).ok_or(Broken)?;
            Ok(Response::from_parts(head, payload))
        }
        Then::Reset => {
            seat.line.reset();
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
