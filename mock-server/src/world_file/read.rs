//! From a file that was held against its schema to a world, with what a schema cannot say: ids that stand twice,
//! segments that end before they start or overlap, courses that exclude each other. All faults are collected; what
//! breaks the schema is passed over here, since that is told already.

use std::collections::HashMap;

use jiff::civil::DateTime;
use serde_json::Value;
use smsload_spec::{Data, Diagnostic, Problems, local_date_time};

use super::track::{Segment, Track};
use super::{Channel, Device, WorldFile};
use crate::course::{Course, Percent};

/// What holds for a channel unless it says otherwise.
#[derive(Debug, Clone, Copy)]
struct Traits {
    /// Bits per recorded second.
    bit_rate: u64,
    /// Recorded seconds that are brought over in one second.
    transfer_speed: f64,
    course: Course,
}

impl Default for Traits {
    fn default() -> Self {
        Self {
            bit_rate: 2_000_000,
            transfer_speed: 16.0,
            course: Course::Linear,
        }
    }
}

/// Members that say how progress goes; one of them at a time.
const COURSES: [&str; 4] = ["course", "stalls_at", "fails_at", "never_starts"];

/// Reads a file whose faults are collected.
pub(super) struct Reader {
    data: Data,
}

impl Reader {
    pub(super) fn read(data: Data) -> Result<WorldFile, Problems> {
        let world = data.value().clone();
        let mut reader = Self { data };
        let traits = reader.traits(&world["defaults"], "/defaults", Traits::default());
        let mut devices = HashMap::new();
        for (index, device) in items(&world["devices"]) {
            let pointer = format!("/devices/{index}");
            let read = reader.device(device, &pointer, traits);
            reader.keep(&mut devices, "device", (device, &pointer), read);
        }
        let first = devices.into_iter();
        let devices = first.map(|(id, (device, _))| (id, device)).collect();
        reader.data.finish()?;
        Ok(WorldFile { devices })
    }

    fn device(&mut self, device: &Value, pointer: &str, above: Traits) -> Device {
        let traits = self.traits(device, pointer, above);
        let mut channels = HashMap::new();
        for (index, channel) in items(&device["channels"]) {
            let pointer = format!("{pointer}/channels/{index}");
            let read = self.channel(channel, &pointer, traits);
            self.keep(&mut channels, "channel", (channel, &pointer), read);
        }
        let first = channels.into_iter();
        Device {
            is_offline: device["offline"].as_bool().unwrap_or(false),
            channels: first.map(|(id, (channel, _))| (id, channel)).collect(),
        }
    }

    /// Keeps what has an id, with the place where it stands; an id can stand once.
    fn keep<T>(
        &mut self,
        kept: &mut HashMap<Box<str>, (T, String)>,
        what: &str,
        (value, pointer): (&Value, &str),
        read: T,
    ) {
        let Some(id) = value["id"].as_str() else {
            return;
        };
        let at = format!("{pointer}/id");
        if let Some((_, first)) = kept.get(id) {
            let line = self.line(first);
            let message = format!("the {what} `{id}` stands twice; the first is in line {line}");
            self.error(&at, message, "join the two, or take one away");
        } else {
            kept.insert(Box::from(id), (read, at));
        }
    }

    fn channel(&mut self, channel: &Value, pointer: &str, above: Traits) -> Channel {
        let traits = self.traits(channel, pointer, above);
        let mut segments = Vec::new();
        for (index, segment) in items(&channel["segments"]) {
            let pointer = format!("{pointer}/segments/{index}");
            segments.extend(
                self.segment(segment, &pointer, traits)
                    .map(|read| (read, pointer)),
            );
        }
        segments.sort_by_key(|(segment, _)| (segment.start, segment.end));
        self.overlaps(&segments);
        Channel {
            track: Track::new(segments.into_iter().map(|(segment, _)| segment)),
            transfer_speed: traits.transfer_speed,
            course: traits.course,
        }
    }

    fn segment(&mut self, segment: &Value, pointer: &str, above: Traits) -> Option<Segment> {
        let start = time(&segment["start"])?;
        let end = time(&segment["end"])?;
        if start >= end {
            let message = format!("a segment must end later than it starts: {start} to {end}");
            self.error(pointer, message, "are the two in the wrong order?");
            return None;
        }
        let bit_rate = segment["bit_rate"].as_u64().unwrap_or(above.bit_rate);
        Some(Segment {
            start,
            end,
            bytes_per_second: bit_rate / 8,
        })
    }

    /// Finds segments that overlap with one before them; they are in the order of their starts.
    fn overlaps(&mut self, segments: &[(Segment, String)]) {
        let Some(((mut longest, mut at), rest)) =
            segments.split_first().map(|(f, r)| ((f.0, &f.1), r))
        else {
            return;
        };
        for (segment, pointer) in rest {
            if segment.start < longest.end {
                let line = self.line(at);
                let message = format!(
                    "the segment {} to {} overlaps the one of line {line}, {} to {}",
                    segment.start, segment.end, longest.start, longest.end
                );
                self.error(
                    pointer,
                    message,
                    "a second is recorded once: let one segment end where the next one starts",
                );
            }
            if segment.end > longest.end {
                (longest, at) = (*segment, pointer);
            }
        }
    }

    fn traits(&mut self, value: &Value, pointer: &str, above: Traits) -> Traits {
        let named: Vec<_> = COURSES
            .into_iter()
            .filter(|name| value.get(name).is_some())
            .collect();
        if let [first, second, ..] = named[..] {
            let message = format!("`{first}` and `{second}` exclude each other");
            self.error(&format!("{pointer}/{second}"), message, "keep one of them");
        }
        let percent = |name: &str| Percent::new(value[name].as_u64()?).ok();
        let course = match named.first().copied() {
            Some("course") => value["course"].as_str().and_then(|name| name.parse().ok()),
            Some("stalls_at") => percent("stalls_at").map(Course::StallsAt),
            Some("fails_at") => percent("fails_at").map(Course::FailsAt),
            Some("never_starts") => Some(Course::NeverStarts),
            _ => None,
        };
        let speed = value["transfer_speed"].as_f64();
        Traits {
            bit_rate: value["bit_rate"].as_u64().unwrap_or(above.bit_rate),
            transfer_speed: speed.unwrap_or(above.transfer_speed),
            course: course.unwrap_or(above.course),
        }
    }

    fn line(&self, pointer: &str) -> usize {
        self.data.place(pointer).map_or(0, |place| place.line)
    }

    fn error(&mut self, pointer: &str, message: String, help: &str) {
        let diagnostic = Diagnostic::error(self.data.span(pointer), message).help(help);
        self.data.push(diagnostic);
    }
}

/// The items of a list with their places in it; of anything else, none.
fn items(value: &Value) -> impl Iterator<Item = (usize, &Value)> {
    value.as_array().into_iter().flatten().enumerate()
}

/// A time to the second, if the text is one.
fn time(value: &Value) -> Option<DateTime> {
    value
        .as_str()
        .filter(|text| text.len() == 19)
        .and_then(local_date_time)
}
