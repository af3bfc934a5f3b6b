//! JSON whose texts are CEL expressions: the bodies that `x-job` and `x-rejection` describe.

use cel::ExecutionError;
use serde_json::{Map, Value};

use crate::expression::{Expression, Scope};

/// A JSON value that is made anew for each answer.
#[derive(Debug)]
pub enum Template {
    /// Text in the document: an expression that gives the value.
    Expression(Expression),
    /// A constant.
    Constant(Value),
    /// A list.
    List(Vec<Template>),
    /// An object, members in the order of the document.
    Object(Vec<(String, Template)>),
}

impl Template {
    /// The value with these variables.
    ///
    /// # Errors
    /// What CEL says of the expression that failed.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, ExecutionError> {
        Ok(match self {
            Self::Constant(value) => value.clone(),
            Self::Expression(expression) => expression.evaluate(scope)?,
            Self::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.evaluate(scope))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Object(members) => {
                let mut map = Map::with_capacity(members.len());
                for (name, member) in members {
                    map.insert(name.clone(), member.evaluate(scope)?);
                }
                Value::Object(map)
            }
        })
    }

    /// Every expression in it.
    pub(crate) fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::Expression(expression) => vec![expression],
            Self::List(items) => items.iter().flat_map(Self::expressions).collect(),
            Self::Object(members) => members.iter().flat_map(|(_, m)| m.expressions()).collect(),
        }
    }
}
