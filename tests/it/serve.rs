use std::path::Path;

use serde_json::json;

use crate::support::{Done, Server, post, smsload};

const DOWNLOAD: &str = "/api/smsload/playback/v1/download";
const DEVICE: &str = "34020000001110000228";
const CHANNEL: &str = "34020000001320000666";

/// Half a minute of H.264 and AAC.
fn clip() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let clip = root.join("reference-impl/assets/h264-aac.mp4");
    clip.to_str().unwrap().to_owned()
}

fn seconds(server: &Server, start: &str, end: &str) -> String {
    let request = json!({
        "device_unicode": DEVICE, "source_type": "3", "channel": CHANNEL,
        "start_time": start, "end_time": end,
    });
    let answer = post(&server.url, DOWNLOAD, &request);
    assert_eq!(answer["code"], "0", "{answer}");
    answer["data"]["playback_duration"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn the_demo_has_an_hour() {
    for options in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["serve", "--demo", "--listen", "127.0.0.1:0"],
    ] {
        let server = Server::start(options);
        let ever = seconds(&server, "2000-01-01T00:00:00", "2030-01-01T00:00:00");
        assert_eq!(ever, "3600");
        #[cfg(unix)]
        assert_eq!(server.terminate(), Some(0));
    }
}

#[test]
fn recordings_are_filed_and_then_served() {
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("archive");
    let archive = archive.to_str().unwrap();
    let import = |more: &[&str]| -> Done {
        let clip = clip();
        let files = ["serve", "--archive", archive, "--import", &clip, &clip];
        smsload(&[&files[..], more].concat())
    };
    let whose = ["--device", DEVICE, "--channel", CHANNEL];
    let filed = import(&[&whose[..], &["--start", "2025-04-04T21:30:00"]].concat());
    assert_eq!(filed.code, Some(0), "{}", filed.err);
    assert_eq!(filed.out.lines().count(), 2);
    assert!(
        filed.out.contains("/2025-04-04T21-30-30.mp4"),
        "{}",
        filed.out
    );

    let again = import(&[&whose[..], &["--start", "2025-04-04T21:30:20"]].concat());
    assert_eq!((again.code, again.out.as_str()), (Some(2), ""));
    assert!(
        again.err.contains("nothing was filed") && again.err.contains("overlaps"),
        "{}",
        again.err
    );
    let nameless = import(&whose);
    assert!(nameless.err.contains("give --start"), "{}", nameless.err);
    let whose_is_it = import(&["--channel", CHANNEL]);
    assert!(whose_is_it.err.contains("--device"), "{}", whose_is_it.err);

    let server = Server::start(&["serve", "--archive", archive, "--listen", "127.0.0.1:0"]);
    let ever = seconds(&server, "2025-04-04T21:30:20", "2025-04-04T22:00:00");
    assert_eq!(ever, "40");
}

#[test]
fn an_archive_that_is_not_there_is_told() {
    let done = smsload(&["serve", "--archive", "/no/such/archive"]);
    assert_eq!(done.code, Some(2));
    assert!(
        done.err.contains("/no/such/archive is no folder"),
        "{}",
        done.err
    );
}

#[test]
fn an_operator_lists_and_cancels_jobs_while_the_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    let slow = ["--set", "jobs.speed=1", "--data-dir", &data];
    let server = Server::start(&[&["serve", "--listen", "127.0.0.1:0"][..], &slow].concat());
    let body = json!({
        "device_unicode": DEVICE, "source_type": "3", "channel": CHANNEL,
        "start_time": "2025-04-04T21:30:00", "end_time": "2025-04-04T21:50:00",
    });
    let answer = post(&server.url, DOWNLOAD, &body);
    let id = answer["data"]["stream_id"].as_str().unwrap();
    let list = || smsload(&["serve", "jobs", "list", "--data-dir", &data]);
    assert!(list().out.contains(id), "{}", list().out);
    let cancel = || smsload(&["serve", "jobs", "cancel", id, "--data-dir", &data]);
    assert_eq!(cancel().code, Some(0));
    let line = list().out;
    assert!(
        line.contains("cancelled") && line.contains("by the operator"),
        "{line}"
    );
    let again = cancel();
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains(id), "{}", again.err);
    let nowhere = smsload(&["serve", "jobs", "list", "--data-dir", "/no/such/folder"]);
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.err.contains("/no/such/folder"), "{}", nowhere.err);
    // A second server on the same folder is refused by name.
    let second = smsload(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &data]);
    assert_eq!(second.code, Some(2));
    assert!(
        second.err.contains("used by another server"),
        "{}",
        second.err
    );
}
