//! The points of a contract: what there is to touch, found once, and where in a body to look for it.
//!
//! Limits: schemas are followed [`DEPTH`] members deep, and into themselves not at all.

use std::collections::HashMap;

use serde_json::Value;
use smsload_spec::{Contract, Operation, ParameterIn, Schema};

use super::{Kind, Point};
use crate::names::pointer_to;

/// Members below each other that are looked at.
const DEPTH: usize = 8;

/// Keywords that a request can keep or break.
const KEYWORDS: [&str; 20] = [
    "type",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "additionalProperties",
    "anyOf",
    "oneOf",
    "not",
];

/// The points of an operation.
#[derive(Debug, Default)]
pub(super) struct Points {
    pub(super) list: Vec<Point>,
    /// Numbers of the parameters, by where they stand and their lower-case name.
    pub(super) parameters: HashMap<(ParameterIn, String), usize>,
    /// Numbers of keywords and rules, by their pointer; of `required` by pointer and member.
    pub(super) broken: HashMap<(String, String), usize>,
    /// Numbers of members, by the pattern of their pointer in a body: numbers of items are `*`.
    pub(super) members: HashMap<String, usize>,
    pub(super) root: Node,
}

/// What to look for at a place of a body.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Points that any value here touches.
    pub(super) touched: Vec<usize>,
    pub(super) members: HashMap<String, Node>,
    pub(super) items: Option<Box<Node>>,
}

impl Points {
    pub(super) fn of(contract: &Contract, operation: &Operation) -> Self {
        let mut points = Self::default();
        for parameter in &operation.parameters {
            let place = parameter.place;
            let name = format!("{} {}", word(place), parameter.name);
            let number = points.push(Kind::Member, name, &parameter.pointer);
            let key = (place, parameter.name.to_ascii_lowercase());
            points.parameters.insert(key, number);
        }
        if let Some(schema) = operation.request_schema() {
            points.schema(contract, schema);
        }
        for response in &operation.responses {
            for link in &response.links {
                let name = format!("link {} to {}", link.name, link.operation);
                points.push(Kind::Link, name, &link.pointer);
            }
        }
        points
    }

    fn push(&mut self, kind: Kind, name: String, pointer: &str) -> usize {
        self.list.push(Point {
            kind,
            name,
            pointer: pointer.to_owned(),
            valid: 0,
            invalid: 0,
        });
        self.list.len() - 1
    }

    fn schema(&mut self, contract: &Contract, schema: &Schema) {
        let mut root = Node::default();
        let mut walk = Walk {
            document: contract.document(),
            points: self,
            trail: Vec::new(),
        };
        walk.schema(schema.pointer(), "", &mut root, true);
        for site in schema.rules() {
            let rule = &site.rule;
            let name = format!("rule {}", rule.expression.text());
            let number = self.push(Kind::Rule, name, &rule.pointer);
            self.broken
                .insert((rule.pointer.clone(), String::new()), number);
            // A rule below a member is touched with the whole: where it is depends on the value.
            root.touched.push(number);
        }
        self.root = root;
    }
}

fn word(place: ParameterIn) -> &'static str {
    match place {
        ParameterIn::Path => "path",
        ParameterIn::Query => "query",
        ParameterIn::Header => "header",
        ParameterIn::Cookie => "cookie",
    }
}

struct Walk<'w> {
    document: &'w Value,
    points: &'w mut Points,
    /// Schemas that are being followed, so that none is followed into itself.
    trail: Vec<String>,
}

impl Walk<'_> {
    /// Follows the schema at a pointer. `at` is the pattern of the place in a body; `is_own`: its keywords decide, which
    /// those of a branch do not.
    fn schema(&mut self, pointer: &str, at: &str, node: &mut Node, is_own: bool) {
        let (document, mut pointer) = (self.document, pointer.to_owned());
        let depth = self.trail.len();
        while let Some(target) = document
            .pointer(&pointer)
            .and_then(|schema| schema.get("$ref"))
            .and_then(Value::as_str)
            .and_then(|target| target.strip_prefix('#'))
        {
            pointer = target.to_owned();
            if self.trail.contains(&pointer) {
                self.trail.truncate(depth);
                return;
            }
            self.trail.push(pointer.clone());
        }
        if let Some(schema) = document.pointer(&pointer)
            && at.matches('/').count() <= DEPTH
        {
            self.here(schema, &pointer, at, node, is_own);
        }
        self.trail.truncate(depth);
    }

    fn here(&mut self, schema: &Value, pointer: &str, at: &str, node: &mut Node, is_own: bool) {
        if is_own {
            self.keywords(schema, pointer, at, node);
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for name in properties.into_iter().flat_map(|map| map.keys()) {
            let inner = pointer_to(at, name);
            let below = pointer_to(&format!("{pointer}/properties"), name);
            let child = node.members.entry(name.clone()).or_default();
            if !self.points.members.contains_key(&inner) {
                let number = self.points.push(Kind::Member, inner.clone(), &below);
                self.points.members.insert(inner.clone(), number);
                child.touched.push(number);
            }
            self.schema(&below, &inner, child, is_own);
        }
        if schema.get("items").is_some() {
            let items = node.items.get_or_insert_default();
            self.schema(
                &format!("{pointer}/items"),
                &format!("{at}/*"),
                items,
                is_own,
            );
        }
        for branches in ["allOf", "anyOf", "oneOf"] {
            let count = schema
                .get(branches)
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
            for number in 0..count {
                let is_own = is_own && branches == "allOf";
                self.schema(&format!("{pointer}/{branches}/{number}"), at, node, is_own);
            }
        }
    }

    fn keywords(&mut self, schema: &Value, pointer: &str, at: &str, node: &mut Node) {
        let shown = if at.is_empty() { "the body" } else { at };
        for keyword in KEYWORDS {
            // Objects and `true` as `additionalProperties` forbid nothing by themselves.
            let is_there = match schema.get(keyword) {
                Some(value) => keyword != "additionalProperties" || *value == Value::Bool(false),
                None => false,
            };
            if is_there {
                let rule = format!("{pointer}/{keyword}");
                self.keyword(format!("{shown} {keyword}"), rule, "", node);
            }
        }
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            let shown = format!("{} required", pointer_to(at, name));
            self.keyword(shown, format!("{pointer}/required"), name, node);
        }
    }

    fn keyword(&mut self, name: String, rule: String, member: &str, node: &mut Node) {
        let key = (rule, member.to_owned());
        if !self.points.broken.contains_key(&key) {
            let number = self.points.push(Kind::Keyword, name, &key.0);
            self.points.broken.insert(key, number);
            node.touched.push(number);
        }
    }
}
