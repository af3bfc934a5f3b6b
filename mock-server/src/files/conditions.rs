//! Conditional requests (RFC 9110 §13), in the order of §13.2.2.

use std::time::SystemTime;

use headers::{
    ETag, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince,
};
use http::HeaderMap;
use http::header::IF_RANGE;

/// What tells versions of a file apart.
#[derive(Debug)]
pub(super) struct Validators {
    /// Strong: equal tags, equal bytes.
    pub(super) etag: ETag,
    /// When the file was whole; strong too, since it never changes after.
    pub(super) modified: SystemTime,
}

/// What the conditions of a request come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The request is to be carried out.
    Go,
    /// The client has it already: 304.
    NotModified,
    /// It is not what the client expects: 412.
    Failed,
}

impl Validators {
    /// Judges a GET or HEAD. A date that is none is no condition.
    pub(super) fn judge(&self, headers: &HeaderMap) -> Verdict {
        let is_expected = if let Some(condition) = headers.typed_get::<IfMatch>() {
            condition.precondition_passes(&self.etag)
        } else {
            let condition = headers.typed_get::<IfUnmodifiedSince>();
            condition.is_none_or(|condition| condition.precondition_passes(self.modified))
        };
        if !is_expected {
            return Verdict::Failed;
        }
        let is_news = if let Some(condition) = headers.typed_get::<IfNoneMatch>() {
            condition.precondition_passes(&self.etag)
        } else {
            let condition = headers.typed_get::<IfModifiedSince>();
            condition.is_none_or(|condition| condition.is_modified(self.modified))
        };
        if is_news {
            Verdict::Go
        } else {
            Verdict::NotModified
        }
    }

    /// Whether `Range` counts (§13.1.5): there is no `If-Range`, or it names this very version. One that is malformed
    /// names none, and of dates only the exact one does.
    pub(super) fn allow_range(&self, headers: &HeaderMap) -> bool {
        if !headers.contains_key(IF_RANGE) {
            return true;
        }
        headers.typed_get::<IfRange>().is_some_and(|condition| {
            !condition.is_modified(Some(&self.etag), None)
                || condition == IfRange::date(self.modified)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::Validators;
    use super::Verdict::{Failed, Go, NotModified};

    const BEFORE: &str = "Sat, 31 May 2025 15:59:59 GMT";
    const AT: &str = "Sat, 31 May 2025 16:00:00 GMT";
    const AFTER: &str = "Sat, 31 May 2025 16:00:01 GMT";

    fn validators() -> Validators {
        Validators {
            etag: "\"a\"".parse().unwrap(),
            // Half a second more than HTTP can say.
            modified: UNIX_EPOCH + Duration::from_millis(1_748_707_200_500),
        }
    }

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| {
            (
                name.parse::<HeaderName>().unwrap(),
                value.parse::<HeaderValue>().unwrap(),
            )
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn conditions_are_judged_in_their_order() {
        for (lines, expected) in [
            (&[][..], Go),
            (&[("if-match", "\"a\"")], Go),
            (&[("if-match", "*")], Go),
            (&[("if-match", "\"b\", \"a\"")], Go),
            (&[("if-match", "\"b\"")], Failed),
            (&[("if-match", "W/\"a\"")], Failed),
            (&[("if-match", "a")], Failed),
            (&[("if-unmodified-since", BEFORE)], Failed),
            (&[("if-unmodified-since", AT)], Go),
            (&[("if-unmodified-since", AFTER)], Go),
            (&[("if-unmodified-since", "yesterday")], Go),
            (
                &[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)],
                Go,
            ),
            (&[("if-none-match", "\"a\"")], NotModified),
            (&[("if-none-match", "W/\"a\"")], NotModified),
            (&[("if-none-match", "\"b\",W/\"a\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"b\"")], Go),
            (&[("if-modified-since", BEFORE)], Go),
            (&[("if-modified-since", AT)], NotModified),
            (&[("if-modified-since", AFTER)], NotModified),
            (&[("if-modified-since", "0")], Go),
            (
                &[("if-none-match", "\"b\""), ("if-modified-since", AFTER)],
                Go,
            ),
            (&[("if-match", "\"b\""), ("if-none-match", "\"a\"")], Failed),
        ] {
            assert_eq!(validators().judge(&headers(lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_range_counts_for_the_very_same_version_only() {
        for (value, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", false),
            ("\"b\"", false),
            (AT, true),
            (BEFORE, false),
            (AFTER, false),
            ("yesterday", false),
            ("", false),
        ] {
            let headers = headers(&[("if-range", value)]);
            assert_eq!(validators().allow_range(&headers), expected, "{value}");
        }
        assert!(validators().allow_range(&HeaderMap::new()));
    }
}
