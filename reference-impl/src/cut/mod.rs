//! One MP4 file out of parts of several, without re-encoding.
//!
//! A **piece** is what a file gives: from one millisecond of its presentation to another. Pieces follow
//! each other without a break, so gaps between recordings are left out. [`Layout`] works out where
//! everything will be from a few numbers about each piece ([`Part`]), before a byte is written; so
//! size and duration are known when a download is accepted, and a day costs no memory. [`Writer`] then
//! delivers the file from its first byte to its last, from any byte on: the boxes of `moov` first, each
//! table piece by piece, then the samples in the order in which they lay in their files.
//!
//! # Time
//! Pictures can only be decoded from a key frame on. The first piece begins at the key frame at or
//! before its start, and the edit list hides what is too early. Every other piece begins with a file,
//! at a key frame. At a joint the last sample lasts until the first of the next piece, in each
//! track by itself: picture and sound stay in step, because each piece is put where it belongs in both,
//! and an error (of less than half a frame of sound) does not add up. Pictures of all pieces are
//! decoded earlier than shown by the same time, that of the piece that reorders most.
//!
//! # What does not go together
//! Pieces of different parameters (another resolution, another profile) become sample entries of their own. Another
//! codec is refused, since players do not change decoders within a track; so is a file whose tables
//! would pass [`MAX_HEAD`].

mod boxes;
mod layout;
mod part;
mod tables;
mod timeline;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use layout::Layout;
pub(crate) use part::{Piece, Span, closed_end};
pub(crate) use writer::{Open, Writer};

/// Most bytes before the samples, and so most that a reader has to hold. A day of 25 pictures a second
/// with AAC has 20 to 40 MiB.
pub(crate) const MAX_HEAD: u64 = 64 << 20;

/// The parts cannot be one file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotOneFile(pub(crate) String);
