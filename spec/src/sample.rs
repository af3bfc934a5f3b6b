//! A value that fits a schema, the same every time: for rules to be tried on when a document is loaded, and for answers
//! of operations without an example. Examples and defaults of the document are taken first.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

use crate::lower::{Direction, resolve};

/// Levels that are generated; what is recursive ends there.
const DEPTH: usize = 12;

/// A value for the schema at a pointer of the document, with or without the members that may be left out.
pub(crate) fn value(
    document: &Value,
    pointer: &str,
    direction: Direction,
    optional: bool,
) -> Value {
    let sampler = Sampler {
        document,
        direction,
        optional,
    };
    document
        .pointer(pointer)
        .map_or(Value::Null, |schema| sampler.schema(schema, DEPTH))
}

struct Sampler<'a> {
    document: &'a Value,
    direction: Direction,
    optional: bool,
}

impl Sampler<'_> {
    fn schema(&self, schema: &Value, depth: usize) -> Value {
        let (schema, _) = resolve(self.document, schema);
        if depth == 0 {
            return Value::Null;
        }
        let given = schema
            .get("example")
            .or_else(|| schema.get("default"))
            .or_else(|| schema.get("enum").and_then(|e| e.get(0)));
        // An example of an object may hold what this direction or this choice leaves out.
        if let Some(given) = given.filter(|g| !g.is_object()) {
            return given.clone();
        }
        let branches = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
        let mut out = match schema.get("type").and_then(Value::as_str) {
            Some("string") => Value::String(text(schema)),
            Some("integer") => number(schema, true),
            Some("number") => number(schema, false),
            Some("boolean") => Value::Bool(true),
            Some("array") => self.list(schema, depth),
            _ => self.object(schema, depth),
        };
        for part in branches("allOf").into_iter().flatten() {
            merge(&mut out, self.schema(part, depth - 1));
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(first) = branches(keyword).and_then(|b| b.first()) {
                merge(&mut out, self.schema(first, depth - 1));
            }
        }
        out
    }

    fn list(&self, schema: &Value, depth: usize) -> Value {
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let count = least.max(u64::from(self.optional)).min(64);
        let item = schema
            .get("items")
            .map_or(Value::Null, |i| self.schema(i, depth - 1));
        Value::Array((0..count).map(|_| item.clone()).collect())
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let required = |name: &str| {
            let list = schema.get("required").and_then(Value::as_array);
            list.is_some_and(|l| l.iter().any(|n| n.as_str() == Some(name)))
        };
        let other_way = match self.direction {
            Direction::Request => "readOnly",
            Direction::Response => "writeOnly",
        };
        let mut out = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let hidden =
                resolve(self.document, property).0.get(other_way) == Some(&Value::Bool(true));
            if !hidden && (self.optional || required(name)) {
                out.insert(name.clone(), self.schema(property, depth - 1));
            }
        }
        Value::Object(out)
    }
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(map), Value::Object(more)) => map.extend(more),
        (into, more) if into.as_object().is_some_and(Map::is_empty) => *into = more,
        _ => {}
    }
}

fn text(schema: &Value) -> String {
    let known = match schema
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default()
    {
        "date-time-local" => "2025-04-04T21:36:17",
        "date-time" => "2025-04-04T21:36:17Z",
        "date" => "2025-04-04",
        "time" => "21:36:17Z",
        "email" => "a@example.com",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" | "http-url" => "http://example.com/",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "byte" => "AA==",
        _ => "",
    };
    let mut out = known.to_owned();
    if out.is_empty()
        && let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
    {
        out = shortest(pattern).unwrap_or_default();
    }
    let least = schema
        .get("minLength")
        .and_then(Value::as_u64)
        .unwrap_or(0)
        .min(10_000);
    while (out.chars().count() as u64) < least {
        out.push('a');
    }
    out
}

fn number(schema: &Value, whole: bool) -> Value {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let excludes = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    let mut n: f64 = 0.0;
    if let Some(low) = bound("minimum") {
        n = n.max(if excludes("exclusiveMinimum") {
            low + 1.0
        } else {
            low
        });
    }
    if let Some(high) = bound("maximum") {
        n = n.min(if excludes("exclusiveMaximum") {
            high - 1.0
        } else {
            high
        });
    }
    if let Some(step) = bound("multipleOf").filter(|s| *s > 0.0) {
        n = (n / step).ceil() * step;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a sample that does not fit is found out"
    )]
    if whole || n.fract() == 0.0 {
        json!(n as i64)
    } else {
        json!(n)
    }
}

/// A short text that a pattern matches.
fn shortest(pattern: &str) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut out = String::new();
    write_hir(&hir, &mut out);
    Some(out)
}

fn write_hir(hir: &Hir, out: &mut String) {
    if out.len() > 10_000 {
        return;
    }
    match hir.kind() {
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => out.extend(letter(class)),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min.min(1_000) {
                write_hir(&repetition.sub, out);
            }
        }
        HirKind::Capture(capture) => write_hir(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write_hir(part, out)),
        HirKind::Alternation(parts) => {
            if let Some(first) = parts.first() {
                write_hir(first, out);
            }
        }
        HirKind::Empty | HirKind::Look(_) => {}
    }
}

/// A character of a class, a plain one if it has one.
fn letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else {
        return Some('a');
    };
    let has = |c: &char| {
        class
            .ranges()
            .iter()
            .any(|r| r.start() <= *c && *c <= r.end())
    };
    ['a', '1', '0', 'A'].into_iter().find(has).or_else(|| {
        class
            .ranges()
            .first()
            .map(regex_syntax::hir::ClassUnicodeRange::start)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Direction, shortest, value};

    #[test]
    fn fits_patterns() {
        assert_eq!(shortest(r"^[0-9]+(\.[0-9]+)?$").unwrap(), "1");
        assert_eq!(shortest(r"^(get|set)-\d{3}$").unwrap(), "get-111");
    }

    #[test]
    fn leaves_out_what_may_be_left_out() {
        let document = json!({"s": {
            "type": "object",
            "required": ["id", "n"],
            "properties": {
                "id": {"type": "string", "readOnly": true},
                "n": {"type": "integer", "minimum": 3, "exclusiveMinimum": true},
                "more": {"type": "array", "items": {"$ref": "#/s"}}
            }
        }});
        let sample = |direction, optional| value(&document, "/s", direction, optional);
        assert_eq!(sample(Direction::Request, false), json!({"n": 4}));
        assert_eq!(
            sample(Direction::Response, false),
            json!({"id": "", "n": 4})
        );
        assert!(sample(Direction::Request, true)["more"].is_array());
    }
}
