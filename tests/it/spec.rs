use insta::assert_snapshot;

use crate::support::{changed_contract, smsload};

#[test]
fn lint_of_a_sound_contract() {
    let done = smsload(&["spec", "lint"]);
    assert_eq!(
        (done.code, done.out.as_str()),
        (Some(0), "0 errors, 0 warnings\n")
    );
}

#[test]
fn lint_of_a_broken_one() {
    let (dir, path) = changed_contract(&[
        (
            "self.start_time < self.end_time",
            "self.start_time < self.endtime",
        ),
        (
            "operationId: queryDownloadProgress",
            "operationId: startDownload",
        ),
    ]);
    let path = path.to_str().unwrap();
    let done = smsload(&["spec", "lint", path]);
    assert_eq!(done.code, Some(1));
    assert_snapshot!(done.out.replace(dir.path().to_str().unwrap(), "DIR"));
    let done = smsload(&["spec", "lint", path, "--format", "json"]);
    let findings: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(findings[0]["severity"], "error");
    assert!(findings[0]["line"].as_u64().unwrap() > 1);
}

#[test]
fn documents_that_cannot_be_read() {
    let done = smsload(&["spec", "lint", "no-such-file.yaml"]);
    assert_eq!(done.code, Some(2));
    assert!(done.out.contains("no-such-file.yaml"), "{}", done.out);
    let (_dir, path) = changed_contract(&[("\ninfo:\n", "\ninfo:\n\t")]);
    let done = smsload(&["spec", "lint", path.to_str().unwrap()]);
    assert_eq!(done.code, Some(1));
    assert!(done.out.contains("replace the tab"), "{}", done.out);
}

#[test]
fn show() {
    assert_snapshot!("show", smsload(&["spec", "show"]).out);
    let zh = smsload(&["spec", "show", "--lang", "zh"]).out;
    assert!(zh.contains("录像"), "{zh}");
    let data = smsload(&["spec", "show", "--format", "json"]).out;
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["requirements"].as_array().unwrap().len(), 96);
    assert_eq!(data["operations"][0]["job"], "starts download");
}

#[test]
fn resolve_gives_a_document_that_reads_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let overlay = dir.path().join("overlay.yaml");
    std::fs::write(
        &overlay,
        "overlay: 1.0.0\ninfo: {title: o, version: '1'}\nactions:\n  - target: $.info\n    update: {title: changed}\n",
    )
    .unwrap();
    let done = smsload(&["spec", "resolve", "--overlay", overlay.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("title: changed"));
    let resolved = dir.path().join("resolved.yaml");
    std::fs::write(&resolved, &done.out).unwrap();
    let done = smsload(&["spec", "lint", resolved.to_str().unwrap()]);
    assert_eq!(done.out, "0 errors, 0 warnings\n");
}

#[test]
fn an_overlay_that_matches_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let overlay = dir.path().join("overlay.yaml");
    std::fs::write(
        &overlay,
        "overlay: 1.0.0\ninfo: {title: o, version: '1'}\nactions:\n  - target: $.nothing\n    remove: true\n",
    )
    .unwrap();
    let done = smsload(&["spec", "resolve", "--overlay", overlay.to_str().unwrap()]);
    assert_eq!(done.code, Some(2));
    assert!(
        done.err.contains("`$.nothing` matches nothing"),
        "{}",
        done.err
    );
}
