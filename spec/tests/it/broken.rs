//! Documents that are wrong: every error at once, each with its place. Snapshots are what people read.

use insta::assert_snapshot;
use smsload_spec::{Contract, Document, Load};

use crate::support::{bundled_with, load};

fn errors(text: &str) -> String {
    match load(text) {
        Ok(_) => panic!("this document was accepted:\n{text}"),
        Err(problems) => problems.to_string(),
    }
}

fn warnings(text: &str) -> String {
    load(text)
        .unwrap_or_else(|p| panic!("{p}"))
        .warnings()
        .to_string()
}

const HEAD: &str = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n";

#[test]
fn all_errors_at_once() {
    let text = bundled_with(&[
        ("operationId: startDownload", "operationID: startDownload"),
        (
            "required: true\n        content:\n          application/json:\n            schema:\n              $ref: '#/components/schemas/ProgressRequest'",
            "required: 'yes'\n        content:\n          application/json:\n            schema:\n              $ref: '#/components/schemas/ProgresRequest'",
        ),
        ("      in: header", "      in: headers"),
        (
            "    Download:\n      type: object",
            "    Download:\n      type: objekt",
        ),
    ]);
    assert_snapshot!(errors(&text));
}

#[test]
fn rules_that_cannot_work() {
    let text = bundled_with(&[
        ("self.source_type == '3'", "self.source_typ == '3'"),
        ("self.start_time < self.end_time\n", "self.start_time <\n"),
    ]);
    assert_snapshot!(errors(&text));
}

#[test]
fn rules_that_fail_without_an_optional_member() {
    let text = bundled_with(&[("self.source_type == '3'", "self.callback != ''")]);
    assert_snapshot!("optional", errors(&text));
    let text = bundled_with(&[("self.source_type == '3'", "self.source_type + 'x'")]);
    assert_snapshot!("no_boolean", errors(&text));
    let text = bundled_with(&[("self.source_type == '3'", "self.source_type > 3")]);
    assert_snapshot!("types", errors(&text));
}

#[test]
fn jobs_that_cannot_work() {
    let text = bundled_with(&[
        ("duration: recorded.seconds", "duration: recorded.second"),
        (
            "download_progress: string(job.percent)",
            "download_progress: job.percent",
        ),
        ("error: bad-time-range", "error: bad-time-rnge"),
    ]);
    assert_snapshot!(errors(&text));
}

#[test]
fn text_that_is_no_yaml() {
    assert_snapshot!("tab", errors("openapi: 3.0.3\ninfo:\n\ttitle: t\n"));
    assert_snapshot!(
        "unclosed",
        errors("openapi: 3.0.3\ninfo: {title: t\npaths: {}\n")
    );
    assert_snapshot!("empty", errors(""));
    assert_snapshot!("list", errors("- 1\n"));
}

#[test]
fn keys_that_stand_twice() {
    let text = format!("{HEAD}paths: {{}}\npaths:\n  /x: {{}}\n  /x: {{}}\n");
    assert_snapshot!(errors(&text));
}

#[test]
fn other_versions() {
    assert_snapshot!(
        "v31",
        errors("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n")
    );
    assert_snapshot!(
        "swagger",
        errors("swagger: '2.0'\ninfo: {title: t, version: '1'}\npaths: {}\n")
    );
    assert_snapshot!(
        "number",
        errors("openapi: 3.0\ninfo: {title: t, version: '1'}\npaths: {}\n")
    );
}

#[test]
fn references_that_lead_nowhere() {
    let text = format!(
        "{HEAD}paths:\n  /x:\n    get:\n      responses:\n        '200': {{$ref: '#/components/responses/No'}}\n        \
         default: {{$ref: '#/components/schemas/A'}}\ncomponents:\n  schemas:\n    A: {{$ref: '#/components/schemas/B'}}\n    \
         B: {{$ref: '#/components/schemas/A'}}\n    C: {{$ref: 'https://example.com/c.yaml'}}\n    \
         D: {{$ref: 'other.yaml#/D'}}\n"
    );
    assert_snapshot!(errors(&text));
}

#[test]
fn operations_that_do_not_fit_together() {
    let text = format!(
        "{HEAD}paths:\n  /a/{{id}}:\n    get:\n      operationId: same\n      responses: {{'200': {{description: ok}}}}\n  \
         /a/{{name}}:\n    get:\n      operationId: same\n      parameters:\n        - {{name: name, in: path, schema: {{type: string}}}}\n      \
         responses:\n        '200':\n          description: ok\n          links:\n            next: {{operationId: nothing, parameters: {{x: $request.bodi}}}}\n"
    );
    assert_snapshot!(errors(&text));
}

#[test]
fn schemas_that_contradict_themselves() {
    let text = format!(
        "{HEAD}paths: {{}}\ncomponents:\n  schemas:\n    A: {{type: array}}\n    B: {{type: integer, minimum: 5, maximum: 3}}\n    \
         C: {{const: 1}}\n    D: {{type: string, minLength: -1, maxLenght: 3}}\n    E: {{enum: []}}\n    \
         F: {{type: [string, 'null']}}\n"
    );
    assert_snapshot!(errors(&text));
}

#[test]
fn patterns_that_are_none() {
    let text = bundled_with(&[("pattern: '^[0-9]+$'", "pattern: '^[0-9+$'")]);
    assert_snapshot!(errors(&text));
}

#[test]
fn what_has_no_effect_is_said() {
    let text = bundled_with(&[
        ("security: []", "security: [{key: []}]"),
        (
            "    Download:\n      type: object",
            "    Download:\n      x-validation: []\n      xml: {name: d}\n      type: object",
        ),
        (
            "        message:\n          type: string\n          x-provenance: documented\n        data: {}",
            "        message:\n          type: string\n          format: phone\n          x-provenance: documented\n        data: {nullable: true}",
        ),
        ("playback_duration: '10'", "playback_duration: ten"),
    ]);
    assert_snapshot!(warnings(&text));
}

#[test]
fn a_file_that_is_not_there() {
    let load = Load {
        document: Document::File("no/such/file.yaml".into()),
        overlays: vec![],
    };
    let problems = Contract::load(&load).unwrap_err();
    assert!(problems.unreadable);
    assert!(
        problems.to_string().contains("no/such/file.yaml"),
        "{problems}"
    );
}

#[test]
fn hostile_documents_end() {
    let deep = format!("openapi: 3.0.3\nx: {}", "[".repeat(10_000));
    assert!(errors(&deep).contains("test.yaml:2:"), "{}", errors(&deep));
    let mut bomb = String::from("openapi: 3.0.3\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let refs = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
    }
    assert!(errors(&bomb).contains("larger than what is read"));
}
