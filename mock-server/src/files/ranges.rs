//! Which bytes of a file a request asks for (RFC 9110 §14).

use std::num::NonZeroUsize;
use std::ops::Range;

use http::HeaderMap;
use http::header::RANGE;
use http_range_header::{RangeUnsatisfiableError, parse_range_header_with_max_ranges};

/// Ranges that one request may ask for: each costs a part with a head of its own.
const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// What to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// Everything: no range was asked for, or in a way that is to be ignored.
    Whole,
    /// One part.
    One(Range<u64>),
    /// Several, in the order asked for.
    Many(Vec<Range<u64>>),
    /// Nothing: 416.
    Unsatisfiable,
}

/// What of `len` bytes is asked for.
///
/// Ignored are an unknown unit (§14.2), a second `Range`, and a malformed one. What is well-formed but abuse is 416
/// (§15.5.17): more than 16 ranges, or more than two that overlap. Of a range set those count that can be satisfied.
pub(super) fn select(headers: &HeaderMap, len: u64) -> Selection {
    let mut all = headers.get_all(RANGE).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return Selection::Whole;
    };
    let Ok(text) = value.to_str() else {
        return Selection::Whole;
    };
    let ranges = parse_range_header_with_max_ranges(text, MOST).and_then(|set| set.validate(len));
    match ranges {
        Ok(ranges) => {
            let mut ranges: Vec<_> = ranges.iter().map(|r| *r.start()..r.end() + 1).collect();
            match ranges.len() {
                // Only of an empty file, whose every suffix is the whole.
                0 => Selection::Whole,
                1 => ranges.pop().map_or(Selection::Whole, Selection::One),
                _ => Selection::Many(ranges),
            }
        }
        Err(RangeUnsatisfiableError::Invalid(_)) => Selection::Whole,
        Err(_) => Selection::Unsatisfiable,
    }
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderMap, HeaderValue, RANGE};

    use super::Selection::{self, Many, One, Unsatisfiable, Whole};

    fn select(text: &str, len: u64) -> Selection {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_str(text).unwrap());
        super::select(&headers, len)
    }

    #[test]
    fn selects_as_the_rfc_says() {
        let huge = format!("bytes=0-{}", u64::MAX);
        let sixteen = (0..16)
            .map(|n| format!("{}-{}", 2 * n, 2 * n))
            .collect::<Vec<_>>()
            .join(",");
        let seventeen = format!("bytes={sixteen},40-40");
        let parts = (0..16).map(|n| 2 * n..2 * n + 1).collect();
        for (text, expected) in [
            ("bytes=0-0", One(0..1)),
            ("bytes=0-99", One(0..100)),
            ("bytes=99-", One(99..100)),
            ("bytes=50-1000", One(50..100)),
            (&huge, One(0..100)),
            ("bytes=-1", One(99..100)),
            ("bytes=-1000", One(0..100)),
            ("Bytes=0-0", One(0..1)),
            ("bytes=100-, 5-6", One(5..7)),
            ("bytes=5-6,0-1, -2", Many(vec![5..7, 0..2, 98..100])),
            ("bytes=0-9,5-14", Many(vec![0..10, 5..15])),
            (&format!("bytes={sixteen}"), Many(parts)),
            ("bytes=100-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=99999999999999999999-", Unsatisfiable),
            ("bytes=0-9,5-14,8-20,9-", Unsatisfiable),
            (&seventeen, Unsatisfiable),
            ("items=0-5", Whole),
            ("bytes=9-5", Whole),
            ("bytes=a-b", Whole),
            ("bytes=", Whole),
            ("bytes", Whole),
            ("0-5", Whole),
            ("", Whole),
        ] {
            assert_eq!(select(text, 100), expected, "{text}");
        }
        assert_eq!(select("bytes=-5", 0), Whole);
        assert_eq!(select("bytes=0-", 0), Unsatisfiable);
        assert_eq!(select("bytes=0-", u64::MAX), One(0..u64::MAX));
        let mut twice = HeaderMap::new();
        twice.append(RANGE, HeaderValue::from_static("bytes=0-0"));
        twice.append(RANGE, HeaderValue::from_static("bytes=1-1"));
        assert_eq!(super::select(&twice, 100), Whole);
    }
}
