//! Times, read more leniently than they should be.

use jiff::civil::DateTime;
use jiff::{Span, ToSpan};

/// The six numbers of a time in the page's form, whether they name a time or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub(super) year: i16,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
}

impl Fields {
    /// The numbers of a text that has the form.
    pub(super) fn read(text: &str) -> Option<Self> {
        let has_form = text.len() == 19
            && text
                .bytes()
                .zip("0000-00-00T00:00:00".bytes())
                .all(|(b, form)| match form {
                    b'0' => b.is_ascii_digit(),
                    mark => b == mark,
                });
        if !has_form {
            return None;
        }
        let number = |at: usize| text.get(at..at + 2)?.parse::<i64>().ok();
        Some(Self {
            year: text.get(..4)?.parse().ok()?,
            month: number(5)?,
            day: number(8)?,
            hour: number(11)?,
            minute: number(14)?,
            second: number(17)?,
        })
    }

    /// The time that they come to, each carried over into the next greater one.
    pub(super) fn carried(self) -> Option<String> {
        let first = DateTime::new(self.year, 1, 1, 0, 0, 0, 0).ok()?;
        let months = Span::new().try_months(self.month - 1).ok()?;
        let rest = Span::new()
            .try_days(self.day - 1)
            .and_then(|span| span.try_hours(self.hour))
            .and_then(|span| span.try_minutes(self.minute))
            .and_then(|span| span.try_seconds(self.second))
            .ok()?;
        let time = first.checked_add(months).ok()?.checked_add(rest).ok()?;
        Some(time.to_string())
    }

    /// Days that the month has; 31 if there is no such month.
    pub(super) fn days_in_month(self) -> i64 {
        let month = i8::try_from(self.month).unwrap_or(1);
        DateTime::new(self.year, month, 1, 0, 0, 0, 0).map_or(31, |t| t.days_in_month().into())
    }

    /// The same numbers as a text of the form.
    pub(super) fn text(self) -> String {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

/// Carries a time over if its numbers are wrong in one way.
pub(super) fn carry(text: &str, is_wrong: fn(&Fields) -> bool) -> Option<String> {
    Fields::read(text).filter(is_wrong)?.carried()
}

/// A text without what follows the time.
pub(super) fn without_suffix(text: &str, is_suffix: fn(&str) -> bool) -> Option<String> {
    let (time, suffix) = (text.get(..19)?, text.get(19..)?);
    (!suffix.is_empty() && is_suffix(suffix)).then(|| time.to_owned())
}

/// The time of a count of seconds since 1970, in local time.
pub(super) fn epoch(text: &str) -> Option<String> {
    let is_count = (9..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let seconds: i64 = text.parse().ok().filter(|_| is_count)?;
    let first = DateTime::new(1970, 1, 1, 8, 0, 0, 0).ok()?;
    Some(first.checked_add(seconds.seconds()).ok()?.to_string())
}

/// A time whose fields may have one digit.
pub(super) fn padded(text: &str) -> Option<String> {
    let (date, clock) = text.split_once('T')?;
    let numbers = |text: &str, mark| -> Option<Vec<i64>> {
        let parts = text.split(mark);
        parts.map(|part| part.parse().ok()).collect()
    };
    let (date, clock) = (numbers(date, '-')?, numbers(clock, ':')?);
    let ([year, month, day], [hour, minute, second]) = (date.as_slice(), clock.as_slice()) else {
        return None;
    };
    let fields = Fields {
        year: i16::try_from(*year).ok()?,
        month: *month,
        day: *day,
        hour: *hour,
        minute: *minute,
        second: *second,
    };
    Some(fields.text()).filter(|padded| padded != text)
}

/// A text with the digits of all scripts as ASCII digits.
pub(super) fn ascii_digits(text: &str) -> String {
    // Fullwidth, Arabic and Extended Arabic digits: those that keyboards write.
    const ZEROS: [char; 3] = ['０', '٠', '۰'];
    let digit = |c: char| {
        ZEROS.iter().find_map(|zero| {
            let value = u32::from(c).checked_sub(u32::from(*zero))?;
            char::from_digit(value, 10)
        })
    };
    text.chars().map(|c| digit(c).unwrap_or(c)).collect()
}

/// A text that is no time, read as one hour before or after another.
pub(super) fn hour_from(text: &str, other: Option<&str>, hours: i64) -> Option<String> {
    if text.trim().is_empty() || text.chars().any(char::is_numeric) {
        return None;
    }
    let other = smsload_spec::local_date_time(other?)?;
    Some(other.checked_add(hours.hours()).ok()?.to_string())
}
