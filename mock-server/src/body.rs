//! Reading a body within its limits: so many bytes, so much time.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::limits::Limits;
use crate::refusal::Cause;

/// The whole body, of so many bytes at most, or why there is none.
///
/// Of a body that is too large the rest is thrown away, up to [`Limits::max_discard`], so that the client reads its
/// refusal instead of meeting a closed connection.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    max_body: usize,
    limits: &Limits,
) -> Result<Bytes, Cause> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if is_hopeless(headers, max_body, limits) {
        return Err(Cause::BodyTooLarge);
    }
    let mut reading = pin!(collect(body, max_body, limits));
    // Mostly all of it came together with the head: then no timer need be set.
    let at_once = poll_fn(|context| Poll::Ready(reading.as_mut().poll(context)));
    if let Poll::Ready(read) = at_once.await {
        return read;
    }
    // In a box, since what waits is large and mostly is not there.
    let reading = Box::pin(tokio::time::timeout(limits.body_timeout, reading));
    reading.await.unwrap_or(Err(Cause::BodyTimeout))
}

/// Whether the announced length is beyond what would be read, or the client waits to be told to send too much.
fn is_hopeless(headers: &HeaderMap, max_body: usize, limits: &Limits) -> bool {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let is_over = |limit: usize| length.is_some_and(|length| length > limit as u64);
    is_over(max_body.saturating_add(limits.max_discard))
        || (is_over(max_body) && headers.contains_key(EXPECT))
}

async fn collect(mut body: Incoming, max_body: usize, limits: &Limits) -> Result<Bytes, Cause> {
    // Most bodies come in one frame, which is then taken as it is.
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame.map_err(|_| Cause::BadRequest)?.into_data() else {
            continue;
        };
        length = length.saturating_add(frame.len());
        if length > max_body {
            rest = BytesMut::new();
            if length - max_body > limits.max_discard {
                break;
            }
        } else if first.is_empty() {
            first = frame;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&frame);
        }
    }
    if length > max_body {
        return Err(Cause::BodyTooLarge);
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}
