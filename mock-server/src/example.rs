//! What operations answer that no job stands behind: an example of the document, else a value that fits its schema,
//! else nothing but the status. Made once, when the mock is.

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use serde_json::Value;
use smsload_spec::{Contract, Media, Operation, Response, Status};

use crate::request::{Answer, Outcome};

/// What is known of nothing.
const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// A ready answer.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    pub(crate) status: StatusCode,
    /// Media type and body; nothing if the document describes no body.
    pub(crate) content: Option<(HeaderValue, Bytes)>,
}

impl Example {
    /// The answer to an operation: its first success, else its `default`, else 200.
    pub(crate) fn of(contract: &Contract, operation: &Operation) -> Self {
        let status = success(operation);
        let described = operation.response(status.as_u16());
        let content = described.and_then(|response| content(contract, response));
        Self { status, content }
    }

    pub(crate) fn answer<'m>(&self) -> Answer<'m> {
        match &self.content {
            Some((media, body)) => {
                Answer::new(self.status, media.clone(), body.clone(), Outcome::Example)
            }
            None => Answer {
                headers: http::HeaderMap::new(),
                ..Answer::new(self.status, BINARY, Bytes::new(), Outcome::Example)
            },
        }
    }
}

/// The status of an operation's success: the least that the document names, else 200.
pub(crate) fn success(operation: &Operation) -> StatusCode {
    let codes = operation.responses.iter().filter_map(|r| match r.status {
        Status::Code(code) if code / 100 == 2 => StatusCode::from_u16(code).ok(),
        _ => None,
    });
    codes.min().unwrap_or(StatusCode::OK)
}

fn content(contract: &Contract, response: &Response) -> Option<(HeaderValue, Bytes)> {
    let media = representation(response)?;
    let value = media.examples.values().next().cloned();
    let value = value.or_else(|| Some(contract.sample(media.schema.as_ref()?, true)))?;
    Some(written(media, value))
}

/// The representation that is answered with: JSON if there is one.
pub(crate) fn representation(response: &Response) -> Option<&Media> {
    let body = &response.body;
    body.json().or_else(|| body.media.first())
}

/// A value in a representation.
pub(crate) fn written(media: &Media, value: Value) -> (HeaderValue, Bytes) {
    let text = match value {
        Value::String(text) if !media.is_json() => text,
        value => value.to_string(),
    };
    (media_type(media), Bytes::from(text))
}

/// The media type as a header; a range such as `text/*` has none of its own.
fn media_type(media: &Media) -> HeaderValue {
    let concrete = if media.media_type.contains('*') {
        "application/octet-stream"
    } else {
        &media.media_type
    };
    HeaderValue::from_str(concrete).unwrap_or(BINARY)
}
