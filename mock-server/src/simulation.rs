//! What the simulated devices recorded: a described world ([`WorldFile`]), or, when none is, a pure function of the
//! question and the seed, described here.
//!
//! Every device and channel exists and has recorded without a gap since [`FIRST_RECORDED`]; what lies before that or
//! in the future (by the mock's clock, in [`ZONE`]) is not recorded, and of a window only the recorded part counts.
//! How many bytes a second has and how fast it is transferred comes from a hash of seed, device and channel, so that
//! the same seed gives the same figures on every machine.
//!
//! Some names are kept for what a client must be able to meet too. They work for 20-digit GB/T 28181 codes and for
//! free text alike, and follow the statuses of HTTP:
//!
//! | name ends with | of | answer |
//! | --- | --- | --- |
//! | [`UNKNOWN`] (404) | device | unknown device |
//! | [`UNKNOWN`] (404) | channel | unknown channel |
//! | [`OFFLINE`] (503) | device | device offline |
//! | [`EMPTY`] (204) | channel | nothing recorded, ever |

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{DateTime, datetime};
use jiff::tz::{Offset, TimeZone};
use smsload_spec::{Recorded, local_seconds};

use crate::course::Course;
use crate::hash;
use crate::world_file::WorldFile;

/// The zone of all times of the contract, whatever the host's: the platform's local time.
pub const ZONE: &str = "Asia/Shanghai";
/// A device or channel whose name ends so does not exist.
pub const UNKNOWN: &str = "404";
/// A device whose name ends so is offline.
pub const OFFLINE: &str = "503";
/// A channel whose name ends so has no recordings.
pub const EMPTY: &str = "204";
/// The first recorded second, local time.
pub const FIRST_RECORDED: DateTime = datetime(2000, 1, 1, 0, 0, 0, 0);
/// Bytes per recorded second: from 1 Mbit/s …
pub const MIN_BYTES_PER_SECOND: u64 = 125_000;
/// … to just below 8 Mbit/s, what cameras of today are set to.
pub const MAX_BYTES_PER_SECOND: u64 = 999_999;
/// Recorded seconds that are transferred in a second: from so many …
pub const MIN_TRANSFER: u64 = 8;
/// … to so many.
pub const MAX_TRANSFER: u64 = 32;

/// What is asked for: a window of time of a channel of a device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) device: &'a str,
    pub(crate) channel: &'a str,
    /// Local time in [`ZONE`].
    pub(crate) start: DateTime,
    /// Local time in [`ZONE`].
    pub(crate) end: DateTime,
}

/// What there is, and how long it takes to bring it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recording {
    pub(crate) recorded: Recorded,
    /// Microseconds of mock time; at least 1.
    pub(crate) transfer_micros: u64,
    pub(crate) course: Course,
}

/// Why there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absence {
    UnknownDevice,
    UnknownChannel,
    DeviceOffline,
    /// The window does not end after its start.
    BadWindow,
    NothingRecorded,
}

/// The simulated devices.
#[derive(Debug, Clone)]
pub(crate) struct Simulation {
    devices: Devices,
    /// How the progress of every job goes, whatever its device says.
    course: Option<Course>,
    zone: TimeZone,
}

/// Where the figures come from.
#[derive(Debug, Clone)]
enum Devices {
    /// A hash of this seed.
    Seeded(u64),
    Described(Arc<WorldFile>),
}

impl Simulation {
    pub(crate) fn new(seed: u64, world: Option<Arc<WorldFile>>, course: Option<Course>) -> Self {
        // The zone data is compiled in; China has kept UTC+8 without summer time since 1991.
        let zone = TimeZone::get(ZONE).unwrap_or_else(|_| TimeZone::fixed(Offset::constant(8)));
        Self {
            devices: world.map_or(Devices::Seeded(seed), Devices::Described),
            course,
            zone,
        }
    }

    /// What there is of the window at a wall time.
    pub(crate) fn look(&self, ask: &Ask<'_>, wall: Timestamp) -> Result<Recording, Absence> {
        let now = self.zone.to_datetime(wall);
        let found = match &self.devices {
            Devices::Seeded(seed) => seeded(*seed, ask, now),
            Devices::Described(world) => world.look(ask, now),
        }?;
        Ok(Recording {
            course: self.course.unwrap_or(found.course),
            ..found
        })
    }
}

fn seeded(seed: u64, ask: &Ask<'_>, now: DateTime) -> Result<Recording, Absence> {
    if ask.device.ends_with(UNKNOWN) {
        return Err(Absence::UnknownDevice);
    }
    if ask.device.ends_with(OFFLINE) {
        return Err(Absence::DeviceOffline);
    }
    if ask.channel.ends_with(UNKNOWN) {
        return Err(Absence::UnknownChannel);
    }
    if ask.start >= ask.end {
        return Err(Absence::BadWindow);
    }
    let (start, end) = (ask.start.max(FIRST_RECORDED), ask.end.min(now));
    let seconds = u64::try_from(local_seconds(end) - local_seconds(start)).unwrap_or(0);
    if seconds == 0 || ask.channel.ends_with(EMPTY) {
        return Err(Absence::NothingRecorded);
    }
    Ok(recording(seed, ask, seconds))
}

fn recording(seed: u64, ask: &Ask<'_>, seconds: u64) -> Recording {
    let hash = hash::stable(&[
        &seed.to_le_bytes(),
        ask.device.as_bytes(),
        &[0xff],
        ask.channel.as_bytes(),
    ]);
    let rate = MIN_BYTES_PER_SECOND + hash % (MAX_BYTES_PER_SECOND - MIN_BYTES_PER_SECOND + 1);
    let transfer = MIN_TRANSFER + (hash >> 40) % (MAX_TRANSFER - MIN_TRANSFER + 1);
    Recording {
        recorded: Recorded {
            seconds,
            bytes: seconds.saturating_mul(rate),
        },
        transfer_micros: (seconds.saturating_mul(1_000_000) / transfer).max(1),
        course: Course::default(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::DateTime;
    use proptest::prelude::*;

    use super::{Absence, Ask, MAX_BYTES_PER_SECOND, MIN_BYTES_PER_SECOND, Recording, Simulation};

    const DEVICE: &str = "34020000001110000228";
    const CHANNEL: &str = "34020000001320000666";

    /// 2025-06-01T00:00:00 in Shanghai.
    fn wall() -> Timestamp {
        "2025-05-31T16:00:00Z".parse().unwrap()
    }

    fn look(device: &str, channel: &str, start: &str, end: &str) -> Result<Recording, Absence> {
        let time = |text: &str| text.parse::<DateTime>().unwrap();
        let ask = Ask {
            device,
            channel,
            start: time(start),
            end: time(end),
        };
        Simulation::new(1, None, None).look(&ask, wall())
    }

    fn seconds(start: &str, end: &str) -> Result<u64, Absence> {
        look(DEVICE, CHANNEL, start, end).map(|r| r.recorded.seconds)
    }

    #[test]
    fn only_the_recorded_part_of_a_window_counts() {
        let cases = [
            ("2025-04-04T21:36:17", "2025-04-04T21:36:27", Ok(10)),
            (
                "2025-04-04T21:36:17",
                "2025-04-04T21:36:17",
                Err(Absence::BadWindow),
            ),
            (
                "2025-04-04T21:36:17",
                "2024-06-21T10:16:23",
                Err(Absence::BadWindow),
            ),
            ("2024-02-28T23:59:59", "2024-03-01T00:00:00", Ok(86_401)),
            ("1999-12-31T23:59:50", "2000-01-01T00:00:03", Ok(3)),
            (
                "1999-01-01T00:00:00",
                "2000-01-01T00:00:00",
                Err(Absence::NothingRecorded),
            ),
            (
                "0001-01-01T00:00:00",
                "1999-12-31T23:59:59",
                Err(Absence::NothingRecorded),
            ),
            ("2025-05-31T23:59:50", "2025-06-01T00:00:00", Ok(10)),
            ("2025-05-31T23:59:50", "9999-12-31T23:59:59", Ok(10)),
            (
                "2025-06-01T00:00:00",
                "2025-06-01T00:00:01",
                Err(Absence::NothingRecorded),
            ),
            (
                "2999-01-01T00:00:00",
                "2999-01-02T00:00:00",
                Err(Absence::NothingRecorded),
            ),
        ];
        for (start, end, expected) in cases {
            assert_eq!(seconds(start, end), expected, "{start} to {end}");
        }
    }

    #[test]
    fn kept_names_are_met_in_every_form() {
        let at = |device: &str, channel: &str| {
            look(
                device,
                channel,
                "2025-04-04T00:00:00",
                "2025-04-04T00:00:01",
            )
            .map(|_| ())
        };
        let code = "34020000001110000";
        for (suffix, expected) in [
            ("404", Absence::UnknownDevice),
            ("503", Absence::DeviceOffline),
        ] {
            assert_eq!(at(&format!("{code}{suffix}"), CHANNEL), Err(expected));
            assert_eq!(at(&format!("大门-{suffix}"), CHANNEL), Err(expected));
        }
        assert_eq!(
            at(DEVICE, "34020000001320000404"),
            Err(Absence::UnknownChannel)
        );
        assert_eq!(at(DEVICE, "204"), Err(Absence::NothingRecorded));
        // The device is looked at first, and the names of the page's examples are free.
        assert_eq!(at("404", "404"), Err(Absence::UnknownDevice));
        assert_eq!(at("55", "1"), Ok(()));
        assert_eq!(at(DEVICE, CHANNEL), Ok(()));
    }

    #[test]
    fn the_seed_decides_the_figures_and_nothing_else_does() {
        let at = |seed, device| {
            let time = |text: &str| text.parse::<DateTime>().unwrap();
            let (start, end) = (time("2025-04-04T00:00:00"), time("2025-04-04T01:00:00"));
            Simulation::new(seed, None, None)
                .look(
                    &Ask {
                        device,
                        channel: "1",
                        start,
                        end,
                    },
                    wall(),
                )
                .unwrap()
        };
        assert_eq!(at(7, "a"), at(7, "a"));
        assert_ne!(at(7, "a").recorded.bytes, at(8, "a").recorded.bytes);
        assert_ne!(at(7, "a").recorded.bytes, at(7, "b").recorded.bytes);
        // Written down, so that a change of the hash is seen: recorded tests of others rest on these figures.
        let parts: [&[u8]; 4] = [
            &1_u64.to_le_bytes(),
            DEVICE.as_bytes(),
            &[0xff],
            CHANNEL.as_bytes(),
        ];
        assert_eq!(crate::hash::stable(&parts), 7_968_063_727_316_113_244);
    }

    proptest! {
        #[test]
        fn figures_stay_in_their_ranges(seed: u64, device in "[a-z]{1,8}", length in 1_u32..100_000) {
            let start: DateTime = "2020-01-01T00:00:00".parse().unwrap();
            let end = start.checked_add(jiff::SignedDuration::from_secs(length.into())).unwrap();
            let ask = Ask { device: &device, channel: "1", start, end };
            let found = Simulation::new(seed, None, None).look(&ask, wall()).unwrap();
            prop_assert_eq!(found.recorded.seconds, u64::from(length));
            let rate = found.recorded.bytes / found.recorded.seconds;
            prop_assert!((MIN_BYTES_PER_SECOND..=MAX_BYTES_PER_SECOND).contains(&rate));
            let real = u64::from(length) * 1_000_000;
            prop_assert!(found.transfer_micros >= real / 32 && found.transfer_micros <= real / 8);
        }

        #[test]
        fn a_wider_window_is_no_shorter(mut at in proptest::array::uniform4(0_i64..2_000_000_000)) {
            at.sort_unstable();
            let time = |n: i64| FIRST.checked_add(jiff::SignedDuration::from_secs(n)).unwrap();
            const FIRST: DateTime = jiff::civil::datetime(1990, 1, 1, 0, 0, 0, 0);
            let length = |start, end| {
                let ask = Ask { device: "d", channel: "1", start: time(start), end: time(end) };
                Simulation::new(0, None, None).look(&ask, wall()).map_or(0, |r| r.recorded.seconds)
            };
            prop_assert!(length(at[0], at[3]) >= length(at[1], at[2]));
        }
    }
}
