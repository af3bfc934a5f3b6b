use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use smsload_spec::{Contract, Document, Judged, Load, Problems, RequestParts, Route};

pub(crate) fn load(text: &str) -> Result<Contract, Problems> {
    let document = Document::Text {
        name: "test.yaml".into(),
        text: text.into(),
    };
    Contract::load(&Load {
        document,
        overlays: vec![],
    })
}

pub(crate) fn contract(text: &str) -> Contract {
    load(text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The bundled document with some text replaced; the text must be there.
pub(crate) fn bundled_with(changes: &[(&str, &str)]) -> String {
    let mut text = include_str!("../../openapi.yaml").to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "the bundled document has no {from:?}");
        text = text.replacen(from, to, 1);
    }
    text
}

/// A document with one operation, `POST /x`, whose body has this schema (YAML, flow style).
pub(crate) fn with_body(schema: &str) -> String {
    format!(
        "openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  /x:\n    post:\n      requestBody:\n        \
         required: true\n        content:\n          application/json:\n            schema: {schema}\n      \
         responses:\n        '200':\n          description: ok\n          content:\n            \
         application/json:\n              schema: {schema}\n"
    )
}

pub(crate) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    map
}

pub(crate) fn post(contract: &Contract, path: &str, body: &Value) -> Judged {
    let Route::Found(found) = contract.route(&Method::POST, path) else {
        panic!("no {path}")
    };
    let headers = headers(&[("content-type", "application/json")]);
    let body = body.to_string();
    contract.request(
        &found,
        &RequestParts {
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        },
    )
}

pub(crate) fn answer(contract: &Contract, body: &Value) -> Vec<String> {
    let operation = &contract.operations()[0];
    let headers = headers(&[("content-type", "application/json")]);
    let judged = contract.response(operation, 200, &headers, body.to_string().as_bytes());
    judged.violations.iter().map(ToString::to_string).collect()
}

pub(crate) fn messages(judged: &Judged) -> Vec<String> {
    judged.violations.iter().map(ToString::to_string).collect()
}
