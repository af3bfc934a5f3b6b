//! Answers held against the bundled contract, and contracts that were changed.

use http::Method;
use serde_json::{Value, json};
use smsload_spec::{Contract, Route};

use crate::support::{answer, bundled_with, contract, headers, messages, post};

const NONE: [&str; 0] = [];
const DOWNLOAD: &str = "/api/smsload/playback/v1/download";

fn accepted() -> Value {
    json!({"code": "0", "message": "", "data": {
        "stream_id": "x", "playback_duration": "10", "playback_file_size": "1024"
    }})
}

#[test]
fn an_acceptance_is_exact() {
    let c = Contract::bundled();
    assert_eq!(answer(&c, &accepted()), NONE);
    let mut body = accepted();
    body["data"]["playback_duration"] = json!(10);
    body["data"]["stream_id"] = json!("");
    assert_eq!(
        answer(&c, &body),
        [
            "`data.stream_id` must not be empty",
            "`data.playback_duration` must be a string, and is a number"
        ]
    );
    body["data"] = json!(null);
    assert_eq!(answer(&c, &body), ["`data` must be an object, and is null"]);
}

#[test]
fn every_form_of_rejection_is_legal() {
    let c = Contract::bundled();
    for data in [
        json!(null),
        json!({}),
        json!({"stream_id": ""}),
        json!([]),
        json!(""),
    ] {
        assert_eq!(
            answer(&c, &json!({"code": "1", "message": "no", "data": data})),
            NONE
        );
    }
    assert_eq!(answer(&c, &json!({"code": "1", "message": "no"})), NONE);
    assert_eq!(
        answer(&c, &json!({"code": 1, "message": "no"})),
        ["`code` must be a string, and is a number"]
    );
    assert_eq!(answer(&c, &json!({"code": "1"})), ["`message` is missing"]);
}

#[test]
fn a_status_or_type_that_is_not_described_is_a_violation() {
    let c = Contract::bundled();
    let operation = &c.operations()[0];
    let json_type = headers(&[("content-type", "application/json")]);
    let text = accepted().to_string();
    let judged = c.response(operation, 500, &json_type, text.as_bytes());
    assert_eq!(
        messages(&judged),
        ["the status 500 is not described; these are: 200, 4XX"]
    );
    let html = headers(&[("content-type", "text/html")]);
    let judged = c.response(operation, 200, &html, b"<html>");
    assert_eq!(judged.violations[0].keyword, "content-type");
    let judged = c.response(
        operation,
        404,
        &json_type,
        br#"{"code":"404","message":"no"}"#,
    );
    assert_eq!(messages(&judged), NONE);
}

fn request() -> Value {
    json!({
        "device_unicode": "d", "source_type": "3", "channel": "c",
        "start_time": "2025-04-04T21:36:17", "end_time": "2025-04-04T21:36:27",
    })
}

#[test]
fn a_new_required_member() {
    let text = bundled_with(&[
        (
            "required: [device_unicode, ",
            "required: [quality, device_unicode, ",
        ),
        (
            "        platfrom_id:\n          type",
            "        quality:\n          type: string\n        platfrom_id:\n          type",
        ),
    ]);
    assert_eq!(
        messages(&post(&contract(&text), DOWNLOAD, &request())),
        ["`quality` is missing"]
    );
}

#[test]
fn another_supported_source_type() {
    let text = bundled_with(&[("self.source_type == '3'", "self.source_type in ['1', '3']")]);
    let mut body = request();
    body["source_type"] = json!("1");
    assert_eq!(messages(&post(&contract(&text), DOWNLOAD, &body)), NONE);
    assert_eq!(
        messages(&post(&Contract::bundled(), DOWNLOAD, &body)).len(),
        1
    );
}

#[test]
fn a_renamed_path_and_a_second_operation() {
    let text = bundled_with(&[
        ("  /api/smsload/playback/v1/download:", "  /v2/download:"),
        (
            "paths:\n",
            "paths:\n  /version:\n    get:\n      responses:\n        '200': {description: ok, content: {application/json: {example: {v: 1}}}}\n",
        ),
    ]);
    let c = contract(&text);
    assert!(matches!(c.route(&Method::POST, DOWNLOAD), Route::NotFound));
    assert_eq!(messages(&post(&c, "/v2/download", &request())), NONE);
    let Route::Found(found) = c.route(&Method::GET, "/version") else {
        panic!()
    };
    let media = found.operation.response(200).unwrap().body.json().unwrap();
    assert_eq!(media.examples["example"], json!({"v": 1}));
}
