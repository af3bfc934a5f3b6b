//! `smsload certify`: what a vendor and a buyer type. Bundles themselves are tried where they are made, in the crate; a whole
//! certification by the commands of docs/certification.md.

use std::path::Path;

use crate::support::{Server, smsload};

const VENDOR: &str = include_str!("../../conformance/tests/vendor.toml");

fn folder() -> (tempfile::TempDir, impl Fn(&str) -> String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    let key = path.join("vendor.key");
    let made = smsload(&["certify", "keygen", key.to_str().unwrap()]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    (dir, move |name| {
        path.join(name).to_str().unwrap().to_owned()
    })
}

#[test]
fn a_key_is_never_overwritten() {
    let (_dir, file) = folder();
    let again = smsload(&["certify", "keygen", &file("vendor.key")]);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("never overwritten"), "{}", again.err);
}

#[test]
fn what_cannot_be_certified_is_said() {
    let (_dir, file) = folder();
    let (target, key, out) = (file("vendor.toml"), file("vendor.key"), file("out.zip"));
    let certify = |more: &[&str]| {
        let args = ["certify", "--target", &target, "--key", &key, "--out", &out];
        smsload(&[&args, more].concat())
    };
    std::fs::write(&target, VENDOR.replace("files = true\n", "")).unwrap();
    let unsaid = certify(&[]);
    assert_eq!(unsaid.code, Some(2));
    assert!(
        unsaid.err.contains("`declared.files` is not said"),
        "{}",
        unsaid.err
    );
    std::fs::write(&target, VENDOR).unwrap();
    let long = "x".repeat(300);
    for word in ["", "two\nlines", &long] {
        let refused = certify(&["--challenge", word]);
        assert_eq!(refused.code, Some(2), "{word:?}");
        assert!(
            refused.err.contains("ask the buyer for another one"),
            "{}",
            refused.err
        );
    }
    let out_of_reach = certify(&[]);
    assert_eq!(out_of_reach.code, Some(3), "{}", out_of_reach.err);
    assert!(
        out_of_reach.err.contains("no bundle was written"),
        "{}",
        out_of_reach.err
    );
    assert!(!Path::new(&out).exists());
    std::fs::write(&out, "mine").unwrap();
    let there = certify(&[]);
    assert_eq!(there.code, Some(2));
    assert!(there.err.contains("is not overwritten"), "{}", there.err);
    let no_key = smsload(&["certify", "--target", &target, "--key", &target]);
    assert_eq!(no_key.code, Some(2));
    assert!(
        no_key.err.contains("is no Ed25519 secret key"),
        "{}",
        no_key.err
    );
}

#[test]
fn what_is_no_bundle_is_refused() {
    let (_dir, file) = folder();
    let (bundle, key) = (file("bundle.zip"), file("vendor.key.pub"));
    std::fs::write(&bundle, "PK, but no zip").unwrap();
    let refused = smsload(&["certify", "check", &bundle, "--key", &key]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err.contains("refused: it is no bundle"),
        "{}",
        refused.err
    );
    let missing = smsload(&["certify", "check", &file("none.zip"), "--key", &key]);
    assert_eq!(missing.code, Some(2));
    let secret = smsload(&["certify", "check", &bundle, "--key", &file("vendor.key")]);
    assert_eq!(secret.code, Some(2));
    assert!(
        secret.err.contains("is no Ed25519 public key"),
        "{}",
        secret.err
    );
}

#[test]
fn two_results_are_compared() {
    let (_dir, file) = folder();
    let judge = |name: &str, misbehave: &[&str]| {
        let args = [
            &["mock", "--listen", "127.0.0.1:0", "--seed", "1"][..],
            misbehave,
        ]
        .concat();
        let server = Server::start(&args);
        let out = file(name);
        let mut args = vec!["verify", &server.url, "--seed", "7", "--report-dir", &out];
        args.extend(["--only", "SRC", "--only", "TIME-01", "--only", "TIME-02"]);
        smsload(&args);
        format!("{out}/report.json")
    };
    let right = judge("right", &[]);
    let wrong = judge("wrong", &["--misbehave", "reversed-windows"]);
    let worse = smsload(&["certify", "compare", &right, &wrong, "--exit-code"]);
    assert_eq!(worse.code, Some(1), "{}", worse.err);
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"http://127\.0\.0\.1:\d+", "[address]");
    settings.bind(|| insta::assert_snapshot!("compare", worse.out));
    let better = smsload(&["certify", "compare", &wrong, &right, "--exit-code"]);
    assert_eq!(better.code, Some(0));
    let same = smsload(&["certify", "compare", &right, &right]);
    assert_eq!(same.code, Some(0));
    assert!(same.out.lines().count() == 1, "{}", same.out);
}

/// Deviations of a vendor are told; operations that the catalogue is not about are left alone; a document without downloads
/// has nothing to certify.
#[test]
fn an_overlay_of_the_vendor_is_told_to_the_buyer() {
    let (_dir, file) = folder();
    let root = env!("CARGO_MANIFEST_DIR");
    let overlay = file("overlay.yaml");
    let actions = "overlay: 1.0.0\ninfo: {title: Ours, version: '1'}\nactions:\n  - target: $.paths\n    update:\n      /version:\n        get: {operationId: version, responses: {'200': {description: The version}}}\n";
    std::fs::write(&overlay, actions).unwrap();
    let mock = ["mock", "--listen", "127.0.0.1:0", "--speed", "20"];
    let server = Server::start(&[&mock[..], &["--overlay", &overlay]].concat());
    let target = file("vendor.toml");
    let text = VENDOR.replace("http://127.0.0.1:1\"", &format!("{}\"", server.url));
    std::fs::write(&target, text).unwrap();
    let (key, out) = (file("vendor.key"), file("out.zip"));
    let pets = format!("{root}/examples/pets/openapi.yaml");
    let args = ["certify", "--target", &target, "--key", &key, "--out", &out];
    let none = smsload(&[&args[..], &["--spec", &pets]].concat());
    assert_eq!(none.code, Some(2));
    assert!(
        none.err.contains("no operation that starts a download"),
        "{}",
        none.err
    );
    let done = smsload(&[&args[..], &["--overlay", &overlay]].concat());
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    let checked = smsload(&["certify", "check", &out, "--key", &file("vendor.key.pub")]);
    assert_eq!(checked.code, Some(0), "{}{}", checked.out, checked.err);
    assert!(
        checked.out.contains("/paths/~1version was added"),
        "{}",
        checked.out
    );
}
