use std::path::Path;

use crate::support::{Done, Server, changed_contract, smsload};

/// A server that follows a changed contract, judged by a contract.
fn judged(server: &Path, by: Option<&Path>, more: &[&str]) -> Done {
    let server = Server::start(&[
        "mock",
        "--listen",
        "127.0.0.1:0",
        "--spec",
        server.to_str().unwrap(),
    ]);
    let mut args = vec!["verify", &server.url, "--seed", "1", "--cases", "20"];
    if let Some(by) = by {
        args.extend(["--spec", by.to_str().unwrap()]);
    }
    args.extend(more);
    smsload(&args)
}

fn failed(done: &Done) -> Vec<&str> {
    done.out
        .lines()
        .filter(|l| l.starts_with("fail "))
        .filter_map(|l| l.split_whitespace().nth(1))
        .collect()
}

#[test]
fn the_embedded_reference_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let done = smsload(&[
        "verify",
        "--seed",
        "1",
        "--report-dir",
        out.to_str().unwrap(),
    ]);
    assert_eq!(done.code, Some(0), "{}", done.out);
    let report = std::fs::read_to_string(out.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["conforms"], true);
    assert_eq!(report["seed"], "1");
    let verdict = |id: &str| {
        let all = report["requirements"].as_array().unwrap();
        all.iter().find(|r| r["id"] == id).unwrap()["verdict"].clone()
    };
    assert_eq!(verdict("TIME-01"), "pass");
    assert_eq!(verdict("CALL-01"), "pass");
    assert_eq!(verdict("FILE-01"), "pass");
}

#[test]
fn the_mock_conforms() {
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0"]);
    let done = smsload(&["verify", &server.url]);
    assert_eq!(done.code, Some(0), "{}", done.out);
}

#[test]
fn a_broken_must_is_shown_with_a_request_to_repeat_it() {
    let (_dir, path) =
        changed_contract(&[("self.source_type == '3'", "self.source_type in ['1', '3']")]);
    let done = judged(&path, None, &["--only", "SRC"]);
    assert_eq!(done.code, Some(1), "{}", done.out);
    assert_eq!(failed(&done), ["SRC-01"]);
    let curl = done.out.lines().find(|l| l.contains("curl ")).unwrap();
    assert!(curl.contains("\"source_type\":\"1\""), "{curl}");
}

#[test]
fn judges_by_a_changed_contract() {
    // A new required member, another supported source type, a renamed path: a server and a judge that read the same
    // document agree; a judge that reads the old one does not.
    for (changes, broken) in [
        (
            &[
                (
                    "required: [device_unicode, ",
                    "required: [quality, device_unicode, ",
                ),
                (
                    "        platfrom_id:\n          type",
                    "        quality:\n          type: string\n          example: high\n        platfrom_id:\n          type",
                ),
                (
                    "                  platfrom_id: '2'\n",
                    "                  platfrom_id: '2'\n                  quality: high\n",
                ),
                (
                    "                  device_unicode: '34020000001110000228'\n                  source_type",
                    "                  device_unicode: '34020000001110000228'\n                  quality: high\n                  source_type",
                ),
            ][..],
            "ACC-01",
        ),
        (
            &[("self.source_type == '3'", "self.source_type in ['1', '3']")][..],
            "SRC-01",
        ),
        (
            &[("  /api/smsload/playback/v1/download:", "  /v2/download:")][..],
            "ACC-01",
        ),
    ] {
        let (_dir, path) = changed_contract(changes);
        let same = judged(&path, Some(&path), &[]);
        assert_eq!(same.code, Some(0), "{changes:?}\n{}{}", same.out, same.err);
        let old = judged(&path, None, &[]);
        assert_ne!(old.code, Some(0), "{changes:?}\n{}", old.out);
        let verdict = old
            .out
            .lines()
            .find(|l| l.contains(&format!(" {broken} ")))
            .unwrap();
        assert!(!verdict.starts_with("pass"), "{changes:?}: {verdict}");
    }
}

#[test]
fn the_reference_conforms_in_both_forms_of_rejection_and_several_seeds() {
    for form in ["ok", "http4xx"] {
        let server = Server::start(&["serve", "--listen", "127.0.0.1:0", "--rejections", form]);
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target.toml");
        std::fs::write(
            &target,
            format!(
                "base_url = \"{}\"\n[fixtures]\ndevice = \"34020000001110000228\"\nchannel = \"34020000001320000666\"\n\
                 recorded = {{ start = \"2025-04-04T21:30:00\", end = \"2025-04-04T22:00:00\" }}\n\
                 unknown_device = \"34020000001110000999\"\nunknown_channel = \"34020000001320000999\"\n\
                 empty_window = {{ start = \"2025-04-05T00:00:00\", end = \"2025-04-05T01:00:00\" }}\n\
                 [declared]\nprogress_query = true\n",
                server.url
            ),
        )
        .unwrap();
        for seed in ["1", "2", "3"] {
            let target = target.to_str().unwrap();
            let done = smsload(&["verify", "--target", target, "--seed", seed, "--strict"]);
            assert_eq!(done.code, Some(0), "{}", done.out);
        }
    }
}

#[test]
fn a_target_out_of_reach() {
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0"]);
    let url = server.url.clone();
    drop(server);
    let done = smsload(&["verify", &url]);
    assert_eq!(done.code, Some(3), "{}", done.out);
    assert!(
        done.out.contains(&url) && done.out.contains("cannot be reached"),
        "{}",
        done.out
    );
}

#[test]
fn wrong_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("target.toml");
    std::fs::write(
        &target,
        "base_url = \"http://127.0.0.1:1\"\n[fixtures]\ndevice = 5\n",
    )
    .unwrap();
    let path = target.to_str().unwrap();
    for (args, word) in [
        (&["verify", "nowhere"][..], "nowhere"),
        (&["verify", "--target", "no-such.toml"][..], "no-such.toml"),
        (&["verify", "--target", path][..], "target.toml:3"),
        (&["verify", "--only", "NONE-01"][..], "NONE-01"),
        (&["verify", "--spec", "no-such.yaml"][..], "no-such.yaml"),
        (
            &["verify", "--report-dir", "/proc/no/such"][..],
            "/proc/no/such",
        ),
    ] {
        let done = smsload(args);
        assert_eq!(done.code, Some(2), "{args:?}: {}{}", done.out, done.err);
        assert!(done.err.contains(word), "{args:?}: {}", done.err);
    }
}

#[test]
fn a_report_folder_that_cannot_be_written_is_told_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0"]);
    let done = smsload(&[
        "verify",
        &server.url,
        "--report-dir",
        file.to_str().unwrap(),
    ]);
    assert_eq!(done.code, Some(2), "{}", done.out);
    let told = format!("smsload: cannot write {}: ", file.display());
    assert!(done.err.starts_with(&told), "{}", done.err);
    assert_eq!(done.err.lines().count(), 1, "{}", done.err);
    let journal = reqwest::blocking::get(format!("{}/__mock/journal", server.url)).unwrap();
    let journal: serde_json::Value = journal.json().unwrap();
    assert!(!journal.to_string().contains("/playback/"), "{journal}");
}

#[test]
fn annotations_stand_behind_everything_that_a_target_could_say() {
    let (_dir, path) =
        changed_contract(&[("self.source_type == '3'", "self.source_type in ['1', '3']")]);
    let done = judged(&path, None, &["--only", "SRC", "--github-annotations"]);
    assert_eq!(done.code, Some(1), "{}", done.out);
    let lines: Vec<_> = done.out.lines().collect();
    let token = lines[0].strip_prefix("::stop-commands::").unwrap();
    let resumed = lines
        .iter()
        .position(|line| *line == format!("::{token}::"))
        .unwrap();
    let (before, after) = lines.split_at(resumed);
    assert!(
        before[1..].iter().all(|line| !line.starts_with("::")),
        "{}",
        done.out
    );
    assert!(
        after[1].starts_with("::error title=SRC-01 fail::"),
        "{}",
        done.out
    );
}

#[test]
fn the_schema_of_the_report_is_printed() {
    let done = smsload(&["verify", "--print-report-schema"]);
    let schema: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(schema["properties"]["schema_version"]["const"], 1);
    let both = smsload(&["verify", "--print-report-schema", "--strict"]);
    assert_eq!(both.code, Some(2));
}

/// A run that is stopped writes what it found so far.
#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_writes_its_reports() {
    use std::io::BufRead as _;

    let server = Server::start(&["mock", "--listen", "127.0.0.1:0"]);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let args = [
        "verify",
        &server.url,
        "--cases",
        "1000000",
        "--report-dir",
        out,
    ];
    let mut child = crate::support::command(&args)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    // It is under way once something was judged.
    let _ = lines.find(|line| line.as_ref().unwrap().starts_with("pass "));
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(killed.unwrap().success());
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{rest:#?}");
    let report = std::fs::read_to_string(dir.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (&report["ended"], &report["exit_code"]),
        (&"cut_short".into(), &3.into())
    );
    for name in [
        "report.html",
        "report.md",
        "junit.xml",
        "report.sarif",
        "evidence.jsonl",
    ] {
        let size = std::fs::metadata(dir.path().join(name)).unwrap().len();
        assert!(size > 0, "{name} is empty");
    }
}
