//! What people look at, in a real browser: the scripts of tests/browser drive Chromium.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use smsload_conformance::{Predicate, Report, certificate, html};

use crate::support::{Server, smsload};

/// Runs a script of tests/browser; it tells by its exit code, and prints what failed.
fn run(script: &str) {
    run_on(script, None);
}

/// The same with a file to open.
fn run_on(script: &str, page: Option<&Path>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = std::env::var_os("SMSLOAD_BROWSER_TOOLS")
        .map_or_else(|| root.join("target/ci-tools/npm"), Into::into);
    let status = Command::new("node")
        .arg(root.join("tests/browser").join(script))
        .args(page)
        .env("SMSLOAD_BIN", assert_cmd::cargo::cargo_bin!("smsload"))
        .env("SMSLOAD_BROWSER_TOOLS", tools)
        .env("SMSLOAD_SHOTS", root.join("target/browser"))
        .status()
        .unwrap_or_else(|e| panic!("node: {e}"));
    assert!(status.success(), "{script} failed; see above");
}

#[test]
#[ignore = "needs Chromium, and Node's playwright-core and axe-core (.ci/run installs them)"]
fn the_page_of_the_mock() {
    run("mock-page.mjs");
}

#[test]
#[ignore = "needs Chromium, and Node's playwright-core and axe-core (.ci/run installs them)"]
fn the_page_of_the_mock_under_what_goes_wrong() {
    run("mock-guard.mjs");
}

#[test]
#[ignore = "needs Chromium, and Node's playwright-core and axe-core (.ci/run installs them)"]
fn the_page_of_a_report() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("report.html");
    std::fs::write(&page, html(&large_report(dir.path())).unwrap()).unwrap();
    run_on("report.mjs", Some(&page));
}

#[test]
#[ignore = "needs Chromium, and Node's playwright-core and axe-core (.ci/run installs them)"]
fn the_page_of_a_certification() {
    let hostile = "<script>globalThis.acted = 1</script>\u{202e}<img src=x onerror=alert(1)>";
    let print = |title: &str| json!({"title": title, "version": "1", "sha256": "ab".repeat(32)});
    let remark = |id: &str, verdict: &str| json!({"id": id, "verdict": verdict, "runs": 3, "reason": format!("expected a rejection, got {hostile}")});
    let run = |chosen: &str, challenge: Option<&str>| json!({"seed": "14643684306177022988", "chosen": chosen, "challenge": challenge, "cases": 500, "downloads": 200});
    let predicate = json!({
        "tool": {"name": "smsload", "version": "0.1.0", "sha256": null},
        "vendor": {"name": "示例视频", "product": hostile, "version": "5.2.1", "contact": "sms@video.example"},
        "target": "http://127.0.0.1:4010",
        "contract": print("SMS recording download"),
        "catalogue": print("requirements.yaml"),
        "runs": [run("fixed", None), run("fixed", None), run("challenge", Some("order-4711"))],
        "standing": {
            "grade": "not_certified",
            "against": [remark("TIME-01", "fail")],
            "remarks": [remark("PROG-09", "inconclusive")],
            "without": {"the target file does not declare `callbacks`": 14},
            "passed": 84,
        },
        "started_at": "2026-11-25T22:56:12.145106522Z",
        "ended_at": "2026-11-25T22:56:34.597497352Z",
        "clock": {"ahead_of_target_seconds": 0},
    });
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("summary.html");
    let predicate: Predicate = serde_json::from_value(predicate).unwrap();
    std::fs::write(&page, certificate(&predicate)).unwrap();
    run_on("certificate.mjs", Some(&page));
}

/// A report as large as they come: 100 requirements and more, 10,000 cases, 50 failures, downloads that were watched.
fn large_report(dir: &Path) -> Report {
    let server = Server::start(&[
        "mock",
        "--listen",
        "127.0.0.1:0",
        "--misbehave",
        "reversed-windows",
    ]);
    let out = dir.to_str().unwrap();
    let judged = ["ACC", "RESP", "BODY", "SRC", "TIME", "STRM", "ROBU-01"];
    let only = judged.iter().flat_map(|group| ["--only", *group]);
    let args = [
        "verify",
        &server.url,
        "--seed",
        "1",
        "--cases",
        "20",
        "--report-dir",
        out,
    ];
    let done = smsload(&args.into_iter().chain(only).collect::<Vec<_>>());
    assert_eq!(done.code, Some(1), "{}", done.out);
    let text = std::fs::read(dir.join("report.json")).unwrap();
    let mut report: Value = serde_json::from_slice(&text).unwrap();
    let all = report["requirements"].as_array_mut().unwrap();
    let more = |of: fn(&Value) -> bool, all: &[Value], count: usize| -> Vec<Value> {
        let own: Vec<_> = all.iter().filter(|r| of(r)).cloned().collect();
        let numbered = own
            .into_iter()
            .cycle()
            .enumerate()
            .map(|(n, mut requirement)| {
                let id = requirement["id"].as_str().unwrap();
                requirement["id"] = format!("{id}~{n}").into();
                requirement
            });
        numbered.take(count).collect()
    };
    let failed = more(|r| r["verdict"] == "fail", all, 50);
    let passed = more(|r| r["verdict"] == "pass", all, 50);
    all.extend(failed.into_iter().chain(passed));
    for requirement in all.iter_mut().filter(|r| r["cases"] != 0) {
        requirement["cases"] = json!(100);
    }
    let told = |n: u32| json!({"at": f64::from(n) * 0.5, "percent": n * 5});
    let download = |n: u32| {
        json!({
            "stream_id": format!("download:34020000001110000228:34020000001320000666:120000007{n}"),
            "by_query": (0..=20).map(told).collect::<Vec<_>>(),
            "by_callback": (0..=4).map(|n| told(n * 5)).collect::<Vec<_>>(),
        })
    };
    report["downloads"] = (0..3).map(download).collect();
    Report::read(report.to_string().as_bytes()).unwrap()
}
