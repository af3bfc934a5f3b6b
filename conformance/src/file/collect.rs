//! What is kept of a file while it flows by: its length, its hash, its edges, the parts that ranges ask for later, and
//! the heads of the boxes of an MP4, wherever it stands. The memory is bounded, whatever the file.

use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::mp4::Walk;
use super::{EDGE, range};
use crate::exchange::{Digest, Slice};

/// A part that is to be kept.
#[derive(Debug)]
struct Part {
    range: Range<u64>,
    bytes: Vec<u8>,
}

impl Part {
    fn new(range: Range<u64>) -> Self {
        Self {
            range,
            bytes: Vec::new(),
        }
    }

    /// Takes what it wants of a chunk.
    fn take(&mut self, offset: u64, chunk: &[u8]) {
        let wanted = self.range.start + self.bytes.len() as u64;
        let from = wanted.saturating_sub(offset);
        if wanted < offset || wanted >= self.range.end {
            return;
        }
        let to = self.range.end.saturating_sub(offset);
        let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(chunk.len());
        self.bytes.extend_from_slice(&chunk[at(from)..at(to)]);
    }
}

/// Keeps what is to be kept.
#[derive(Debug)]
pub(crate) struct Collector {
    hash: Sha256,
    length: u64,
    parts: Vec<Part>,
    /// At least the last [`EDGE`] bytes.
    tail: Vec<u8>,
    walk: Walk,
}

impl Collector {
    /// `length` is the file's, if it is known beforehand.
    pub(crate) fn new(length: Option<u64>, seed: u64) -> Self {
        let middles = length.into_iter().flat_map(|n| range::middles(n, seed));
        let head = 0..EDGE as u64;
        Self {
            hash: Sha256::new(),
            length: 0,
            parts: std::iter::once(head)
                .chain(middles)
                .map(Part::new)
                .collect(),
            tail: Vec::new(),
            walk: Walk::default(),
        }
    }

    /// Bytes so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The first bytes.
    pub(crate) fn head(&self) -> &[u8] {
        self.parts.first().map_or(&[], |part| &part.bytes)
    }

    pub(crate) fn add(&mut self, chunk: &[u8]) {
        self.hash.update(chunk);
        for passed in self.walk.pass(self.length, chunk) {
            self.parts.push(Part {
                range: passed.range,
                bytes: passed.earlier,
            });
        }
        for part in &mut self.parts {
            part.take(self.length, chunk);
        }
        let kept = &chunk[chunk.len().saturating_sub(EDGE)..];
        self.tail.extend_from_slice(kept);
        if self.tail.len() > 4 * EDGE {
            self.tail.drain(..self.tail.len() - EDGE);
        }
        self.length += chunk.len() as u64;
    }

    /// What was kept; `is_whole`: there was no more.
    pub(crate) fn finish(mut self, is_whole: bool) -> Digest {
        self.tail.drain(..self.tail.len().saturating_sub(EDGE));
        let start = self.length - self.tail.len() as u64;
        self.parts.push(Part {
            range: start..self.length,
            bytes: self.tail,
        });
        let mut sha256 = String::new();
        for byte in self.hash.finalize() {
            // Writing to a String cannot fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        Digest {
            length: self.length,
            sha256,
            is_whole,
            slices: merged(self.parts),
        }
    }
}

/// Parts in order, those that touch in one piece.
fn merged(mut parts: Vec<Part>) -> Vec<Slice> {
    parts.sort_by_key(|part| part.range.start);
    let mut merged: Vec<(u64, Vec<u8>)> = Vec::new();
    for part in parts.into_iter().filter(|part| !part.bytes.is_empty()) {
        let start = part.range.start;
        match merged.last_mut() {
            Some((offset, bytes)) if start <= *offset + bytes.len() as u64 => {
                let known = *offset + bytes.len() as u64 - start;
                let known = usize::try_from(known).unwrap_or(usize::MAX);
                bytes.extend_from_slice(part.bytes.get(known..).unwrap_or_default());
            }
            _ => merged.push((start, part.bytes)),
        }
    }
    let slice = |(offset, bytes): (u64, Vec<u8>)| Slice {
        offset,
        bytes: Bytes::from(bytes),
    };
    merged.into_iter().map(slice).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{EDGE, range};
    use super::Collector;

    fn byte(at: u64) -> u8 {
        u8::try_from(at.wrapping_mul(31) % 251).unwrap_or(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_was_kept_is_what_was_there(length in 0..600_000_u64, chunk in 1..90_000_usize, seed: u64) {
            let file: Vec<u8> = (0..length).map(byte).collect();
            let mut collector = Collector::new(Some(length), seed);
            file.chunks(chunk).for_each(|chunk| collector.add(chunk));
            let digest = collector.finish(true);
            prop_assert_eq!(digest.length, length);
            for slice in &digest.slices {
                let from = usize::try_from(slice.offset).unwrap();
                prop_assert_eq!(&file[from..from + slice.bytes.len()], &slice.bytes[..]);
            }
            let has = |from: u64, to: u64| digest.slices.iter().any(|s| {
                s.offset <= from && to <= s.offset + s.bytes.len() as u64
            });
            let edge = length.min(EDGE as u64);
            prop_assert!(length == 0 || (has(0, edge) && has(length - edge, length)));
            for part in range::middles(length, seed) {
                prop_assert!(has(part.start, part.end), "{part:?} of {length}");
            }
        }
    }
}
