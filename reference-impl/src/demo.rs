//! The built-in demonstration: a configuration, a small archive of real recordings, and the names in
//! them that a caller needs.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use crate::archive::{Ending, SegmentName};
use crate::config::Config;
use crate::time::LocalDateTime;

/// Names and times that the demonstration knows, and some that it does not.
///
/// Codes have 20 digits; times are platform-local, `YYYY-MM-DDTHH:mm:ss`; a pair is start and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fixtures {
    /// A device (`device_unicode`).
    pub device: &'static str,
    /// A channel of it (`channel`): H.264 and AAC.
    pub channel: &'static str,
    /// A platform (`platfrom_id`). Any string is accepted: the reference is one platform.
    pub platform: &'static str,
    /// Half an hour that `channel` recorded without a gap: every window within is accepted.
    pub recorded: (&'static str, &'static str),
    /// Ten minutes without a recording, right after `recorded`; ten recorded minutes follow them.
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
    /// Another device.
    pub foreign_device: &'static str,
    /// Its channel, which `device` does not have: H.265 and G.711 A-law, recorded in `recorded`.
    pub foreign_channel: &'static str,
}

impl Fixtures {
    /// The names in [`Config::demo`] and in the archive of [`write_archive`].
    pub const DEMO: Self = Self {
        device: "34020000001110000228",
        channel: "34020000001320000666",
        platform: "34020000002000000001",
        recorded: ("2025-04-04T21:30:00", "2025-04-04T22:00:00"),
        gap: ("2025-04-04T22:00:00", "2025-04-04T22:10:00"),
        leap_day: ("2024-02-29T23:55:00", "2024-03-01T00:05:00"),
        year_end: ("2024-12-31T23:55:00", "2025-01-01T00:05:00"),
        empty: ("2025-04-05T00:00:00", "2025-04-05T01:00:00"),
        unknown_device: "34020000001110000999",
        unknown_channel: "34020000001320000999",
        foreign_device: "34020000001180000001",
        foreign_channel: "34020000001320000001",
    };
}

/// A recording that can be filed as often as one likes.
struct Clip {
    bytes: &'static [u8],
    ending: Ending,
    seconds: i64,
}

const H264_AAC: Clip = Clip {
    bytes: include_bytes!("../assets/h264-aac.mp4"),
    ending: Ending::Mp4,
    seconds: 30,
};

const H265_ALAW: Clip = Clip {
    bytes: include_bytes!("../assets/h265-alaw.mov"),
    ending: Ending::Mov,
    seconds: 20,
};

/// Files the demonstration's recordings in `directory`, in the form of an [`Archive`](crate::Archive):
/// what [`Fixtures::DEMO`] names. Two short clips stand for all of it, each under many names (as links
/// to one file, where the file system has them), so that it takes less than a megabyte. What is there
/// already stays as it is.
///
/// # Errors
/// If a folder or file cannot be written.
pub fn write_archive(directory: &Path) -> io::Result<()> {
    let names = Fixtures::DEMO;
    let own = [
        names.leap_day,
        names.year_end,
        names.recorded,
        (names.gap.1, "2025-04-04T22:20:00"),
    ];
    let channel = directory.join(names.device).join(names.channel);
    file_clip(&channel, &H264_AAC, &own)?;
    let foreign = directory
        .join(names.foreign_device)
        .join(names.foreign_channel);
    file_clip(&foreign, &H265_ALAW, &[names.recorded])
}

/// Files a clip over and over, so that it fills these windows.
fn file_clip(folder: &Path, clip: &Clip, windows: &[(&str, &str)]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let time = |text: &str| {
        let time = text.parse::<LocalDateTime>().map_err(io::Error::other);
        time.map(LocalDateTime::seconds)
    };
    let mut first = None;
    for (start, end) in windows {
        for second in (time(start)?..time(end)?).step_by(clip.seconds as usize) {
            let Some(name) = SegmentName::new(second * 1000, clip.ending) else {
                continue;
            };
            let path = folder.join(name.to_string());
            if path.try_exists()? {
                first.get_or_insert(path);
                continue;
            }
            let linked = first.as_ref().map(|first| fs::hard_link(first, &path));
            if !matches!(linked, Some(Ok(()))) {
                let work = folder.join(".clip");
                File::create(&work)?.write_all(clip.bytes)?;
                fs::rename(&work, &path)?;
                first = Some(path);
            }
        }
    }
    Ok(())
}

/// The settings of the demonstration, TOML, with every key and what it means.
pub const CONFIG: &str = include_str!("../demo.toml");

impl Config {
    /// The built-in demonstration: `demo.toml`, with the names in [`Fixtures::DEMO`].
    ///
    /// It transfers at 1,800 times real time: half an hour takes a second.
    #[must_use]
    pub fn demo() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "a constant of this crate, and a test reads it"
        )]
        Self::from_toml(CONFIG).expect("demo.toml is a configuration")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_a_configuration() {
        Config::demo().check_ranges().unwrap();
    }

    #[test]
    fn the_demo_has_the_default_limits() {
        let (demo, default) = (Config::demo().limits, crate::Limits::default());
        assert_eq!(format!("{demo:?}"), format!("{default:?}"));
    }
}
