//! Values that fit a schema, another for every number: for answers that a client must not take for a constant. Unlike
//! [`sample`](crate::sample) it takes no example of the document.
//!
//! Limits: what is recursive ends after [`DEPTH`] levels, lists and texts are short, `not` and `discriminator` are not
//! looked at: whoever asks holds the value against the schema and tries the next number.

use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

use crate::lower::{Direction, resolve};

/// Levels that are generated.
const DEPTH: usize = 8;
/// Items of a list, and repetitions in a text, beyond the least.
const MORE: u64 = 4;
/// Items and characters at most, whatever the least is.
const MOST: u64 = 10_000;

/// The value with a number for the schema at a pointer of the document.
pub(crate) fn value(document: &Value, pointer: &str, direction: Direction, number: u64) -> Value {
    let mut generator = Generator {
        document,
        direction,
        random: ChaCha8Rng::seed_from_u64(number),
    };
    match document.pointer(pointer) {
        Some(schema) => generator.schema(schema, DEPTH),
        None => Value::Null,
    }
}

struct Generator<'a> {
    document: &'a Value,
    direction: Direction,
    random: ChaCha8Rng,
}

impl<'a> Generator<'a> {
    fn schema(&mut self, schema: &'a Value, depth: usize) -> Value {
        let (schema, _) = resolve(self.document, schema);
        let Some(below) = depth.checked_sub(1) else {
            return Value::Null;
        };
        if let Some(value) = list(schema, "enum").choose(&mut self.random) {
            return value.clone();
        }
        if schema.get("nullable") == Some(&Value::Bool(true)) && self.random.random_ratio(1, 8) {
            return Value::Null;
        }
        let mut out = match schema.get("type").and_then(Value::as_str) {
            Some("string") => Value::String(self.text(schema)),
            Some("integer") => self.number(schema, true),
            Some("number") => self.number(schema, false),
            Some("boolean") => Value::Bool(self.random.random()),
            Some("array") => self.list(schema, below),
            _ => self.object(schema, below),
        };
        for part in list(schema, "allOf") {
            let part = self.schema(part, below);
            merge(&mut out, part);
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(branch) = list(schema, keyword).choose(&mut self.random) {
                let branch = self.schema(branch, below);
                merge(&mut out, branch);
            }
        }
        out
    }

    fn list(&mut self, schema: &'a Value, below: usize) -> Value {
        let count = self.count(schema, "minItems", "maxItems");
        let items = schema.get("items");
        let mut out = Vec::new();
        // Items that must differ may do so only after some tries, or never.
        for _ in 0..count.saturating_mul(4) {
            if out.len() as u64 >= count {
                break;
            }
            let item = items.map_or(Value::Null, |items| self.schema(items, below));
            let must_differ = schema.get("uniqueItems") == Some(&Value::Bool(true));
            if !(must_differ && out.contains(&item)) {
                out.push(item);
            }
        }
        Value::Array(out)
    }

    fn object(&mut self, schema: &'a Value, below: usize) -> Value {
        let other_way = match self.direction {
            Direction::Request => "readOnly",
            Direction::Response => "writeOnly",
        };
        let required = list(schema, "required");
        let mut out = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let is_hidden =
                resolve(self.document, property).0.get(other_way) == Some(&Value::Bool(true));
            let is_required = required.iter().any(|n| n.as_str() == Some(name));
            if !is_hidden && (is_required || (below > 0 && self.random.random())) {
                let member = self.schema(property, below);
                out.insert(name.clone(), member);
            }
        }
        Value::Object(out)
    }

    fn text(&mut self, schema: &Value) -> String {
        let format = schema.get("format").and_then(Value::as_str);
        if let Some(text) = format.and_then(|format| self.formatted(format)) {
            return text;
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && let Ok(hir) = regex_syntax::parse(pattern)
        {
            let mut out = String::new();
            self.matching(&hir, &mut out);
            return out;
        }
        let count = self.count(schema, "minLength", "maxLength");
        (0..count).map(|_| self.letter()).collect()
    }

    fn formatted(&mut self, format: &str) -> Option<String> {
        let r = &mut self.random;
        let mut below = |end: u32| r.random_range(0..end);
        Some(match format {
            "date-time-local" | "date-time" | "date" | "time" => {
                let date = format!(
                    "20{:02}-{:02}-{:02}",
                    below(40),
                    below(12) + 1,
                    below(28) + 1
                );
                let time = format!("{:02}:{:02}:{:02}", below(24), below(60), below(60));
                match format {
                    "date" => date,
                    "time" => format!("{time}Z"),
                    "date-time" => format!("{date}T{time}Z"),
                    _ => format!("{date}T{time}"),
                }
            }
            "email" => format!("user{}@example.com", below(10_000)),
            "hostname" => format!("host{}.example.com", below(10_000)),
            "ipv4" => format!("192.0.2.{}", below(256)),
            "ipv6" => format!("2001:db8::{:x}", below(0xffff) + 1),
            "uri" | "http-url" => format!("http://example.com/{}", below(10_000)),
            "uuid" => format!(
                "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                r.random::<u32>(),
                r.random::<u16>(),
                r.random_range(0..0x1000),
                r.random_range(0..0x1000),
                r.random_range(0..1_u64 << 48)
            ),
            // Four letters of Base64 are three bytes.
            "byte" => {
                let count = below(8) * 4;
                (0..count).map(|_| self.letter()).collect()
            }
            _ => return None,
        })
    }

    fn letter(&mut self) -> char {
        char::from(self.random.random_range(b'a'..=b'z'))
    }

    /// Writes a text that a pattern matches, looks (`^`, `$`, `\b`) aside.
    fn matching(&mut self, hir: &Hir, out: &mut String) {
        if out.len() as u64 > MOST {
            return;
        }
        match hir.kind() {
            HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => out.extend(self.of_class(class)),
            HirKind::Repetition(repetition) => {
                let least = u64::from(repetition.min);
                let most = repetition.max.map_or(least + MORE, u64::from);
                for _ in 0..self.random.random_range(least..=most.min(least + MORE)) {
                    self.matching(&repetition.sub, out);
                }
            }
            HirKind::Capture(capture) => self.matching(&capture.sub, out),
            HirKind::Concat(parts) => {
                for part in parts {
                    self.matching(part, out);
                }
            }
            HirKind::Alternation(parts) => {
                if let Some(part) = parts.choose(&mut self.random) {
                    self.matching(part, out);
                }
            }
            HirKind::Empty | HirKind::Look(_) => {}
        }
    }

    /// A character of a class; a printable one of ASCII if it has any.
    fn of_class(&mut self, class: &Class) -> Option<char> {
        let Class::Unicode(class) = class else {
            return Some(self.letter());
        };
        let has = |c: &char| {
            class
                .ranges()
                .iter()
                .any(|r| (r.start()..=r.end()).contains(c))
        };
        let plain: Vec<char> = (' '..='~').filter(has).collect();
        let chosen = plain.choose(&mut self.random).copied();
        chosen.or_else(|| {
            let first = class.ranges().first();
            first.map(regex_syntax::hir::ClassUnicodeRange::start)
        })
    }

    fn number(&mut self, schema: &Value, is_whole: bool) -> Value {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let is_excluded = |name: &str| schema.get(name) == Some(&Value::Bool(true));
        let step = bound("multipleOf").filter(|step| *step > 0.0);
        let step = step.unwrap_or(if is_whole { 1.0 } else { 0.25 });
        let (low, high) = match (bound("minimum"), bound("maximum")) {
            (Some(low), Some(high)) => (low, high),
            (Some(low), None) => (low, low + 1_000.0 * step),
            (None, Some(high)) => (high - 1_000.0 * step, high),
            (None, None) => (0.0, 1_000.0 * step),
        };
        // In whole steps, so that a multiple is one.
        let mut first = (low / step).ceil();
        let mut last = (high / step).floor();
        if is_excluded("exclusiveMinimum") && first * step <= low {
            first += 1.0;
        }
        if is_excluded("exclusiveMaximum") && last * step >= high {
            last -= 1.0;
        }
        let chosen = if first < last {
            self.random.random_range(first..=last).round()
        } else {
            first
        };
        // Seventeen tenths are no 1.7000000000000002.
        let n = (chosen.clamp(first.min(last), last.max(first)) * step * 1e9).round() / 1e9;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a value that does not fit is found out"
        )]
        if is_whole { json!(n as i64) } else { json!(n) }
    }

    /// How many items or characters.
    fn count(&mut self, schema: &Value, least: &str, most: &str) -> u64 {
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
        let least = bound(least).unwrap_or(0).min(MOST);
        let most = bound(most).unwrap_or(u64::MAX).min(least + MORE);
        self.random.random_range(least..=most.max(least))
    }
}

fn list<'v>(schema: &'v Value, keyword: &str) -> &'v [Value] {
    let list = schema.get(keyword).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(map), Value::Object(more)) => map.extend(more),
        (into, more) if into.as_object().is_some_and(Map::is_empty) => *into = more,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::{Direction, value};

    #[test]
    fn the_same_number_gives_the_same_value_and_others_differ() {
        let document = json!({"s": {"type": "object", "required": ["a"], "properties": {
            "a": {"type": "string", "format": "uuid"}, "b": {"$ref": "#/s"},
        }}});
        let made = |n| value(&document, "/s", Direction::Response, n).to_string();
        assert_eq!(made(1), made(1));
        let all: HashSet<String> = (0..50).map(made).collect();
        assert_eq!(all.len(), 50);
    }

    #[test]
    fn values_fit_their_schemas() {
        let schemas = json!({
            "code": {"type": "string", "pattern": "^[A-Z]{2}-(x|y)[0-9]+$"},
            "text": {"type": "string", "minLength": 3, "maxLength": 5},
            "step": {"type": "number", "minimum": 1, "maximum": 2, "multipleOf": 0.1},
            "over": {"type": "integer", "minimum": 3, "exclusiveMinimum": true, "maximum": 5, "exclusiveMaximum": true},
            "list": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "uniqueItems": true},
            "one": {"oneOf": [{"type": "string", "enum": ["a"]}, {"type": "integer", "enum": [1]}]},
            "all": {"allOf": [
                {"type": "object", "required": ["x"], "properties": {"x": {"type": "boolean"}}},
                {"type": "object", "required": ["y"], "properties": {"y": {"type": "string", "format": "ipv6"}}},
            ]},
        });
        for (name, schema) in schemas.as_object().unwrap() {
            // None of these uses what Draft 4 and OpenAPI 3.0 see differently.
            let validator = jsonschema::draft4::new(schema).unwrap();
            for n in 0..200 {
                let made = value(&schemas, &format!("/{name}"), Direction::Response, n);
                assert!(validator.is_valid(&made), "{name}: {made}");
            }
        }
    }
}
