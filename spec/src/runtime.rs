//! Runtime expressions of links and callbacks (OpenAPI 3.0.3 §4.7.20.3): `$response.body#/data/id`,
//! `http://host{$request.query.path}`.

use http::HeaderMap;
use serde_json::Value;

use crate::json;

/// What an expression can be asked about: a request, and its answer if there is one yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exchange<'a> {
    /// The whole address of the request.
    pub url: &'a str,
    /// The method of the request.
    pub method: &'a str,
    /// Path parameters of the request, decoded.
    pub path: &'a [(String, String)],
    /// The query of the request as it was sent.
    pub query: &'a str,
    /// Headers of the request.
    pub request_headers: Option<&'a HeaderMap>,
    /// Body of the request.
    pub request_body: Option<&'a Value>,
    /// Status of the answer.
    pub status: u16,
    /// Headers of the answer.
    pub response_headers: Option<&'a HeaderMap>,
    /// Body of the answer.
    pub response_body: Option<&'a Value>,
}

/// One runtime expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    /// `$url`.
    Url,
    /// `$method`.
    Method,
    /// `$statusCode`.
    StatusCode,
    /// A part of the request.
    Request(Source),
    /// A part of the answer.
    Response(Source),
}

/// Where in a message the value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A header.
    Header(String),
    /// A query parameter.
    Query(String),
    /// A path parameter.
    Path(String),
    /// The body, at a JSON Pointer.
    Body(String),
}

impl Runtime {
    /// Reads `$…`.
    ///
    /// # Errors
    /// A sentence that says what an expression looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no runtime expression: $url, $method, $statusCode, \
                 or $request. or $response. with header.NAME, query.NAME, path.NAME, body#/POINTER"
            )
        };
        match text {
            "$url" => return Ok(Self::Url),
            "$method" => return Ok(Self::Method),
            "$statusCode" => return Ok(Self::StatusCode),
            _ => {}
        }
        let (is_request, rest) = text
            .strip_prefix("$request.")
            .map(|rest| (true, rest))
            .or_else(|| text.strip_prefix("$response.").map(|rest| (false, rest)))
            .ok_or_else(wrong)?;
        let source = if let Some(name) = rest.strip_prefix("header.") {
            Source::Header(name.to_ascii_lowercase())
        } else if let Some(name) = rest.strip_prefix("query.") {
            Source::Query(name.to_owned())
        } else if let Some(name) = rest.strip_prefix("path.") {
            Source::Path(name.to_owned())
        } else if rest == "body" {
            Source::Body(String::new())
        } else if let Some(pointer) = rest.strip_prefix("body#") {
            Source::Body(pointer.to_owned())
        } else {
            return Err(wrong());
        };
        Ok(if is_request {
            Self::Request(source)
        } else {
            Self::Response(source)
        })
    }

    /// The value in an exchange, or nothing if it is not there.
    #[must_use]
    pub fn evaluate(&self, exchange: &Exchange<'_>) -> Option<Value> {
        let text = |s: &str| Some(Value::String(s.to_owned()));
        match self {
            Self::Url => text(exchange.url),
            Self::Method => text(exchange.method),
            Self::StatusCode => Some(Value::from(exchange.status)),
            Self::Request(source) => match source {
                Source::Header(name) => header(exchange.request_headers?, name),
                Source::Query(name) => query(exchange.query, name),
                Source::Path(name) => exchange
                    .path
                    .iter()
                    .find(|(n, _)| n == name)
                    .and_then(|(_, v)| text(v)),
                Source::Body(pointer) => json::at(exchange.request_body?, pointer).cloned(),
            },
            Self::Response(source) => match source {
                Source::Header(name) => header(exchange.response_headers?, name),
                Source::Body(pointer) => json::at(exchange.response_body?, pointer).cloned(),
                Source::Query(_) | Source::Path(_) => None,
            },
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<Value> {
    headers
        .get(name)?
        .to_str()
        .ok()
        .map(|s| Value::String(s.to_owned()))
}

fn query(query: &str, name: &str) -> Option<Value> {
    let decode = |s: &str| {
        let spaced = s.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced)
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| decode(key) == name)
        .map(|(_, value)| Value::String(decode(value)))
}

/// An address with runtime expressions in braces: the key of a Callback Object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    parts: Vec<AddressPart>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum AddressPart {
    Literal(String),
    Value(Runtime),
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// A sentence that says which expression is wrong, or that a brace is left open.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        if rest.starts_with('$') {
            parts.push(AddressPart::Value(Runtime::parse(rest)?));
            rest = "";
        }
        while let Some((literal, after)) = rest.split_once('{') {
            let (expression, next) = after
                .split_once('}')
                .ok_or_else(|| format!("`{text}` leaves a brace open"))?;
            if !literal.is_empty() {
                parts.push(AddressPart::Literal(literal.to_owned()));
            }
            parts.push(AddressPart::Value(Runtime::parse(expression)?));
            rest = next;
        }
        if !rest.is_empty() {
            parts.push(AddressPart::Literal(rest.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// The text as it stands in the document.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The runtime expressions in it, in order.
    pub fn expressions(&self) -> impl Iterator<Item = &Runtime> {
        self.parts.iter().filter_map(|part| match part {
            AddressPart::Value(runtime) => Some(runtime),
            AddressPart::Literal(_) => None,
        })
    }

    /// The address in an exchange, or nothing if a value that it needs is not there (or is no text).
    #[must_use]
    pub fn evaluate(&self, exchange: &Exchange<'_>) -> Option<String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                AddressPart::Literal(text) => out.push_str(text),
                AddressPart::Value(runtime) => match runtime.evaluate(exchange)? {
                    Value::String(text) => out.push_str(&text),
                    Value::Number(number) => out.push_str(&number.to_string()),
                    _ => return None,
                },
            }
        }
        Some(out)
    }
}

/// A constant in which texts that are runtime expressions are replaced by their values: bodies and parameters of links.
#[must_use]
pub fn fill(template: &Value, exchange: &Exchange<'_>) -> Option<Value> {
    Some(match template {
        Value::String(text) if text.starts_with('$') => {
            Runtime::parse(text).ok()?.evaluate(exchange)?
        }
        Value::String(text) if text.contains("{$") => {
            Value::String(Address::parse(text).ok()?.evaluate(exchange)?)
        }
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|v| fill(v, exchange))
                .collect::<Option<_>>()?,
        ),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(k, v)| Some((k.clone(), fill(v, exchange)?)))
                .collect::<Option<_>>()?,
        ),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Address, Exchange, Runtime, fill};

    #[test]
    fn finds_values_in_an_exchange() {
        let (asked, answered) = (
            json!({"callback": "http://x/y?z=%2F"}),
            json!({"data": {"id": 7}}),
        );
        let exchange = Exchange {
            url: "http://h/p?q=a+b%21",
            query: "q=a+b%21",
            request_body: Some(&asked),
            response_body: Some(&answered),
            status: 200,
            ..Exchange::default()
        };
        let address = Address::parse("{$request.body#/callback}").unwrap();
        assert_eq!(address.evaluate(&exchange).unwrap(), "http://x/y?z=%2F");
        let address =
            Address::parse("http://a/{$response.body#/data/id}?u={$request.query.q}").unwrap();
        assert_eq!(address.evaluate(&exchange).unwrap(), "http://a/7?u=a b!");
        assert_eq!(
            fill(
                &json!({"id": "$response.body#/data/id", "n": [1]}),
                &exchange
            ),
            Some(json!({"id": 7, "n": [1]}))
        );
        assert_eq!(
            Address::parse("{$request.body#/no}")
                .unwrap()
                .evaluate(&exchange),
            None
        );
    }

    #[test]
    fn refuses_what_is_no_expression() {
        for bad in [
            "$",
            "$request",
            "$request.cookie.x",
            "$response.body.x",
            "$body",
        ] {
            assert!(Runtime::parse(bad).is_err(), "{bad}");
        }
        assert!(Address::parse("http://x/{$url").is_err());
    }
}
