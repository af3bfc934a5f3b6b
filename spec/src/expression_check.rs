//! What can be known of a CEL expression before it runs: CEL here has no type checker, so the tree is walked for
//! variables, members and functions that do not exist. A typing error is a finding of the document, not of a request.

use std::collections::BTreeMap;

use cel::common::ast::{Expr, IdedExpr};
use serde_json::Value;

use crate::check::nearest;
use crate::expression::{Expression, OWN_FUNCTIONS};
use crate::expression_names::children;
use crate::lower::resolve;

/// What is known of the form of a value.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// Nothing.
    Any,
    /// No object: it has no members.
    Plain,
    /// A list of these.
    List(Box<Form>),
    /// An object with these members, and with others if it is open.
    Object {
        members: BTreeMap<String, Form>,
        open: bool,
    },
}

impl Form {
    /// An object with members of which nothing more is known.
    pub(crate) fn of_names(names: &[&str]) -> Self {
        let members = names
            .iter()
            .map(|n| ((*n).to_owned(), Self::Plain))
            .collect();
        Self::Object {
            members,
            open: false,
        }
    }

    /// What a schema of the document says of its values.
    pub(crate) fn of_schema(document: &Value, schema: &Value, depth: usize) -> Self {
        let (schema, _) = resolve(document, schema);
        let combined = ["allOf", "anyOf", "oneOf"]
            .iter()
            .filter_map(|k| schema.get(*k).and_then(Value::as_array))
            .flatten();
        match schema.get("type").and_then(Value::as_str) {
            _ if depth == 0 => Self::Any,
            Some("array") => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                Self::List(Box::new(Self::of_schema(document, items, depth - 1)))
            }
            None if schema.get("properties").is_none() && combined.clone().next().is_none() => {
                Self::Any
            }
            Some("object") | None => {
                let mut members = BTreeMap::new();
                let properties = schema.get("properties").and_then(Value::as_object);
                for (name, property) in properties.into_iter().flatten() {
                    members.insert(name.clone(), Self::of_schema(document, property, depth - 1));
                }
                let mut open = schema
                    .get("additionalProperties")
                    .is_some_and(|a| a != false);
                for part in combined {
                    match Self::of_schema(document, part, depth - 1) {
                        Self::Object {
                            members: more,
                            open: also,
                        } => {
                            members.extend(more);
                            open |= also;
                        }
                        _ => open = true,
                    }
                }
                Self::Object { members, open }
            }
            Some(_) => Self::Plain,
        }
    }
}

/// One finding: what is wrong, what may have been meant, and where in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) offset: usize,
}

/// Everything that can be known to be wrong with an expression over these variables.
pub(crate) fn check(expression: &Expression, variables: &[(&str, Form)]) -> Vec<Doubt> {
    let bound = variables
        .iter()
        .map(|(n, f)| ((*n).to_owned(), f.clone()))
        .collect();
    let mut walker = Walker {
        expression,
        bound,
        doubts: Vec::new(),
    };
    walker.form(expression.root());
    walker.doubts
}

struct Walker<'a> {
    expression: &'a Expression,
    /// Names and forms, the innermost last.
    bound: Vec<(String, Form)>,
    doubts: Vec<Doubt>,
}

/// Functions and macros of CEL's standard library; operators have names that no function can have.
const FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "type",
    "dyn",
    "has",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
    "max",
    "min",
    "hasValue",
    "value",
    "orValue",
    "or",
    "optMap",
];

impl Walker<'_> {
    fn form(&mut self, node: &IdedExpr) -> Form {
        match &node.expr {
            Expr::Ident(name) => match self.bound.iter().rev().find(|(n, _)| n == name) {
                Some((_, form)) => form.clone(),
                None => {
                    let known: Vec<_> = self.bound.iter().map(|(n, _)| n.clone()).collect();
                    self.doubt(node, format!("there is no variable `{name}`"), name, &known);
                    Form::Any
                }
            },
            Expr::Select(select) => {
                let operand = self.form(&select.operand);
                self.member(node, &operand, &select.field)
            }
            Expr::Call(call) => {
                let is_operator = !call
                    .func_name
                    .starts_with(|c: char| c.is_ascii_alphabetic());
                let known: Vec<String> = FUNCTIONS
                    .iter()
                    .chain(OWN_FUNCTIONS)
                    .map(|f| (*f).to_owned())
                    .collect();
                if !is_operator && !known.contains(&call.func_name) {
                    let message = format!("there is no function `{}`", call.func_name);
                    self.doubt(node, message, &call.func_name, &known);
                }
                for child in children(node) {
                    self.form(child);
                }
                Form::Any
            }
            Expr::Comprehension(c) => {
                let range = self.form(&c.iter_range);
                let item = match range {
                    Form::List(item) => *item,
                    Form::Object { .. } => Form::Plain,
                    _ => Form::Any,
                };
                let depth = self.bound.len();
                self.form(&c.accu_init);
                self.bound.push((c.iter_var.clone(), item));
                self.bound.push((c.accu_var.clone(), Form::Any));
                self.bound
                    .extend(c.iter_var2.clone().map(|v| (v, Form::Any)));
                for part in [&c.loop_cond, &c.loop_step, &c.result] {
                    self.form(part);
                }
                self.bound.truncate(depth);
                Form::Any
            }
            _ => {
                for child in children(node) {
                    self.form(child);
                }
                Form::Any
            }
        }
    }

    fn member(&mut self, node: &IdedExpr, operand: &Form, field: &str) -> Form {
        match operand {
            Form::Object { members, open } => match members.get(field) {
                Some(form) => form.clone(),
                None if *open => Form::Any,
                None => {
                    let known: Vec<_> = members.keys().cloned().collect();
                    self.doubt(node, format!("there is no member `{field}`"), field, &known);
                    Form::Any
                }
            },
            Form::Plain | Form::List(_) => {
                let message = format!("`.{field}` asks a value for a member that is no object");
                self.doubt(node, message, "", &[]);
                Form::Any
            }
            Form::Any => Form::Any,
        }
    }

    fn doubt(&mut self, node: &IdedExpr, message: String, word: &str, known: &[String]) {
        let near = nearest(word, known.iter().map(String::as_str));
        let help = match near {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if known.is_empty() || known.len() > 20 => None,
            None => Some(format!("there is: {}", known.join(", "))),
        };
        self.doubts.push(Doubt {
            message,
            help,
            offset: self.expression.offset_of(node.id),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Form, check};
    use crate::expression::Expression;

    fn doubts(text: &str) -> Vec<String> {
        let document = json!({});
        let schema = json!({"type": "object", "properties": {
            "start_time": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}}
        }});
        let form = Form::of_schema(&document, &schema, 6);
        let expression = Expression::compile(text).unwrap();
        check(&expression, &[("self", form)])
            .into_iter()
            .map(|d| {
                format!("{} {}", d.message, d.help.unwrap_or_default())
                    .trim()
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn finds_what_does_not_exist() {
        assert_eq!(
            doubts("self.start_time != '' && self.tags.all(t, t.name != '')"),
            [""; 0]
        );
        assert_eq!(
            doubts("self.star_time != ''"),
            ["there is no member `star_time` did you mean `start_time`?"]
        );
        assert_eq!(
            doubts("slef.start_time != ''"),
            ["there is no variable `slef` did you mean `self`?"]
        );
        assert_eq!(
            doubts("self.start_time.beginsWith('2')"),
            ["there is no function `beginsWith`"]
        );
        assert_eq!(
            doubts("self.tags.all(t, t.title != '')"),
            ["there is no member `title` there is: name"]
        );
    }
}
