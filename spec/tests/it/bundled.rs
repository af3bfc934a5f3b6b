use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use smsload_spec::{Contract, Judged, Load, RequestParts, Route};

const DOWNLOAD: &str = "/api/smsload/playback/v1/download";

fn json_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        "content-type",
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    headers
}

fn judge(body: &[u8]) -> Judged {
    let contract = Contract::bundled();
    let Route::Found(found) = contract.route(&Method::POST, DOWNLOAD) else {
        panic!()
    };
    contract.request(
        &found,
        &RequestParts {
            query: "",
            headers: &json_headers(),
            body,
        },
    )
}

fn words(body: &Value) -> Vec<String> {
    let judged = judge(body.to_string().as_bytes());
    judged
        .violations
        .iter()
        .map(|v| format!("{} [{}]", v, v.error.as_deref().unwrap_or("")))
        .collect()
}

fn valid() -> Value {
    json!({
        "device_unicode": "34020000001110000228",
        "source_type": "3",
        "channel": "34020000001320000666",
        "start_time": "2025-04-04T21:36:17",
        "end_time": "2025-04-04T21:36:27",
    })
}

#[test]
fn compiles_without_a_warning() {
    let contract = Contract::load(&Load::default()).unwrap_or_else(|p| panic!("{p}"));
    assert!(
        contract.warnings().list.is_empty(),
        "{}",
        contract.warnings()
    );
    assert_eq!(contract.operations().len(), 2);
}

#[test]
fn accepts_the_pages_request_once_mended() {
    assert_eq!(words(&valid()), [""; 0]);
}

#[test]
fn says_everything_that_is_wrong() {
    let pages_example = json!({
        "device_unicode": "55", "platfrom_id": "2", "source_type": "1", "channel": "1",
        "start_time": "2025-04-04T21:36:17", "end_time": "2024-06-21T10:16:23",
        "callback": "http://xxxxxx"
    });
    assert_eq!(
        words(&pages_example),
        [
            "source_type must be \"3\" (GB28181); no other source is supported by this operation [unsupported-source-type]",
            "start_time must be earlier than end_time [bad-time-range]",
        ]
    );
    let mut body = valid();
    body["device_unicode"] = json!(5);
    body["channel"] = json!("");
    body["start_time"] = json!("2023-02-29T00:00:00");
    body["end_time"] = json!("yesterday");
    body["callback"] = json!("ftp://x");
    body.as_object_mut().unwrap().remove("source_type");
    insta::assert_snapshot!(words(&body).join("\n"));
}
