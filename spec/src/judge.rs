//! Requests and answers held against a contract: every violation, with its place and its rule.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::contract::{Contract, Match};
use crate::json;
use crate::model::{Body, Media, Operation, Parameter, ParameterIn, is_json};
use crate::parameters::{self, Found};
use crate::source::join;
use crate::violation::{Part, Violation};

/// A request as it came, without its method and path, which have found its operation already.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// The query as it was sent, without the question mark.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// A message, judged.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// The JSON body, if there is one that could be read.
    pub body: Option<Value>,
    /// Members that stand twice in it: JSON Pointers. The last of them counted. No violation: JSON allows it.
    pub duplicates: Vec<String>,
    /// Everything that is wrong.
    pub violations: Vec<Violation>,
}

impl Contract {
    /// Holds a request against the operation that it is for.
    #[must_use]
    pub fn request(&self, found: &Match<'_>, request: &RequestParts<'_>) -> Judged {
        let mut judged = Judged::default();
        let operation = found.operation;
        if !operation.parameters.is_empty() {
            let pairs = parameters::pairs(request.query);
            let values = Found {
                path: &found.path_parameters,
                query: &pairs,
                headers: request.headers,
            };
            for parameter in &operation.parameters {
                judged.violations.extend(self.parameter(parameter, &values));
            }
        }
        if let Some(body) = &operation.request_body {
            let is_absent = request.body.is_empty();
            if !is_absent || body.required {
                self.body(body, request.headers, request.body, "the body", &mut judged);
            }
        }
        judged
    }

    /// Holds an answer against the operation that it answers.
    #[must_use]
    pub fn response(
        &self,
        operation: &Operation,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Judged {
        let mut judged = Judged::default();
        let Some(response) = operation.response(status) else {
            let known: Vec<_> = operation
                .responses
                .iter()
                .map(|r| r.status.to_string())
                .collect();
            judged.violations.push(Violation {
                part: Part::Status,
                pointer: String::new(),
                keyword: "status".into(),
                message: format!(
                    "the status {status} is not described; these are: {}",
                    known.join(", ")
                ),
                members: Vec::new(),
                error: None,
                rule: join(&operation.pointer, "responses"),
            });
            return judged;
        };
        let values = Found {
            path: &[],
            query: &[],
            headers,
        };
        for header in &response.headers {
            judged.violations.extend(self.parameter(header, &values));
        }
        if !response.body.media.is_empty() {
            self.body(&response.body, headers, body, "the answer", &mut judged);
        }
        judged
    }

    /// Holds a JSON value against what a request of an operation carries: for values that never were bytes.
    #[must_use]
    pub fn request_value(&self, operation: &Operation, value: &Value) -> Vec<Violation> {
        operation.request_schema().map_or_else(Vec::new, |schema| {
            schema.judge(value, Part::Body, "the body", &|k| self.error_of_keyword(k))
        })
    }

    fn parameter(&self, parameter: &Parameter, found: &Found<'_>) -> Vec<Violation> {
        let part = match parameter.place {
            ParameterIn::Path => Part::Path,
            ParameterIn::Query => Part::Query,
            ParameterIn::Header => Part::Header,
            ParameterIn::Cookie => Part::Cookie,
        };
        let name = parameter.name.as_str();
        let violation = |keyword: &str, message: String| Violation {
            part,
            pointer: join("", name),
            keyword: keyword.to_owned(),
            message,
            members: vec![name.to_owned()],
            error: self.error_of_keyword(keyword),
            rule: parameter.pointer.clone(),
        };
        match parameters::value(parameter, found) {
            Err(why) => vec![violation("json", format!("`{name}` {why}"))],
            Ok(None) if parameter.required => {
                let where_ = match part {
                    Part::Query => "query parameter",
                    Part::Header => "header",
                    Part::Cookie => "cookie",
                    _ => "path parameter",
                };
                vec![violation(
                    "required",
                    format!("the {where_} `{name}` is missing"),
                )]
            }
            Ok(None) => Vec::new(),
            Ok(Some(Value::String(text))) if text.is_empty() && parameter.allow_empty => Vec::new(),
            Ok(Some(value)) => {
                let Some(schema) = &parameter.schema else {
                    return Vec::new();
                };
                let mut found = schema.judge(&value, part, name, &|k| self.error_of_keyword(k));
                for violation in &mut found {
                    violation.pointer = format!("{}{}", join("", name), violation.pointer);
                }
                found
            }
        }
    }

    fn body(
        &self,
        body: &Body,
        headers: &HeaderMap,
        bytes: &[u8],
        base: &str,
        judged: &mut Judged,
    ) {
        let mut push = |keyword: &str, message: String, rule: &str| {
            judged.violations.push(Violation {
                part: if keyword == "content-type" {
                    Part::Header
                } else {
                    Part::Body
                },
                pointer: if keyword == "content-type" {
                    "/content-type"
                } else {
                    ""
                }
                .to_owned(),
                keyword: keyword.to_owned(),
                message,
                members: Vec::new(),
                error: self.error_of_keyword(keyword),
                rule: rule.to_owned(),
            });
        };
        if bytes.is_empty() && body.required {
            return push("body", format!("{base} is missing"), &body.pointer);
        }
        let essence = essence(headers);
        let media = essence
            .as_deref()
            .and_then(|e| body.media.iter().find(|m| m.covers(e)));
        let Some(media) = media else {
            let known: Vec<_> = body.media.iter().map(|m| m.media_type.as_str()).collect();
            let came = if essence.is_some() {
                "another Content-Type"
            } else {
                "no Content-Type"
            };
            let message = format!(
                "{base} must be sent as {}, and came with {came}",
                known.join(" or ")
            );
            return push("content-type", message, &body.pointer);
        };
        // A range such as `*/*` covers JSON too.
        if !media.is_json() && !essence.as_deref().is_some_and(is_json) {
            return;
        }
        match json::parse(bytes) {
            Err(why) => push("json", format!("{base} {why}"), &media.pointer),
            Ok((value, duplicates)) => {
                self.value(media, &value, base, judged);
                judged.body = Some(value);
                judged.duplicates = duplicates;
            }
        }
    }

    fn value(&self, media: &Media, value: &Value, base: &str, judged: &mut Judged) {
        if let Some(schema) = &media.schema {
            let found = schema.judge(value, Part::Body, base, &|k| self.error_of_keyword(k));
            judged.violations.extend(found);
        }
    }
}

/// The media type of a message, lower case, without parameters; nothing if it has none or more than one.
fn essence(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let mut all = headers.get_all(CONTENT_TYPE).iter();
    let first = all.next()?.to_str().ok()?;
    if all.next().is_some() {
        return None;
    }
    let essence = first.split(';').next().unwrap_or_default().trim();
    // Mostly it is in lower case already.
    Some(match essence.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(essence.to_ascii_lowercase()),
        false => Cow::Borrowed(essence),
    })
}
