//! Target files, as `smsload verify` takes them.

use crate::support::{Server, smsload};

#[test]
fn init_writes_a_file_that_can_be_used_and_overwrites_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vendor.toml");
    let path = path.to_str().unwrap();
    let done = smsload(&["verify", "init", path]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains(path), "{}", done.out);
    let listed = smsload(&["verify", "--target", path, "--list"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    let again = smsload(&["verify", "init", path]);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("is there already"), "{}", again.err);
    let shown = smsload(&["verify", "init", "-"]);
    assert_eq!(shown.out, std::fs::read_to_string(path).unwrap());
    let nowhere = smsload(&["verify", "init", "/no/such/folder/t.toml"]);
    assert_eq!(nowhere.code, Some(2));
    assert!(
        nowhere.err.contains("/no/such/folder/t.toml"),
        "{}",
        nowhere.err
    );
}

#[test]
fn secrets_come_from_elsewhere_and_are_never_shown() {
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0"]);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tenant.txt"), "hunter2-tenant\n").unwrap();
    let file = dir.path().join("t.toml");
    let text = |command: &str| {
        format!(
            "base_url = \"{}\"\n[headers]\nToken = {{ command = [\"{command}\", \"hunter2-token\"] }}\n\
             tenant-id = {{ file = \"tenant.txt\" }}\n[fixtures]\ndevice = \"1\"\nchannel = \"2\"\n\
             recorded = {{ start = \"2025-04-04T08:00:00\", end = \"2025-04-04T09:00:00\" }}\n",
            server.url
        )
    };
    std::fs::write(&file, text("echo")).unwrap();
    let out = dir.path().join("out");
    let args = [
        "verify", "--seed", "1", "--only", "ACC", "--only", "BODY-01", "--target",
    ];
    let mut args = args.to_vec();
    args.extend([
        file.to_str().unwrap(),
        "--report-dir",
        out.to_str().unwrap(),
    ]);
    let done = smsload(&args);
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let mut seen = done.out + &done.err;
    for report in std::fs::read_dir(&out).unwrap() {
        let path = report.unwrap().path();
        seen += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
    }
    assert!(seen.contains("ACC-01") && !seen.contains("hunter2"));
    // The mock's own journal has them: they did go out.
    std::fs::write(&file, text("no-such-program")).unwrap();
    let done = smsload(&["verify", "--target", file.to_str().unwrap()]);
    assert_eq!(done.code, Some(2), "{}", done.out);
    assert!(
        done.err.contains("header `token`") && done.err.contains("no-such-program"),
        "{}",
        done.err
    );
}

#[test]
fn a_cause_is_told_once() {
    let done = smsload(&["verify", "--target", "/no/such/file.toml"]);
    assert_eq!(done.code, Some(2));
    let cause = done.err.matches("No such file or directory").count();
    assert_eq!(cause, 1, "{}", done.err);
}
