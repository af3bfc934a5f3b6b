//! The built-in demonstration: a configuration, and the names in it that a caller needs.

use crate::config::Config;

/// Names and times that [`Config::demo`] knows, and some that it does not.
///
/// Codes have 20 digits; times are platform-local, `YYYY-MM-DDTHH:mm:ss`; a pair is start and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fixtures {
    /// A device (`device_unicode`).
    pub device: &'static str,
    /// A channel of it (`channel`).
    pub channel: &'static str,
    /// A platform (`platfrom_id`). Any string is accepted: the reference is one platform.
    pub platform: &'static str,
    /// Six hours that `channel` recorded without a gap: every window within is accepted.
    pub recorded: (&'static str, &'static str),
    /// One hour without a recording, right after `recorded`; three recorded hours follow it.
    pub gap: (&'static str, &'static str),
    /// A recording over 29 February.
    pub leap_day: (&'static str, &'static str),
    /// A recording over the end of a year.
    pub year_end: (&'static str, &'static str),
    /// A window without any recording.
    pub empty: (&'static str, &'static str),
    /// A well-formed code of no device.
    pub unknown_device: &'static str,
    /// A well-formed code of no channel.
    pub unknown_channel: &'static str,
    /// A channel that exists, but of another device.
    pub foreign_channel: &'static str,
}

impl Fixtures {
    /// The names in [`Config::demo`].
    pub const DEMO: Self = Self {
        device: "34020000001110000228",
        channel: "34020000001320000666",
        platform: "34020000002000000001",
        recorded: ("2025-04-04T08:00:00", "2025-04-04T14:00:00"),
        gap: ("2025-04-04T14:00:00", "2025-04-04T15:00:00"),
        leap_day: ("2024-02-28T23:00:00", "2024-03-01T01:00:00"),
        year_end: ("2024-12-31T23:00:00", "2025-01-01T01:00:00"),
        empty: ("2025-04-05T00:00:00", "2025-04-05T01:00:00"),
        unknown_device: "34020000001110000999",
        unknown_channel: "34020000001320000999",
        foreign_channel: "34020000001320000001",
    };
}

impl Config {
    /// The built-in demonstration: `demo.toml`, with the names in [`Fixtures::DEMO`].
    ///
    /// It transfers at 1,800 times real time: an hour takes two seconds, the longest recorded
    /// stretch (26 hours over a leap day) 52 seconds.
    #[must_use]
    pub fn demo() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "a constant of this crate, and a test reads it"
        )]
        Self::from_toml(include_str!("../demo.toml")).expect("demo.toml is a configuration")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::MemoryArchive;
    use crate::source::{RecordingSource, SourceError};
    use crate::time::Window;

    #[tokio::test]
    async fn the_fixtures_are_what_they_say() {
        let config = Config::demo();
        config.check_ranges().unwrap();
        let archive = MemoryArchive::new(config.devices).unwrap();
        let names = Fixtures::DEMO;
        let seconds = async |device, channel, (start, end): (&str, &str)| {
            let window = Window::new(start.parse().unwrap(), end.parse().unwrap()).unwrap();
            archive
                .locate(device, channel, window)
                .await
                .map(|recording| recording.duration_ms / 1000)
        };
        let own = async |window| seconds(names.device, names.channel, window).await;
        assert_eq!(own(names.recorded).await, Ok(6 * 3600));
        assert_eq!(
            own((names.recorded.0, "2025-04-04T18:00:00")).await,
            Ok(9 * 3600)
        );
        assert_eq!(own(names.leap_day).await, Ok(26 * 3600));
        assert_eq!(own(names.year_end).await, Ok(2 * 3600));
        assert_eq!(own(names.gap).await, Err(SourceError::NoRecording));
        assert_eq!(own(names.empty).await, Err(SourceError::NoRecording));
        let unknown = seconds(names.unknown_device, names.channel, names.recorded).await;
        assert_eq!(unknown, Err(SourceError::UnknownDevice));
        for channel in [names.unknown_channel, names.foreign_channel] {
            let unknown = seconds(names.device, channel, names.recorded).await;
            assert_eq!(unknown, Err(SourceError::UnknownChannel));
        }
    }

    #[test]
    fn the_demo_has_the_default_limits() {
        let (demo, default) = (Config::demo().limits, crate::Limits::default());
        assert_eq!(format!("{demo:?}"), format!("{default:?}"));
    }
}
