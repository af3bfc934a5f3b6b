//! The `Range` header (RFC 9110 §14.2): which bytes are asked for.

use std::ops::Range;

/// The most ranges in one request; more are refused, since a file of many parts costs more than the
/// whole.
const MOST: usize = 16;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// All of it.
    Whole,
    /// These bytes, in the order asked for; at least one range, none of them empty.
    Parts(Vec<Range<u64>>),
    /// Nothing of what is asked for is there: 416.
    Unsatisfiable,
}

/// Reads a header. What is no range of bytes is ignored, as the RFC wants it.
pub(super) fn select(header: &str, size: u64) -> Selection {
    let Some((unit, set)) = header.split_once('=') else {
        return Selection::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Selection::Whole;
    }
    let mut parts = Vec::new();
    for (number, spec) in set.split(',').map(str::trim).enumerate() {
        if number >= MOST {
            return Selection::Unsatisfiable;
        }
        match read(spec, size) {
            Some(Some(part)) => parts.push(part),
            Some(None) => {}
            None => return Selection::Whole,
        }
    }
    if parts.is_empty() || overlap(&parts) {
        Selection::Unsatisfiable
    } else {
        Selection::Parts(parts)
    }
}

/// One range: `None` if it is none, `Some(None)` if nothing of it is there.
fn read(spec: &str, size: u64) -> Option<Option<Range<u64>>> {
    let (first, last) = spec.split_once('-')?;
    let part = match (number(first)?, number(last)?) {
        (None, Some(suffix)) => size.saturating_sub(suffix)..size,
        (Some(first), None) => first..size,
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (None, None) | (Some(_), Some(_)) => return None,
    };
    Some((part.start < part.end).then_some(part))
}

/// `None` if it is no number; `Some(None)` if there is none. More than fits is as much as fits.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

/// Whether two parts have bytes in common: nobody needs a byte twice.
fn overlap(parts: &[Range<u64>]) -> bool {
    let mut sorted: Vec<_> = parts.iter().collect();
    sorted.sort_by_key(|part| part.start);
    sorted.windows(2).any(|pair| pair[1].start < pair[0].end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts<const N: usize>(parts: [(u64, u64); N]) -> Selection {
        Selection::Parts(parts.into_iter().map(|(from, to)| from..to).collect())
    }

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        use Selection::{Unsatisfiable, Whole};
        let many = format!("bytes=0-0{}", ",2-2".repeat(16));
        for (header, expected) in [
            ("bytes=0-9", parts([(0, 10)])),
            ("bytes=90-", parts([(90, 100)])),
            ("bytes=90-1000", parts([(90, 100)])),
            ("bytes=-7", parts([(93, 100)])),
            ("bytes=-1000", parts([(0, 100)])),
            ("Bytes = 0-0", parts([(0, 1)])),
            ("bytes=5-6, 0-1,-1", parts([(5, 7), (0, 2), (99, 100)])),
            ("bytes=0-1,200-", parts([(0, 2)])),
            ("bytes=100-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=99999999999999999999-", Unsatisfiable),
            ("bytes=0-9,5-14", Unsatisfiable),
            (&many, Unsatisfiable),
            ("items=0-5", Whole),
            ("bytes=9-5", Whole),
            ("bytes=a-b", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=", Whole),
            ("bytes=-", Whole),
            ("bytes", Whole),
            ("0-5", Whole),
            ("", Whole),
        ] {
            assert_eq!(select(header, 100), expected, "{header}");
        }
        assert_eq!(select("bytes=0-", 0), Unsatisfiable);
        assert_eq!(
            select("bytes=0-18446744073709551615", u64::MAX),
            parts([(0, u64::MAX)])
        );
    }

    proptest! {
        #[test]
        fn no_part_leaves_the_file(header in "bytes=[0-9,-]{0,12}|.{0,20}", size in 0_u64..50) {
            if let Selection::Parts(parts) = select(&header, size) {
                prop_assert!(!parts.is_empty());
                for part in parts {
                    prop_assert!(part.start < part.end && part.end <= size);
                }
            }
        }
    }
}
