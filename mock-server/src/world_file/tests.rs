use jiff::civil::DateTime;

use super::{WORLD_SCHEMA, WorldFile};
use crate::course::{Course, Percent};
use crate::simulation::{Absence, Ask, Recording};

fn time(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn example() -> WorldFile {
    let text = include_str!("../../../examples/world.yaml");
    WorldFile::text("world.yaml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn look_at(
    device: &str,
    channel: &str,
    window: (&str, &str),
    now: &str,
) -> Result<Recording, Absence> {
    let ask = Ask {
        device,
        channel,
        start: time(window.0),
        end: time(window.1),
    };
    example().look(&ask, time(now))
}

fn look(device: &str, channel: &str, start: &str, end: &str) -> Result<Recording, Absence> {
    look_at(device, channel, (start, end), "2025-06-01T00:00:00")
}

const RECORDER: &str = "34020000001110000228";
const GATE: &str = "34020000001320000666";

#[test]
fn a_window_is_answered_from_its_segments() {
    let cases = [
        (
            "2025-04-04T08:00:00",
            "2025-04-04T08:00:10",
            Ok((10, 2_500_000)),
        ),
        // A minute on either side of the gap; then 3 s on either side of the change of the bit rate.
        (
            "2025-04-04T09:59:00",
            "2025-04-04T12:01:00",
            Ok((120, 30_000_000)),
        ),
        (
            "2025-04-04T19:59:57",
            "2025-04-04T20:00:03",
            Ok((6, 750_000 + 2_250_000)),
        ),
        (
            "2025-01-01T00:00:00",
            "2026-01-01T00:00:00",
            Ok((22 * 3600, 18 * 3600 * 250_000 + 4 * 3600 * 750_000)),
        ),
        (
            "2025-04-04T10:00:00",
            "2025-04-04T12:00:00",
            Err(Absence::NothingRecorded),
        ),
        (
            "2025-04-05T00:00:00",
            "2025-04-06T00:00:00",
            Err(Absence::NothingRecorded),
        ),
        (
            "2025-04-04T08:00:00",
            "2025-04-04T08:00:00",
            Err(Absence::BadWindow),
        ),
    ];
    for (start, end, expected) in cases {
        let found = look(RECORDER, GATE, start, end);
        let found = found.map(|r| (r.recorded.seconds, r.recorded.bytes));
        assert_eq!(found, expected, "{start} to {end}");
    }
}

#[test]
fn what_is_not_in_the_file_does_not_exist() {
    let hour = |device, channel| {
        look(
            device,
            channel,
            "2025-04-04T08:00:00",
            "2025-04-04T09:00:00",
        )
        .map(|_| ())
    };
    assert_eq!(
        hour("34020000001110000999", GATE),
        Err(Absence::UnknownDevice)
    );
    assert_eq!(hour(RECORDER, "1"), Err(Absence::UnknownChannel));
    assert_eq!(
        hour("34020000001110000230", "1"),
        Err(Absence::DeviceOffline)
    );
    assert_eq!(
        hour(RECORDER, "34020000001320000667"),
        Err(Absence::NothingRecorded)
    );
    assert_eq!(hour(RECORDER, GATE), Ok(()));
}

#[test]
fn channels_take_what_they_do_not_say_from_above() {
    let hour = |device, channel| {
        look(
            device,
            channel,
            "2025-04-04T08:00:00",
            "2025-04-04T09:00:00",
        )
        .unwrap()
    };
    assert_eq!(hour(RECORDER, GATE).transfer_micros, 225_000_000);
    let slow = "34020000001110000229";
    let forty = Percent::new(40).unwrap();
    for (channel, course) in [
        ("1", Course::Bursty),
        ("2", Course::FailsAt(forty)),
        ("4", Course::NeverStarts),
    ] {
        let found = hour(slow, channel);
        assert_eq!(
            (found.transfer_micros, found.course),
            (1_800_000_000, course)
        );
    }
}

#[test]
fn what_lies_in_the_future_is_not_recorded_yet() {
    let window = ("2025-04-04T08:00:00", "2025-04-04T09:00:00");
    let at = |now| look_at(RECORDER, GATE, window, now).map(|r| r.recorded.seconds);
    assert_eq!(at("2025-04-04T08:00:00"), Err(Absence::NothingRecorded));
    assert_eq!(at("2025-04-04T08:20:00"), Ok(1_200));
    assert_eq!(at("2025-04-04T09:00:00"), Ok(3_600));
}

#[test]
fn the_schema_is_one_and_refuses_unknown_members_everywhere() {
    let schema: serde_json::Value = serde_json::from_str(WORLD_SCHEMA).unwrap();
    let mut objects = 0;
    let mut open = vec![&schema];
    while let Some(value) = open.pop() {
        if value["properties"].is_object() && value["type"].is_string() {
            assert_eq!(value["additionalProperties"], false, "{value}");
            objects += 1;
        }
        open.extend(value.as_object().into_iter().flat_map(|map| map.values()));
    }
    assert_eq!(objects, 5);
}

#[test]
fn an_empty_world_is_one() {
    let world = WorldFile::text("w.json", "{\"devices\": []}").unwrap();
    let ask = Ask {
        device: "1",
        channel: "1",
        start: time("2025-04-04T08:00:00"),
        end: time("2025-04-04T09:00:00"),
    };
    assert_eq!(
        world.look(&ask, time("2025-06-01T00:00:00")),
        Err(Absence::UnknownDevice)
    );
}
