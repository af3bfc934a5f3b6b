//! Schemas and their rules, compiled: one validator for each schema and direction, each rule checked before it is used.

use std::sync::Arc;

use serde_json::Value;

use crate::check::nearest;
use crate::compile::Compiler;
use crate::compile_job::Fit;
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Members};
use crate::expression_check::{Form, check};
use crate::lower::{Direction, lower, property, resolve};
use crate::provenance::Provenance;
use crate::rules::{Rule, RuleSite, Step};
use crate::schema::{Schema, build};
use crate::source::{Span, join, join_index};

impl Compiler<'_> {
    /// The compiled schema at a pointer; the same one for every use of it.
    pub(crate) fn schema(&mut self, pointer: &str, direction: Direction) -> Option<Arc<Schema>> {
        let pointer = self.target(pointer);
        let key = (pointer.clone(), direction);
        if let Some(known) = self.schemas.get(&key) {
            return known.clone();
        }
        let lowered = lower(self.document, &pointer, direction);
        let compiled = match build(&lowered.schema) {
            Ok(validator) => {
                let mut rules = Vec::new();
                self.rule_sites(&pointer, &mut Vec::new(), &mut Vec::new(), &mut rules);
                let schema = Schema {
                    lowered,
                    direction,
                    validator,
                    rules,
                    pointer: pointer.clone(),
                };
                self.try_rules(&schema);
                Some(Arc::new(schema))
            }
            Err((path, message)) => {
                let origin = lowered.origin(&path);
                self.error(&origin, format!("this schema cannot be used: {message}"));
                None
            }
        };
        self.schemas.insert(key, compiled.clone());
        compiled
    }

    /// The rules of a schema and of what it is made of, each with the way to the objects that it is about.
    fn rule_sites(
        &mut self,
        pointer: &str,
        path: &mut Vec<Step>,
        visited: &mut Vec<String>,
        out: &mut Vec<RuleSite>,
    ) {
        let pointer = self.target(pointer);
        // A recursive schema: its rules are known from the first time round.
        if visited.contains(&pointer) {
            return;
        }
        let document = self.document;
        let Some(schema) = document.pointer(&pointer).and_then(Value::as_object) else {
            return;
        };
        visited.push(pointer.clone());
        for rule in self.rules_at(&pointer) {
            out.push(RuleSite {
                path: path.clone(),
                rule,
            });
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let names: Vec<String> = properties
            .into_iter()
            .flatten()
            .map(|(n, _)| n.clone())
            .collect();
        for name in &names {
            path.push(Step::Member(name.clone()));
            self.rule_sites(&property(&pointer, name), path, visited, out);
            path.pop();
        }
        if schema.contains_key("items") {
            path.push(Step::Items);
            self.rule_sites(&join(&pointer, "items"), path, visited, out);
            path.pop();
        }
        if schema
            .get("additionalProperties")
            .is_some_and(Value::is_object)
        {
            path.push(Step::Others(names));
            self.rule_sites(&join(&pointer, "additionalProperties"), path, visited, out);
            path.pop();
        }
        let parts = |keyword| {
            schema
                .get(keyword)
                .and_then(Value::as_array)
                .map_or(0, Vec::len)
        };
        for index in 0..parts("allOf") {
            self.rule_sites(
                &join_index(&join(&pointer, "allOf"), index),
                path,
                visited,
                out,
            );
        }
        for keyword in ["anyOf", "oneOf"] {
            for index in 0..parts(keyword) {
                self.no_rules_below(&join_index(&join(&pointer, keyword), index), keyword);
            }
        }
        visited.pop();
    }

    fn no_rules_below(&mut self, pointer: &str, keyword: &str) {
        let at = join(&self.target(pointer), "x-validations");
        if self.document.pointer(&at).is_some() {
            let message = format!("rules below `{keyword}` have no effect here");
            self.warning(&at, message);
        }
    }

    /// The rules that stand at a schema, compiled and checked once.
    fn rules_at(&mut self, pointer: &str) -> Vec<Arc<Rule>> {
        if let Some(known) = self.rules.get(pointer) {
            return known.clone();
        }
        let at = join(pointer, "x-validations");
        let mut out = Vec::new();
        match self.document.pointer(&at) {
            None => {}
            Some(Value::Array(list)) => {
                for (index, rule) in list.iter().enumerate() {
                    out.extend(self.rule(rule, pointer, join_index(&at, index)));
                }
            }
            Some(_) => self.error(&at, "x-validations is a list of rules"),
        }
        self.rules.insert(pointer.to_owned(), out.clone());
        out
    }

    fn rule(&mut self, rule: &Value, schema: &str, at: String) -> Option<Arc<Rule>> {
        let known = ["rule", "message", "error", "provenance"];
        let Some(map) = rule.as_object() else {
            self.error(&at, "a rule has members `rule` and `message`");
            return None;
        };
        for name in map.keys().filter(|n| !known.contains(&n.as_str())) {
            let message = format!(
                "a rule has no member `{name}`; it has: {}",
                known.join(", ")
            );
            self.error(&join(&at, name), message);
        }
        let word = |name: &str| map.get(name).and_then(Value::as_str);
        let (Some(text), Some(message)) = (word("rule"), word("message")) else {
            self.error(&at, "a rule has members `rule` and `message`, both texts");
            return None;
        };
        let error = word("error").map(Arc::<str>::from);
        if let Some(name) = error
            .as_ref()
            .filter(|name| !self.errors.contains_key(&**name))
        {
            let message = format!("x-errors has no error `{name}`");
            let mut finding = Diagnostic::error(self.span(&join(&at, "error")), message);
            let near = nearest(name, self.errors.keys().map(AsRef::as_ref));
            finding.help = near.map(|near| format!("did you mean `{near}`?"));
            self.findings.push(finding);
        }
        let provenance = word("provenance").and_then(Provenance::parse);
        if word("provenance").is_some() && provenance.is_none() {
            self.error(&join(&at, "provenance"), "no such provenance");
        }
        let form = {
            let value = self.document.pointer(schema).unwrap_or(&Value::Null);
            Form::of_schema(self.document, value, 8)
        };
        let expression = self.expression(text, &join(&at, "rule"), &[("self", form)])?;
        Some(Arc::new(Rule {
            expression,
            message: message.to_owned(),
            error,
            provenance,
            pointer: at,
        }))
    }

    /// Compiles an expression of the document; everything that can be known to be wrong with it is found now.
    pub(crate) fn expression(
        &mut self,
        text: &str,
        at: &str,
        variables: &[(&str, Form)],
    ) -> Option<Expression> {
        let span = self.span(at);
        let within = |offset: usize| {
            // An offset in a folded or escaped text is not one in the file: then the whole text is meant.
            if span.len >= text.len() && span.len <= text.len() + 2 {
                let quote = usize::from(span.len > text.len());
                Span {
                    start: span.start + quote + offset.min(text.len()),
                    len: 1,
                    ..span
                }
            } else {
                span
            }
        };
        match Expression::compile(text) {
            Err(errors) => {
                for error in errors {
                    let message = format!("`{text}` is no CEL expression: {}", error.message);
                    self.findings
                        .push(Diagnostic::error(within(error.offset), message));
                }
                None
            }
            Ok(expression) => {
                let doubts = check(&expression, variables);
                let sound = doubts.is_empty();
                for doubt in doubts {
                    let message = format!("in `{text}`: {}", doubt.message);
                    let mut finding = Diagnostic::error(within(doubt.offset), message);
                    finding.help = doubt.help;
                    self.findings.push(finding);
                }
                sound.then_some(expression)
            }
        }
    }

    /// Tries every rule on generated instances, with and without what may be left out.
    fn try_rules(&mut self, schema: &Schema) {
        for fit in [Fit::Full, Fit::Least] {
            let instance = self.instance(schema, fit);
            if !schema.rules.is_empty() && !schema.validator.is_valid(&instance) {
                let message = "no value could be made up for this schema, so its rules were not tried; \
                               give it an `example`";
                self.warning(&schema.pointer, message);
                return;
            }
            for site in &schema.rules {
                for object in objects(&instance, &site.path) {
                    self.try_rule(&site.rule, object, fit);
                }
            }
        }
    }

    fn try_rule(&mut self, rule: &Rule, object: &Value, fit: Fit) {
        let scope: &[(&str, &dyn Members)] = &[("self", object)];
        let at = join(&rule.pointer, "rule");
        let text = rule.expression.text();
        let finding = match rule.expression.truth(scope) {
            Ok(Some(_)) => return,
            Ok(None) => {
                Diagnostic::error(self.span(&at), format!("`{text}` gives no true or false"))
            }
            Err(error) => {
                let finding = Diagnostic::error(self.span(&at), format!("`{text}` fails: {error}"));
                if fit == Fit::Least {
                    finding
                        .help("a member that may be left out is asked for with `!has(self.x) || …`")
                } else {
                    finding.help(format!("it was tried on {}", crate::words::show(object)))
                }
            }
        };
        self.findings.push(finding);
    }
}

/// The objects at the end of a way.
fn objects<'v>(value: &'v Value, path: &[Step]) -> Vec<&'v Value> {
    let Some((step, rest)) = path.split_first() else {
        return vec![value];
    };
    let inner: Vec<&Value> = match (step, value) {
        (Step::Member(name), Value::Object(map)) => map.get(name).into_iter().collect(),
        (Step::Items, Value::Array(items)) => items.iter().collect(),
        (Step::Others(named), Value::Object(map)) => map
            .iter()
            .filter(|(n, _)| !named.contains(n))
            .map(|(_, v)| v)
            .collect(),
        _ => Vec::new(),
    };
    inner.into_iter().flat_map(|v| objects(v, rest)).collect()
}

/// The keyword of a schema, references followed.
pub(crate) fn keyword<'v>(document: &'v Value, pointer: &str, name: &str) -> Option<&'v Value> {
    resolve(document, document.pointer(pointer)?).0.get(name)
}
