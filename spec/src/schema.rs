//! A compiled schema: the validator and the rules of one body or parameter, built once.

use std::collections::HashSet;
use std::sync::Arc;

use jsonschema::{Draft, Validator};
use serde_json::Value;

use crate::formats;
use crate::lower::{Direction, Lowered};
use crate::rules::{Broken, RuleSite};
use crate::violation::{Part, Violation};
use crate::words;

/// What a value must be.
#[derive(Debug)]
pub struct Schema {
    pub(crate) lowered: Lowered,
    pub(crate) direction: Direction,
    pub(crate) validator: Validator,
    pub(crate) rules: Vec<RuleSite>,
    /// JSON Pointer in the document, references resolved.
    pub(crate) pointer: String,
}

impl Schema {
    /// The JSON Schema (Draft 4) that the validator was built from; what it refers to is in `definitions`.
    #[must_use]
    pub fn lowered(&self) -> &Value {
        &self.lowered.schema
    }

    /// The rules beside the schema.
    #[must_use]
    pub fn rules(&self) -> &[RuleSite] {
        &self.rules
    }

    /// Which way values of it go.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// JSON Pointer in the document, references resolved.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// True if a value keeps the schema and every rule.
    #[must_use]
    pub fn is_valid(&self, value: &Value) -> bool {
        self.validator.is_valid(value) && self.broken_rules(value, None).is_empty()
    }

    fn broken_rules(
        &self,
        value: &Value,
        is_faulty: Option<&dyn Fn(&str) -> bool>,
    ) -> Vec<Broken<'_>> {
        let mut out = Vec::new();
        for site in &self.rules {
            site.broken(value, is_faulty, &mut out);
        }
        out
    }

    /// Everything that is wrong with a value.
    ///
    /// `part` and `base` say where the value stands: the body, or a parameter by its name.
    pub(crate) fn judge(
        &self,
        value: &Value,
        part: Part,
        base: &str,
        error_of: &dyn Fn(&str) -> Option<Arc<str>>,
    ) -> Vec<Violation> {
        let mut out = Vec::new();
        if !self.validator.is_valid(value) {
            let errors: Vec<_> = self.validator.iter_errors(value).collect();
            let shows = !matches!(part, Part::Header | Part::Cookie);
            for word in words::describe(errors.iter(), base, shows) {
                out.push(Violation {
                    part,
                    members: vec![words::name(&word.pointer, base)],
                    error: error_of(word.keyword),
                    rule: self.lowered.origin(&word.schema_path),
                    keyword: word.keyword.to_owned(),
                    message: word.message,
                    pointer: word.pointer,
                });
            }
        }
        if self.rules.is_empty() {
            return out;
        }
        let faulty: HashSet<String> = out.iter().map(|v| v.pointer.clone()).collect();
        let is_faulty = |pointer: &str| faulty.contains(pointer);
        // Mostly nothing is, and then no pointer need be made to find that out.
        let is_faulty: Option<&dyn Fn(&str) -> bool> = if faulty.is_empty() {
            None
        } else {
            Some(&is_faulty)
        };
        for broken in self.broken_rules(value, is_faulty) {
            out.push(Violation {
                part,
                members: broken
                    .rule
                    .expression
                    .members_of("self")
                    .map(str::to_owned)
                    .collect(),
                pointer: broken.pointer,
                keyword: "rule".to_owned(),
                message: broken.message,
                error: broken.rule.error.clone().or_else(|| error_of("rule")),
                rule: broken.rule.pointer.clone(),
            });
        }
        out
    }
}

/// A dialect (schemas of contracts are lowered to Draft 4), with the formats that are checked.
pub(crate) fn options(draft: Draft) -> jsonschema::ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(draft)
        .should_validate_formats(true)
        .offline()
        .with_format("date-time-local", |text: &str| {
            formats::local_date_time(text).is_some()
        })
        .with_format("byte", formats::is_base64)
        .with_format("uuid", formats::is_uuid)
        .with_format("uri", is_uri)
        .with_format("http-url", is_http_url)
}

/// True if a format is checked, and not merely an annotation.
pub(crate) fn checks_format(name: &str) -> bool {
    options(Draft::Draft4).is_known_format(Draft::Draft4, name)
}

/// Builds the validator of a lowered schema.
///
/// # Errors
/// The path in the lowered schema and what is wrong there.
pub(crate) fn build(schema: &Value) -> Result<Validator, (String, String)> {
    options(Draft::Draft4).build(schema).map_err(|e| {
        (
            e.instance_path().as_str().to_owned(),
            e.masked().to_string(),
        )
    })
}

/// An absolute URI (RFC 3986 §3): a scheme and characters that a URI can have. `percent` signs must be escapes.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.bytes();
    let scheme_fits = letters.next().is_some_and(|b| b.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let bytes = rest.as_bytes();
    let escape_fits = |i: usize| {
        bytes
            .get(i + 1..i + 3)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    };
    scheme_fits
        && !rest.is_empty()
        && bytes.iter().enumerate().all(|(i, b)| match b {
            b'%' => escape_fits(i),
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
            // Characters beyond ASCII make an IRI (RFC 3987), which addresses in the field are.
            b => *b > 0x20 && *b != 0x7f,
        })
}

/// An absolute `http` or `https` address with a host (RFC 9110 §4.2): our own format, for addresses to call back.
fn is_http_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match host_and_port.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (host_and_port, ""),
    };
    let port_fits = port.is_empty()
        || (port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
        && is_uri(text)
        && !host.is_empty()
        && port_fits
}

#[cfg(test)]
mod tests {
    use super::{is_http_url, is_uri};

    #[test]
    fn knows_addresses_to_call() {
        for good in [
            "http://xxxxxx",
            "HTTPS://a:8080/b?c=%2F#d",
            "http://[::1]:80/",
            "http://u:p@h",
            "http://a:0",
        ] {
            assert!(is_http_url(good), "{good}");
        }
        for bad in [
            "",
            "/x",
            "ftp://a/",
            "http://",
            "http:///x",
            "http:a",
            "http://:80",
            "http://a:99999",
            "http://a:b",
            "http://a\r\nb",
        ] {
            assert!(!is_http_url(bad), "{bad:?}");
        }
    }

    #[test]
    fn knows_addresses() {
        for good in [
            "http://xxxxxx",
            "http://a/b?c=%2F&d=+#e",
            "urn:x:y",
            "http://例/",
        ] {
            assert!(is_uri(good), "{good}");
        }
        for bad in [
            "",
            "http",
            "//a",
            "http:",
            "http://a b",
            "http://a/%zz",
            "1http://a",
            "http://a/\n",
        ] {
            assert!(!is_uri(bad), "{bad:?}");
        }
    }
}
