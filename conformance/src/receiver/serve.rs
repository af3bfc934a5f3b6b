//! One connection of the receiver: read, record, then do what the place says.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Shared;
use super::tap::{Tap, Wire};
use crate::event::Event;
use crate::receipt::{Door, MAX_CALLBACK, Receipt, Reply};

const HEAD_TIME: Duration = Duration::from_secs(5);
const BODY_TIME: Duration = Duration::from_secs(10);
/// The longest that a connection is kept open, also by one who waits for an answer that never comes.
const CONNECTION_TIME: Duration = Duration::from_secs(300);
const HEAD_SIZE: usize = 16 * 1024;
/// After a connection could not be accepted, for want of file descriptors, say.
const PAUSE: Duration = Duration::from_millis(50);

/// The connection is to be reset.
#[derive(Debug, thiserror::Error)]
#[error("reset")]
struct ToReset;

/// Accepts connections until it is aborted; its connections end with it.
pub(super) async fn accept(listener: TcpListener, door: Door, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&shared.gate).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    connection(stream, door, shared).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, door: Door, shared: Arc<Shared>) {
    let wire = Arc::new(Wire::default());
    let tap = Tap {
        stream,
        wire: Arc::clone(&wire),
    };
    let service = service_fn(move |request| {
        let (wire, shared) = (Arc::clone(&wire), Arc::clone(&shared));
        async move { answer(request, door, &wire, &shared).await }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_SIZE)
        // One request for each connection, so that what the tap heard is that request.
        .keep_alive(false)
        .serve_connection(TokioIo::new(tap), service);
    // What a sender breaks is its own matter: what came is recorded.
    let _ = tokio::time::timeout(CONNECTION_TIME, served).await;
}

async fn answer(
    request: Request<Incoming>,
    door: Door,
    wire: &Wire,
    shared: &Shared,
) -> Result<Response<Empty<Bytes>>, ToReset> {
    let (head, body) = request.into_parts();
    let (body, is_cut) = read(body).await;
    let target = Bytes::from(wire.target());
    let make = |case: &str, door: Door, number: usize, reply: Reply| Receipt {
        id: format!("{}.r{number}", if case.is_empty() { "stray" } else { case }),
        case: case.to_owned(),
        door,
        method: head.method.to_string(),
        target: target.clone(),
        headers: head.headers.clone(),
        body: body.clone(),
        is_cut,
        at: shared.began.elapsed(),
        reply,
    };
    let (reply, receipt) = match shared.find(&target) {
        Some((token, place)) => {
            let is_back = place.is_back(&token) || door == Door::Back;
            let door = if is_back { Door::Back } else { door };
            place.take(is_back, &body, |number, reply| {
                make(place.case(), door, number, reply)
            })
        }
        None => {
            let reply = Reply::Status(404);
            let receipt = shared.stray(|number| make("", door, number, reply.clone()));
            (reply, receipt)
        }
    };
    if let Some(receipt) = receipt {
        shared.events.tell(Event::Received(receipt)).await;
    }
    carry_out(reply, wire).await
}

async fn carry_out(reply: Reply, wire: &Wire) -> Result<Response<Empty<Bytes>>, ToReset> {
    let status = match &reply {
        Reply::Status(status) | Reply::Late(status, _) | Reply::Redirect(status, _) => *status,
        Reply::Hang => {
            std::future::pending::<Infallible>().await;
            return Err(ToReset);
        }
        Reply::Reset => {
            wire.reset();
            return Err(ToReset);
        }
    };
    if let Reply::Late(_, time) = &reply {
        tokio::time::sleep(*time).await;
    }
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    if let Reply::Redirect(_, place) = &reply
        && let Ok(place) = HeaderValue::try_from(place)
    {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// A body, as much of it as is kept; true if that is not all.
async fn read(mut body: Incoming) -> (Bytes, bool) {
    let mut bytes = Vec::new();
    let reading = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return true };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let room = MAX_CALLBACK - bytes.len();
            bytes.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                return true;
            }
        }
        false
    };
    let is_cut = tokio::time::timeout(BODY_TIME, reading).await;
    (bytes.into(), is_cut.unwrap_or(true))
}
