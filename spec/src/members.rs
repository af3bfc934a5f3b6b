//! The members that a body has by its description, for tables, coverage and everything else that goes over all of them.

use serde_json::Value;

use crate::contract::Contract;
use crate::lower::{property, resolve};
use crate::provenance::Provenance;
use crate::source::{join, join_index};

/// A member of a body, as the document describes it.
#[derive(Debug, Clone)]
pub struct Member<'c> {
    /// The names that lead to it; `[]` stands for the items of a list.
    pub path: Vec<String>,
    /// `type`, or `any`.
    pub kind: &'c str,
    /// Whether the object around it must have it.
    pub required: bool,
    /// Where the statement comes from.
    pub provenance: Option<Provenance>,
    /// JSON Pointer in the document, references followed.
    pub pointer: String,
}

impl Contract {
    /// Visits every member that the schema at a pointer describes, through references, lists and combinations. A
    /// recursive schema is entered once.
    pub fn members<'c>(&'c self, pointer: &str, visit: &mut dyn FnMut(Member<'c>)) {
        self.visit(pointer, &mut Vec::new(), &mut Vec::new(), visit);
    }

    fn visit<'c>(
        &'c self,
        pointer: &str,
        path: &mut Vec<String>,
        entered: &mut Vec<String>,
        visit: &mut dyn FnMut(Member<'c>),
    ) {
        let Some((schema, pointer)) = self.resolved(pointer) else {
            return;
        };
        if entered.contains(&pointer) {
            return;
        }
        entered.push(pointer.clone());
        let required = schema.get("required").and_then(Value::as_array);
        let names = schema.get("properties").and_then(Value::as_object);
        for name in names.into_iter().flatten().map(|(name, _)| name) {
            let Some((member, at)) = self.resolved(&property(&pointer, name)) else {
                continue;
            };
            path.push(name.clone());
            visit(Member {
                path: path.clone(),
                kind: member.get("type").and_then(Value::as_str).unwrap_or("any"),
                required: required.is_some_and(|r| r.iter().any(|n| n.as_str() == Some(name))),
                provenance: member
                    .get("x-provenance")
                    .and_then(Value::as_str)
                    .and_then(Provenance::parse),
                pointer: at.clone(),
            });
            self.visit(&at, path, entered, visit);
            path.pop();
        }
        if schema.get("items").is_some() {
            path.push("[]".to_owned());
            self.visit(&join(&pointer, "items"), path, entered, visit);
            path.pop();
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let parts = schema
                .get(keyword)
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
            for index in 0..parts {
                self.visit(
                    &join_index(&join(&pointer, keyword), index),
                    path,
                    entered,
                    visit,
                );
            }
        }
        entered.pop();
    }

    fn resolved(&self, pointer: &str) -> Option<(&Value, String)> {
        let (value, target) = resolve(&self.document, self.document.pointer(pointer)?);
        Some((value, target.unwrap_or_else(|| pointer.to_owned())))
    }
}
