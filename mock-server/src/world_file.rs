//! A described world: which devices and channels there are, and what they recorded. What is not in the file does not
//! exist.
//!
//! A file is read once and checked whole (`world.schema.json`, and what a schema cannot say); then it is immutable, and
//! a question is two look-ups by hash and two binary searches. Only the recorded part of a window counts, and of that
//! only what is past by the mock's clock.

mod read;
mod track;

use std::collections::HashMap;
use std::path::Path;

use jiff::civil::DateTime;
use smsload_spec::{Data, Problems};

use self::read::Reader;
use self::track::Track;
use crate::course::Course;
use crate::simulation::{Absence, Ask, Recording};

/// The JSON Schema (Draft 7) of a world file.
pub const WORLD_SCHEMA: &str = include_str!("../world.schema.json");

/// A described world. See `docs/world-file.md` for the file.
///
/// ```
/// use smsload_mock::WorldFile;
///
/// let world = WorldFile::text(
///     "world.yaml",
///     "devices: [{id: '1', channels: [{id: '2', segments: [{start: '2025-04-04T00:00:00', end: '2025-04-04T00:00:00'}]}]}]",
/// );
/// let problems = world.unwrap_err().to_string();
/// assert!(problems.contains("world.yaml:1:53: a segment must end later than it starts"), "{problems}");
/// ```
#[derive(Debug)]
pub struct WorldFile {
    devices: HashMap<Box<str>, Device>,
}

#[derive(Debug)]
struct Device {
    is_offline: bool,
    channels: HashMap<Box<str>, Channel>,
}

#[derive(Debug)]
struct Channel {
    track: Track,
    /// Recorded seconds that are brought over in one second.
    transfer_speed: f64,
    course: Course,
}

impl WorldFile {
    /// Reads a file from disk, YAML or JSON.
    ///
    /// # Errors
    /// Everything that is wrong with it at once, each finding with file, line and column.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        Reader::read(Data::file(path, &schema())?)
    }

    /// Reads a text; `name` is what it is called in diagnostics.
    ///
    /// # Errors
    /// As for [`WorldFile::read`].
    pub fn text(name: &str, text: &str) -> Result<Self, Problems> {
        Reader::read(Data::text(name, text, &schema())?)
    }

    /// What there is of a window at a local time.
    pub(crate) fn look(&self, ask: &Ask<'_>, now: DateTime) -> Result<Recording, Absence> {
        let device = self.devices.get(ask.device).ok_or(Absence::UnknownDevice)?;
        if device.is_offline {
            return Err(Absence::DeviceOffline);
        }
        let channel = device
            .channels
            .get(ask.channel)
            .ok_or(Absence::UnknownChannel)?;
        if ask.start >= ask.end {
            return Err(Absence::BadWindow);
        }
        let recorded = channel.track.between(ask.start, ask.end.min(now));
        if recorded.seconds == 0 {
            return Err(Absence::NothingRecorded);
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the speed is above 0; a transfer needs no more than 53 bits"
        )]
        let transfer_micros = (recorded.seconds as f64 * 1e6 / channel.transfer_speed) as u64;
        Ok(Recording {
            recorded,
            transfer_micros: transfer_micros.max(1),
            course: channel.course,
        })
    }
}

/// The schema as a value. It is embedded, and a test reads it; a schema that were none would let everything pass to
/// the reader, which takes only what it understands.
fn schema() -> serde_json::Value {
    serde_json::from_str(WORLD_SCHEMA).unwrap_or_default()
}

#[cfg(test)]
mod tests;
