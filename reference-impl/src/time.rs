//! Platform-local time: date-times of whole seconds without a zone, and windows between two of them.
//!
//! The page gives times as `YYYY-MM-DDTHH:mm:ss` without a zone, so they are kept as civil
//! date-times: neither the host's zone nor its clock takes part. Differences are civil differences,
//! which is exact for a zone without clock changes (Asia/Shanghai has had none since 1991).

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use serde::Deserialize;

/// A date-time in the platform's local time: whole seconds, no zone.
///
/// Read and written in the page's one form, `YYYY-MM-DDTHH:mm:ss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct LocalDateTime(civil::DateTime);

/// Why a text is no [`LocalDateTime`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not 19 characters of the form `YYYY-MM-DDTHH:mm:ss` with ASCII digits.
    #[error("must have the form YYYY-MM-DDTHH:mm:ss")]
    Form,
    /// The form is right, but there is no such day or no such time of day.
    #[error("must be a date and time that exist")]
    Calendar,
}

/// `0` stands for any ASCII digit.
const FORM: &[u8; 19] = b"0000-00-00T00:00:00";

impl FromStr for LocalDateTime {
    type Err = TimeError;

    /// Reads strictly: a zone, a fraction, a blank, a lower-case `t`, hour 24 or second 60 is refused.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let bytes: &[u8; 19] = text.as_bytes().try_into().map_err(|_| TimeError::Form)?;
        let well_formed = bytes.iter().zip(FORM).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            separator => byte == separator,
        });
        if !well_formed {
            return Err(TimeError::Form);
        }
        let pair = |at: usize| digit(bytes[at]) * 10 + digit(bytes[at + 1]);
        let year = i16::from(pair(0)) * 100 + i16::from(pair(2));
        civil::DateTime::new(year, pair(5), pair(8), pair(11), pair(14), pair(17), 0)
            .map(Self)
            .map_err(|_| TimeError::Calendar)
    }
}

/// What times are counted from.
const EPOCH: civil::DateTime = civil::datetime(1970, 1, 1, 0, 0, 0, 0);

impl LocalDateTime {
    /// Seconds since 1970-01-01T00:00:00 in the same local time.
    pub(crate) fn seconds(self) -> i64 {
        self.0.duration_since(EPOCH).as_secs()
    }

    /// The date-time so many seconds after 1970-01-01T00:00:00; `None` outside the years 0 to 9999.
    pub(crate) fn from_seconds(seconds: i64) -> Option<Self> {
        let since = jiff::SignedDuration::from_secs(seconds);
        let time = EPOCH.checked_add(since).ok()?;
        (time.year() >= 0).then_some(Self(time))
    }
}

/// The value, 0 to 9, of a byte that is known to be an ASCII digit.
fn digit(byte: u8) -> i8 {
    byte.wrapping_sub(b'0') as i8
}

impl TryFrom<String> for LocalDateTime {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%S"))
    }
}

/// A span of time, start included and end excluded, at least one second long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    start: LocalDateTime,
    end: LocalDateTime,
}

impl Window {
    /// The window from `start` to `end`; `None` unless `start` is strictly before `end`.
    #[must_use]
    pub fn new(start: LocalDateTime, end: LocalDateTime) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first instant of the window.
    #[must_use]
    pub fn start(&self) -> LocalDateTime {
        self.start
    }

    /// The first instant after the window.
    #[must_use]
    pub fn end(&self) -> LocalDateTime {
        self.end
    }

    /// Length in whole seconds, never 0.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.start
            .0
            .duration_until(self.end.0)
            .as_secs()
            .unsigned_abs()
    }

    /// What two windows have in common; `None` if they only touch or lie apart.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> LocalDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_read_is_written_again() {
        for text in [
            "2025-04-04T21:36:17",
            "2024-02-29T00:00:00",
            "2000-02-29T23:59:59",
        ] {
            assert_eq!(time(text).to_string(), text);
        }
    }

    #[test]
    fn another_form_is_refused() {
        for text in [
            "",
            "0",
            "2025-04-04",
            "2025-04-04 21:36:17",
            "2025-04-04t21:36:17",
            "2025-04-04T21:36:17Z",
            "2025-04-04T21:36:17+08:00",
            "2025-04-04T21:36:17.0",
            "2025-04-04T21:36",
            "2025/04/04T21:36:17",
            "2025-4-04T21:36:171",
            "1743773777",
            " 2025-04-04T21:36:17",
            "2025-04-04T21:36:1７",
            "+025-04-04T21:36:17",
            "-025-04-04T21:36:17",
            "2025-04-04T21:36:17\n",
            "２025-04-04T21:36",
        ] {
            assert_eq!(
                text.parse::<LocalDateTime>(),
                Err(TimeError::Form),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_time_that_does_not_exist_is_refused() {
        for text in [
            "2025-00-04T00:00:00",
            "2025-13-04T00:00:00",
            "2025-04-00T00:00:00",
            "2025-04-31T00:00:00",
            "2025-01-32T00:00:00",
            "2025-02-29T00:00:00",
            "1900-02-29T00:00:00",
            "2024-02-30T00:00:00",
            "2025-04-04T24:00:00",
            "2025-04-04T25:00:00",
            "2025-04-04T00:60:00",
            "2025-04-04T00:00:60",
        ] {
            assert_eq!(
                text.parse::<LocalDateTime>(),
                Err(TimeError::Calendar),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_window_counts_seconds_over_leap_days_and_year_ends() {
        let seconds = |start, end| Window::new(time(start), time(end)).unwrap().seconds();
        assert_eq!(
            seconds("2024-02-28T23:59:59", "2024-03-01T00:00:00"),
            86_401
        );
        assert_eq!(seconds("2024-12-31T23:59:59", "2025-01-01T00:00:00"), 1);
        assert_eq!(
            seconds("0001-01-01T00:00:00", "9999-12-31T23:59:59"),
            315_537_897_599
        );
    }

    #[test]
    fn windows_that_touch_have_nothing_in_common() {
        let window = |start, end| Window::new(time(start), time(end)).unwrap();
        let morning = window("2025-04-04T08:00:00", "2025-04-04T12:00:00");
        let noon = window("2025-04-04T12:00:00", "2025-04-04T13:00:00");
        let late = window("2025-04-04T11:00:00", "2025-04-04T18:00:00");
        assert_eq!(morning.overlap(&noon), None);
        assert_eq!(morning.overlap(&late).unwrap().seconds(), 3600);
        assert_eq!(late.overlap(&noon), Some(noon));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in "\\PC{0,24}|[0-9T:\\-]{19}") {
            if let Ok(read) = text.parse::<LocalDateTime>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }

        #[test]
        fn a_window_exists_only_if_its_start_is_before_its_end(
            a in "20[0-9]{2}-0[1-9]-[12][0-8]T[01][0-9]:[0-5][0-9]:[0-5][0-9]",
            b in "20[0-9]{2}-0[1-9]-[12][0-8]T[01][0-9]:[0-5][0-9]:[0-5][0-9]",
        ) {
            // In this form the order of the texts is the order of the times.
            prop_assert_eq!(Window::new(time(&a), time(&b)).is_some(), a < b);
        }
    }
}
