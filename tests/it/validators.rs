//! Other people's tools must read the contract too.

use std::process::Command;

#[test]
#[ignore = "needs Python's openapi-spec-validator and Node's @redocly/cli on the path"]
fn other_validators_accept_the_contract() {
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/spec/openapi.yaml");
    for (tool, args) in [
        ("openapi-spec-validator", &[contract][..]),
        ("redocly", &["lint", "--extends=spec", contract]),
    ] {
        let output = Command::new(tool)
            .args(args)
            .output()
            .unwrap_or_else(|e| panic!("{tool}: {e}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(
            output.status.success(),
            "{tool} does not accept it:\n{said}"
        );
    }
}
