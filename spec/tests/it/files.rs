//! Documents in several files, and overlays.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;
use smsload_spec::{Contract, Document, Load};

use crate::support::{messages, post};

fn write(dir: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
    std::fs::write(dir.join(name), text).unwrap();
}

fn load(dir: &Path, overlays: &[&str]) -> Result<Contract, String> {
    let load = Load {
        document: Document::File(dir.join("root.yaml")),
        overlays: overlays.iter().map(|o| dir.join(o)).collect(),
    };
    let shown = dir.display().to_string();
    Contract::load(&load).map_err(|p| p.to_string().replace(&shown, "DIR"))
}

const ROOT: &str = "\
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /tree:
    $ref: paths/tree.yaml
components:
  schemas:
    Name: {type: string, minLength: 2}
";

const TREE_PATH: &str = "\
post:
  requestBody:
    required: true
    content:
      application/json:
        schema: {$ref: '../schemas.json#/Tree'}
  responses:
    '200': {description: ok}
";

const SCHEMAS: &str = r##"{
  "Tree": {
    "type": "object",
    "required": ["name"],
    "properties": {
      "name": {"$ref": "root.yaml#/components/schemas/Name"},
      "children": {"type": "array", "items": {"$ref": "#/Tree"}}
    },
    "x-validations": [{"rule": "self.name != 'xx'", "message": "no xx here"}]
  }
}"##;

fn tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "root.yaml", ROOT);
    write(dir.path(), "paths/tree.yaml", TREE_PATH);
    write(dir.path(), "schemas.json", SCHEMAS);
    dir
}

#[test]
fn several_files_and_a_cycle_become_one_document() {
    let dir = tree();
    let contract = load(dir.path(), &[]).unwrap();
    let good = json!({"name": "ab", "children": [{"name": "cd", "children": []}]});
    assert_eq!(messages(&post(&contract, "/tree", &good)), [""; 0]);
    let bad = json!({"name": "ab", "children": [{"name": "c"}, {}]});
    assert_eq!(
        messages(&post(&contract, "/tree", &bad)),
        [
            "`children.0.name` must have at least 2 characters",
            "`children.1.name` is missing"
        ]
    );
    assert_eq!(
        messages(&post(&contract, "/tree", &json!({"name": "xx"}))),
        ["no xx here"]
    );
    // The document in one piece can be read again, and says the same.
    let again = serde_json::to_string(contract.document()).unwrap();
    let again = Contract::load(&Load {
        document: Document::Text {
            name: "again".into(),
            text: again,
        },
        overlays: vec![],
    })
    .unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(messages(&post(&again, "/tree", &bad)).len(), 2);
}

#[test]
fn violations_point_into_the_file_they_stand_in() {
    let dir = tree();
    let contract = load(dir.path(), &[]).unwrap();
    let judged = post(&contract, "/tree", &json!({"name": 1}));
    let place = contract.place(&judged.violations[0].rule).unwrap();
    assert!(place.file.ends_with("root.yaml"), "{place}");
    assert_eq!(place.line, 8);
}

#[test]
fn faults_in_other_files_are_found_there() {
    let dir = tree();
    write(
        dir.path(),
        "schemas.json",
        &SCHEMAS.replace("\"required\"", "\"requird\""),
    );
    assert_snapshot!(load(dir.path(), &[]).unwrap_err());
}

#[test]
fn overlays_change_a_document_in_order() {
    let dir = tree();
    write(
        dir.path(),
        "one.yaml",
        "overlay: 1.0.0\ninfo: {title: o, version: '1'}\nactions:\n  - target: $.components.schemas.Name\n    \
         update: {minLength: 1, maxLength: 3}\n  - target: $.paths['/tree']\n    remove: true\n",
    );
    write(
        dir.path(),
        "two.yaml",
        "overlay: 1.0.0\ninfo: {title: o, version: '1'}\nactions:\n  - target: $.paths\n    update:\n      /leaf:\n        \
         post:\n          requestBody:\n            content:\n              application/json:\n                \
         schema: {$ref: '#/components/schemas/Name'}\n          responses: {'200': {description: ok}}\n",
    );
    let contract = load(dir.path(), &["one.yaml", "two.yaml"]).unwrap();
    assert_eq!(contract.operations().len(), 1);
    assert_eq!(messages(&post(&contract, "/leaf", &json!("a"))), [""; 0]);
    let judged = post(&contract, "/leaf", &json!("abcd"));
    assert_eq!(
        messages(&judged),
        ["`the body` must have at most 3 characters"]
    );
    assert!(
        contract
            .place(&judged.violations[0].rule)
            .unwrap()
            .file
            .ends_with("one.yaml")
    );
}

#[test]
fn overlays_that_are_wrong_say_so() {
    let dir = tree();
    let wrong = |name: &str, actions: &str| {
        write(
            dir.path(),
            name,
            &format!("overlay: 1.0.0\ninfo: {{title: o, version: '1'}}\nactions:\n{actions}"),
        );
        load(dir.path(), &[name]).unwrap_err()
    };
    assert_snapshot!(
        "overlay_matches_nothing",
        wrong(
            "nothing.yaml",
            "  - target: $.paths['/no']\n    remove: true\n"
        )
    );
    assert_snapshot!(
        "overlay_syntax",
        wrong(
            "path.yaml",
            "  - target: paths['/no'\n    remove: true\n  - target: $.paths\n    updat: {}\n"
        )
    );
}
