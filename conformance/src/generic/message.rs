//! A request of any operation: the values of its parameters and its body, written as the document says, and held
//! against the document itself, so that a case is what the contract takes it for and not what its maker meant.

use std::borrow::Cow;
use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use smsload_spec::{
    Contract, Match, Operation, Parameter, ParameterIn, RequestParts, Style, Violation,
};

use crate::exchange::Captured;
use crate::request::{CONTENT_TYPE, Caller, Kind, Request, Wire};

/// What an operation is asked with.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Arguments {
    /// In the order of the operation's parameters; nothing for one that is left out.
    pub(super) parameters: Vec<Option<Value>>,
    pub(super) body: Option<Value>,
    /// What an answer gave.
    pub(super) captured: Vec<Captured>,
}

/// A request as it goes out.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// Path and query.
    pub(super) path: String,
    pub(super) request: Request,
    pub(super) path_parameters: Vec<(String, String)>,
}

/// Writes a request; nothing if a value has no form where it stands.
pub(super) fn write(operation: &Operation, arguments: &Arguments) -> Option<Message> {
    let mut path = operation.path.clone();
    let mut path_parameters = Vec::new();
    let mut query = String::new();
    let mut headers: Vec<(Cow<'static, str>, String)> = Vec::new();
    for (parameter, value) in operation.parameters.iter().zip(&arguments.parameters) {
        let Some(value) = value else { continue };
        let name = parameter.name.as_str();
        match parameter.place {
            ParameterIn::Path => {
                let text =
                    text(parameter, value).filter(|t| !matches!(t.as_str(), "" | "." | ".."))?;
                path = path.replace(&format!("{{{name}}}"), &escaped(&text));
                path_parameters.push((name.to_owned(), text));
            }
            ParameterIn::Query => pairs(parameter, value, &mut query)?,
            ParameterIn::Header => {
                let text = text(parameter, value).filter(|t| t.trim() == t)?;
                HeaderValue::from_str(&text).ok()?;
                headers.push((name.to_owned().into(), text));
            }
            ParameterIn::Cookie => {
                let text = text(parameter, value)?;
                let is_plain = text
                    .bytes()
                    .all(|b| b.is_ascii_graphic() && !b"\",;\\".contains(&b));
                headers.push(("cookie".into(), is_plain.then(|| format!("{name}={text}"))?));
            }
        }
    }
    if path.contains('{') {
        return None;
    }
    if !query.is_empty() {
        path = format!("{path}?{query}");
    }
    let body = match &arguments.body {
        Some(value) => {
            let media = operation.request_body.as_ref()?.json()?;
            headers.push((CONTENT_TYPE.into(), media.media_type.clone()));
            Bytes::from(serde_json::to_vec(value).ok()?)
        }
        None => Bytes::new(),
    };
    let request = Request {
        kind: Kind::Other,
        method: operation.method.clone(),
        omitted: headers
            .iter()
            .map(|(n, _)| n.to_ascii_lowercase())
            .collect(),
        headers,
        caller: Caller::Own,
        wire: Wire::Plain,
        body,
        captured: arguments.captured.clone(),
    };
    Some(Message {
        path,
        request,
        path_parameters,
    })
}

/// What the contract has against a request.
pub(super) fn faults(
    contract: &Contract,
    operation: &Operation,
    message: &Message,
) -> Vec<Violation> {
    let mut headers = HeaderMap::new();
    for (name, value) in &message.request.headers {
        let name = HeaderName::try_from(name.as_ref());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    let found = Match {
        operation,
        path_parameters: message.path_parameters.clone(),
    };
    let parts = RequestParts {
        query: message.path.split_once('?').map_or("", |(_, query)| query),
        headers: &headers,
        body: &message.request.body,
    };
    contract.request(&found, &parts).violations
}

/// A value in the style of its parameter; nothing for what has none here: objects, and lists in lists.
fn text(parameter: &Parameter, value: &Value) -> Option<String> {
    if parameter.is_json {
        return Some(value.to_string());
    }
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    let prefix = match parameter.style {
        Style::Label => ".".to_owned(),
        Style::Matrix => format!(";{}=", parameter.name),
        _ => String::new(),
    };
    let joined = match value {
        Value::Array(_) if matches!(parameter.style, Style::Label | Style::Matrix) => None,
        Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(one).collect();
            items.map(|items| items.join(","))
        }
        other => one(other),
    };
    joined.map(|text| format!("{prefix}{text}"))
}

fn pairs(parameter: &Parameter, value: &Value, query: &mut String) -> Option<()> {
    let name = parameter.name.as_str();
    let mut pair = |name: &str, text: &str| {
        let sign = if query.is_empty() { "" } else { "&" };
        let _ = write!(query, "{sign}{}={}", escaped(name), escaped(text));
    };
    match value {
        Value::Array(items) if parameter.explode && !parameter.is_json => {
            for item in items {
                pair(name, &text(parameter, item)?);
            }
        }
        Value::Object(members) if !parameter.is_json => {
            for (member, value) in members {
                let inner = text(parameter, value)?;
                match parameter.style {
                    Style::DeepObject => pair(&format!("{name}[{member}]"), &inner),
                    Style::Form if parameter.explode => pair(member, &inner),
                    _ => return None,
                }
            }
        }
        Value::Null => return None,
        Value::Array(_)
            if matches!(
                parameter.style,
                Style::SpaceDelimited | Style::PipeDelimited
            ) =>
        {
            return None;
        }
        other => pair(name, &text(parameter, other)?),
    }
    Some(())
}

/// Percent-encoded but for what an address never reserves (RFC 3986 §2.3).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
