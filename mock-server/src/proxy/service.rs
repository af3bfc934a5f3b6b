//! One exchange, top to bottom: read, judge, forward, judge, record, answer.

use std::convert::Infallible;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use hyper::body::Incoming;
use jiff::Timestamp;
use smsload_spec::Violation;
use tokio::time::Instant;

use crate::body;
use crate::host;
use crate::limits::Limits;
use crate::proxy::exchange::{Content, Ending, Exchange, Exchanges, Message};
use crate::proxy::forward::{Reply, ReplyBody, Sender};
use crate::proxy::headers;
use crate::proxy::judge::{Asked, Judge};
use crate::proxy::passing::Passing;
use crate::proxy::server::Told;
use crate::proxy::upstream::Upstream;
use crate::refusal::Cause;
use crate::request::Answer;
use crate::seat::Seat;
use crate::violations::{Breach, Side, Violations, breach};

/// What all connections of a proxy share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) upstream: Upstream,
    pub(super) sender: Sender,
    /// The present contract; an exchange is judged whole by the one it met.
    pub(super) judge: ArcSwap<Judge>,
    pub(super) enforce: bool,
    /// Paths that begin so are not judged.
    pub(super) unjudged: Vec<String>,
    pub(super) limits: Limits,
    pub(super) traffic: Arc<Exchanges>,
    pub(super) violations: Arc<Violations>,
    pub(super) told: Option<Told>,
}

/// The response to a request.
pub(super) async fn respond(
    seat: Arc<Seat<Shared>>,
    request: Request<Incoming>,
) -> Result<Response<Passing>, Infallible> {
    let shared = &*seat.shared;
    let judge = shared.judge.load_full();
    if !host::is_proper(request.headers(), request.version())
        || *request.method() == Method::CONNECT
    {
        return Ok(closing(judge.refuse(Cause::BadRequest)));
    }
    let started = (Timestamp::now(), Instant::now());
    let (head, incoming) = request.into_parts();
    let body = match body::read(
        &head.headers,
        incoming,
        shared.limits.max_body,
        &shared.limits,
    )
    .await
    {
        Ok(body) => body,
        Err(cause) => return Ok(closing(judge.refuse(cause))),
    };
    let Some(uri) = shared.upstream.uri(&head.uri) else {
        return Ok(response(judge.refuse(Cause::BadRequest)));
    };
    let is_judged = !shared.is_exempt(head.uri.path());
    let asked = is_judged.then(|| judge.request(&head, &body));
    let passage = Passage {
        shared,
        judge: &judge,
        asked,
        url: uri.to_string(),
        head: &head,
        body: body.clone(),
        started,
    };
    if headers::has_passed(&head.headers, &shared.sender.via) {
        return Ok(passage.own(judge.looped(&shared.upstream), Ending::Failed));
    }
    if let Some(asked) = passage.refused() {
        let refusal = judge.refuse_asked(asked);
        return Ok(passage.own(refusal, Ending::Refused));
    }
    Ok(match shared.sender.send(&head, uri, body).await {
        Err(failure) => {
            tracing::debug!(upstream = %shared.upstream, ?failure, "no answer");
            let answer = judge.failed(&shared.upstream, &failure);
            passage.own(answer, Ending::Failed)
        }
        Ok(reply) => passage.answered(reply),
    })
}

/// A request that was read, on its way through.
struct Passage<'a> {
    shared: &'a Shared,
    judge: &'a Judge,
    /// The request, judged; nothing if it is exempt.
    asked: Option<Asked<'a>>,
    url: String,
    head: &'a Parts,
    body: Bytes,
    started: (Timestamp, Instant),
}

impl<'a> Passage<'a> {
    /// The request, if it is not to be forwarded.
    fn refused(&self) -> Option<&Asked<'a>> {
        let asked = self.asked.as_ref()?;
        (self.shared.enforce && !asked.violations.is_empty()).then_some(asked)
    }

    /// The proxy's own answer.
    fn own(self, answer: Answer<'_>, ending: Ending) -> Response<Passing> {
        let content = Content::copy(&answer.body);
        let message = Message::new(&answer.headers, content);
        self.record(answer.status.as_u16(), message, ending, &[]);
        response(answer)
    }

    /// The upstream's answer, or what replaces it.
    fn answered(self, reply: Reply) -> Response<Passing> {
        let Reply { head, body } = reply;
        let operation = self.asked.as_ref().and_then(|asked| asked.operation);
        let violations = operation.map_or_else(Vec::new, |operation| {
            let judged = body.judged();
            self.judge
                .answer(operation, head.status, &head.headers, judged)
        });
        let message = Message::new(&head.headers, content(&body));
        let (judge, shared) = (self.judge, self.shared);
        let is_replaced = shared.enforce && !violations.is_empty();
        let ending = match is_replaced {
            true => Ending::Replaced,
            false => Ending::Forwarded,
        };
        self.record(head.status.as_u16(), message, ending, &violations);
        if is_replaced {
            return response(judge.replace(&shared.upstream, &violations));
        }
        let has_body = !matches!(body, ReplyBody::None);
        let mut response = Response::new(match body {
            ReplyBody::Whole(bytes) => Passing::from(bytes),
            ReplyBody::None => Passing::from(Bytes::new()),
            ReplyBody::Through { body, .. } => body,
        });
        *response.status_mut() = head.status;
        *response.headers_mut() = headers::to_client(&head.headers, has_body);
        response
    }

    /// Keeps the exchange, counts what is wrong with it and tells of it.
    fn record(self, status: u16, answer: Message, ending: Ending, wrong: &[Violation]) {
        let breaches = self.breaches(wrong);
        let operation = self.asked.as_ref().and_then(|asked| asked.operation);
        let exchange = Arc::new(Exchange {
            started: self.started.0,
            elapsed: self.started.1.elapsed(),
            method: self.head.method.clone(),
            url: self.url,
            operation: operation.map(|operation| operation.id.clone()),
            request: Message::new(&self.head.headers, Content::copy(&self.body)),
            status,
            answer,
            ending,
            breaches,
        });
        self.shared.traffic.push(Arc::clone(&exchange));
        if let Some(told) = &self.shared.told {
            told.tell(&exchange);
        }
    }

    fn breaches(&self, of_answer: &[Violation]) -> Vec<Breach> {
        let Some(asked) = &self.asked else {
            return Vec::new();
        };
        let contract = &self.judge.contract;
        let of_request = asked.violations.iter().map(|v| (Side::Request, v));
        let of_answer = of_answer.iter().map(|v| (Side::Answer, v));
        let told = |(side, violation)| {
            let counted = &self.shared.violations;
            counted.note(contract, &asked.name, side, violation);
            breach(contract, &asked.name, side, violation)
        };
        of_request.chain(of_answer).map(told).collect()
    }
}

impl Shared {
    fn is_exempt(&self, path: &str) -> bool {
        self.unjudged.iter().any(|prefix| path.starts_with(prefix))
    }
}

fn content(body: &ReplyBody) -> Content {
    match body {
        ReplyBody::Whole(bytes) => Content::copy(bytes),
        ReplyBody::None => Content::copy(&[]),
        ReplyBody::Through { length, .. } => Content::Passed(*length),
    }
}

/// A refusal after which the connection cannot be used: its body was not read, or its framing is in doubt.
fn closing(answer: Answer<'_>) -> Response<Passing> {
    let mut response = response(answer);
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn response(answer: Answer<'_>) -> Response<Passing> {
    let mut response = Response::new(Passing::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
