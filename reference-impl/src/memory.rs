//! A recording source in memory: a catalogue of what was recorded when, without the bytes.
//!
//! It knows devices, their channels, and segments with gaps between them; sizes follow from a
//! constant bit rate, and the bytes themselves are zeros. It answers at once. It goes as soon as the
//! archive of files on disk takes its place.

use std::collections::{BTreeMap, btree_map::Entry};
use std::num::NonZeroU32;

use bytes::Bytes;
use serde::Deserialize;

use crate::gb28181::GbCode;
use crate::source::{
    Later, MAX_CHUNK, Plan, Recording, RecordingSource, RecordingStream, SourceError,
};
use crate::time::{LocalDateTime, Window};

/// A device of the catalogue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its code: 20 digits, and the page's `device_unicode`.
    pub code: GbCode,
    /// Its channels.
    pub channels: Vec<Channel>,
}

/// A channel of a [`Device`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its code: 20 digits, and the page's `channel`.
    pub code: GbCode,
    /// Bit rate of its recordings, in bits per second.
    pub bit_rate: NonZeroU32,
    /// What was recorded: in order of time, without overlap. What lies between is a gap.
    #[serde(default)]
    pub segments: Vec<Segment>,
}

/// An unbroken recording, in platform-local time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// The first second recorded.
    pub start: LocalDateTime,
    /// The first second no longer recorded; after `start`.
    pub end: LocalDateTime,
}

/// Why a catalogue contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Two devices have one code.
    #[error("device {0} is listed twice")]
    DeviceTwice(GbCode),
    /// Two channels of a device have one code.
    #[error("channel {channel} of device {device} is listed twice")]
    ChannelTwice {
        /// The device.
        device: GbCode,
        /// The channel.
        channel: GbCode,
    },
    /// A segment is empty, turned around, or starts before the one listed before it has ended.
    #[error(
        "channel {channel}: the segment that starts at {start} must end later, \
         and start no earlier than the segment before it ends"
    )]
    Segment {
        /// The channel.
        channel: GbCode,
        /// Start of the segment.
        start: LocalDateTime,
    },
}

/// The catalogue as a [`RecordingSource`].
#[derive(Clone, Debug)]
pub struct MemoryArchive {
    devices: BTreeMap<String, (GbCode, BTreeMap<String, Track>)>,
}

/// A channel, checked.
#[derive(Clone, Debug)]
struct Track {
    code: GbCode,
    bit_rate: NonZeroU32,
    segments: Vec<Window>,
}

impl MemoryArchive {
    /// A catalogue of `devices`.
    ///
    /// # Errors
    /// If a code is listed twice or a segment is not a span of time after the one before it.
    pub fn new(devices: Vec<Device>) -> Result<Self, ArchiveError> {
        let mut known = BTreeMap::new();
        for device in devices {
            let tracks = tracks(&device)?;
            match known.entry(device.code.to_string()) {
                Entry::Vacant(place) => place.insert((device.code, tracks)),
                Entry::Occupied(_) => return Err(ArchiveError::DeviceTwice(device.code)),
            };
        }
        Ok(Self { devices: known })
    }

    fn find(&self, device: &str, channel: &str, window: Window) -> Result<Recording, SourceError> {
        let (device, tracks) = self.devices.get(device).ok_or(SourceError::UnknownDevice)?;
        let track = tracks.get(channel).ok_or(SourceError::UnknownChannel)?;
        let recorded = track
            .segments
            .iter()
            .filter_map(|segment| segment.overlap(&window));
        let seconds: u64 = recorded.map(|part| part.seconds()).sum();
        if seconds == 0 {
            return Err(SourceError::NoRecording);
        }
        let bytes = u128::from(seconds) * u128::from(track.bit_rate.get()) / 8;
        Ok(Recording {
            device: device.clone(),
            channel: track.code.clone(),
            duration_ms: seconds.saturating_mul(1000),
            bytes: Some(u64::try_from(bytes).unwrap_or(u64::MAX)),
            plan: Plan::new("zeros"),
        })
    }
}

fn tracks(device: &Device) -> Result<BTreeMap<String, Track>, ArchiveError> {
    let mut tracks = BTreeMap::new();
    for channel in &device.channels {
        let track = Track {
            code: channel.code.clone(),
            bit_rate: channel.bit_rate,
            segments: segments(channel)?,
        };
        if tracks.insert(channel.code.to_string(), track).is_some() {
            let (device, channel) = (device.code.clone(), channel.code.clone());
            return Err(ArchiveError::ChannelTwice { device, channel });
        }
    }
    Ok(tracks)
}

fn segments(channel: &Channel) -> Result<Vec<Window>, ArchiveError> {
    let mut windows: Vec<Window> = Vec::with_capacity(channel.segments.len());
    for segment in &channel.segments {
        let window = Window::new(segment.start, segment.end).filter(|window| {
            windows
                .last()
                .is_none_or(|before| before.end() <= window.start())
        });
        let Some(window) = window else {
            let channel = channel.code.clone();
            return Err(ArchiveError::Segment {
                channel,
                start: segment.start,
            });
        };
        windows.push(window);
    }
    Ok(windows)
}

impl RecordingSource for MemoryArchive {
    fn locate<'a>(
        &'a self,
        device: &'a str,
        channel: &'a str,
        window: Window,
    ) -> Later<'a, Recording> {
        Box::pin(std::future::ready(self.find(device, channel, window)))
    }

    fn open<'a>(
        &'a self,
        recording: &'a Recording,
        from: u64,
    ) -> Later<'a, Box<dyn RecordingStream>> {
        let bytes = recording.bytes.unwrap_or(0);
        let zeros = Zeros {
            position: from.min(bytes),
            end: bytes,
        };
        Box::pin(std::future::ready(Ok(Box::new(zeros) as _)))
    }
}

/// As many zeros as were announced.
struct Zeros {
    position: u64,
    end: u64,
}

impl RecordingStream for Zeros {
    fn position(&self) -> u64 {
        self.position
    }

    fn next(&mut self) -> Later<'_, Option<Bytes>> {
        static ZEROS: [u8; MAX_CHUNK] = [0; MAX_CHUNK];
        let left = usize::try_from(self.end - self.position).unwrap_or(MAX_CHUNK);
        let chunk = &ZEROS[..left.min(MAX_CHUNK)];
        self.position += chunk.len() as u64;
        let chunk = (!chunk.is_empty()).then(|| Bytes::from_static(chunk));
        Box::pin(std::future::ready(Ok(chunk)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: &str = "34020000001110000228";
    const CHANNEL: &str = "34020000001320000666";

    fn window(start: &str, end: &str) -> Window {
        Window::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
    }

    fn device(segments: &[(&str, &str)]) -> Device {
        let segment = |(start, end): &(&str, &str)| Segment {
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
        };
        let channel = Channel {
            code: CHANNEL.parse().unwrap(),
            bit_rate: NonZeroU32::new(8_000).unwrap(),
            segments: segments.iter().map(segment).collect(),
        };
        Device {
            code: DEVICE.parse().unwrap(),
            channels: vec![channel],
        }
    }

    const MORNING: (&str, &str) = ("2025-04-04T08:00:00", "2025-04-04T09:00:00");
    const NOON: (&str, &str) = ("2025-04-04T12:00:00", "2025-04-04T13:00:00");

    #[test]
    fn only_recorded_seconds_count() {
        let archive = MemoryArchive::new(vec![device(&[MORNING, NOON])]).unwrap();
        let find = |start, end| archive.find(DEVICE, CHANNEL, window(start, end));
        let found = find("2025-04-04T08:59:50", "2025-04-04T12:00:20").unwrap();
        assert_eq!((found.duration_ms, found.bytes), (30_000, Some(30_000)));
        let gap = find("2025-04-04T09:00:00", "2025-04-04T12:00:00");
        assert_eq!(gap, Err(SourceError::NoRecording));
    }

    #[test]
    fn what_is_unknown_is_told_apart() {
        let archive = MemoryArchive::new(vec![device(&[MORNING])]).unwrap();
        let find = |device, channel| archive.find(device, channel, window(MORNING.0, MORNING.1));
        assert_eq!(find("x", CHANNEL), Err(SourceError::UnknownDevice));
        assert_eq!(find(DEVICE, DEVICE), Err(SourceError::UnknownChannel));
        assert_eq!(
            find(DEVICE, CHANNEL).map(|found| found.duration_ms),
            Ok(3_600_000)
        );
    }

    #[test]
    fn a_catalogue_that_contradicts_itself_is_refused() {
        let error = |devices| MemoryArchive::new(devices).unwrap_err();
        let start = NOON.0.parse().unwrap();
        let channel = || CHANNEL.parse().unwrap();
        for segments in [
            &[NOON, NOON][..],
            &[(NOON.0, NOON.0)],
            &[(NOON.0, MORNING.1)],
        ] {
            let expected = ArchiveError::Segment {
                channel: channel(),
                start,
            };
            assert_eq!(error(vec![device(segments)]), expected);
        }
        let twice = vec![device(&[MORNING]), device(&[])];
        assert_eq!(
            error(twice),
            ArchiveError::DeviceTwice(DEVICE.parse().unwrap())
        );
        let mut twice = device(&[MORNING]);
        twice.channels.extend(device(&[NOON]).channels);
        assert!(matches!(
            error(vec![twice]),
            ArchiveError::ChannelTwice { .. }
        ));
    }
}
