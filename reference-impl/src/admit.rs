//! What every request passes first: exactly one `Host`, and a body that is whole, small and in time.
//!
//! Handlers see only requests whose body has arrived completely, so none of them waits for a client.
//! A body over the limit is read on and thrown away for a while before the answer: closing a
//! connection with unread bytes resets it, and the client would never see why.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::answer;
use crate::limits::Limits;
use crate::rejection::Rejection;

/// The middleware: lets a request through with its whole body, or answers in its place.
pub(crate) async fn admit(
    State(limits): State<Arc<Limits>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let waits_for_leave = parts.headers.contains_key(header::EXPECT);
    let body = match read_whole(body, &limits, waits_for_leave).await {
        Ok(body) => body,
        Err(rejection) => return answer::refused_for_good(&rejection),
    };
    if !has_valid_host(&parts.headers, parts.version) {
        return answer::refused_for_good(&Rejection::Host);
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Exactly one `Host` with a host in it (RFC 9112 §3.2); HTTP/1.0 may leave it out.
fn has_valid_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => Authority::try_from(host.as_bytes())
            .is_ok_and(|host| !host.host().is_empty() && !host.as_str().contains('@')),
        (Some(_), Some(_)) => false,
    }
}

/// Reads a body to its end. `waits_for_leave`: the client sends it only once we read (RFC 9110 §10.1.1).
async fn read_whole(
    mut body: Body,
    limits: &Limits,
    waits_for_leave: bool,
) -> Result<Bytes, Rejection> {
    let too_large = Rejection::BodyTooLarge(limits.max_body);
    let most = limits.max_body.saturating_add(limits.max_discard);
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > most || (announced > limits.max_body && waits_for_leave) {
        return Err(too_large);
    }
    let deadline = Instant::now() + limits.body_timeout;
    let (mut whole, mut length) = (BytesMut::new(), 0_usize);
    loop {
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) | Ok(None) if length > limits.max_body => return Err(too_large),
            Err(_) => return Err(Rejection::BodyTimeout),
            Ok(None) => return Ok(whole.freeze()),
            Ok(Some(frame)) => frame.map_err(|_| Rejection::BodyUnreadable)?,
        };
        // Trailers are of no use here.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length > most {
            return Err(too_large);
        }
        if length <= limits.max_body {
            whole.extend_from_slice(&data);
        } else {
            whole = BytesMut::new();
        }
    }
}
