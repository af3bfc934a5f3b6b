//! Changing the document.

use serde_json::{Map, Value};

const START: &str = "/paths/~1api~1smsload~1playback~1v1~1download/post";

/// The object at a pointer, if there is one.
pub(super) fn at(
    document: &mut Value,
    pointer: &str,
    change: impl FnOnce(&mut Map<String, Value>),
) {
    if let Some(Value::Object(object)) = document.pointer_mut(pointer) {
        change(object);
    }
}

/// The schema of a download request.
pub(super) fn request(document: &mut Value, change: impl FnOnce(&mut Map<String, Value>)) {
    at(document, "/components/schemas/DownloadRequest", change);
}

/// The schema of one of its members.
pub(super) fn member(
    document: &mut Value,
    name: &str,
    change: impl FnOnce(&mut Map<String, Value>),
) {
    let pointer = format!("/components/schemas/DownloadRequest/properties/{name}");
    at(document, &pointer, change);
}

/// Demands a member of the request.
pub(super) fn demand(document: &mut Value, name: &str) {
    request(document, |schema| {
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.push(name.into());
        }
    });
}

/// Demands a header of every request.
pub(super) fn demand_header(document: &mut Value, component: &str) {
    at(
        document,
        &format!("/components/parameters/{component}"),
        |parameter| {
            parameter.insert("required".to_owned(), true.into());
        },
    );
}

/// Writes another rule for one that mentions a text.
pub(super) fn rule(document: &mut Value, about: &str, rule: &str) {
    request(document, |schema| {
        let Some(Value::Array(rules)) = schema.get_mut("x-validations") else {
            return;
        };
        for old in rules.iter_mut().filter_map(|r| r.get_mut("rule")) {
            if old.as_str().is_some_and(|text| text.contains(about)) {
                *old = rule.into();
            }
        }
    });
}

/// Writes another expression for one of the job that a request starts.
pub(super) fn job(document: &mut Value, name: &str, expression: &str) {
    at(document, &format!("{START}/x-job"), |job| {
        job.insert(name.to_owned(), expression.into());
    });
}
