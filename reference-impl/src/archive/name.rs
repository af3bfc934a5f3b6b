//! The names of segments: when they start, in platform-local time.
//!
//! `2025-04-04T21-36-17.mp4`, and `2025-04-04T21-36-17.480.mp4` for a start between two seconds. Colons are not
//! allowed in names everywhere, so dashes stand for them. QuickTime files end with `.mov`.

use std::fmt;

use crate::time::LocalDateTime;

/// A time in milliseconds since 1970-01-01T00:00:00, platform-local.
pub(crate) type LocalMillis = i64;

/// The name of a segment. Names are ordered by start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SegmentName {
    /// When the segment starts.
    pub(crate) start: LocalMillis,
    /// How the name ends.
    pub(crate) ending: Ending,
}

/// How the name of a segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ending {
    /// `.mp4`
    Mp4,
    /// `.mov`
    Mov,
}

impl Ending {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
        }
    }
}

impl SegmentName {
    /// Reads a file name; `None` unless it is exactly what [`fmt::Display`] writes.
    pub(crate) fn read(name: &str) -> Option<Self> {
        let (stem, ending) = name.rsplit_once('.')?;
        let ending = [Ending::Mp4, Ending::Mov]
            .into_iter()
            .find(|known| known.as_str() == ending)?;
        let (whole, millis) = match stem.split_once('.') {
            None => (stem, 0),
            Some((whole, millis)) => (whole, millis.parse::<u16>().ok()?),
        };
        let time: String = whole
            .char_indices()
            .map(|(at, letter)| match (at, letter) {
                (13 | 16, '-') => ':',
                _ => letter,
            })
            .collect();
        let seconds = time.parse::<LocalDateTime>().ok()?.seconds();
        let read = Self {
            start: seconds * 1000 + i64::from(millis),
            ending,
        };
        (read.to_string() == name).then_some(read)
    }

    /// The name of a segment that starts then; `None` outside the years 0 to 9999.
    pub(crate) fn new(start: LocalMillis, ending: Ending) -> Option<Self> {
        LocalDateTime::from_seconds(start.div_euclid(1000))?;
        Some(Self { start, ending })
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name is made of a time that exists.
        let time = LocalDateTime::from_seconds(self.start.div_euclid(1000)).ok_or(fmt::Error)?;
        f.write_str(&time.to_string().replace(':', "-"))?;
        match self.start.rem_euclid(1000) {
            0 => {}
            millis => write!(f, ".{millis:03}")?,
        }
        write!(f, ".{}", self.ending.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_start() {
        for (name, millis) in [
            ("1970-01-01T00-00-01.mp4", 1000),
            ("1970-01-01T00-00-00.007.mov", 7),
            ("2025-04-04T21-36-17.mp4", 1_743_802_577_000),
            ("2024-02-29T23-59-59.999.mp4", 1_709_251_199_999),
        ] {
            let read = SegmentName::read(name).unwrap();
            assert_eq!((read.start, read.to_string().as_str()), (millis, name));
        }
    }

    #[test]
    fn other_names_are_none() {
        for name in [
            "",
            "mp4",
            ".mp4",
            "2025-04-04T21-36-17",
            "2025-04-04T21-36-17.MP4",
            "2025-04-04T21-36-17.avi",
            "2025-04-04T21:36:17.mp4",
            "2025-04-04T21-36-17.48.mp4",
            "2025-04-04T21-36-17.000.mp4",
            "2025-04-04T21-36-17.1000.mp4",
            "2025-04-04T21-36-17.+48.mp4",
            "2025-02-29T21-36-17.mp4",
            "2025-04-04T24-00-00.mp4",
            "２025-04-04T21-36-17.mp4",
            ".2025-04-04T21-36-17.mp4",
        ] {
            assert_eq!(SegmentName::read(name), None, "{name}");
        }
    }
}
