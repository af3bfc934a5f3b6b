//! What a client prefers to be answered: the header `Prefer` (RFC 7240) with `code`, `example` and `dynamic`, in the
//! spelling that users of other mock servers know. It chooses among the answers that the document describes; nothing is
//! simulated then, and no job is started. A request must be valid all the same.
//!
//! Preferences of other names are ignored, as RFC 7240 §2 wants it. One of these three that cannot be met is told: who
//! asks a mock for a certain answer is not helped by another.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use smsload_spec::{Contract, Media, Operation, Response, Status};

use crate::example::{self, Example};
use crate::request::Answer;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// The status that stands for the answer `default`: in most documents it describes what went wrong.
const DEFAULT: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

/// What is preferred; what is not named does not matter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Preference {
    code: Option<u16>,
    example: Option<String>,
    is_dynamic: bool,
}

/// A preference that cannot be met.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unmet {
    #[error("`Prefer`: \"{0}\" is no status; write code=404")]
    Status(String),
    #[error("`Prefer`: \"{0}\" is neither true nor false; write dynamic=true")]
    Truth(String),
    #[error("`Prefer`: the operation describes no answer with the status {code}; it has {known}")]
    Response { code: u16, known: String },
    #[error("`Prefer`: no answer{of} has an example \"{name}\"; there is {known}")]
    Example {
        name: String,
        of: String,
        known: String,
    },
}

impl Preference {
    /// What the headers prefer; nothing if they name none of the three.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Self>, Unmet> {
        if !headers.contains_key(PREFER) {
            return Ok(None);
        }
        let mut found = Self::default();
        for value in headers.get_all(PREFER) {
            let value = String::from_utf8_lossy(value.as_bytes());
            for (name, word) in pairs(&value) {
                found.take(&name, &word)?;
            }
        }
        Ok((found != Self::default()).then_some(found))
    }

    /// Of the same preference twice the first counts (RFC 7240 §2).
    fn take(&mut self, name: &str, word: &str) -> Result<(), Unmet> {
        match name {
            "code" if self.code.is_none() => {
                let code = word.parse().ok().filter(|c| (200..600).contains(c));
                self.code = Some(code.ok_or_else(|| Unmet::Status(word.to_owned()))?);
            }
            "example" if self.example.is_none() => self.example = Some(word.to_owned()),
            "dynamic" if !self.is_dynamic => {
                self.is_dynamic = match word {
                    "" | "true" => true,
                    "false" => false,
                    other => return Err(Unmet::Truth(other.to_owned())),
                };
            }
            _ => {}
        }
        Ok(())
    }

    /// The answer of an operation that is preferred; nothing if the operation simulates and any answer will do.
    /// `number` makes dynamic answers differ.
    pub(crate) fn answer<'m>(
        &self,
        contract: &Contract,
        operation: &Operation,
        number: u64,
    ) -> Result<Option<Answer<'m>>, Unmet> {
        let simulates = operation.job.is_some();
        if self.code.is_none() && self.example.is_none() && simulates {
            // What is simulated differs from request to request anyway.
            return Ok(None);
        }
        let (status, response) = self.response(operation)?;
        let content = response.and_then(example::representation);
        let content = content.and_then(|media| {
            let value = match &self.example {
                Some(name) => media.examples.get(name).cloned(),
                None if self.is_dynamic => {
                    let schema = media.schema.as_ref();
                    schema.map(|schema| contract.generate(schema, number))
                }
                None => media.examples.values().next().cloned(),
            };
            let sample = || Some(contract.sample(media.schema.as_ref()?, true));
            Some(example::written(media, value.or_else(sample)?))
        });
        let mut answer = Example { status, content }.answer();
        if let Ok(applied) = HeaderValue::from_str(&self.applied()) {
            answer.headers.insert(APPLIED, applied);
        }
        Ok(Some(answer))
    }

    fn response<'o>(
        &self,
        operation: &'o Operation,
    ) -> Result<(StatusCode, Option<&'o Response>), Unmet> {
        let all = &operation.responses;
        let examples = |response: &'o Response| example::representation(response).map(names);
        let has = |response: &&Response, name: &String| {
            example::representation(response).is_some_and(|media| media.examples.contains_key(name))
        };
        let missing = |name: &String, of: String, among: &mut dyn Iterator<Item = &'o Response>| {
            let known: Vec<String> = among.filter_map(examples).flatten().collect();
            Unmet::Example {
                name: name.clone(),
                of,
                known: or_none(&known),
            }
        };
        match (self.code, &self.example) {
            (Some(code), name) => {
                let found = all.iter().find(|r| r.status.covers(code));
                let response = found.ok_or_else(|| Unmet::Response {
                    code,
                    known: or_none(&all.iter().map(|r| r.status.to_string()).collect::<Vec<_>>()),
                })?;
                if let Some(name) = name.as_ref().filter(|name| !has(&response, name)) {
                    let of = format!(" with the status {code}");
                    return Err(missing(name, of, &mut std::iter::once(response)));
                }
                let status = StatusCode::from_u16(code).unwrap_or(DEFAULT);
                Ok((status, Some(response)))
            }
            (None, Some(name)) => {
                let mut found = all.iter().filter(|response| has(response, name));
                let response = found
                    .next()
                    .ok_or_else(|| missing(name, String::new(), &mut all.iter()))?;
                Ok((of(response.status), Some(response)))
            }
            (None, None) => {
                let status = example::success(operation);
                Ok((status, operation.response(status.as_u16())))
            }
        }
    }

    /// What was done, as `Preference-Applied` tells it.
    fn applied(&self) -> String {
        let code = self.code.map(|code| format!("code={code}"));
        let example = self.example.as_ref().map(|name| format!("example={name}"));
        let dynamic =
            (self.is_dynamic && self.example.is_none()).then(|| "dynamic=true".to_owned());
        let all: Vec<String> = [code, example, dynamic].into_iter().flatten().collect();
        all.join(", ")
    }
}

fn names(media: &Media) -> Vec<String> {
    media.examples.keys().cloned().collect()
}

fn or_none(all: &[String]) -> String {
    match all {
        [] => "none".to_owned(),
        all => all.join(", "),
    }
}

/// The status that stands for what an answer is described for.
fn of(status: Status) -> StatusCode {
    let code = match status {
        Status::Code(code) => code,
        Status::Range(digit) => digit * 100,
        Status::Default => return DEFAULT,
    };
    StatusCode::from_u16(code).unwrap_or(DEFAULT)
}

/// Names, in small letters, with their words; a word in quotation marks is taken out of them, parameters behind a
/// semicolon count as preferences of their own, as other mock servers read them.
fn pairs(value: &str) -> impl Iterator<Item = (String, Cow<'_, str>)> {
    split(value).into_iter().filter_map(|part| {
        let (name, word) = part.split_once('=').unwrap_or((part, ""));
        let (name, word) = (name.trim(), word.trim());
        let quoted = word.strip_prefix('"').and_then(|w| w.strip_suffix('"'));
        let word = match quoted {
            Some(text) if text.contains('\\') => Cow::Owned(unescaped(text)),
            Some(text) => Cow::Borrowed(text),
            None => Cow::Borrowed(word),
        };
        (!name.is_empty()).then(|| (name.to_ascii_lowercase(), word))
    })
}

/// At commas and semicolons outside quotation marks.
fn split(value: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' | b';' if !is_quoted => {
                parts.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&value[start..]);
    parts
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        out.extend(if c == '\\' {
            characters.next()
        } else {
            Some(c)
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{Preference, Unmet};

    fn read(values: &[&'static str]) -> Result<Option<Preference>, Unmet> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", HeaderValue::from_static(value));
        }
        Preference::read(&headers)
    }

    #[test]
    fn one_header_or_several_quoted_or_not() {
        let expected = Preference {
            code: Some(404),
            example: Some("a, b".to_owned()),
            is_dynamic: true,
        };
        let all = r#"respond-async, CODE = 404; dynamic, example="a, b", code=500"#;
        assert_eq!(read(&[all]).unwrap().unwrap(), expected);
        let some = ["code=404", "example=\"a\\, b\"", "dynamic=true"];
        assert_eq!(read(&some).unwrap().unwrap(), expected);
    }

    #[test]
    fn others_are_ignored_and_nonsense_is_told() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["respond-async, wait=10", ""]), Ok(None));
        assert_eq!(read(&["code=abc"]), Err(Unmet::Status("abc".into())));
        assert_eq!(read(&["code=99"]), Err(Unmet::Status("99".into())));
        assert_eq!(read(&["dynamic=maybe"]), Err(Unmet::Truth("maybe".into())));
    }
}
