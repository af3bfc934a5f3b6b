//! What the grammar cannot see: schemas that contradict themselves, members that mean nothing together, ids that stand
//! twice, parts of OpenAPI that have no effect here. Silence would be a promise.

use std::collections::HashMap;

use serde_json::Value;

use crate::compile::Compiler;
use crate::compile_schema::keyword;
use crate::formats;
use crate::model::Operation;
use crate::schema::checks_format;
use crate::source::join;

impl Compiler<'_> {
    /// Checks every Schema Object of the document.
    pub(crate) fn lint_schemas(&mut self, pointers: &[String]) {
        for pointer in pointers {
            let document = self.document;
            if let Some(schema) = document.pointer(pointer).and_then(Value::as_object) {
                self.lint_schema(schema, pointer);
            }
        }
    }

    fn lint_schema(&mut self, schema: &serde_json::Map<String, Value>, at: &str) {
        let kind = schema.get("type").and_then(Value::as_str);
        if kind == Some("array") && !schema.contains_key("items") {
            self.error(at, "a schema of type array has `items`");
        }
        if schema.get("nullable") == Some(&Value::Bool(true)) && kind.is_none() {
            self.warning(
                &join(at, "nullable"),
                "`nullable` has no effect without a `type` beside it",
            );
        }
        if schema.get("readOnly") == Some(&Value::Bool(true))
            && schema.get("writeOnly") == Some(&Value::Bool(true))
        {
            self.error(
                &join(at, "writeOnly"),
                "a member cannot be both readOnly and writeOnly",
            );
        }
        if schema
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty)
        {
            self.error(&join(at, "enum"), "an empty `enum` allows no value");
        }
        for (low, high) in [
            ("minimum", "maximum"),
            ("minLength", "maxLength"),
            ("minItems", "maxItems"),
            ("minProperties", "maxProperties"),
        ] {
            let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
            if let (Some(least), Some(most)) = (bound(low), bound(high))
                && least > most
            {
                self.error(
                    &join(at, low),
                    format!("`{low}` is above `{high}`: no value fits"),
                );
            }
        }
        if let Some(format) = schema.get("format").and_then(Value::as_str)
            && !formats::ANNOTATIONS.contains(&format)
            && !checks_format(format)
        {
            self.warning(
                &join(at, "format"),
                format!("the format `{format}` is not checked here"),
            );
        }
        for (name, what) in [("xml", "`xml` has no effect: bodies are JSON")] {
            if schema.contains_key(name) {
                self.warning(&join(at, name), what);
            }
        }
        self.lint_discriminator(schema, at);
        self.lint_members(schema, kind, at);
    }

    fn lint_discriminator(&mut self, schema: &serde_json::Map<String, Value>, at: &str) {
        if schema.contains_key("discriminator")
            && !schema.contains_key("oneOf")
            && !schema.contains_key("anyOf")
        {
            let message =
                "a `discriminator` has no effect here without `oneOf` or `anyOf` beside it";
            self.warning(&join(at, "discriminator"), message);
        }
    }

    fn lint_members(
        &mut self,
        schema: &serde_json::Map<String, Value>,
        kind: Option<&str>,
        at: &str,
    ) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let required = schema.get("required").and_then(Value::as_array);
        let is_combined = ["allOf", "anyOf", "oneOf"]
            .iter()
            .any(|k| schema.contains_key(*k));
        let mut seen: Vec<&str> = Vec::new();
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            let here = join(at, "required");
            if seen.contains(&name) {
                self.warning(&here, format!("`{name}` is required twice"));
            }
            seen.push(name);
            if properties.is_some_and(|p| !p.contains_key(name)) && !is_combined {
                self.warning(
                    &here,
                    format!("`{name}` is required and not described in `properties`"),
                );
            }
        }
        let objects = ["properties", "required", "additionalProperties"];
        if let Some(kind) = kind.filter(|k| *k != "object")
            && let Some(keyword) = objects.iter().find(|k| schema.contains_key(**k))
        {
            self.warning(
                &join(at, keyword),
                format!("`{keyword}` has no effect on type {kind}"),
            );
        }
    }

    /// What is wrong between operations.
    pub(crate) fn lint_operations(&mut self, operations: &[Operation]) {
        let mut ids: HashMap<&str, &str> = HashMap::new();
        let callbacks = operations
            .iter()
            .flat_map(|o| &o.callbacks)
            .flat_map(|c| &c.operations);
        for operation in operations.iter().chain(callbacks) {
            let at = join(&operation.pointer, "operationId");
            if let Some(first) = ids.insert(&operation.id, &operation.pointer) {
                let other = self.tree.pointer(first).map(|n| n.span);
                let message = format!("the operationId `{}` stands twice", operation.id);
                let mut finding = crate::diagnostic::Diagnostic::error(self.span(&at), message);
                if let Some(line) = other.and_then(|_| keyword(self.document, first, "operationId"))
                {
                    finding =
                        finding.help(format!("the first {line} is that of {}", pretty(first)));
                }
                self.findings.push(finding);
            }
        }
        for operation in operations {
            for link in operation.responses.iter().flat_map(|r| &r.links) {
                if !operations.iter().any(|o| o.id == link.operation) {
                    let message = format!("there is no operation `{}`", link.operation);
                    self.error(&link.pointer.clone(), message);
                }
            }
            let at = join(&operation.pointer, "security");
            if self
                .document
                .pointer(&at)
                .and_then(Value::as_array)
                .is_some_and(|s| !s.is_empty())
            {
                self.warning(&at, "`security` is not enforced here");
            }
        }
        if self
            .document
            .get("security")
            .and_then(Value::as_array)
            .is_some_and(|s| !s.is_empty())
        {
            self.warning("/security", "`security` is not enforced here");
        }
    }
}

/// The pointer of an operation as people say it: `POST /path`.
fn pretty(pointer: &str) -> String {
    let tokens: Vec<_> = pointer
        .split('/')
        .skip(2)
        .map(crate::source::unescape)
        .collect();
    let path = tokens.first().map_or("", AsRef::as_ref);
    let method = tokens.last().map_or("", AsRef::as_ref);
    format!("{} {path}", method.to_uppercase())
}
