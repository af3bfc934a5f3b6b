//! Bodies of answers: those of the proxy's own, and those that flow through.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

/// Why a body ended before its end; the client meets a closed connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the upstream broke off: {0}")]
    Upstream(#[from] hyper::Error),
    #[error("the upstream sent nothing for {0:?}")]
    Stalled(Duration),
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Passing {
    /// It is here.
    Whole(Full<Bytes>),
    /// It flows through.
    Through(Box<Through>),
}

/// A body on its way.
#[derive(Debug)]
pub(crate) struct Through {
    /// What was read of it already.
    ahead: VecDeque<Bytes>,
    rest: Incoming,
    /// How long the upstream may send nothing.
    patience: Duration,
    /// Runs only while we wait for the upstream, so that a slow client does not count against it.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Passing {
    pub(crate) fn through(ahead: VecDeque<Bytes>, rest: Incoming, patience: Duration) -> Self {
        Self::Through(Box::new(Through {
            ahead,
            rest,
            patience,
            waiting: None,
        }))
    }
}

impl From<Bytes> for Passing {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl Through {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(bytes) = self.ahead.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.rest).poll_frame(context) {
            self.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Broken::from)));
        }
        let patience = self.patience;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        match waiting.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(Broken::Stalled(patience)))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Body for Passing {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut *self {
            Self::Whole(whole) => Pin::new(whole)
                .poll_frame(context)
                .map_err(|never| match never {}),
            Self::Through(through) => through.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Through(through) => through.ahead.is_empty() && through.rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Through(through) => {
                let ahead: usize = through.ahead.iter().map(Bytes::len).sum();
                let rest = through.rest.size_hint();
                let mut hint = SizeHint::new();
                hint.set_lower(ahead as u64 + rest.lower());
                if let Some(upper) = rest.upper() {
                    hint.set_upper(ahead as u64 + upper);
                }
                hint
            }
        }
    }
}

/// A body that was to be read.
#[derive(Debug)]
pub(crate) enum Read {
    /// All of it.
    Whole(Bytes),
    /// More than was to be read: the beginning, and what is still to come.
    TooLarge(VecDeque<Bytes>, Incoming),
}

/// Reads a body of at most so many bytes.
pub(crate) async fn read(mut body: Incoming, max: usize) -> Result<Read, hyper::Error> {
    let mut parts = VecDeque::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        // Trailers are not passed on, as RFC 9110 §6.5.1 allows.
        let Ok(bytes) = frame?.into_data() else {
            continue;
        };
        length = length.saturating_add(bytes.len());
        parts.push_back(bytes);
        if length > max {
            return Ok(Read::TooLarge(parts, body));
        }
    }
    Ok(Read::Whole(match parts.len() {
        0 | 1 => parts.pop_front().unwrap_or_default(),
        _ => parts.iter().flatten().copied().collect(),
    }))
}
