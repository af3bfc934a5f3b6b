//! `smsload proxy`, before a mock.

use std::io::Read as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{Server, command, post, smsload};

const DOWNLOAD: &str = "/api/smsload/playback/v1/download";

#[cfg(unix)]
#[test]
fn it_tells_what_breaks_the_contract_and_records_what_passed() {
    use std::io::{BufRead as _, BufReader};

    let mock = Server::start(&["mock", "--listen", "127.0.0.1:0"]);
    let dir = tempfile::tempdir().unwrap();
    let har = dir.path().join("traffic.har");
    let mut proxy = command(&[
        "proxy",
        "--upstream",
        &mock.url,
        "--listen",
        "127.0.0.1:0",
        "--har",
        har.to_str().unwrap(),
    ])
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut line = String::new();
    BufReader::new(proxy.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap();
    let mut body = json!({
        "device_unicode": "34020000001110000228", "source_type": "3", "channel": "34020000001320000666",
        "start_time": "2025-04-04T21:36:17", "end_time": "2025-04-04T21:36:27",
    });
    assert_eq!(post(url, DOWNLOAD, &body)["code"], "0");
    body["source_type"] = json!("1");
    for _ in 0..2 {
        assert_eq!(post(url, DOWNLOAD, &body)["code"], "40005");
    }
    let killed = Command::new("kill").arg(proxy.id().to_string()).status();
    assert!(killed.unwrap().success());
    assert_eq!(proxy.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    proxy
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    let breach = "startDownload request: ";
    assert_eq!(said.matches(breach).count(), 3, "{said}");
    assert!(said.contains("3 exchanges passed"), "{said}");
    assert!(said.contains("(2 times) [bundled contract:"), "{said}");
    let text = std::fs::read_to_string(&har).unwrap();
    let recorded: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(recorded["log"]["version"], "1.2");
    assert_eq!(recorded["log"]["entries"].as_array().unwrap().len(), 3);
}

#[test]
fn wrong_usage() {
    for (args, word) in [
        (&["--upstream", "https://a"][..], "TLS"),
        (&["--upstream", "nowhere"], "nowhere"),
        (&[], "--upstream"),
        (
            &[
                "--upstream",
                "http://127.0.0.1:1",
                "--har",
                "/no/such/x.har",
            ],
            "/no/such/x.har",
        ),
        (&["--upstream", "http://127.0.0.1:1", "--watch"], "--spec"),
    ] {
        let done = smsload(&[&["proxy", "--listen", "127.0.0.1:0"], args].concat());
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.err);
        assert!(done.err.contains(word), "{args:?}: {}", done.err);
    }
}
