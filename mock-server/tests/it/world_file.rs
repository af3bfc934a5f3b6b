//! A described world, over real HTTP; and what is said of a file that is wrong.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;
use smsload_mock::WorldFile;

use crate::support::{Api, valid};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/world.yaml");

async fn example() -> Api {
    let world = WorldFile::read(Path::new(EXAMPLE)).unwrap_or_else(|p| panic!("{p}"));
    Api::with(|builder| builder.world(world)).await
}

fn request(device: &str, channel: &str, start: &str, end: &str) -> serde_json::Value {
    let mut body = valid();
    for (member, value) in [
        ("device_unicode", device),
        ("channel", channel),
        ("start_time", start),
        ("end_time", end),
    ] {
        body[member] = value.into();
    }
    body
}

#[tokio::test]
async fn a_window_is_answered_from_its_segments() {
    let api = example().await;
    let ask = |start, end| request("34020000001110000228", "34020000001320000666", start, end);
    let over_the_gap = ask("2025-04-04T09:59:00", "2025-04-04T12:01:00");
    let data = api.download(&over_the_gap).await.accepted();
    assert_eq!(data["playback_duration"], "120");
    assert_eq!(data["playback_file_size"], "30000000");
    let in_the_gap = ask("2025-04-04T10:00:00", "2025-04-04T12:00:00");
    let message = api.download(&in_the_gap).await.rejected(200, "40403");
    assert!(message.contains("start_time"), "{message}");
}

#[tokio::test]
async fn what_is_not_in_the_file_does_not_exist() {
    let api = example().await;
    let hour = |device, channel| {
        request(
            device,
            channel,
            "2025-04-04T08:00:00",
            "2025-04-04T09:00:00",
        )
    };
    for (device, channel, code) in [
        ("34020000001110000999", "1", "40401"),
        ("34020000001110000228", "1", "40402"),
        ("34020000001110000230", "1", "40901"),
        ("34020000001110000228", "34020000001320000667", "40403"),
    ] {
        api.download(&hour(device, channel))
            .await
            .rejected(200, code);
    }
}

#[tokio::test]
async fn a_channel_has_its_course_unless_another_is_forced() {
    let failing = request(
        "34020000001110000229",
        "2",
        "2025-04-04T08:00:00",
        "2025-04-04T08:01:00",
    );
    let api = example().await;
    let id = api.start_download(&failing).await;
    // A minute at twice real time.
    api.clock.advance(std::time::Duration::from_secs(11));
    assert_eq!(api.percent(&id).await, 36);
    api.clock.advance(std::time::Duration::from_secs(2));
    api.progress(&id).await.rejected(200, "40902");
    let world = WorldFile::read(Path::new(EXAMPLE)).unwrap();
    let api = Api::with(|b| b.world(world).course("linear".parse().unwrap())).await;
    let id = api.start_download(&failing).await;
    api.clock.advance(std::time::Duration::from_secs(30));
    assert_eq!(api.percent(&id).await, 100);
}

/// What people read, for a text that is no world.
fn errors(text: &str) -> String {
    match WorldFile::text("world.yaml", text) {
        Ok(_) => panic!("this world was accepted:\n{text}"),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    assert_snapshot!(errors(
        "defaults:
  bitrate: 2000000
  transfer_speed: 0
devices:
  - id: 55
  - id: '1'
    fails_at: 100
    channels:
      - id: a
        course: bursty
        stalls_at: 30
        segments:
          - {start: '2025-04-04T12:00:00', end: '2025-04-04T14:00:00'}
          - {start: '2025-04-04T08:00:00', end: '2025-04-04T13:00:00'}
          - {start: '2025-04-04T09:00:00', end: '2025-04-04T08:00:00'}
          - {start: '2025-04-04T24:00:00', end: '2025-04-05 01:00:00'}
          - {start: '2025-04-04T20:00:00'}
      - id: a
      - {segments: []}
  - id: '1'
    offline: 'yes'
"
    ));
}

#[test]
fn texts_that_are_no_yaml() {
    assert_snapshot!("tab", errors("devices:\n\t- id: '1'\n"));
    assert_snapshot!("keys_twice", errors("devices: []\ndevices: []\n"));
    assert_snapshot!(
        "digits_without_quotes",
        errors("devices:\n  - id: 34020000001110000228\n")
    );
    assert_snapshot!("empty", errors(""));
    assert_snapshot!("list", errors("- id: '1'\n"));
}

#[test]
fn a_file_that_is_not_there() {
    let problems = WorldFile::read(Path::new("no/such/world.yaml")).unwrap_err();
    assert!(problems.unreadable);
    assert!(problems.to_string().contains("no/such/world.yaml"));
}

#[test]
fn json_is_read_too() {
    let world = json!({"devices": [{"id": "1", "channels": [{"id": "2"}]}]});
    assert!(WorldFile::text("world.json", &world.to_string()).is_ok());
}
