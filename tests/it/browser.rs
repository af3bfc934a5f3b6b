//! What people look at, in a real browser: the scripts of tests/browser drive Chromium.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use smsload_conformance::{Report, html};

use crate::support::{Server, smsload};

/// Runs a script of tests/browser; it tells by its exit code, and prints what failed.
fn run(script: &str, pages: &[&Path]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = std::env::var_os("SMSLOAD_BROWSER_TOOLS")
        .map_or_else(|| root.join("target/ci-tools/npm"), Into::into);
    let status = Command::new("node")
        .arg(root.join("tests/browser").join(script))
        .args(pages)
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
    run("mock-page.mjs", &[]);
}

#[test]
#[ignore = "needs Chromium, and Node's playwright-core and axe-core (.ci/run installs them)"]
fn the_page_of_the_mock_under_what_goes_wrong() {
    run("mock-guard.mjs", &[]);
}

/// A report as large as they come: 100 requirements and more, 10,000 cases, 50 failures, downloads that were watched.
fn large_report() -> Report {
    let server = Server::start(&[
        "mock",
        "--listen",
        "127.0.0.1:0",
        "--misbehave",
        "reversed-windows",
    ]);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let done = smsload(&[
        "verify",
        &server.url,
        "--seed",
        "1",
        "--cases",
        "20",
        "--report-dir",
        out,
    ]);
    assert_eq!(done.code, Some(1), "{}", done.out);
    let text = std::fs::read(dir.path().join("report.json")).unwrap();
    let mut report: Value = serde_json::from_slice(&text).unwrap();
    let all = report["requirements"].as_array_mut().unwrap();
    for requirement in all.iter_mut().filter(|r| r["cases"] != 0) {
        requirement["cases"] = json!(150);
    }
    let failed: Vec<_> = all
        .iter()
        .filter(|r| r.get("failure").is_some())
        .cloned()
        .collect();
    let failed = failed
        .into_iter()
        .cycle()
        .enumerate()
        .map(|(n, mut requirement)| {
            requirement["id"] = format!("{}~{n}", requirement["id"].as_str().unwrap()).into();
            requirement
        });
    all.extend(failed.take(50));
    let told = |n: u32| json!({"at": f64::from(n) * 0.5, "percent": n * 5});
    report["downloads"] = (0..3)
        .map(|n| {
            json!({
                "stream_id": format!("download:34020000001110000228:34020000001320000666:120000007{n}"),
                "by_query": (0..=20).map(told).collect::<Vec<_>>(),
                "by_callback": (0..=4).map(|n| told(n * 5)).collect::<Vec<_>>(),
            })
        })
        .collect();
    Report::read(report.to_string().as_bytes()).unwrap()
}

#[test]
#[ignore = "needs Chromium, and Node's playwright-core and axe-core (.ci/run installs them)"]
fn the_report_page_works() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("report.html");
    std::fs::write(&page, html(&large_report()).unwrap()).unwrap();
    run("report.mjs", &[&page]);
}
