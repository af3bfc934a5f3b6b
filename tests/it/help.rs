use crate::support::smsload;

#[test]
fn help_texts() {
    for name in [
        "",
        "mock",
        "proxy",
        "verify",
        "verify init",
        "replay",
        "certify",
        "certify keygen",
        "certify check",
        "certify compare",
        "serve",
        "spec",
        "spec lint",
        "spec show",
        "spec resolve",
    ] {
        let mut args: Vec<&str> = name.split_whitespace().collect();
        args.push("--help");
        let done = smsload(&args);
        assert_eq!(done.code, Some(0));
        insta::assert_snapshot!(format!("help {name}").trim().replace(' ', "_"), done.out);
    }
}

#[test]
fn completions_and_manual() {
    assert!(smsload(&["completions", "bash"]).out.contains("_smsload()"));
    assert!(smsload(&["man"]).out.contains(".TH smsload 1"));
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        smsload(&["man", "--dir", dir.path().to_str().unwrap()]).code,
        Some(0)
    );
    assert!(dir.path().join("smsload-spec-lint.1").exists());
    assert_eq!(smsload(&["man", "--dir", "/no/such/folder"]).code, Some(2));
}

#[test]
fn wrong_usage() {
    for args in [
        &["nothing"][..],
        &["verify", "--seed", "x"],
        &["mock", "--listen", "here"],
        &[],
    ] {
        assert_eq!(smsload(args).code, Some(2), "{args:?}");
    }
}
