//! The body of an answer with bytes of a file.
//!
//! One piece is on its way to the client while the next one is being read, and no more: a slow client
//! costs two pieces of memory, and the disk rests until it takes them.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::{Filed, ServedFile};

/// Bytes read at once. Larger pieces cost fewer hops between threads, and more memory.
const PIECE: usize = 256 * 1024;

/// What a body is made of.
pub(super) enum Part {
    /// These bytes.
    Text(Bytes),
    /// These bytes of the file.
    File(Range<u64>),
}

impl Part {
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::File(range) => range.end - range.start,
        }
    }
}

/// A body made of parts.
pub(super) struct FileBody {
    file: Arc<dyn ServedFile>,
    parts: VecDeque<Part>,
    /// Bytes that were not handed out yet.
    left: u64,
    ahead: Option<Ahead>,
}

/// The next piece.
enum Ahead {
    Reading(Filed<'static, Bytes>, usize),
    Ready(Bytes),
}

impl FileBody {
    pub(super) fn new(file: Arc<dyn ServedFile>, parts: impl IntoIterator<Item = Part>) -> Self {
        let parts: VecDeque<_> = parts.into_iter().collect();
        Self {
            left: parts.iter().map(Part::length).sum(),
            file,
            parts,
            ahead: None,
        }
    }

    /// How many bytes it has.
    pub(super) fn length(&self) -> u64 {
        self.left
    }

    /// Begins with the next piece.
    fn start(&mut self) -> Option<Ahead> {
        match self.parts.front_mut()? {
            Part::File(range) if range.start < range.end => {
                let left = usize::try_from(range.end - range.start).unwrap_or(PIECE);
                let length = left.min(PIECE);
                let reading = self.file.read(range.start, length);
                range.start += length as u64;
                Some(Ahead::Reading(reading, length))
            }
            Part::File(_) => {
                self.parts.pop_front();
                self.start()
            }
            Part::Text(text) => {
                let text = std::mem::take(text);
                self.parts.pop_front();
                Some(Ahead::Ready(text))
            }
        }
    }

    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.ahead.is_none() {
            self.ahead = self.start();
        }
        let piece = match &mut self.ahead {
            None => return Poll::Ready(None),
            Some(Ahead::Ready(piece)) => Ok(std::mem::take(piece)),
            Some(Ahead::Reading(reading, length)) => {
                let length = *length;
                let Poll::Ready(piece) = reading.as_mut().poll(cx) else {
                    return Poll::Pending;
                };
                // Served files never change; one that did is not worth an end that looks like one.
                piece.and_then(|piece| match piece.len() == length {
                    true => Ok(piece),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                })
            }
        };
        self.ahead = None;
        Poll::Ready(Some(piece))
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = match self.poll_ahead(cx) {
            Poll::Ready(Some(Ok(piece))) => piece,
            Poll::Ready(Some(Err(error))) => {
                tracing::warn!(%error, "a served file cannot be read to its end");
                return Poll::Ready(Some(Err(error)));
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        };
        self.left = self.left.saturating_sub(piece.len() as u64);
        // The reading of the next piece begins by being asked for.
        if let Poll::Ready(Some(Ok(next))) = self.poll_ahead(cx) {
            self.ahead = Some(Ahead::Ready(next));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
