use serde_json::json;

use crate::support::{Server, changed_contract, post, smsload};

const DOWNLOAD: &str = "/api/smsload/playback/v1/download";

fn request() -> serde_json::Value {
    json!({
        "device_unicode": "34020000001110000228", "source_type": "3", "channel": "34020000001320000666",
        "start_time": "2025-04-04T21:36:17", "end_time": "2025-04-04T21:36:27",
    })
}

#[test]
fn answers_the_pages_request_and_stops_cleanly() {
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0"]);
    let answer = post(&server.url, DOWNLOAD, &request());
    assert_eq!(answer["code"], "0", "{answer}");
    assert_eq!(answer["data"]["playback_duration"], "10");
    #[cfg(unix)]
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_port_in_use() {
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0"]);
    for command in ["mock", "serve"] {
        let address = format!("127.0.0.1:{}", server.port());
        let done = smsload(&[command, "--listen", &address]);
        assert_eq!(done.code, Some(2));
        assert!(done.err.contains(&address), "{}", done.err);
    }
}

#[test]
fn a_wrong_contract_or_speed() {
    let (_dir, path) = changed_contract(&[("self.start_time < self.end_time", "self.start <")]);
    let done = smsload(&[
        "mock",
        "--listen",
        "127.0.0.1:0",
        "--spec",
        path.to_str().unwrap(),
    ]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("self.start <"), "{}", done.err);
    for (speed, why) in [("0", "above 0"), ("-1", "above 0"), ("x", "a number")] {
        let done = smsload(&["mock", "--listen", "127.0.0.1:0", "--speed", speed]);
        assert_eq!(done.code, Some(2), "{}", done.err);
        assert!(done.err.contains(why), "{}", done.err);
    }
}

/// Whatever a test does first, no time has passed before it.
#[test]
fn time_stands_still_until_a_test_moves_it() {
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0", "--paused"]);
    let client = reqwest::blocking::Client::new();
    let clock = |tenant: &str| -> serde_json::Value {
        let url = format!("{}/__mock/clock", server.url);
        let answer = client.get(url).header("tenant-id", tenant).send().unwrap();
        answer.json().unwrap()
    };
    for tenant in ["one", "two"] {
        let clock = clock(tenant);
        assert_eq!(
            (&clock["micros"], &clock["paused"]),
            (&json!(0), &json!(true))
        );
    }
    let id = post(&server.url, DOWNLOAD, &request())["data"]["stream_id"].clone();
    let progress = || {
        let path = "/api/smsload/playback/v1/queryDownloadProgress";
        post(&server.url, path, &json!({"stream_id": id}))["data"]["download_progress"].clone()
    };
    assert_eq!(progress(), "0");
    post(&server.url, "/__mock/clock/advance", &json!({"seconds": 3}));
    assert_eq!(progress(), "100");
    assert_eq!(clock("two")["micros"], 0);
}

#[test]
fn follows_a_changed_contract() {
    let (_dir, path) = changed_contract(&[
        (
            "required: [device_unicode, ",
            "required: [quality, device_unicode, ",
        ),
        (
            "        platfrom_id:\n          type",
            "        quality:\n          type: string\n        platfrom_id:\n          type",
        ),
        ("self.source_type == '3'", "self.source_type in ['1', '3']"),
        ("  /api/smsload/playback/v1/download:", "  /v2/download:"),
        (
            "paths:\n",
            "paths:\n  /version:\n    post:\n      responses:\n        '200': {description: ok, content: {application/json: {example: {v: 1}}}}\n",
        ),
    ]);
    let server = Server::start(&[
        "mock",
        "--listen",
        "127.0.0.1:0",
        "--spec",
        path.to_str().unwrap(),
    ]);
    let mut body = request();
    let answer = post(&server.url, "/v2/download", &body);
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .contains("`quality` is missing"),
        "{answer}"
    );
    body["quality"] = json!("high");
    body["source_type"] = json!("1");
    assert_eq!(post(&server.url, "/v2/download", &body)["code"], "0");
    assert_eq!(post(&server.url, "/version", &json!({})), json!({"v": 1}));
    assert_ne!(post(&server.url, DOWNLOAD, &body)["code"], "0");
}

#[test]
fn a_described_world_and_a_forced_course() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/world.yaml");
    let server = Server::start(&[
        "mock",
        "--listen",
        "127.0.0.1:0",
        "--world",
        example,
        "--course",
        "fails-at=0",
    ]);
    let mut body = request();
    let answer = post(&server.url, DOWNLOAD, &body);
    assert_eq!(answer["data"]["playback_file_size"], "7500000", "{answer}");
    let id = json!({"stream_id": answer["data"]["stream_id"]});
    let progress = "/api/smsload/playback/v1/queryDownloadProgress";
    assert_eq!(post(&server.url, progress, &id)["code"], "40902");
    body["device_unicode"] = json!("nobody");
    assert_eq!(post(&server.url, DOWNLOAD, &body)["code"], "40401");
}

#[test]
fn a_wrong_world_or_course() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("world.yaml");
    std::fs::write(&path, "devices:\n  - id: 1\n    ofline: true\n").unwrap();
    let world = path.to_str().unwrap();
    let done = smsload(&["mock", "--listen", "127.0.0.1:0", "--world", world]);
    assert_eq!(done.code, Some(2));
    for said in [
        "world.yaml:2:9",
        "put it in quotes",
        "did you mean `offline`?",
    ] {
        assert!(done.err.contains(said), "{}", done.err);
    }
    let done = smsload(&["mock", "--course", "fails-at=100"]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("0 to 99"), "{}", done.err);
}

#[test]
fn the_control_interface_can_be_left_out() {
    let get = |url: String| reqwest::blocking::get(url).unwrap().status().as_u16();
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0", "--journal", "0"]);
    assert_eq!(get(format!("{}/__mock/clock", server.url)), 200);
    let server = Server::start(&["mock", "--listen", "127.0.0.1:0", "--no-control"]);
    assert_eq!(get(format!("{}/__mock/clock", server.url)), 404);
    let done = smsload(&["mock", "--listen", "127.0.0.1:0", "--max-tenants", "0"]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("max_worlds"), "{}", done.err);
}

#[test]
fn misbehaves_when_told_to() {
    let args = ["mock", "--listen", "127.0.0.1:0", "--misbehave"];
    let server = Server::start(&[&args[..], &["numeric-duration"]].concat());
    let answer = post(&server.url, DOWNLOAD, &request());
    assert_eq!(answer["data"]["playback_duration"], 10, "{answer}");
    let done = smsload(&[&args[..], &["numeric-duratoin"]].concat());
    assert_eq!(done.code, Some(2));
    assert!(
        done.err.contains("near it: `numeric-duration`"),
        "{}",
        done.err
    );
    let done = smsload(&["mock", "--list-misbehaviours"]);
    assert_eq!(done.code, Some(0));
    assert!(done.out.lines().count() > 60, "{}", done.out);
    let is_it = |line: &str| line.contains("numeric-duration") && line.contains("RESP-03");
    assert!(done.out.lines().any(is_it), "{}", done.out);
}

#[test]
fn limits_are_listed_and_set_by_name() {
    let done = smsload(&["mock", "--limit", "keep_jobs=1.5", "--list-limits"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let value = |name: &str| {
        let line = done.out.lines().find(|line| line.contains(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(value("keep_jobs"), "1.5");
    assert_eq!(value("max_total_jobs"), "2000000");
    let done = smsload(&["mock", "--limit", "max_job=1"]);
    assert_eq!(done.code, Some(2));
    assert!(
        done.err.contains("did you mean `max_jobs`?"),
        "{}",
        done.err
    );
    assert!(done.err.contains("--list-limits"), "{}", done.err);
}

#[test]
fn cannot_misbehave_where_there_is_nothing_to_change() {
    let (_dir, path) = changed_contract(&[("          pattern: '\\S'\n", "")]);
    let path = path.to_str().unwrap();
    let done = smsload(&[
        "mock",
        "--listen",
        "127.0.0.1:0",
        "--spec",
        path,
        "--misbehave",
        "blank-device",
    ]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("nothing to change"), "{}", done.err);
}
