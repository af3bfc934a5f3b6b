//! The common part of CEL, evaluated without the interpreter: members, constants, comparisons, logic, text and number
//! arithmetic, our own functions. It borrows what it reads and allocates only what it makes.
//!
//! It never decides alone what could be an error: wherever a value is missing, of an unexpected type or out of range it
//! gives no answer, and the interpreter is asked. So there is one meaning, and a test holds the two together.

use std::borrow::Cow;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators as op};

use crate::expression::{Members, Scope, gb_code, is_gb_code};
use crate::formats;

/// Bytes of a text that is put together, mostly.
const USUAL_TEXT: usize = 96;

/// A value while it is worked with.
#[derive(Debug, Clone, PartialEq)]
pub enum Quick<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Int(i64),
    /// A truth value.
    Bool(bool),
}

impl From<Quick<'_>> for serde_json::Value {
    fn from(quick: Quick<'_>) -> Self {
        match quick {
            Quick::Text(text) => Self::String(text.into_owned()),
            Quick::Int(number) => Self::from(number),
            Quick::Bool(truth) => Self::Bool(truth),
        }
    }
}

/// An expression of the common part.
#[derive(Debug)]
pub(crate) enum Plan {
    Text(String),
    Int(i64),
    Bool(bool),
    Member(String, String),
    Has(String, String),
    Not(Box<Plan>),
    Binary(Binary, Box<Plan>, Box<Plan>),
    Choose(Box<Plan>, Box<Plan>, Box<Plan>),
    OneOf(Box<Plan>, Vec<Plan>),
    ToText(Box<Plan>),
    LocalSeconds(Box<Plan>),
    GbCode(Box<Plan>, Box<Plan>),
}

/// An operator with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    And,
    Or,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
}

impl Plan {
    /// The plan of an expression, if it is of the common part.
    pub(crate) fn of(node: &IdedExpr) -> Option<Self> {
        Some(match &node.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::String(text) => Self::Text(text.inner().to_owned()),
                LiteralValue::Int(number) => Self::Int(*number.inner()),
                LiteralValue::Boolean(truth) => Self::Bool(*truth.inner()),
                _ => return None,
            },
            Expr::Select(select) => {
                let Expr::Ident(variable) = &select.operand.expr else {
                    return None;
                };
                let (variable, member) = (variable.clone(), select.field.clone());
                if select.test {
                    Self::Has(variable, member)
                } else {
                    Self::Member(variable, member)
                }
            }
            Expr::Call(call) if call.target.is_none() => Self::call(&call.func_name, &call.args)?,
            _ => return None,
        })
    }

    fn call(name: &str, args: &[IdedExpr]) -> Option<Self> {
        let part = |index: usize| args.get(index).and_then(Self::of).map(Box::new);
        let binary = match name {
            op::LOGICAL_AND => Binary::And,
            op::LOGICAL_OR => Binary::Or,
            op::EQUALS => Binary::Equal,
            op::NOT_EQUALS => Binary::Unequal,
            op::LESS => Binary::Less,
            op::LESS_EQUALS => Binary::LessOrEqual,
            op::GREATER => Binary::Greater,
            op::GREATER_EQUALS => Binary::GreaterOrEqual,
            op::ADD => Binary::Add,
            op::SUBSTRACT => Binary::Subtract,
            op::MULTIPLY => Binary::Multiply,
            op::LOGICAL_NOT => return Some(Self::Not(part(0)?)),
            op::CONDITIONAL => return Some(Self::Choose(part(0)?, part(1)?, part(2)?)),
            op::IN => {
                let Expr::List(list) = &args.get(1)?.expr else {
                    return None;
                };
                let items = list.elements.iter().map(Self::of).collect::<Option<_>>()?;
                return Some(Self::OneOf(part(0)?, items));
            }
            "string" if args.len() == 1 => return Some(Self::ToText(part(0)?)),
            "localSeconds" if args.len() == 1 => return Some(Self::LocalSeconds(part(0)?)),
            "gbCode" if args.len() == 2 => return Some(Self::GbCode(part(0)?, part(1)?)),
            _ => return None,
        };
        Some(Self::Binary(binary, part(0)?, part(1)?))
    }

    /// The value, or nothing where the interpreter must be asked.
    pub(crate) fn evaluate<'a>(&'a self, scope: &Scope<'a>) -> Option<Quick<'a>> {
        let variable = |name: &str| -> Option<&'a dyn Members> {
            scope
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| *value)
        };
        Some(match self {
            Self::Text(text) => Quick::Text(Cow::Borrowed(text)),
            Self::Int(number) => Quick::Int(*number),
            Self::Bool(truth) => Quick::Bool(*truth),
            Self::Member(of, name) => variable(of)?.quick(name)?,
            // Only presence is certain: what cannot be read quickly may still be there.
            Self::Has(of, name) => variable(of)?.quick(name).map(|_| Quick::Bool(true))?,
            Self::Not(inner) => Quick::Bool(!inner.truth(scope)?),
            Self::Binary(Binary::And, a, b) => Quick::Bool(a.truth(scope)? && b.truth(scope)?),
            Self::Binary(Binary::Or, a, b) => Quick::Bool(a.truth(scope)? || b.truth(scope)?),
            Self::Binary(operator, a, b) => {
                operator.apply(a.evaluate(scope)?, b.evaluate(scope)?)?
            }
            Self::Choose(condition, yes, no) => {
                if condition.truth(scope)? {
                    yes.evaluate(scope)?
                } else {
                    no.evaluate(scope)?
                }
            }
            Self::OneOf(value, items) => {
                let value = value.evaluate(scope)?;
                let mut found = false;
                for item in items {
                    found |= same(&value, &item.evaluate(scope)?)?;
                }
                Quick::Bool(found)
            }
            Self::ToText(inner) => match inner.evaluate(scope)? {
                Quick::Text(text) => Quick::Text(text),
                Quick::Int(number) => Quick::Text(Cow::Owned(number.to_string())),
                Quick::Bool(truth) => {
                    Quick::Text(Cow::Borrowed(if truth { "true" } else { "false" }))
                }
            },
            Self::LocalSeconds(inner) => {
                let time = formats::local_date_time(&inner.text(scope)?)?;
                Quick::Int(formats::local_seconds(time))
            }
            Self::GbCode(text, kind) => {
                let (text, kind) = (text.text(scope)?, kind.text(scope)?);
                Quick::Text(if is_gb_code(&text) {
                    text
                } else {
                    Cow::Owned(gb_code(&text, &kind))
                })
            }
        })
    }

    /// The number whose digits the value is, if it is that.
    pub(crate) fn numeral<'a>(&'a self, scope: &Scope<'a>) -> Option<i64> {
        match self {
            Self::ToText(inner) => match inner.evaluate(scope)? {
                Quick::Int(number) => Some(number),
                Quick::Text(_) | Quick::Bool(_) => None,
            },
            _ => None,
        }
    }

    fn truth<'a>(&'a self, scope: &Scope<'a>) -> Option<bool> {
        match self.evaluate(scope)? {
            Quick::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    fn text<'a>(&'a self, scope: &Scope<'a>) -> Option<Cow<'a, str>> {
        match self.evaluate(scope)? {
            Quick::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn same(a: &Quick<'_>, b: &Quick<'_>) -> Option<bool> {
    std::mem::discriminant(a)
        .eq(&std::mem::discriminant(b))
        .then(|| a == b)
}

impl Binary {
    fn apply<'a>(self, a: Quick<'a>, b: Quick<'a>) -> Option<Quick<'a>> {
        if matches!(self, Self::Add | Self::Subtract | Self::Multiply) {
            return self.calculate(a, b);
        }
        let order = match (&a, &b) {
            (Quick::Text(a), Quick::Text(b)) => a.cmp(b),
            (Quick::Int(a), Quick::Int(b)) => a.cmp(b),
            (Quick::Bool(a), Quick::Bool(b)) => a.cmp(b),
            _ => return None,
        };
        Some(match self {
            Self::Equal => Quick::Bool(order.is_eq()),
            Self::Unequal => Quick::Bool(order.is_ne()),
            Self::Less => Quick::Bool(order.is_lt()),
            Self::LessOrEqual => Quick::Bool(order.is_le()),
            Self::Greater => Quick::Bool(order.is_gt()),
            Self::GreaterOrEqual => Quick::Bool(order.is_ge()),
            Self::Add | Self::Subtract | Self::Multiply | Self::And | Self::Or => return None,
        })
    }

    fn calculate<'a>(self, a: Quick<'a>, b: Quick<'a>) -> Option<Quick<'a>> {
        match (self, a, b) {
            (Self::Add, Quick::Text(a), Quick::Text(b)) => {
                let mut text = match a {
                    Cow::Owned(text) => text,
                    // The beginning of what mostly gets longer: room for all of it at once.
                    Cow::Borrowed(begin) => {
                        let mut text = String::with_capacity(begin.len() + b.len().max(USUAL_TEXT));
                        text.push_str(begin);
                        text
                    }
                };
                text.push_str(&b);
                Some(Quick::Text(Cow::Owned(text)))
            }
            (Self::Add, Quick::Int(a), Quick::Int(b)) => a.checked_add(b).map(Quick::Int),
            (Self::Subtract, Quick::Int(a), Quick::Int(b)) => a.checked_sub(b).map(Quick::Int),
            (Self::Multiply, Quick::Int(a), Quick::Int(b)) => a.checked_mul(b).map(Quick::Int),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::expression::{Expression, Members};
    use crate::expression_value::from_cel;

    /// Texts of the common part over `self.a`, `self.b` (texts), `self.n` (a number) and `self.none` (never there).
    fn expressions() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("self.a".to_owned()),
            Just("self.b".to_owned()),
            Just("self.n".to_owned()),
            Just("self.none".to_owned()),
            Just("has(self.none)".to_owned()),
            Just("has(self.a)".to_owned()),
            Just("'x'".to_owned()),
            Just("'2025-04-04T21:36:17'".to_owned()),
            Just("3".to_owned()),
            Just("true".to_owned()),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            let operators = prop::sample::select(vec![
                "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "&&", "||",
            ]);
            prop_oneof![
                (inner.clone(), operators, inner.clone())
                    .prop_map(|(a, o, b)| format!("({a} {o} {b})")),
                inner.clone().prop_map(|a| format!("!({a})")),
                inner.clone().prop_map(|a| format!("string({a})")),
                inner.clone().prop_map(|a| format!("localSeconds({a})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("gbCode({a}, {b})")),
                (inner.clone(), inner.clone(), inner.clone())
                    .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
                (inner.clone(), inner.clone(), inner)
                    .prop_map(|(a, b, c)| format!("({a} in [{b}, {c}])")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Where there is a quick answer, it is the interpreter's.
        #[test]
        fn says_what_the_interpreter_says(
            text in expressions(),
            a in "[a-z0-9]{0,3}",
            b in prop_oneof![Just("2024-02-29T00:00:00".to_owned()), "\\PC{0,3}"],
            n in prop_oneof![any::<i64>(), -5_i64..5],
        ) {
            let body = json!({"a": a, "b": b, "n": n});
            let scope: &[(&str, &dyn Members)] = &[("self", &body)];
            let expression = Expression::compile(&text).unwrap();
            if let Some(quick) = expression.quick(scope) {
                let quick = Value::from(quick);
                let exact = expression.interpret(scope);
                prop_assert!(exact.is_ok(), "{text}: {quick} and {exact:?}");
                prop_assert_eq!(Some(quick), from_cel(&exact.unwrap()), "{}", text);
            }
        }
    }

    #[test]
    fn the_contracts_own_expressions_are_quick() {
        for text in [
            "self.source_type == '3'",
            "self.start_time < self.end_time",
            "'download:' + gbCode(self.device_unicode, '111') + ':' + gbCode(self.channel, '132') + ':' + job.ssrc",
            "string(job.percent)",
            "self.source_type in ['1', '3']",
        ] {
            assert!(Expression::compile(text).unwrap().is_quick(), "{text}");
        }
        assert!(
            !Expression::compile("self.list.all(x, x > 0)")
                .unwrap()
                .is_quick()
        );
    }
}
