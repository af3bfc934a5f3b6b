//! Parameters of a request: found in path, query, headers and cookies, decoded by their style (OpenAPI 3.0.3
//! §4.7.12.2), and turned into the JSON value that their schema speaks of.

use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::model::{Parameter, ParameterIn, Style};

/// Where the values of parameters are looked up.
pub(crate) struct Found<'a> {
    pub(crate) path: &'a [(String, String)],
    pub(crate) query: &'a [(String, String)],
    pub(crate) headers: &'a HeaderMap,
}

/// The pairs of a query, decoded (a plus sign is a blank, as forms write it).
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |s: &str| {
        percent_decode_str(&s.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// The value of a parameter, if the request has it.
///
/// # Errors
/// What is wrong with the way it is written.
pub(crate) fn value(parameter: &Parameter, found: &Found<'_>) -> Result<Option<Value>, String> {
    let texts = texts(parameter, found);
    // Only a query can hold a parameter that is not there by its own name: an object spread out.
    if texts.is_empty() && parameter.place != ParameterIn::Query {
        return Ok(None);
    }
    let kind = Kind::of(parameter);
    if parameter.is_json {
        return texts
            .first()
            .map(|t| serde_json::from_str(t).map_err(|_| "is not valid JSON".to_owned()))
            .transpose();
    }
    let exploded_object = kind == Kind::Object
        && ((parameter.style == Style::Form && parameter.explode)
            || parameter.style == Style::DeepObject);
    if exploded_object {
        return Ok(spread_object(parameter, found));
    }
    if texts.is_empty() {
        return Ok(None);
    }
    let separator = match parameter.style {
        Style::SpaceDelimited => ' ',
        Style::PipeDelimited => '|',
        Style::Label if parameter.explode => '.',
        Style::Matrix if parameter.explode => ';',
        _ => ',',
    };
    Ok(Some(match kind {
        Kind::Object => object(&texts[0], separator, parameter),
        Kind::List if texts.len() == 1 && !texts[0].is_empty() => texts[0]
            .split(separator)
            .map(|t| scalar(parameter, true, t))
            .collect(),
        Kind::List => texts
            .iter()
            .filter(|t| !t.is_empty())
            .map(|t| scalar(parameter, true, t))
            .collect(),
        Kind::Scalar => scalar(parameter, false, &texts[0]),
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Scalar,
    List,
    Object,
}

impl Kind {
    fn of(parameter: &Parameter) -> Self {
        match types(parameter.schema_value(), parameter.schema_value())
            .first()
            .map(String::as_str)
        {
            Some("array") => Self::List,
            Some("object") => Self::Object,
            _ => Self::Scalar,
        }
    }
}

/// The types that a lowered schema allows, references followed.
fn types(schema: &Value, root: &Value) -> Vec<String> {
    let schema = follow(schema, root);
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many
            .iter()
            .filter_map(|t| t.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

fn follow<'v>(mut schema: &'v Value, root: &'v Value) -> &'v Value {
    for _ in 0..32 {
        let Some(target) = schema.get("$ref").and_then(Value::as_str) else {
            break;
        };
        let Some(next) = root.pointer(target.trim_start_matches('#')) else {
            break;
        };
        schema = next;
    }
    schema
}

impl ParameterIn {
    /// A name as one of headers, if it is one: made once, since a text is parsed at each look-up.
    pub(crate) fn header(self, name: &str) -> Option<HeaderName> {
        let name = (self == Self::Header).then(|| HeaderName::from_bytes(name.as_bytes()));
        name?.ok()
    }
}

impl Parameter {
    fn schema_value(&self) -> &Value {
        self.schema.as_ref().map_or(&Value::Null, |s| s.lowered())
    }
}

fn texts(parameter: &Parameter, found: &Found<'_>) -> Vec<String> {
    let name = parameter.name.as_str();
    let named = |pairs: &[(String, String)]| -> Vec<String> {
        pairs
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
            .collect()
    };
    match parameter.place {
        ParameterIn::Query => named(found.query),
        ParameterIn::Path => named(found.path)
            .into_iter()
            .map(|text| match parameter.style {
                Style::Label => text.trim_start_matches('.').to_owned(),
                Style::Matrix => matrix(&text, name),
                _ => text,
            })
            .collect(),
        ParameterIn::Header => {
            let all = parameter.header.iter();
            all.flat_map(|name| found.headers.get_all(name))
                .map(|v| String::from_utf8_lossy(v.as_bytes()).trim().to_owned())
                .collect()
        }
        ParameterIn::Cookie => {
            let cookies = found.headers.get_all(http::header::COOKIE);
            let cookies = cookies.iter().filter_map(|v| v.to_str().ok());
            cookies
                .flat_map(|line| line.split(';'))
                .filter_map(|pair| pair.trim().split_once('='))
                .filter(|(n, _)| *n == name)
                .map(|(_, v)| v.to_owned())
                .collect()
        }
    }
}

/// `;name=value`, or `;a=1;b=2` of an object or list that is spread out.
fn matrix(text: &str, name: &str) -> String {
    let body = text.trim_start_matches(';');
    let prefix = format!("{name}=");
    body.split(';')
        .map(|part| part.strip_prefix(&prefix).unwrap_or(part))
        .collect::<Vec<_>>()
        .join(";")
}

/// An object whose members are parameters of their own: `a=1&b=2`, or `name[a]=1`.
fn spread_object(parameter: &Parameter, found: &Found<'_>) -> Option<Value> {
    let root = parameter.schema_value();
    let properties = follow(root, root)
        .get("properties")
        .and_then(Value::as_object);
    let mut out = Map::new();
    for (key, text) in found.query {
        let member = if parameter.style == Style::DeepObject {
            key.strip_prefix(&parameter.name)
                .and_then(|rest| rest.strip_prefix('['))
                .and_then(|rest| rest.strip_suffix(']'))
        } else {
            Some(key.as_str()).filter(|k| properties.is_some_and(|p| p.contains_key(*k)))
        };
        if let Some(member) = member {
            let schema = properties
                .and_then(|p| p.get(member))
                .unwrap_or(&Value::Null);
            out.insert(member.to_owned(), typed(&types(schema, root), text));
        }
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

fn object(text: &str, separator: char, parameter: &Parameter) -> Value {
    let root = parameter.schema_value();
    let properties = follow(root, root)
        .get("properties")
        .and_then(Value::as_object);
    let parts: Vec<&str> = text.split(separator).collect();
    let pairs: Vec<(&str, &str)> = if parameter.explode {
        parts
            .iter()
            .map(|p| p.split_once('=').unwrap_or((p, "")))
            .collect()
    } else {
        parts
            .chunks(2)
            .map(|c| (c[0], c.get(1).copied().unwrap_or_default()))
            .collect()
    };
    let member = |(name, text): (&str, &str)| {
        let schema = properties.and_then(|p| p.get(name)).unwrap_or(&Value::Null);
        (name.to_owned(), typed(&types(schema, root), text))
    };
    Value::Object(pairs.into_iter().map(member).collect())
}

fn scalar(parameter: &Parameter, of_item: bool, text: &str) -> Value {
    let root = parameter.schema_value();
    let schema = follow(root, root);
    let schema = if of_item {
        schema.get("items").unwrap_or(&Value::Null)
    } else {
        schema
    };
    typed(&types(schema, root), text)
}

/// A text as the type that the schema asks for; what does not fit stays a text, and the schema says so.
fn typed(types: &[String], text: &str) -> Value {
    let is = |name: &str| types.iter().any(|t| t == name);
    if is("string") {
        return Value::String(text.to_owned());
    }
    let looks_like_number = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match text {
        "true" if is("boolean") => Value::Bool(true),
        "false" if is("boolean") => Value::Bool(false),
        "" if is("null") => Value::Null,
        _ if (is("integer") || is("number")) && looks_like_number => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    }
}
