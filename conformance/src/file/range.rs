//! Byte ranges (RFC 9110 §14): which ones a file is asked for, and what must come.

use std::ops::Range;

use proptest::strategy::{Strategy, ValueTree as _};

use crate::seed;

/// Bytes of a range in the middle of a file, at most.
const MIDDLE: u64 = 4_096;
/// Ranges in the middle of a file.
const MIDDLES: u32 = 4;
/// Bytes of a range at an edge.
const SOME: u64 = 100;

/// A range as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `bytes=first-last`.
    Between(u64, u64),
    /// `bytes=first-`.
    From(u64),
    /// `bytes=-n`.
    Last(u64),
}

impl Asked {
    /// Reads the value of a `Range` header that was written here.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
        match (first, last) {
            ("", n) => Some(Self::Last(n.parse().ok()?)),
            (first, "") => Some(Self::From(first.parse().ok()?)),
            (first, last) => Some(Self::Between(first.parse().ok()?, last.parse().ok()?)),
        }
    }

    /// The first and the last byte that it means in a file of a length; nothing if there is none of them.
    pub(crate) fn within(self, length: u64) -> Option<(u64, u64)> {
        let end = length.checked_sub(1)?;
        let (first, last) = match self {
            Self::Between(first, last) => (first, last.min(end)),
            Self::From(first) => (first, end),
            Self::Last(0) => return None,
            Self::Last(n) => (length.saturating_sub(n), end),
        };
        (first <= last).then_some((first, last))
    }
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Between(first, last) => write!(f, "bytes={first}-{last}"),
            Self::From(first) => write!(f, "bytes={first}-"),
            Self::Last(n) => write!(f, "bytes=-{n}"),
        }
    }
}

/// What a `Content-Range` header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Of the whole file, if it is told.
    pub(crate) length: Option<u64>,
}

impl Named {
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (unit, rest) = header.trim().split_once(' ')?;
        let (range, length) = rest.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let length = match length {
            "*" => None,
            length => Some(length.parse().ok()?),
        };
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (unit.eq_ignore_ascii_case("bytes") && first <= last).then_some(Self {
            first,
            last,
            length,
        })
    }
}

/// The ranges that a file of a length is asked for; the same for the same seed.
pub(crate) fn asked(length: u64, seed: u64) -> Vec<Asked> {
    let mut asked = vec![
        Asked::Between(0, 0),
        Asked::Between(0, SOME.min(length).saturating_sub(1)),
        Asked::From(length.saturating_sub(SOME)),
        Asked::Last(1),
        Asked::Last(SOME),
        Asked::Between(length.saturating_sub(SOME / 2), length + SOME),
    ];
    asked.extend(middles(length, seed).map(|r| Asked::Between(r.start, r.end - 1)));
    asked.extend([
        Asked::From(length),
        Asked::Between(length + 10, length + 20),
    ]);
    if length < super::EDGE as u64 {
        asked.push(Asked::Last(length + SOME));
    }
    asked.retain(|a| length > 0 || a.within(length).is_none());
    asked.dedup();
    asked
}

/// The parts in the middle of a file of a length that it is asked for.
pub(crate) fn middles(length: u64, seed: u64) -> impl Iterator<Item = Range<u64>> {
    (0..MIDDLES)
        .take_while(move |_| length > 1)
        .filter_map(move |n| {
            let mut runner = seed::runner(seed, "FILE-03", n);
            let drawn = (0..length - 1, 1..=MIDDLE).new_tree(&mut runner).ok()?;
            let (first, size) = drawn.current();
            Some(first..(first + size).min(length))
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Asked, Named, asked};

    #[test]
    fn content_ranges_are_read() {
        let named = |text: &str| Named::parse(text).map(|n| (n.first, n.last, n.length));
        assert_eq!(named("bytes 0-9/10"), Some((0, 9, Some(10))));
        assert_eq!(named("bytes 5-5/*"), Some((5, 5, None)));
        for bad in ["bytes */10", "bytes 9-0/10", "0-9/10", "bytes 0-9", ""] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_asked_for_is_read_back_and_lies_within(length in 0..1_u64 << 40, seed: u64) {
            for one in asked(length, seed) {
                prop_assert_eq!(Asked::parse(&one.to_string()), Some(one));
                if let Some((first, last)) = one.within(length) {
                    prop_assert!(first <= last && last < length);
                }
            }
            let beyond = asked(length, seed).into_iter().filter(|a| a.within(length).is_none());
            prop_assert!(beyond.count() >= 2);
        }
    }
}
