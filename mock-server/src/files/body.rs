//! The body of a file's answer, computed a frame at a time.
//!
//! There is no task behind it and nothing runs ahead: hyper asks for the next frame when the last one is on its way, so
//! that whoever reads slowly is served slowly.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::content::Content;

/// Bytes of a frame at most, and so of memory that an answer takes.
const FRAME: u64 = 64 * 1024;

/// The body of an answer about a file: what there is of the file, or a few words.
#[derive(Debug)]
pub struct FileBody {
    content: Content,
    pieces: VecDeque<Piece>,
    left: u64,
}

/// A piece of a body.
#[derive(Debug)]
pub(super) enum Piece {
    /// As it stands here; not empty.
    Text(Bytes),
    /// These bytes of the content; not empty.
    Slice(Range<u64>),
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Slice(range) => range.end - range.start,
        }
    }
}

impl FileBody {
    /// Pieces of a content, one after the other.
    pub(super) fn new(content: Content, pieces: impl IntoIterator<Item = Piece>) -> Self {
        let pieces: VecDeque<_> = pieces.into_iter().filter(|piece| piece.len() > 0).collect();
        let left = pieces.iter().map(Piece::len).fold(0, u64::saturating_add);
        Self {
            content,
            pieces,
            left,
        }
    }

    /// A text, perhaps empty, instead of a file.
    pub(crate) fn text(text: &'static str) -> Self {
        let text = Bytes::from_static(text.as_bytes());
        Self::new(Content::padding(0, 0), [Piece::Text(text)])
    }

    /// Takes each slice one byte before where it should begin, if there is one. For misbehaviours.
    pub(crate) fn step_back(&mut self) {
        for piece in &mut self.pieces {
            if let Piece::Slice(range) = piece
                && range.start > 0
            {
                *range = range.start - 1..range.end - 1;
            }
        }
    }

    /// Takes each slice from the start of the content. For misbehaviours.
    pub(crate) fn rewind(&mut self) {
        for piece in &mut self.pieces {
            if let Piece::Slice(range) = piece {
                *range = 0..range.end - range.start;
            }
        }
    }

    /// Bytes that are still to come.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    fn next(&mut self) -> Option<Bytes> {
        let frame = match self.pieces.front_mut()? {
            Piece::Text(text) => std::mem::take(text),
            Piece::Slice(range) => {
                let count = FRAME.min(range.end - range.start);
                let mut frame = vec![0; usize::try_from(count).unwrap_or(0)];
                self.content.read_at(range.start, &mut frame);
                range.start += count;
                Bytes::from(frame)
            }
        };
        if self.pieces.front().is_some_and(|piece| piece.len() == 0) {
            self.pieces.pop_front();
        }
        self.left = self.left.saturating_sub(frame.len() as u64);
        Some(frame)
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.get_mut().next().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::body::Body;
    use proptest::prelude::*;

    use super::{Content, FRAME, FileBody, Piece};

    fn frames(mut body: FileBody) -> Vec<Bytes> {
        let mut all = Vec::new();
        while !body.is_end_stream() {
            let left = body.size_hint().exact().unwrap();
            let frame = body.next().unwrap();
            assert_eq!(body.left(), left - frame.len() as u64);
            all.push(frame);
        }
        assert_eq!(body.next(), None);
        all
    }

    #[test]
    fn nothing_is_a_body_too() {
        assert!(FileBody::text("").is_end_stream());
        assert_eq!(frames(FileBody::text("ab")), ["ab"]);
    }

    proptest! {
        #[test]
        fn frames_make_the_pieces(pieces in prop::collection::vec((0..300_000_u64, 0..200_000_u64), 0..6)) {
            let content = Content::padding(500_000, 3);
            let body = pieces.iter().flat_map(|(start, len)| {
                [Piece::Text(Bytes::from_static(b"--")), Piece::Slice(*start..start + len)]
            });
            let frames = frames(FileBody::new(content, body));
            prop_assert!(frames.iter().all(|frame| !frame.is_empty() && frame.len() as u64 <= FRAME));
            let expected = pieces.iter().flat_map(|(start, len)| {
                let mut slice = vec![0; *len as usize];
                content.read_at(*start, &mut slice);
                [b"--".to_vec(), slice].concat()
            });
            prop_assert_eq!(frames.concat(), expected.collect::<Vec<_>>());
        }
    }
}
