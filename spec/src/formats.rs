//! The `format`s that are checked here, and the local date-time that all times of the contract are.

use jiff::civil::DateTime;

/// Seconds and parts of a zoneless date-time, or nothing if it names no instant of the calendar.
///
/// The form is `YYYY-MM-DDTHH:mm:ss` (members `start_time`, `end_time` of the page), with an optional fraction as the
/// format `date-time-local` of the OpenAPI format registry allows; ASCII digits only; no second 60, no hour 24.
#[must_use]
pub fn local_date_time(text: &str) -> Option<DateTime> {
    let bytes = text.as_bytes();
    let head = bytes.get(..19)?;
    let fraction = &bytes[19..];
    let fraction_fits = match fraction {
        [] => true,
        [b'.', digits @ ..] => {
            (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !fraction_fits || marks.iter().any(|(i, mark)| head[*i] != *mark) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        head[range].iter().try_fold(0_i16, |n, b| {
            b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0'))
        })
    };
    let small = |at: usize| number(at..at + 2).and_then(|n| i8::try_from(n).ok());
    DateTime::new(
        number(0..4)?,
        small(5)?,
        small(8)?,
        small(11)?,
        small(14)?,
        small(17)?,
        0,
    )
    .ok()
}

/// Seconds since 0000-01-01T00:00:00, every day 86,400 of them: for differences of local times.
#[must_use]
pub fn local_seconds(time: DateTime) -> i64 {
    let epoch = jiff::civil::date(0, 1, 1).at(0, 0, 0, 0);
    time.duration_since(epoch).as_secs()
}

/// True for base64 as RFC 4648 §4 writes it, padding included (`format: byte`).
pub(crate) fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    text.len().is_multiple_of(4)
        && padding <= 2
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

/// True for a UUID as RFC 9562 §4 writes it.
pub(crate) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths = groups.iter().map(|g| g.len());
    lengths.eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|g| g.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Formats that are known and constrain nothing here beyond the type.
pub(crate) const ANNOTATIONS: &[&str] = &[
    "int32", "int64", "float", "double", "binary", "password", "decimal",
];

#[cfg(test)]
mod tests {
    use super::{is_base64, local_date_time, local_seconds};

    #[test]
    fn knows_the_calendar() {
        for good in [
            "2024-02-29T00:00:00",
            "0000-01-01T00:00:00",
            "9999-12-31T23:59:59",
        ] {
            assert!(local_date_time(good).is_some(), "{good}");
        }
        for bad in [
            "2023-02-29T00:00:00",
            "2100-02-29T00:00:00",
            "2024-04-31T00:00:00",
            "2024-13-01T00:00:00",
            "2024-00-01T00:00:00",
            "2024-01-01T24:00:00",
            "2024-01-01T23:59:60",
            "2024-01-01 00:00:00",
            "2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00+08:00",
            "2024-01-01T00:00",
            "2024-1-1T0:0:0",
            " 2024-01-01T00:00:00",
            "２０２４-01-01T00:00:00",
            "",
        ] {
            assert!(local_date_time(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn counts_seconds_between_local_times() {
        let seconds = |t| local_seconds(local_date_time(t).unwrap());
        let day = seconds("2024-03-01T00:00:00") - seconds("2024-02-28T00:00:00");
        assert_eq!(day, 2 * 86_400);
        assert_eq!(
            seconds("2025-04-04T21:36:27") - seconds("2025-04-04T21:36:17"),
            10
        );
    }

    #[test]
    fn knows_base64() {
        assert!(is_base64("aGVsbG8=") && is_base64("") && is_base64("ab+/"));
        assert!(!is_base64("aGVsbG8") && !is_base64("a===") && !is_base64("a-b_"));
    }
}
