//! Bodies of responses: whole, cut short on purpose, or a stream that ends when nobody wants it any more.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::files::FileBody;

/// A body of a response.
#[derive(Debug)]
pub(crate) enum Payload {
    /// All of it.
    Whole(Bytes),
    /// Announced with its whole length, and broken off.
    Cut {
        /// What is sent.
        rest: Bytes,
        /// What was announced and is still owed.
        owed: u64,
    },
    /// A file, made while it is sent.
    File(FileBody),
    /// What comes, while it comes.
    Stream(mpsc::Receiver<Bytes>),
}

impl Payload {
    /// The same with only so many bytes sent, one less than all at most; nothing if it is empty, or is no whole one.
    pub(crate) fn cut(self, at: usize) -> Option<Self> {
        let Self::Whole(body) = self else { return None };
        let sent = at.min(body.len().checked_sub(1)?);
        Some(Self::Cut {
            rest: body.slice(..sent),
            owed: body.len() as u64,
        })
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = |bytes: Bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => frame(std::mem::take(bytes)),
            Self::Cut { rest, owed } if !rest.is_empty() => {
                *owed -= rest.len() as u64;
                frame(std::mem::take(rest))
            }
            // The first time hyper is let go and send what it has; the second time the connection is broken.
            Self::Cut { owed: 0, .. } => {
                Poll::Ready(Some(Err(io::Error::other("cut short by a fault"))))
            }
            Self::Cut { owed, .. } => {
                *owed = 0;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::File(file) => Pin::new(file)
                .poll_frame(context)
                .map_err(|never| match never {}),
            Self::Stream(receiver) => receiver
                .poll_recv(context)
                .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::File(file) => file.is_end_stream(),
            Self::Cut { .. } | Self::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Cut { owed, .. } => SizeHint::with_exact(*owed),
            Self::File(file) => file.size_hint(),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
