//! MP4 (ISO/IEC 14496-12) as far as the duration needs it: boxes at the top level, and the movie's header in `moov`.
//! Written by hand, since parsers of the whole format want a whole file, and here only pieces of perhaps broken ones are
//! there.

use std::ops::Range;

use crate::exchange::Slice;

/// Bytes of an index that are kept; the movie's header stands at its begin.
const INDEX: u64 = 64 * 1024;
/// Boxes at the top level that are passed at most: a fragmented file has thousands.
const BOXES: usize = 64;
/// The longest head of a box that matters here: size, type, large size.
const HEAD: usize = 16;

/// The head of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    /// Of the whole box; nothing if it goes on to the end of the file.
    size: Option<u64>,
    kind: [u8; 4],
    /// Bytes of the head itself.
    own: u64,
}

/// Reads the head of a box; nothing if there is none, or not all of it.
fn head(bytes: &[u8]) -> Option<Head> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let is_type = kind.iter().all(|b| (0x20..0x7f).contains(b));
    let (size, own) = match u32::from_be_bytes(*size) {
        0 => (None, 8),
        1 => (
            Some(u64::from_be_bytes(*rest.first_chunk::<8>()?)),
            HEAD as u64,
        ),
        size => (Some(u64::from(size)), 8),
    };
    let is_sound = size.is_none_or(|size| size >= own);
    (is_type && is_sound).then_some(Head {
        size,
        kind: *kind,
        own,
    })
}

/// A walk over the boxes of a file that flows by.
#[derive(Debug)]
pub(super) struct Walk {
    /// Where the next box begins; nothing if there is no more to find.
    next: Option<u64>,
    /// What is there of its head.
    head: Vec<u8>,
    passed: usize,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            next: Some(0),
            head: Vec::new(),
            passed: 0,
        }
    }
}

impl Walk {
    /// The boxes whose heads end in this chunk.
    pub(super) fn pass(&mut self, offset: u64, chunk: &[u8]) -> Vec<Passed> {
        let mut passed = Vec::new();
        while let Some(start) = self.next {
            let before = self.head.len();
            let wanted = (start + before as u64).checked_sub(offset);
            let at = wanted.and_then(|at| usize::try_from(at).ok());
            let Some(rest) = at.and_then(|at| chunk.get(at..)).filter(|r| !r.is_empty()) else {
                break;
            };
            self.head
                .extend_from_slice(&rest[..rest.len().min(HEAD - before)]);
            if self.head.len() < HEAD {
                break;
            }
            let bytes = std::mem::take(&mut self.head);
            self.passed += 1;
            let head = head(&bytes);
            self.next = head
                .and_then(|head| start.checked_add(head.size?))
                .filter(|_| self.passed < BOXES);
            let keep = match head {
                Some(head) if &head.kind == b"moov" => INDEX,
                _ => HEAD as u64,
            };
            passed.push(Passed {
                range: start..start.saturating_add(keep),
                earlier: bytes[..before].to_vec(),
            });
        }
        passed
    }
}

/// A box that was passed.
#[derive(Debug)]
pub(super) struct Passed {
    /// What of it is worth keeping.
    pub(super) range: Range<u64>,
    /// What of that came in chunks before.
    pub(super) earlier: Vec<u8>,
}

/// What an MP4 says of its duration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Duration {
    /// Seconds, as the movie's header has them.
    Seconds(f64),
    /// It does not say, or not where it was looked for.
    Unknown,
}

/// The duration of an MP4; nothing if the file is none.
pub(super) fn duration(slices: &[Slice]) -> Option<Duration> {
    let first = head(at(slices, 0)?)?;
    if !matches!(
        &first.kind,
        b"ftyp" | b"styp" | b"moov" | b"wide" | b"free" | b"skip" | b"mdat"
    ) {
        return None;
    }
    let (mut offset, mut has_known) = (0, false);
    for _ in 0..BOXES {
        let Some(bytes) = at(slices, offset) else {
            break;
        };
        let Some(head) = head(bytes) else { break };
        has_known |= matches!(&head.kind, b"ftyp" | b"moov" | b"styp");
        if &head.kind == b"moov" {
            let content = bytes.get(usize::try_from(head.own).ok()?..)?;
            return Some(of_movie(content));
        }
        let Some(next) = head.size.and_then(|size| offset.checked_add(size)) else {
            break;
        };
        offset = next;
    }
    has_known.then_some(Duration::Unknown)
}

/// The bytes from an offset on, as far as they were kept.
fn at(slices: &[Slice], offset: u64) -> Option<&[u8]> {
    slices.iter().find_map(|slice| {
        let from = usize::try_from(offset.checked_sub(slice.offset)?).ok()?;
        slice.bytes.get(from..).filter(|bytes| !bytes.is_empty())
    })
}

/// The boxes within a box, each without its head.
fn children(mut content: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let head = head(content)?;
        let size = head.size.unwrap_or(content.len() as u64);
        let size = usize::try_from(size)
            .unwrap_or(usize::MAX)
            .min(content.len());
        let own = usize::try_from(head.own).ok()?;
        let child = content.get(own..size)?;
        content = &content[size..];
        Some((head.kind, child))
    })
}

fn of_movie(content: &[u8]) -> Duration {
    let find = |kind: &[u8; 4]| children(content).find(|(k, _)| k == kind).map(|(_, c)| c);
    let Some((scale, mut units)) = find(b"mvhd").and_then(header) else {
        return Duration::Unknown;
    };
    if units == 0 {
        // Fragmented: the duration stands elsewhere, if at all.
        let extends = find(b"mvex").and_then(|mvex| {
            let mut boxes = children(mvex);
            boxes
                .find(|(kind, _)| kind == b"mehd")
                .and_then(|(_, mehd)| fragments(mehd))
        });
        match extends {
            Some(extends) => units = extends,
            None => return Duration::Unknown,
        }
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a duration in seconds needs no more"
    )]
    let seconds = units as f64 / f64::from(scale);
    Duration::Seconds(seconds)
}

/// Time scale and duration of `mvhd` (§8.2.2).
fn header(mvhd: &[u8]) -> Option<(u32, u64)> {
    let number = |at: usize| Some(u32::from_be_bytes(*mvhd.get(at..)?.first_chunk::<4>()?));
    let (scale, units) = match mvhd.first()? {
        0 => (number(12)?, u64::from(number(16)?)),
        _ => (
            number(20)?,
            u64::from_be_bytes(*mvhd.get(24..)?.first_chunk::<8>()?),
        ),
    };
    let is_known = units != u64::MAX && units != u64::from(u32::MAX);
    (scale > 0 && is_known).then_some((scale, units))
}

/// The duration in `mehd` (§8.8.2).
fn fragments(mehd: &[u8]) -> Option<u64> {
    let rest = mehd.get(4..)?;
    match mehd.first()? {
        0 => Some(u64::from(u32::from_be_bytes(*rest.first_chunk::<4>()?))),
        _ => Some(u64::from_be_bytes(*rest.first_chunk::<8>()?)),
    }
}
