//! The pipeline over HTTP: hyper's requests into the mock's, and its answers back.

use std::convert::Infallible;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Request as HttpRequest, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;

use crate::body;
use crate::files::FileBody;
use crate::host;
use crate::limits::Limits;
use crate::mock::Mock;
use crate::refusal::Cause;
use crate::request::{Answer, Request};

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The mock under its present contract; a request is answered whole by the one it met.
    pub(crate) mock: ArcSwap<Mock>,
    pub(crate) limits: Limits,
}

/// What is sent: an answer that is there as a whole, or a file that is made while it is sent.
pub(crate) type ResponseBody = Either<Full<Bytes>, FileBody>;

/// The response to a request.
pub(crate) async fn respond(
    shared: Arc<Shared>,
    request: HttpRequest<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    if !host::is_proper(request.headers(), request.version()) {
        return Ok(closing(&shared.mock.load(), Cause::BadRequest));
    }
    let (head, incoming) = request.into_parts();
    let body = match body::read(&head.headers, incoming, &shared.limits).await {
        Ok(body) => body,
        Err(cause) => return Ok(closing(&shared.mock.load(), cause)),
    };
    let request = Request {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body: &body,
    };
    let mock = shared.mock.load();
    if let Some(file) = mock.file(&request) {
        return Ok(file.map(Either::Right));
    }
    let answer = mock.answer(&request);
    tracing::debug!(
        method = %head.method,
        operation = answer.operation.map(|o| o.id.as_str()),
        status = answer.status.as_u16(),
        "answered"
    );
    Ok(response(answer))
}

/// A refusal after which the connection cannot be used: its body was not read, or its framing is in doubt.
fn closing(mock: &Mock, cause: Cause) -> Response<ResponseBody> {
    let mut response = response(mock.refuse(cause));
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn response(answer: Answer<'_>) -> Response<ResponseBody> {
    let mut response = Response::new(Either::Left(Full::new(answer.body)));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}
