//! `smsload mock -- COMMAND`. The command is this test binary itself, asked for one ignored test: a client that is there
//! wherever the tests are.

use std::process::Command;

use serde_json::json;

use crate::support::{Done, command, post, smsload};

const DOWNLOAD: &str = "/api/smsload/playback/v1/download";
/// What the client shall send.
const SEND: &str = "SMSLOAD_TEST_SEND";

/// The client.
#[test]
#[ignore = "it is the command that other tests run under the mock"]
fn client() {
    let url = std::env::var("SMSLOAD_URL").unwrap();
    println!("the client speaks to {url}");
    let bodies: Vec<serde_json::Value> =
        serde_json::from_str(&std::env::var(SEND).unwrap()).unwrap();
    for body in bodies {
        post(&url, DOWNLOAD, &body);
    }
}

fn request(source_type: &str, device: &str) -> serde_json::Value {
    json!({
        "device_unicode": device, "source_type": source_type, "channel": "34020000001320000666",
        "start_time": "2025-04-04T21:36:17", "end_time": "2025-04-04T21:36:27",
    })
}

const DEVICE: &str = "34020000001110000228";

/// Runs the client under the mock.
fn run(options: &[&str], bodies: &[serde_json::Value]) -> Done {
    let me = std::env::current_exe().unwrap();
    let mut args = vec!["mock"];
    args.extend(options);
    args.extend(["--", me.to_str().unwrap()]);
    args.extend([
        "--exact",
        "mock_command::client",
        "--ignored",
        "--nocapture",
    ]);
    let output = command(&args)
        .env(SEND, json!(bodies).to_string())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Done {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

#[test]
fn a_client_that_keeps_the_contract_passes() {
    // An unknown device is no breach.
    let done = run(
        &[],
        &[request("3", DEVICE), request("3", "34020000001110000404")],
    );
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let url = done.err.trim().strip_prefix("listening on ").unwrap();
    assert!(
        done.out.contains(&format!("the client speaks to {url}")),
        "{}",
        done.out
    );
    assert!(!done.out.contains("listening on"), "{}", done.out);
}

#[test]
fn a_client_that_breaks_it_fails_with_each_breach_once_and_its_place() {
    let mut without = request("3", DEVICE);
    without.as_object_mut().unwrap().remove("channel");
    let bodies = [request("1", DEVICE), request("1", DEVICE), without];
    let done = run(&[], &bodies);
    assert_eq!(done.code, Some(1), "{}{}", done.out, done.err);
    let listed: Vec<_> = done.err.lines().filter(|l| l.starts_with("  ")).collect();
    assert_eq!(listed.len(), 2, "{}", done.err);
    assert!(
        listed[0].starts_with("  startDownload request: "),
        "{}",
        listed[0]
    );
    assert!(
        listed[0].contains("source_type") && listed[0].contains("(2 times)"),
        "{}",
        listed[0]
    );
    assert!(
        listed[1].contains("`channel` is missing [bundled contract:"),
        "{}",
        listed[1]
    );
    let allowed = run(&["--allow-violations"], &bodies);
    assert_eq!(allowed.code, Some(0), "{}", allowed.err);
    assert!(allowed.err.contains("(2 times)"), "{}", allowed.err);
}

#[cfg(unix)]
#[test]
fn the_commands_own_end_is_told() {
    for (script, code) in [("exit 3", 3), ("kill -KILL $$", 137), ("exit 0", 0)] {
        let done = smsload(&["mock", "--", "sh", "-c", script]);
        assert_eq!(done.code, Some(code), "{script}: {}", done.err);
    }
    // Both: the command's own code is the more telling.
    let done = smsload(&["mock", "--", "no-such-command-anywhere"]);
    assert_eq!(done.code, Some(127), "{}", done.err);
    assert!(
        done.err.contains("no-such-command-anywhere"),
        "{}",
        done.err
    );
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain");
    std::fs::write(&plain, "no program").unwrap();
    let done = smsload(&["mock", "--", plain.to_str().unwrap()]);
    assert_eq!(done.code, Some(126), "{}", done.err);
    assert!(done.err.contains("plain"), "{}", done.err);
}

#[cfg(unix)]
#[test]
fn signals_are_passed_on() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    for (signal, trap) in [("TERM", "trap 'exit 7' TERM"), ("INT", "trap 'exit 7' INT")] {
        // It waits for the signal, and not for ever.
        let wait = "n=0; while [ $n -lt 1000 ]; do n=$((n+1)); sleep 0.02; done; exit 9";
        let script = format!("{trap}; echo ready; {wait}");
        let mut child = command(&["mock", "--", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n");
        let pid = child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &pid])
            .status();
        assert!(sent.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(7), "{signal}");
    }
}

#[test]
fn wrong_usage() {
    let done = smsload(&["mock", "--allow-violations"]);
    assert_eq!(done.code, Some(2), "{}", done.err);
    let done = smsload(&["mock", "--watch"]);
    assert_eq!(done.code, Some(2), "{}", done.err);
    assert!(done.err.contains("--spec"), "{}", done.err);
}
