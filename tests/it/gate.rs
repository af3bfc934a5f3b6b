//! `smsload verify` as a gate: what is run, what counts, how it ends.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Done, Server, changed_contract, command, smsload};

/// A server that lets `source_type` 1 in, and the folder that it lives in.
fn lenient() -> (Server, tempfile::TempDir) {
    let (dir, path) =
        changed_contract(&[("self.source_type == '3'", "self.source_type in ['1', '3']")]);
    let path = path.to_str().unwrap();
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0", "--spec", path]);
    (server, dir)
}

fn verify(url: &str, more: &[&str]) -> Done {
    let mut args = vec!["verify", url, "--seed", "1", "--cases", "8"];
    args.extend(more);
    smsload(&args)
}

fn known(folder: &Path, id: &str, expires: &str) -> String {
    let file = folder.join("known.toml");
    let text =
        format!("[[failure]]\nid = \"{id}\"\nreason = \"ticket 4711\"\nexpires = {expires}\n");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn known_failures_are_tolerated_until_they_expire() {
    let (server, dir) = lenient();
    let with = |file: &str| verify(&server.url, &["--only", "SRC", "--expect-failures", file]);
    let tolerated = with(&known(dir.path(), "SRC-01", "9999-12-31"));
    assert_eq!(tolerated.code, Some(0), "{}", tolerated.out);
    assert!(tolerated.out.contains("ticket 4711"), "{}", tolerated.out);
    let expired = with(&known(dir.path(), "SRC-01", "2020-01-01"));
    assert_eq!(expired.code, Some(1), "{}", expired.out);
    let mended = with(&known(dir.path(), "SRC-02", "9999-12-31"));
    assert_eq!(mended.code, Some(1), "{}", mended.out);
    assert!(mended.out.contains("SRC-02"), "{}", mended.out);
    let unknown = with(&known(dir.path(), "SRC-99", "9999-12-31"));
    assert_eq!(unknown.code, Some(2), "{}", unknown.out);
    assert!(unknown.err.contains("SRC-99"), "{}", unknown.err);
    let wrong = with(&known(dir.path(), "SRC-01", "'soon'"));
    assert_eq!(wrong.code, Some(2), "{}", wrong.out);
    assert!(wrong.err.contains("known.toml:4"), "{}", wrong.err);
    let missing = with("no-such.toml");
    assert_eq!(missing.code, Some(2), "{}", missing.out);
    assert!(missing.err.contains("no-such.toml"), "{}", missing.err);
}

#[test]
fn a_selection_is_listed_without_a_request() {
    let list = |more: &[&str]| {
        let mut args = vec!["verify", "http://127.0.0.1:1", "--list"];
        args.extend(more);
        let done = smsload(&args);
        assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
        let ids = done.out.lines().filter_map(|l| l.split_whitespace().next());
        ids.map(str::to_owned).collect::<Vec<_>>()
    };
    let whole = list(&[]);
    assert!(whole.contains(&"TIME-06/clipped-values".to_owned()));
    let mut parts: Vec<_> = ["1/3", "2/3", "3/3"]
        .iter()
        .flat_map(|s| list(&["--shard", s]))
        .collect();
    let mut all = whole.clone();
    parts.sort();
    all.sort();
    assert_eq!(parts, all);
    assert!(
        list(&["--tag", "time"])
            .iter()
            .all(|id| whole.contains(id) && !id.starts_with("BODY"))
    );
    assert_eq!(
        list(&["--only", "TIME-06", "--skip", "TIME-06/clipped-values"]),
        ["TIME-06"]
    );
    assert!(list(&["--profile", "core"]).len() < whole.len());
    for (args, word) in [
        (["--tag", "no-such"], "no-such"),
        (["--shard", "4/3"], "4/3"),
        (["--max-time", "soon"], "soon"),
    ] {
        let done = smsload(&["verify", "http://127.0.0.1:1", args[0], args[1]]);
        assert_eq!(done.code, Some(2), "{}", done.out);
        assert!(done.err.contains(word), "{}", done.err);
    }
}

#[test]
fn the_first_failure_or_the_time_ends_a_run() {
    let (server, _dir) = lenient();
    let fast = verify(&server.url, &["--fail-fast", "--profile", "core"]);
    assert_eq!(fast.code, Some(1), "{}", fast.out);
    assert!(fast.out.contains("SRC-01 failed"), "{}", fast.out);
    let mut args = vec!["--max-time", "100ms", "--cases", "100000"];
    args.extend(["--only", "SRC-02", "--only", "TIME-01"]);
    let short = smsload(&[&["verify", &server.url][..], &args].concat());
    assert_eq!(short.code, Some(3), "{}", short.out);
    assert!(short.out.contains("is over"), "{}", short.out);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_its_report() {
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0"]);
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("report.json");
    let folder = dir.path().to_str().unwrap();
    let mut args = vec!["verify", &server.url, "--cases", "1000000", "--seed", "1"];
    args.extend([
        "--report-dir",
        folder,
        "--only",
        "SRC-01",
        "--only",
        "SRC-02",
    ]);
    let mut child = command(&args).stdout(Stdio::piped()).spawn().unwrap();
    // The first verdict is out when its line is.
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let first = lines.find(|l| l.as_ref().unwrap().contains("SRC-01"));
    assert!(first.is_some());
    let drained = std::thread::spawn(move || lines.count());
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(killed.unwrap().success());
    let deadline = Instant::now() + Duration::from_secs(30);
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        assert!(Instant::now() < deadline, "it did not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    drained.join().unwrap();
    assert_eq!(code, Some(3));
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    assert_eq!(report["ended"], "cut_short");
    let verdict = |id: &str| {
        let all = report["requirements"].as_array().unwrap();
        all.iter().find(|r| r["id"] == id).unwrap()["verdict"].clone()
    };
    assert_eq!(
        (verdict("SRC-01"), verdict("SRC-02")),
        ("pass".into(), "inconclusive".into())
    );
}

#[test]
fn a_command_under_the_mock_finds_it() {
    let smsload_path = assert_cmd::cargo::cargo_bin!("smsload").to_str().unwrap();
    let mut args = vec!["mock", "--allow-violations", "--", smsload_path];
    args.extend(["verify", "--only", "ACC-01", "--seed", "1"]);
    let done = smsload(&args);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    assert!(done.out.contains("http://127.0.0.1:"), "{}", done.out);
}
