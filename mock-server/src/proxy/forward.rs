//! One request on its way to the upstream, and its answer on the way back.

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use tokio::time::Instant;

use crate::proxy::headers;
use crate::proxy::judge::is_judged;
use crate::proxy::passing::{self, Passing, Read};
use crate::proxy::upstream::{Client, Failure, root};

/// What an upstream answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) head: http::response::Parts,
    pub(super) body: ReplyBody,
}

/// Its body.
#[derive(Debug)]
pub(super) enum ReplyBody {
    /// Read, to be judged.
    Whole(Bytes),
    /// There is none to be, though headers may tell of one.
    None,
    /// To be passed through.
    Through {
        body: Passing,
        /// The announced length.
        length: Option<u64>,
    },
}

/// How requests are sent.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) client: Client,
    /// Our name in `Via`.
    pub(super) via: HeaderValue,
    /// For an answer, or for its head and each further piece.
    pub(super) timeout: Duration,
    /// Bytes of an answer that are read to be judged.
    pub(super) max_judged: usize,
}

impl Sender {
    /// Sends a request and reads as much of the answer as is judged.
    pub(super) async fn send(&self, head: &Parts, uri: Uri, body: Bytes) -> Result<Reply, Failure> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = headers::to_upstream(&head.headers, &self.via);
        let deadline = Instant::now() + self.timeout;
        let answering = async {
            let response = self.client.send(request).await?;
            self.receive(&head.method, response).await
        };
        let answered = tokio::time::timeout_at(deadline, answering).await;
        answered.unwrap_or(Err(Failure::TooSlow))
    }

    async fn receive(
        &self,
        method: &Method,
        response: Response<Incoming>,
    ) -> Result<Reply, Failure> {
        let (head, body) = response.into_parts();
        if *method == Method::HEAD || head.status == StatusCode::NOT_MODIFIED {
            let body = ReplyBody::None;
            return Ok(Reply { head, body });
        }
        let length = body.size_hint().exact();
        let through = |ahead, rest| ReplyBody::Through {
            body: Passing::through(ahead, rest, self.timeout),
            length,
        };
        if !is_judged(&head.headers, length, self.max_judged) {
            let body = through(std::collections::VecDeque::new(), body);
            return Ok(Reply { head, body });
        }
        let read = passing::read(body, self.max_judged).await;
        let body = match read.map_err(|error| Failure::NoHttp(root(&error)))? {
            Read::Whole(bytes) => ReplyBody::Whole(bytes),
            Read::TooLarge(ahead, rest) => through(ahead, rest),
        };
        Ok(Reply { head, body })
    }
}

impl ReplyBody {
    /// What is judged of it.
    pub(super) fn judged(&self) -> Option<&[u8]> {
        match self {
            Self::Whole(bytes) => Some(bytes),
            Self::None | Self::Through { .. } => None,
        }
    }
}
