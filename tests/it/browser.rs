//! What people look at, in a real browser: the scripts of tests/browser drive Chromium.

use std::path::Path;
use std::process::Command;

/// Runs a script of tests/browser; it tells by its exit code, and prints what failed.
fn run(script: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = std::env::var_os("SMSLOAD_BROWSER_TOOLS")
        .map_or_else(|| root.join("target/ci-tools/npm"), Into::into);
    let status = Command::new("node")
        .arg(root.join("tests/browser").join(script))
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
