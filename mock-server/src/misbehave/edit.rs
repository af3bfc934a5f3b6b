//! Changing an answer.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value, json};
use smsload_spec::Job;

use super::seen::Seen;
use crate::request::{Answer, JSON, Outcome};

/// Whether a download was accepted.
pub(super) fn is_accepted(answer: &Answer<'_>) -> bool {
    answer.outcome == Outcome::Started
}

/// Whether progress is told.
pub(super) fn is_progress(answer: &Answer<'_>) -> bool {
    answer.outcome == Outcome::Read
}

/// Whether something is refused.
pub(super) fn is_rejected(answer: &Answer<'_>) -> bool {
    matches!(answer.outcome, Outcome::Refused { .. })
}

/// The name of the error that something is refused with; empty if it is not.
pub(super) fn error<'a>(answer: &'a Answer<'_>) -> &'a str {
    match &answer.outcome {
        Outcome::Refused { error, .. } => error,
        Outcome::Started | Outcome::Read | Outcome::Example | Outcome::Fault => "",
    }
}

/// Whether a start of a download is refused.
pub(super) fn is_start_rejected(answer: &Answer<'_>) -> bool {
    let job = answer.operation.and_then(|o| o.job.as_ref());
    is_rejected(answer) && matches!(job, Some(Job::Starts(_)))
}

/// Whether a query of progress is refused.
pub(super) fn is_query_rejected(answer: &Answer<'_>) -> bool {
    let job = answer.operation.and_then(|o| o.job.as_ref());
    is_rejected(answer) && matches!(job, Some(Job::Reads(_)))
}

/// Changes the body, if it is JSON.
pub(super) fn body(answer: &mut Answer<'_>, change: impl FnOnce(&mut Value)) {
    if let Ok(mut value) = serde_json::from_slice(&answer.body) {
        change(&mut value);
        answer.body = Bytes::from(value.to_string());
    }
}

/// Changes `data`, if it is an object.
pub(super) fn data(answer: &mut Answer<'_>, change: impl FnOnce(&mut Map<String, Value>)) {
    body(answer, |body| {
        if let Some(Value::Object(data)) = body.get_mut("data") {
            change(data);
        }
    });
}

/// Writes another text for a text of `data` of an acceptance.
pub(super) fn accepted(answer: &mut Answer<'_>, name: &str, write: impl FnOnce(&str) -> Value) {
    if !is_accepted(answer) {
        return;
    }
    data(answer, |data| {
        if let Some(member) = data.get_mut(name)
            && let Some(text) = member.as_str()
        {
            *member = write(text);
        }
    });
}

/// The same, for a text that is a whole number.
pub(super) fn number(answer: &mut Answer<'_>, name: &str, write: impl FnOnce(u64) -> Value) {
    accepted(answer, name, |text| match text.parse() {
        Ok(number) => write(number),
        Err(_) => text.into(),
    });
}

/// Writes the whole body anew.
pub(super) fn bytes(answer: &mut Answer<'_>, write: impl FnOnce(&[u8]) -> Vec<u8>) {
    answer.body = Bytes::from(write(&answer.body));
}

/// Gives it another media type.
pub(super) fn media_type(answer: &mut Answer<'_>, media_type: &'static str) {
    let media_type = HeaderValue::from_static(media_type);
    answer.headers.insert(CONTENT_TYPE, media_type);
}

/// Accepts after all what was refused, as if it had been right.
pub(super) fn accept(seen: &Seen<'_>, answer: &mut Answer<'_>) {
    let seconds = seen.seconds();
    let data = json!({
        "stream_id": format!("download:{}", seen.answered),
        "playback_duration": seconds.to_string(),
        "playback_file_size": seconds.saturating_mul(125_000).to_string(),
    });
    succeed(answer, &data, Outcome::Started);
}

/// Tells the progress of a download after all that was refused.
pub(super) fn tell(answer: &mut Answer<'_>) {
    let data = json!({"stream_id": "download:1", "download_progress": "0", "file_url": ""});
    succeed(answer, &data, Outcome::Read);
}

fn succeed(answer: &mut Answer<'_>, data: &Value, outcome: Outcome) {
    let body = json!({"code": "0", "message": "", "data": data});
    answer.status = StatusCode::OK;
    answer.headers.insert(CONTENT_TYPE, JSON);
    answer.body = Bytes::from(body.to_string());
    answer.outcome = outcome;
}

/// Refuses after all, or in another way.
pub(super) fn refuse(answer: &mut Answer<'_>, status: StatusCode, code: &str, message: &str) {
    let body = json!({"code": code, "message": message, "data": {}});
    answer.status = status;
    answer.headers.insert(CONTENT_TYPE, JSON);
    answer.body = Bytes::from(body.to_string());
    answer.outcome = Outcome::Refused {
        error: Arc::from("misbehaviour"),
        violations: Vec::new(),
    };
}

/// Fails.
pub(super) fn fail(answer: &mut Answer<'_>) {
    let message = "The server failed to answer";
    refuse(answer, StatusCode::INTERNAL_SERVER_ERROR, "50001", message);
}
