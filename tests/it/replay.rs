//! `smsload replay`: a report's failures, sent again.

use crate::support::{Server, changed_contract, smsload};

/// Judges a server that lets `source_type` 1 in and starts downloads backwards; its report.
fn report(dir: &std::path::Path) -> (Server, String) {
    let out = dir.join("out");
    let out = out.to_str().unwrap();
    let server = broken();
    let mut args = vec!["verify", &server.url, "--seed", "7", "--report-dir", out];
    args.extend(["--only", "SRC", "--only", "TIME-01", "--only", "PROG-01"]);
    let done = smsload(&args);
    assert_eq!(done.code, Some(1), "{}", done.out);
    (server, format!("{out}/report.json"))
}

fn broken() -> Server {
    let (_dir, path) = changed_contract(&[
        ("self.source_type == '3'", "self.source_type in ['1', '3']"),
        (
            "self.start_time < self.end_time",
            "self.start_time != self.end_time",
        ),
    ]);
    Server::start(&[
        "mock",
        "--listen",
        "127.0.0.1:0",
        "--spec",
        path.to_str().unwrap(),
    ])
}

#[test]
fn a_failure_is_there_still_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let (server, report) = report(dir.path());
    let still = smsload(&["replay", &report]);
    assert_eq!(still.code, Some(1), "{}{}", still.out, still.err);
    assert!(still.out.contains("still fails  SRC-01"), "{}", still.out);
    let one = smsload(&["replay", &report, "SRC"]);
    assert_eq!(one.code, Some(1), "{}", one.out);
    assert!(!one.out.contains("TIME-01"), "{}", one.out);
    drop(server);
    let gone = smsload(&["replay", &report, "SRC-01"]);
    assert_eq!(gone.code, Some(3), "{}", gone.out);
    assert!(gone.out.contains("not known    SRC-01"), "{}", gone.out);
    let right = Server::start(&["mock", "--listen", "127.0.0.1:0"]);
    let mended = smsload(&["replay", &report, "--url", &right.url]);
    assert_eq!(mended.code, Some(0), "{}{}", mended.out, mended.err);
    assert!(mended.out.contains("holds now    SRC-01"), "{}", mended.out);
}

#[test]
fn what_is_not_as_it_was_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (server, report) = report(dir.path());
    let (_dir, other) = changed_contract(&[("title: ", "title: other ")]);
    let done = smsload(&[
        "replay",
        &report,
        "SRC-01",
        "--spec",
        other.to_str().unwrap(),
    ]);
    assert_eq!(done.code, Some(1), "{}{}", done.out, done.err);
    assert!(
        done.err.contains("the contract is another one"),
        "{}",
        done.err
    );
    // Other fixtures: the check has no such case any more.
    let target = dir.path().join("t.toml");
    let text = format!(
        "base_url = \"{}\"\n[fixtures]\ndevice = \"1\"\nchannel = \"2\"\n\
         recorded = {{ start = \"2024-04-04T08:00:00\", end = \"2024-04-04T09:00:00\" }}\n",
        server.url
    );
    std::fs::write(&target, text).unwrap();
    let done = smsload(&[
        "replay",
        &report,
        "TIME-01",
        "--target",
        target.to_str().unwrap(),
    ]);
    assert_ne!(done.code, Some(0), "{}{}", done.out, done.err);
}

#[test]
fn what_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (_server, report) = report(dir.path());
    let broken = dir.path().join("broken.json");
    std::fs::write(&broken, "{}").unwrap();
    let broken = broken.to_str().unwrap();
    for (args, word) in [
        (&["replay", "no-such.json"][..], "no-such.json"),
        (&["replay", broken][..], "broken.json"),
        (
            &["replay", &report, "BODY-01"][..],
            "no failure of \"BODY-01\"; it has SRC-01",
        ),
        (
            &["replay", &report, "--target", "no-such.toml"][..],
            "no-such.toml",
        ),
        (&["replay", &report, "--url", "nowhere"][..], "nowhere"),
    ] {
        let done = smsload(args);
        assert_eq!(done.code, Some(2), "{args:?}: {}{}", done.out, done.err);
        assert!(done.err.contains(word), "{args:?}: {}", done.err);
    }
}
