//! CEL expressions of a contract: rules (`x-validations`) and job descriptions (`x-job`), compiled once.
//!
//! Beside CEL's standard functions there are two of ours:
//! - `localSeconds(string) -> int`: seconds of a zoneless date-time, for differences;
//! - `gbCode(string, string) -> string`: a GB/T 28181 identity code; the text itself if it is one (20 digits), else a
//!   code of the given device type (three digits) that the text always gives.
//!
//! An evaluation binds only the members that the expression names: measured, that is half of its cost.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use cel::common::ast::IdedExpr;
use cel::common::types::{CelInt, CelString, STRING_TYPE};
use cel::common::value::CowVal;
use cel::objects::Key;
use cel::{Context, Env, ExecutionError, Program, Value as Cel};
use serde_json::Value;

use crate::expression_names::collect_uses;
use crate::expression_value::{from_cel, to_cel};
use crate::formats;
use crate::json;
use crate::quick::{Plan, Quick};

/// Names of our own functions.
pub(crate) const OWN_FUNCTIONS: &[&str] = &["localSeconds", "gbCode"];

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    // The names are ours alone, so that no overload can be there already.
    let _ = env.add_overload(
        "localSeconds",
        "local_seconds",
        vec![STRING_TYPE],
        local_seconds,
    );
    let _ = env.add_overload(
        "gbCode",
        "gb_code",
        vec![STRING_TYPE, STRING_TYPE],
        gb_code_cel,
    );
    Arc::new(env)
});

fn text<'a>(args: &'a [CowVal<'_, '_>], index: usize) -> Result<&'a str, ExecutionError> {
    args.get(index)
        .and_then(|v| v.downcast_ref::<CelString<'_>>())
        .map(CelString::inner)
        .ok_or_else(ExecutionError::missing_argument_or_target)
}

#[expect(clippy::needless_pass_by_value, reason = "the form that CEL calls")]
fn local_seconds<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let text = text(&args, 0)?;
    let time = formats::local_date_time(text)
        .ok_or_else(|| ExecutionError::function_error("localSeconds", "not a local date-time"))?;
    Ok(CowVal::owned(CelInt::from(formats::local_seconds(time))))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that CEL calls")]
fn gb_code_cel<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let code = gb_code(text(&args, 0)?, text(&args, 1)?);
    Ok(CowVal::owned(CelString::from(code)))
}

/// A GB/T 28181 identity code (20 digits: 8 centre, 2 industry, 3 type, 1 network, 6 serial; GB/T 28181-2022 annex E).
///
/// A text that is one already is answered as it is; any other text gives a code of its own whose serial is a hash.
#[must_use]
pub fn gb_code(text: &str, device_type: &str) -> String {
    if is_gb_code(text) {
        return text.to_owned();
    }
    // FNV-1a: stable over versions and machines, unlike the hashers of the standard library.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("3402000000{device_type:0>3.3}0{:06}", hash % 1_000_000)
}

/// Whether a text is an identity code already.
pub(crate) fn is_gb_code(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Something that an expression can ask for members by name.
pub trait Members {
    /// The member, or nothing if there is none.
    fn member(&self, name: &str) -> Option<Cel>;
    /// All members, for an expression that takes the thing as a whole.
    fn all(&self) -> Cel;
    /// The member without a copy, if it is a text, a whole number or a truth value.
    fn quick(&self, name: &str) -> Option<Quick<'_>>;
}

impl Members for Value {
    fn member(&self, name: &str) -> Option<Cel> {
        self.get(name).map(to_cel)
    }

    fn all(&self) -> Cel {
        to_cel(self)
    }

    fn quick(&self, name: &str) -> Option<Quick<'_>> {
        match json::member(self.as_object()?, name)? {
            Value::String(text) => Some(Quick::Text(Cow::Borrowed(text))),
            Value::Bool(truth) => Some(Quick::Bool(*truth)),
            Value::Number(number) => number.as_i64().map(Quick::Int),
            _ => None,
        }
    }
}

/// The variables that an expression is evaluated with.
pub type Scope<'a> = [(&'a str, &'a dyn Members)];

/// What an expression names of one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uses {
    /// Only these members.
    Members(BTreeSet<String>),
    /// The whole.
    Whole,
}

/// A compiled CEL expression.
#[derive(Debug)]
pub struct Expression {
    text: String,
    program: Program,
    plan: Option<Plan>,
    uses: BTreeMap<String, Uses>,
}

/// What is wrong with the text of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    /// Byte offset in the text.
    pub(crate) offset: usize,
}

impl Expression {
    pub(crate) fn compile(text: &str) -> Result<Self, Vec<SyntaxError>> {
        let program = ENV.compile(text).map_err(|errors| {
            let error = |e: &cel::parser::ParseError| SyntaxError {
                message: e.msg.clone(),
                offset: offset(text, e.pos),
            };
            errors.errors.iter().map(error).collect::<Vec<_>>()
        })?;
        let mut uses = BTreeMap::new();
        collect_uses(program.expression(), &mut Vec::new(), &mut uses);
        let plan = Plan::of(program.expression());
        Ok(Self {
            text: text.to_owned(),
            program,
            plan,
            uses,
        })
    }

    /// The text as it stands in the document.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it names of each variable.
    #[must_use]
    pub fn uses(&self) -> &BTreeMap<String, Uses> {
        &self.uses
    }

    /// The members of one variable that it names; empty if it takes the whole or nothing of it.
    pub fn members_of(&self, variable: &str) -> impl Iterator<Item = &str> {
        let named = match self.uses.get(variable) {
            Some(Uses::Members(members)) => Some(members),
            _ => None,
        };
        named.into_iter().flatten().map(String::as_str)
    }

    pub(crate) fn root(&self) -> &IdedExpr {
        self.program.expression()
    }

    pub(crate) fn offset_of(&self, id: u64) -> usize {
        self.program
            .source_info()
            .offset_for(id)
            .map_or(0, |(start, _)| start as usize)
    }

    /// The value of the expression with these variables.
    ///
    /// # Errors
    /// What CEL says of it; a checked expression fails only on values that its check could not foresee. Or that the
    /// value has no form in JSON.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, ExecutionError> {
        if let Some(quick) = self.quick(scope) {
            return Ok(Value::from(quick));
        }
        from_cel(&self.interpret(scope)?).ok_or_else(|| {
            ExecutionError::function_error(&self.text, "the value has no form in JSON")
        })
    }

    /// The truth of a rule with these variables; nothing if it is no truth value.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn truth(&self, scope: &Scope<'_>) -> Result<Option<bool>, ExecutionError> {
        match self.quick(scope) {
            Some(Quick::Bool(truth)) => return Ok(Some(truth)),
            Some(_) => return Ok(None),
            None => {}
        }
        Ok(match self.interpret(scope)? {
            Cel::Bool(truth) => Some(truth),
            _ => None,
        })
    }

    /// The value without the interpreter, where that is possible.
    #[must_use]
    pub fn quick<'a>(&'a self, scope: &Scope<'a>) -> Option<Quick<'a>> {
        self.plan.as_ref()?.evaluate(scope)
    }

    /// The value, if the expression is a text, a number or a truth value as it stands.
    pub(crate) fn literal(&self) -> Option<Value> {
        match self.plan.as_ref()? {
            Plan::Text(text) => Some(Value::from(text.as_str())),
            Plan::Int(number) => Some(Value::from(*number)),
            Plan::Bool(truth) => Some(Value::from(*truth)),
            _ => None,
        }
    }

    /// The number whose digits the value is, where that is known without the interpreter.
    pub(crate) fn numeral<'a>(&'a self, scope: &Scope<'a>) -> Option<i64> {
        self.plan.as_ref()?.numeral(scope)
    }

    /// True if most evaluations need no interpreter.
    #[cfg(test)]
    pub(crate) fn is_quick(&self) -> bool {
        self.plan.is_some()
    }

    pub(crate) fn interpret(&self, scope: &Scope<'_>) -> Result<Cel, ExecutionError> {
        let mut context = Context::with_env(Arc::clone(&ENV));
        for (name, uses) in &self.uses {
            let Some((_, value)) = scope.iter().find(|(n, _)| n == name) else {
                continue;
            };
            let bound = match uses {
                Uses::Whole => value.all(),
                Uses::Members(members) => {
                    let map: HashMap<Key, Cel> = members
                        .iter()
                        .filter_map(|m| Some((Key::from(m.as_str()), value.member(m)?)))
                        .collect();
                    Cel::from(map)
                }
            };
            context.add_variable_from_value(name.as_str(), bound);
        }
        self.program.execute(&context)
    }
}

fn offset(text: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).max(1);
    let column = usize::try_from(column).unwrap_or(1).max(1);
    let before: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    (before + column - 1).min(text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Expression, Members, Uses, gb_code};

    fn evaluate(text: &str, value: &serde_json::Value) -> serde_json::Value {
        let expression = Expression::compile(text).unwrap();
        let scope: &[(&str, &dyn Members)] = &[("self", value)];
        expression.evaluate(scope).unwrap()
    }

    #[test]
    fn evaluates_with_the_members_it_names() {
        let body =
            json!({"start": "2025-04-04T21:36:17", "end": "2025-04-04T21:36:27", "x": [1, 2]});
        assert_eq!(evaluate("self.start < self.end", &body), json!(true));
        assert_eq!(evaluate("has(self.nothing)", &body), json!(false));
        assert_eq!(
            evaluate("localSeconds(self.end) - localSeconds(self.start)", &body),
            json!(10)
        );
        assert_eq!(evaluate("self.x.all(n, n > 0)", &body), json!(true));
        assert_eq!(evaluate("string(size(self))", &body), json!("3"));
    }

    #[test]
    fn knows_what_it_names() {
        let expression =
            Expression::compile("self.a == 'x' && self.b.all(a, a != self.c)").unwrap();
        let Some(Uses::Members(members)) = expression.uses().get("self") else {
            panic!()
        };
        assert_eq!(members.iter().collect::<Vec<_>>(), ["a", "b", "c"]);
        let whole = Expression::compile("size(self) > 1").unwrap();
        assert_eq!(whole.uses().get("self"), Some(&Uses::Whole));
    }

    #[test]
    fn says_where_the_syntax_is_wrong() {
        let errors = Expression::compile("self.a <").unwrap_err();
        assert!(!errors.is_empty());
    }

    #[test]
    fn gives_codes_of_the_standards_form() {
        assert_eq!(
            gb_code("34020000001110000228", "132"),
            "34020000001110000228"
        );
        let code = gb_code("55", "111");
        assert_eq!(code.len(), 20);
        assert_eq!(&code[10..14], "1110");
        assert_eq!(code, gb_code("55", "111"));
        assert_ne!(code, gb_code("56", "111"));
    }
}
