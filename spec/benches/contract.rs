//! What a contract costs: loading it, and judging the page's request with it.
//!
//! `cargo bench -p smsload-spec`
#![allow(clippy::unwrap_used, reason = "a bench may fail loudly")]

use divan::{Bencher, black_box};
use http::{HeaderMap, HeaderValue, Method};
use smsload_spec::{Contract, Load, RequestParts, Route};

fn main() {
    divan::main();
}

const PATH: &str = "/api/smsload/playback/v1/download";
const VALID: &[u8] = br#"{"device_unicode":"34020000001110000228","platfrom_id":"2","source_type":"3","channel":"34020000001320000666","start_time":"2025-04-04T21:36:17","end_time":"2025-04-04T21:36:27","callback":"http://127.0.0.1:8080/progress"}"#;
const INVALID: &[u8] = br#"{"device_unicode":"55","source_type":"1","channel":"1","start_time":"2025-04-04T21:36:17","end_time":"2024-06-21T10:16:23"}"#;

#[divan::bench]
fn load() -> Contract {
    Contract::load(&Load::default()).unwrap()
}

#[divan::bench(args = ["valid", "invalid"])]
fn request(bencher: Bencher<'_, '_>, which: &str) {
    let contract = Contract::bundled();
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let body = if which == "valid" { VALID } else { INVALID };
    bencher.bench(|| {
        let Route::Found(found) = contract.route(&Method::POST, PATH) else {
            return 0;
        };
        let parts = RequestParts {
            query: "",
            headers: &headers,
            body: black_box(body),
        };
        contract.request(&found, &parts).violations.len()
    });
}
