//! Windows of time: a start before an end, both local times without a zone, whole seconds. All windows that a run
//! asks for are cut from the recorded window of the target.

use jiff::ToSpan;
use jiff::civil::DateTime;
use proptest::strategy::Strategy;
use serde::{Deserialize, Serialize};
use smsload_spec::local_date_time;

/// A window of time; its start is before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "Ends", into = "Ends")]
pub struct Window {
    start: DateTime,
    end: DateTime,
}

/// Why two times are no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A text is no local date-time.
    #[error(
        "`{member}` is \"{text}\", which is no local date-time; write YYYY-MM-DDTHH:mm:ss, without a zone"
    )]
    NoTime {
        /// `start` or `end`.
        member: &'static str,
        /// What stands there.
        text: String,
    },
    /// The start is not before the end.
    #[error("the window {start} to {end} is empty or reversed; its start must be before its end")]
    Empty {
        /// The start.
        start: DateTime,
        /// The end.
        end: DateTime,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    start: String,
    end: String,
}

impl From<Window> for Ends {
    fn from(window: Window) -> Self {
        Self {
            start: window.start.to_string(),
            end: window.end.to_string(),
        }
    }
}

impl TryFrom<Ends> for Window {
    type Error = WindowError;

    fn try_from(ends: Ends) -> Result<Self, WindowError> {
        Self::parse(&ends.start, &ends.end)
    }
}

impl Window {
    /// A window from two times.
    ///
    /// # Errors
    /// The start is not before the end.
    pub fn new(start: DateTime, end: DateTime) -> Result<Self, WindowError> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(WindowError::Empty { start, end })
        }
    }

    /// A window from two texts of the page's form, `YYYY-MM-DDTHH:mm:ss`.
    ///
    /// # Errors
    /// A text is no local date-time, or the start is not before the end.
    pub fn parse(start: &str, end: &str) -> Result<Self, WindowError> {
        let time = |member, text: &str| {
            local_date_time(text).ok_or_else(|| WindowError::NoTime {
                member,
                text: text.to_owned(),
            })
        };
        Self::new(time("start", start)?, time("end", end)?)
    }

    /// A second that stands for no window at all.
    pub(crate) fn second() -> Self {
        let start = jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0);
        let end = jiff::civil::date(2000, 1, 1).at(0, 0, 1, 0);
        Self { start, end }
    }

    /// The start.
    #[must_use]
    pub fn start(&self) -> DateTime {
        self.start
    }

    /// The end.
    #[must_use]
    pub fn end(&self) -> DateTime {
        self.end
    }

    /// Its length in seconds, at least 1.
    #[must_use]
    pub fn seconds(&self) -> u32 {
        let seconds = self.start.duration_until(self.end).as_secs();
        u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
    }

    /// The time so many seconds after the start; never after the end.
    #[must_use]
    pub(crate) fn at(&self, seconds: u32) -> DateTime {
        let time = self
            .start
            .checked_add(i64::from(seconds).seconds())
            .unwrap_or(self.end);
        time.min(self.end)
    }

    /// The part between two offsets from the start, in seconds; the whole if they do not name a part.
    #[must_use]
    pub(crate) fn part(&self, from: u32, to: u32) -> Self {
        let (start, end) = (self.at(from), self.at(to));
        if start < end {
            Self { start, end }
        } else {
            *self
        }
    }

    /// Any part of it, down to a second.
    pub(crate) fn parts(self) -> impl Strategy<Value = Self> + Send + Sync + Clone {
        let n = self.seconds();
        (0..=n, 0..=n).prop_map(move |(a, b)| {
            let (from, to) = match (a.min(b), a.max(b)) {
                (from, to) if from < to => (from, to),
                (same, _) if same == n => (n - 1, n),
                (same, _) => (same, same + 1),
            };
            self.part(from, to)
        })
    }

    /// Parts that hold at least its middle half: so wide that nothing but the matter at hand can be said against them.
    pub(crate) fn wide_parts(self) -> impl Strategy<Value = Self> + Send + Sync + Clone {
        let n = self.seconds();
        (0..=n / 4, 0..=n / 4).prop_map(move |(a, b)| self.part(a, n - b))
    }

    /// The n-th of its wide parts, for tables; they come again once all were used.
    #[must_use]
    pub(crate) fn wide_part(&self, n: u32) -> Self {
        let length = self.seconds();
        let side = length / 4 + 1;
        // 0 is the whole; then both ends move in turn, so that neighbours differ.
        let index = n % side.saturating_mul(side).max(1);
        self.part(index % side, length - index / side)
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::Window;

    fn ten() -> Window {
        Window::parse("2025-04-04T21:36:17", "2025-04-04T21:36:27").unwrap()
    }

    #[test]
    fn refuses_what_is_no_window() {
        assert!(Window::parse("2025-04-04T21:36:17", "2025-04-04T21:36:17").is_err());
        let error = Window::parse("2025-04-04 21:36:17", "2025-04-04T21:36:17").unwrap_err();
        assert!(error.to_string().contains("`start`"), "{error}");
    }

    #[test]
    fn numbered_parts_differ_until_all_were_used() {
        let parts: Vec<_> = (0..9).map(|n| ten().wide_part(n)).collect();
        assert_eq!(parts.iter().collect::<HashSet<_>>().len(), 9);
        assert_eq!(parts[0], ten());
        assert_eq!(ten().wide_part(9), ten());
        let second = Window::parse("2025-04-04T21:36:17", "2025-04-04T21:36:18").unwrap();
        assert_eq!(second.wide_part(7), second);
    }

    proptest! {
        #[test]
        fn parts_lie_within(part in ten().parts(), wide in ten().wide_parts()) {
            prop_assert!(ten().start() <= part.start() && part.end() <= ten().end() && part.seconds() >= 1);
            prop_assert!(ten().start() <= wide.start() && wide.end() <= ten().end() && wide.seconds() >= 5);
        }
    }
}
