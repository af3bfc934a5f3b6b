//! OpenAPI 3.0 schemas, lowered to the JSON Schema (Draft 4) that the validator reads.
//!
//! What differs is translated: `nullable` widens the type; `readOnly` members are not demanded of a request and may not
//! be sent in one, `writeOnly` members the other way round; the integer formats become bounds; a `discriminator` ties
//! each branch of its `oneOf`/`anyOf` to its value; annotations are dropped. Every schema that is referred to becomes a
//! definition named by a number; [`Lowered::origin`] leads back to the document.

use serde_json::{Map, Value, json};

use crate::bundle::fragment;
use crate::source::join;

/// Which way a body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the server.
    Request,
    /// From the server.
    Response,
}

/// A lowered schema.
#[derive(Debug, Clone)]
pub(crate) struct Lowered {
    pub(crate) schema: Value,
    /// Pointer of the root in the document.
    root: String,
    /// Pointers of the definitions in the document.
    definitions: Vec<String>,
}

impl Lowered {
    /// The place in the document of a place in the lowered schema.
    pub(crate) fn origin(&self, path: &str) -> String {
        let definition = path.strip_prefix("/definitions/").and_then(|rest| {
            let (number, below) = rest.split_once('/').unwrap_or((rest, ""));
            let root = self.definitions.get(number.parse::<usize>().ok()?)?;
            Some(if below.is_empty() {
                root.clone()
            } else {
                format!("{root}/{below}")
            })
        });
        definition.unwrap_or_else(|| format!("{}{path}", self.root))
    }
}

/// Lowers the schema at a pointer of the document.
pub(crate) fn lower(document: &Value, pointer: &str, direction: Direction) -> Lowered {
    let mut lowering = Lowering {
        document,
        direction,
        definitions: Vec::new(),
    };
    let nothing = Value::Object(Map::new());
    let mut schema = lowering.schema(document.pointer(pointer).unwrap_or(&nothing));
    let mut definitions = Map::new();
    let mut next = 0;
    // Lowering a definition may meet further ones.
    while let Some(pointer) = lowering.definitions.get(next).cloned() {
        let lowered = lowering.schema(document.pointer(&pointer).unwrap_or(&nothing));
        definitions.insert(next.to_string(), lowered);
        next += 1;
    }
    if let Some(map) = schema.as_object_mut() {
        map.insert("definitions".into(), Value::Object(definitions));
    }
    Lowered {
        schema,
        root: pointer.to_owned(),
        definitions: lowering.definitions,
    }
}

struct Lowering<'a> {
    document: &'a Value,
    direction: Direction,
    definitions: Vec<String>,
}

/// A pattern that many members have, for texts that are not blank, and another that means the same: one that begins at
/// the beginning needs no engine for regular expressions.
const NOT_BLANK: (&str, &str) = (r"\S", r"^\s*\S");

/// A pattern as the document has it.
pub(crate) fn written_pattern(lowered: &str) -> &str {
    let (written, anchored) = NOT_BLANK;
    if lowered == anchored {
        written
    } else {
        lowered
    }
}

/// Keywords that mean the same in both.
const SAME: &[&str] = &[
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
    "enum",
    "type",
    "format",
];

impl Lowering<'_> {
    fn schema(&mut self, schema: &Value) -> Value {
        let Some(from) = schema.as_object() else {
            return json!({});
        };
        if let Some(target) = from.get("$ref").and_then(Value::as_str) {
            return self.reference(&fragment(target));
        }
        let mut to = Map::new();
        for keyword in SAME {
            if let Some(value) = from.get(*keyword) {
                to.insert((*keyword).into(), value.clone());
            }
        }
        let (written, anchored) = NOT_BLANK;
        if from.get("pattern").is_some_and(|p| p == written) {
            to.insert("pattern".into(), anchored.into());
        }
        self.applicators(from, &mut to);
        self.members(from, &mut to);
        self.discriminator(from, &mut to);
        widen_nullable(from, &mut to);
        bound_integers(&mut to);
        Value::Object(to)
    }

    fn reference(&mut self, pointer: &str) -> Value {
        let known = self.definitions.iter().position(|p| p == pointer);
        let number = known.unwrap_or_else(|| {
            self.definitions.push(pointer.to_owned());
            self.definitions.len() - 1
        });
        json!({ "$ref": format!("#/definitions/{number}") })
    }

    fn applicators(&mut self, from: &Map<String, Value>, to: &mut Map<String, Value>) {
        for keyword in ["allOf", "anyOf", "oneOf"] {
            if let Some(branches) = from.get(keyword).and_then(Value::as_array) {
                let branches = branches.iter().map(|b| self.schema(b)).collect();
                to.insert(keyword.into(), Value::Array(branches));
            }
        }
        for keyword in ["not", "items"] {
            if let Some(inner) = from.get(keyword) {
                let inner = self.schema(inner);
                to.insert(keyword.into(), inner);
            }
        }
        match from.get("additionalProperties") {
            Some(Value::Bool(allowed)) => {
                to.insert("additionalProperties".into(), Value::Bool(*allowed));
            }
            Some(inner) => {
                let inner = self.schema(inner);
                to.insert("additionalProperties".into(), inner);
            }
            None => {}
        }
    }

    fn members(&mut self, from: &Map<String, Value>, to: &mut Map<String, Value>) {
        let other_way = match self.direction {
            Direction::Request => "readOnly",
            Direction::Response => "writeOnly",
        };
        let mut hidden = Vec::new();
        if let Some(properties) = from.get("properties").and_then(Value::as_object) {
            let mut lowered = Map::new();
            for (name, property) in properties {
                let resolved = self.resolve(property);
                if resolved.get(other_way) == Some(&Value::Bool(true)) {
                    hidden.push(name.as_str());
                    lowered.insert(name.clone(), json!({ "not": {} }));
                } else {
                    let inner = self.schema(property);
                    lowered.insert(name.clone(), inner);
                }
            }
            to.insert("properties".into(), Value::Object(lowered));
        }
        let required: Vec<Value> = from
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|n| n.as_str().is_some_and(|n| !hidden.contains(&n)))
            .cloned()
            .collect();
        if !required.is_empty() {
            to.insert("required".into(), Value::Array(required));
        }
    }

    /// Ties each branch to the value of the discriminating member (OpenAPI 3.0.3 §4.7.25).
    fn discriminator(&mut self, from: &Map<String, Value>, to: &mut Map<String, Value>) {
        let Some(discriminator) = from.get("discriminator") else {
            return;
        };
        let Some(member) = discriminator.get("propertyName").and_then(Value::as_str) else {
            return;
        };
        let mapping = discriminator.get("mapping").and_then(Value::as_object);
        for keyword in ["oneOf", "anyOf"] {
            let Some(branches) = from.get(keyword).and_then(Value::as_array) else {
                continue;
            };
            let tied = branches.iter().map(|branch| {
                let lowered = self.schema(branch);
                let Some(target) = branch.get("$ref").and_then(Value::as_str) else {
                    return lowered;
                };
                let names = discriminating_names(target, mapping);
                let tie = json!({
                    "required": [member],
                    "properties": { member: { "enum": names } },
                });
                json!({ "allOf": [lowered, tie] })
            });
            let tied = tied.collect();
            to.insert(keyword.into(), Value::Array(tied));
        }
    }

    fn resolve<'v>(&'v self, schema: &'v Value) -> &'v Value {
        resolve(self.document, schema).0
    }
}

/// Follows references to the thing at their end; its pointer, if there were any. The bundler has refused circles.
pub(crate) fn resolve<'v>(document: &'v Value, value: &'v Value) -> (&'v Value, Option<String>) {
    let mut at = (value, None);
    for _ in 0..100 {
        let Some(target) = at.0.get("$ref").and_then(Value::as_str) else {
            break;
        };
        let pointer = fragment(target);
        match document.pointer(&pointer) {
            Some(next) => at = (next, Some(pointer)),
            None => break,
        }
    }
    at
}

fn discriminating_names(target: &str, mapping: Option<&Map<String, Value>>) -> Vec<String> {
    let short = target.rsplit('/').next().unwrap_or(target);
    let means = |to: &str| to == target || to == short;
    let mapped: Vec<String> = mapping
        .into_iter()
        .flatten()
        .filter(|(_, to)| to.as_str().is_some_and(means))
        .map(|(name, _)| name.clone())
        .collect();
    if mapped.is_empty() {
        vec![short.to_owned()]
    } else {
        mapped
    }
}

/// `nullable` acts together with `type` in the same schema; an `enum` that does not list null still forbids it
/// (clarification of OpenAPI 3.0.3).
fn widen_nullable(from: &Map<String, Value>, to: &mut Map<String, Value>) {
    if from.get("nullable") != Some(&Value::Bool(true)) {
        return;
    }
    if let Some(Value::String(name)) = to.get("type") {
        let widened = json!([name, "null"]);
        to.insert("type".into(), widened);
    }
}

/// `int32` and `int64` are bounds, unless narrower ones stand there.
fn bound_integers(to: &mut Map<String, Value>) {
    let bits = match to.get("format").and_then(Value::as_str) {
        Some("int32") => 31,
        Some("int64") => 63,
        _ => return,
    };
    let (low, high) = if bits == 31 {
        (i64::from(i32::MIN), i64::from(i32::MAX))
    } else {
        (i64::MIN, i64::MAX)
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "only compared with another bound"
    )]
    let wider = |value: Option<&Value>, bound: i64, is_low: bool| {
        value.and_then(Value::as_f64).is_none_or(|v| {
            if is_low {
                v < bound as f64
            } else {
                v > bound as f64
            }
        })
    };
    if wider(to.get("minimum"), low, true) {
        to.insert("minimum".into(), low.into());
        to.shift_remove("exclusiveMinimum");
    }
    if wider(to.get("maximum"), high, false) {
        to.insert("maximum".into(), high.into());
        to.shift_remove("exclusiveMaximum");
    }
}

/// The pointer of a member schema below an object schema.
pub(crate) fn property(pointer: &str, name: &str) -> String {
    join(&join(pointer, "properties"), name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{NOT_BLANK, written_pattern};

    proptest! {
        #[test]
        fn both_patterns_of_texts_that_are_not_blank_mean_the_same(text in "[ \t\r\n\u{a0}\u{2003}\u{feff}a录]{0,6}") {
            let takes = |pattern: &str| jsonschema::is_valid(&json!({"pattern": pattern}), &json!(text));
            prop_assert_eq!(takes(NOT_BLANK.0), takes(NOT_BLANK.1));
        }
    }

    #[test]
    fn a_pattern_is_told_as_it_was_written() {
        assert_eq!(written_pattern(NOT_BLANK.1), NOT_BLANK.0);
        assert_eq!(written_pattern("^[0-9]+$"), "^[0-9]+$");
    }
}
