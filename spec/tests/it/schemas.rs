//! The meaning of OpenAPI 3.0 schemas, where it is not that of JSON Schema.

use serde_json::{Value, json};
use smsload_spec::Contract;

use crate::support::{answer, contract, messages, post, with_body};

fn asked(contract: &Contract, value: &Value) -> Vec<String> {
    messages(&post(contract, "/x", value))
}

const NONE: [&str; 0] = [];

#[test]
fn nullable_widens_the_type() {
    let c = contract(&with_body("{type: string, nullable: true, minLength: 2}"));
    assert_eq!(asked(&c, &json!(null)), NONE);
    assert_eq!(
        asked(&c, &json!("a")),
        ["`the body` must have at least 2 characters"]
    );
    let c = contract(&with_body("{type: string}"));
    assert_eq!(
        asked(&c, &json!(null)),
        ["`the body` must be a string, and is null"]
    );
    // An enum that does not list null still forbids it.
    let c = contract(&with_body("{type: string, nullable: true, enum: [a]}"));
    assert_eq!(
        asked(&c, &json!(null)),
        ["`the body` must be one of \"a\", and is null"]
    );
}

#[test]
fn exclusive_bounds_are_booleans() {
    let c = contract(&with_body(
        "{type: integer, minimum: 3, exclusiveMinimum: true, maximum: 5}",
    ));
    assert_eq!(asked(&c, &json!(4)), NONE);
    assert_eq!(
        asked(&c, &json!(3)),
        ["`the body` must be more than 3, and is 3"]
    );
    assert_eq!(
        asked(&c, &json!(6)),
        ["`the body` must be 5 or less, and is 6"]
    );
}

#[test]
fn integer_formats_are_bounds() {
    let c = contract(&with_body("{type: integer, format: int32, minimum: 0}"));
    assert_eq!(asked(&c, &json!(2_147_483_647)), NONE);
    assert_eq!(asked(&c, &json!(2_147_483_648_u64)).len(), 1);
    assert_eq!(asked(&c, &json!(-1)).len(), 1);
}

#[test]
fn members_of_one_direction() {
    let c = contract(&with_body(
        "{type: object, required: [id, secret], properties: {id: {type: string, readOnly: true}, secret: {type: string, writeOnly: true}}}",
    ));
    assert_eq!(asked(&c, &json!({"secret": "s"})), NONE);
    assert_eq!(
        asked(&c, &json!({"secret": "s", "id": "1"})),
        ["`id` must not be sent in this direction"]
    );
    assert_eq!(answer(&c, &json!({"id": "1"})), NONE);
    assert_eq!(answer(&c, &json!({"id": "1", "secret": "s"})).len(), 1);
}

#[test]
fn a_discriminator_chooses_the_branch() {
    let document = with_body("{$ref: '#/components/schemas/Pet'}")
        + "components:\n  schemas:\n    Pet:\n      oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]\n      \
           discriminator: {propertyName: kind, mapping: {feline: '#/components/schemas/Cat'}}\n    \
           Cat: {type: object, required: [lives], properties: {kind: {type: string}, lives: {type: integer}}}\n    \
           Dog: {type: object, properties: {kind: {type: string}, lives: {type: string}}}\n";
    let c = contract(&document);
    assert_eq!(asked(&c, &json!({"kind": "feline", "lives": 9})), NONE);
    assert_eq!(asked(&c, &json!({"kind": "Dog"})), NONE);
    assert_eq!(
        asked(&c, &json!({"kind": "feline"})),
        ["`lives` is missing"]
    );
    assert_eq!(asked(&c, &json!({"kind": "Cat", "lives": 9})).len(), 1);
}

#[test]
fn formats_are_checked() {
    for (format, good, bad) in [
        (
            "date-time-local",
            "2024-02-29T23:59:59",
            "2023-02-29T00:00:00",
        ),
        ("date-time", "2024-02-29T23:59:59Z", "2024-02-30T23:59:59Z"),
        ("date", "2024-02-29", "2023-02-29"),
        ("uuid", "00000000-0000-4000-8000-000000000000", "0"),
        ("byte", "AA==", "A"),
        ("ipv4", "192.0.2.1", "192.0.2.256"),
        ("email", "a@example.com", "a"),
    ] {
        let c = contract(&with_body(&format!("{{type: string, format: {format}}}")));
        assert_eq!(asked(&c, &json!(good)), NONE, "{format}");
        assert_eq!(asked(&c, &json!(bad)).len(), 1, "{format}");
    }
}

#[test]
fn rules_reach_into_lists_and_maps() {
    let item = "{type: object, required: [a, b], properties: {a: {type: integer}, b: {type: integer}}, \
                x-validations: [{rule: self.a < self.b, message: a before b}]}";
    let c = contract(&with_body(&format!(
        "{{type: object, properties: {{list: {{type: array, items: {item}}}}}, additionalProperties: {item}}}"
    )));
    let (good, bad) = (json!({"a": 1, "b": 2}), json!({"a": 2, "b": 1}));
    assert_eq!(
        asked(&c, &json!({"list": [good, good], "other": good})),
        NONE
    );
    let judged = post(&c, "/x", &json!({"list": [good, bad], "other": bad}));
    let places: Vec<_> = judged
        .violations
        .iter()
        .map(|v| v.pointer.as_str())
        .collect();
    assert_eq!(places, ["/list/1", "/other"]);
    // What the schema has found faulty already is not judged by a rule as well.
    assert_eq!(asked(&c, &json!({"list": [{"a": "x", "b": 1}]})).len(), 1);
}

#[test]
fn hostile_text_is_shown_harmless() {
    let c = contract(&with_body("{type: string, enum: [a]}"));
    let found = asked(
        &c,
        &json!(format!("\u{1b}[31m\u{202e}{}", "x".repeat(1000))),
    );
    assert!(
        !found[0].contains('\u{1b}') && !found[0].contains('\u{202e}'),
        "{found:?}"
    );
    assert!(found[0].len() < 200, "{found:?}");
}
