//! A playable MP4 of exactly so many seconds and so many bytes that is stored nowhere.
//!
//! A [`Clip`] is three numbers; any byte of its file is computed from them and the byte's place. 10 GiB cost neither
//! memory nor disk, and reading allocates nothing.
//!
//! # The file
//!
//! | part | bytes | what |
//! | --- | --- | --- |
//! | head | constant | `ftyp`, and `moov` down to the last table ([`head`]) |
//! | table | 4 a sample | the entries of `stco`, the last thing in `moov` |
//! | gate | 32 | a `free` box that holds the tag, and the header of `mdat` |
//! | frames | constant | two small key frames (H.264 Constrained Baseline, 320x180, a test picture) |
//! | padding | the rest | no sample refers to it; it ends `mdat` and the file |
//!
//! The samples take turns on the two frames: the entries of `stco` point at one and the other again and again, which
//! ISO/IEC 14496-12 allows and players do not mind. So the length in seconds and the size in bytes have nothing to do
//! with each other, and whoever has the first kilobytes of a file can play all of it. The padding is inside `mdat`, not
//! in a box of its own, because a box needs eight bytes: this way there is a file of *every* size from the least on.
//!
//! There are 25 samples a second up to 144 s, and 3,600 samples in all beyond: one a second in a clip of an hour, one in
//! 24 s in a clip of a day. The bytes of the padding tell where they belong: see [`Clip::read_at`].
//!
//! # Limits
//!
//! - Whole seconds, 1 to [`Clip::LONGEST`].
//! - One video track without sound, dates or motion; who seeks lands on a sample.
//! - From some hours on the picture is slow (a day: one in 24 s); VLC then logs "buffer deadlock prevented", as it
//!   does with any video of that rate.
//! - A file that was cut off in its padding still plays: compare size or content to notice.

mod boxes;
mod head;
pub(super) mod padding;
#[cfg(test)]
mod players;
#[cfg(test)]
mod tests;

use head::{FRAMES, HEAD_BYTES};

/// Bytes of one entry of `stco`.
const ENTRY_BYTES: u64 = 4;

/// Bytes between the table and the frames: `free` with the tag, then the header of `mdat`.
const GATE_BYTES: usize = 32;

/// A virtual MP4 file: three numbers, from which every byte follows.
///
/// Equal clips are equal files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Clip {
    seconds: u64,
    bytes: u64,
    tag: u64,
}

/// There is no clip of the wanted length or size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClipError {
    /// A clip lasts at least one second.
    #[error("a clip of 0 seconds cannot be played: it lasts at least 1")]
    Empty,
    /// Players read the length of a sample as a signed number of 32 bits.
    #[error(
        "a clip of {seconds} seconds is too long: it lasts at most {}",
        Clip::LONGEST
    )]
    TooLong {
        /// The seconds wanted.
        seconds: u64,
    },
    /// Headers and frames alone are larger.
    #[error("{bytes} bytes are too few for a clip of that length: it has at least {least}")]
    TooSmall {
        /// The bytes wanted.
        bytes: u64,
        /// The bytes of the smallest clip that lasts as long.
        least: u64,
    },
}

impl Clip {
    /// The most seconds that a clip can last: 68 years.
    pub const LONGEST: u64 = i32::MAX as u64;

    /// A clip that lasts `seconds` and has `bytes`.
    ///
    /// The tag is any number. It stands in the file and is the seed of its padding, so that two recordings of one
    /// length and size are two different files.
    ///
    /// # Errors
    /// If the clip would be empty, too long, or smaller than [`Clip::least_bytes`].
    pub const fn new(seconds: u64, bytes: u64, tag: u64) -> Result<Self, ClipError> {
        let least = Self::least_bytes(seconds);
        if seconds == 0 {
            Err(ClipError::Empty)
        } else if seconds > Self::LONGEST {
            Err(ClipError::TooLong { seconds })
        } else if bytes < least {
            Err(ClipError::TooSmall { bytes, least })
        } else {
            Ok(Self {
                seconds,
                bytes,
                tag,
            })
        }
    }

    /// The size of the smallest clip that lasts `seconds`; there is one of every size from it on.
    #[must_use]
    pub const fn least_bytes(seconds: u64) -> u64 {
        frames_at(seconds) + FRAMES.len() as u64
    }

    /// The size of the file in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no clip is empty")]
    pub const fn len(&self) -> u64 {
        self.bytes
    }

    /// How long the file plays, in seconds.
    #[must_use]
    pub const fn seconds(&self) -> u64 {
        self.seconds
    }

    /// The number that tells it from clips of the same length and size.
    #[must_use]
    pub const fn tag(&self) -> u64 {
        self.tag
    }

    /// Copies the file's bytes from `offset` on into `out` and says how many: all of `out`, or what there is up to the
    /// end of the file.
    ///
    /// From [`Clip::least_bytes`] on, byte `o` of the file is byte `o % 8` (the lowest is 0) of number `o / 8` (the
    /// first is 0) of the SplitMix64 sequence that the tag seeds. A piece that a client wrote to the wrong place, or
    /// took from another file, is therefore a difference.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> usize {
        let left = self.bytes.saturating_sub(offset);
        let wanted = usize::try_from(left).map_or(out.len(), |left| left.min(out.len()));
        let mut done = 0;
        while done < wanted {
            done += self.read_part(offset + done as u64, &mut out[done..wanted]);
        }
        wanted
    }

    /// Fills `out`, which is not empty and ends within the file, from `offset` up to the end of the part that `offset`
    /// lies in. Says how many bytes that were: at least one.
    fn read_part(&self, offset: u64, out: &mut [u8]) -> usize {
        let (table, gate) = (HEAD_BYTES as u64, gate_at(self.seconds));
        let (frames, padding) = (frames_at(self.seconds), Self::least_bytes(self.seconds));
        if offset < table {
            copy(&head::head(self.seconds), offset, out)
        } else if offset < gate {
            let here = out.len().min((gate - offset) as usize);
            self.read_table(offset - table, &mut out[..here]);
            here
        } else if offset < frames {
            copy(&self.gate(), offset - gate, out)
        } else if offset < padding {
            copy(FRAMES, offset - frames, out)
        } else {
            padding::fill(self.tag, offset, out);
            out.len()
        }
    }

    /// Fills `out` with the entries of `stco` from byte `offset` of them on: first frame, second frame, first frame...
    fn read_table(&self, offset: u64, out: &mut [u8]) {
        let first = frames_at(self.seconds) as u32;
        let second = first + head::SAMPLE_BYTES;
        let turn = (u64::from(first) << 32 | u64::from(second)).to_be_bytes();
        for (place, byte) in (offset..).zip(out) {
            *byte = turn[(place % 8) as usize];
        }
    }

    /// A `free` box with the tag, and the header of `mdat`. Together they always have the same length: as other
    /// writers do, `free` keeps the room that the header needs for a size beyond 32 bits.
    fn gate(&self) -> [u8; GATE_BYTES] {
        let mut gate = boxes::Boxes::new();
        let rest = |header: u64| self.bytes - frames_at(self.seconds) + header;
        let short = u32::try_from(rest(8));
        let free = gate.open(b"free");
        gate.u64(self.tag);
        if let Ok(size) = short {
            gate.zeros(8);
            gate.close(free, 0);
            gate.u32(size);
            gate.put(b"mdat");
        } else {
            gate.close(free, 0);
            gate.u32(1);
            gate.put(b"mdat");
            gate.u64(rest(16));
        }
        gate.bytes()
    }
}

/// Where the table ends and the gate begins.
const fn gate_at(seconds: u64) -> u64 {
    HEAD_BYTES as u64 + ENTRY_BYTES * head::samples(seconds) as u64
}

/// Where the frames begin. Well within 32 bits: the table has an upper bound.
const fn frames_at(seconds: u64) -> u64 {
    gate_at(seconds) + GATE_BYTES as u64
}

/// Copies from `source`, from its byte `offset` on, as much as there is and `out` takes; says how much.
fn copy(source: &[u8], offset: u64, out: &mut [u8]) -> usize {
    let source = &source[offset as usize..];
    let count = source.len().min(out.len());
    out[..count].copy_from_slice(&source[..count]);
    count
}
