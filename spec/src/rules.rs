//! `x-validations`: rules over the members of an object that a schema cannot express, written in CEL over `self`.

use std::sync::Arc;

use serde_json::Value;

use crate::expression::{Expression, Members};
use crate::provenance::Provenance;
use crate::source::{join, join_index};

/// One rule of a document.
#[derive(Debug)]
pub struct Rule {
    /// The expression; true means that the rule is kept.
    pub expression: Expression,
    /// What to say if it is broken.
    pub message: String,
    /// The error of the table that it is (`x-errors`).
    pub error: Option<Arc<str>>,
    /// Where it comes from.
    pub provenance: Option<Provenance>,
    /// JSON Pointer in the document.
    pub pointer: String,
}

/// One step from a value to the object that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of this name, if it is there.
    Member(String),
    /// Every item of a list.
    Items,
    /// Every member that `properties` does not name.
    Others(Vec<String>),
}

/// A rule, and where below the value of a schema the objects are that it is about.
#[derive(Debug, Clone)]
pub struct RuleSite {
    /// The way there.
    pub path: Vec<Step>,
    /// The rule.
    pub rule: Arc<Rule>,
}

/// A rule that was broken.
pub(crate) struct Broken<'r> {
    /// JSON Pointer of the object.
    pub(crate) pointer: String,
    pub(crate) rule: &'r Rule,
    pub(crate) message: String,
}

impl RuleSite {
    /// Evaluates the rule on every object it is about. Where `is_faulty` says so of one of the members that the rule
    /// names, the schema has spoken already, and the rule says nothing.
    pub(crate) fn broken<'r>(
        &'r self,
        value: &Value,
        is_faulty: Option<&dyn Fn(&str) -> bool>,
        out: &mut Vec<Broken<'r>>,
    ) {
        self.walk(value, &self.path, String::new(), is_faulty, out);
    }

    fn walk<'r>(
        &'r self,
        value: &Value,
        path: &[Step],
        pointer: String,
        is_faulty: Option<&dyn Fn(&str) -> bool>,
        out: &mut Vec<Broken<'r>>,
    ) {
        let Some((step, rest)) = path.split_first() else {
            out.extend(self.judge(value, pointer, is_faulty));
            return;
        };
        match (step, value) {
            (Step::Member(name), Value::Object(map)) => {
                if let Some(inner) = map.get(name) {
                    self.walk(inner, rest, join(&pointer, name), is_faulty, out);
                }
            }
            (Step::Items, Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(item, rest, join_index(&pointer, index), is_faulty, out);
                }
            }
            (Step::Others(named), Value::Object(map)) => {
                for (name, inner) in map.iter().filter(|(n, _)| !named.contains(n)) {
                    self.walk(inner, rest, join(&pointer, name), is_faulty, out);
                }
            }
            _ => {}
        }
    }

    fn judge<'r>(
        &'r self,
        value: &Value,
        pointer: String,
        is_faulty: Option<&dyn Fn(&str) -> bool>,
    ) -> Option<Broken<'r>> {
        let rule = &*self.rule;
        if let Some(is_faulty) = is_faulty {
            let faulty_member = |name: &str| is_faulty(&join(&pointer, name));
            if is_faulty(&pointer) || rule.expression.members_of("self").any(faulty_member) {
                return None;
            }
        }
        let scope: &[(&str, &dyn Members)] = &[("self", value)];
        match rule.expression.truth(scope) {
            Ok(Some(true)) => None,
            Ok(Some(false)) => Some(Broken {
                pointer,
                rule,
                message: rule.message.clone(),
            }),
            // The check at load time has tried the rule on generated values; what is left are extreme ones.
            Ok(None) | Err(_) => Some(Broken {
                pointer,
                rule,
                message: format!(
                    "the rule `{}` cannot be decided for this value",
                    rule.expression.text()
                ),
            }),
        }
    }
}
