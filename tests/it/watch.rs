//! `--watch`, as somebody who edits a contract meets it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::json;

use crate::support::{changed_contract, command, post};

/// How long anything may take that should happen at once.
const SOON: Duration = Duration::from_secs(20);

/// A server whose standard error is read line by line.
struct Watched {
    child: Child,
    url: String,
    said: mpsc::Receiver<String>,
}

impl Watched {
    fn start(args: &[&str]) -> Self {
        let mut child = command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (tell, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self { child, url, said }
    }

    /// Everything that it says up to a line with these words.
    fn until(&self, words: &str) -> String {
        let mut all = String::new();
        while !all.contains(words) {
            let line = self.said.recv_timeout(SOON);
            all += &line.unwrap_or_else(|e| panic!("it never said {words:?} ({e}): {all}"));
            all.push('\n');
        }
        all
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Saves as editors do: a new file, renamed over the old one.
fn save(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}

#[test]
fn the_mock_follows_an_edited_contract_and_keeps_its_jobs() {
    let (_dir, path) = changed_contract(&[]);
    let spec = path.to_str().unwrap();
    let server = Watched::start(&["mock", "--listen", "127.0.0.1:0", "--spec", spec, "--watch"]);
    let request = json!({
        "device_unicode": "34020000001110000228", "source_type": "3", "channel": "34020000001320000666",
        "start_time": "2025-04-04T21:36:17", "end_time": "2025-04-04T21:36:27",
    });
    let download = "/api/smsload/playback/v1/download";
    let id = post(&server.url, download, &request)["data"]["stream_id"].clone();
    let good = std::fs::read_to_string(&path).unwrap();

    save(&path, &good.replace("/v1/download:", "/v2/download:"));
    server.until("read again");
    assert_eq!(post(&server.url, download, &request)["code"], "40405");
    let moved = download.replace("v1", "v2");
    assert_eq!(post(&server.url, &moved, &request)["code"], "0");

    save(
        &path,
        &good.replace("self.start_time < self.end_time", "self.start <"),
    );
    let said = server.until("last good one");
    assert!(
        said.contains("openapi.yaml:") && said.contains("self.start <"),
        "{said}"
    );
    assert_eq!(post(&server.url, &moved, &request)["code"], "0");

    save(&path, &good);
    server.until("read again");
    assert_eq!(post(&server.url, download, &request)["code"], "0");
    let query = "/api/smsload/playback/v1/queryDownloadProgress";
    let progress = post(&server.url, query, &json!({"stream_id": id}));
    assert_eq!(progress["code"], "0", "{progress}");
}
