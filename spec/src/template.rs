//! JSON whose texts are CEL expressions: the bodies that `x-job` and `x-rejection` describe.

use cel::ExecutionError;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::expression::{Expression, Scope};
use crate::quick::Quick;

/// A JSON value that is made anew for each answer.
#[derive(Debug)]
pub enum Template {
    /// Text in the document: an expression that gives the value.
    Expression(Expression),
    /// A constant.
    Constant(Constant),
    /// A list.
    List(Vec<Template>),
    /// An object, members in the order of the document.
    Object(Vec<TemplateMember>),
}

/// A value that is always the same, and the JSON that it is written as.
#[derive(Debug)]
pub struct Constant {
    value: Value,
    written: Box<[u8]>,
}

impl From<Value> for Constant {
    fn from(value: Value) -> Self {
        let written = written(&value).into();
        Self { value, written }
    }
}

/// A member of an object.
#[derive(Debug)]
pub struct TemplateMember {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: Template,
    /// The name and a colon, as JSON has them.
    lead: Box<[u8]>,
}

impl TemplateMember {
    /// A member with this name.
    #[must_use]
    pub fn new(name: String, value: Template) -> Self {
        let mut lead = written(&name);
        lead.push(b':');
        Self {
            name,
            value,
            lead: lead.into(),
        }
    }
}

/// The JSON of a text or a value.
fn written(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value);
    out
}

impl Template {
    /// What an expression gives; a constant, if it is a literal.
    #[must_use]
    pub fn of(expression: Expression) -> Self {
        match expression.literal() {
            Some(literal) => Self::Constant(literal.into()),
            None => Self::Expression(expression),
        }
    }

    /// The value with these variables.
    ///
    /// # Errors
    /// What CEL says of the expression that failed.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, ExecutionError> {
        Ok(match self {
            Self::Constant(constant) => constant.value.clone(),
            Self::Expression(expression) => expression.evaluate(scope)?,
            Self::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.evaluate(scope))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Object(members) => {
                let mut map = Map::with_capacity(members.len());
                for member in members {
                    map.insert(member.name.clone(), member.value.evaluate(scope)?);
                }
                Value::Object(map)
            }
        })
    }

    /// Writes the value with these variables as JSON, without making it first.
    ///
    /// # Errors
    /// As [`Template::evaluate`]; what was written until then is no JSON.
    pub fn write(&self, scope: &Scope<'_>, out: &mut Vec<u8>) -> Result<(), ExecutionError> {
        match self {
            Self::Constant(constant) => out.extend_from_slice(&constant.written),
            Self::Expression(expression) => {
                // Numbers that are told as texts are many.
                if let Some(number) = expression.numeral(scope) {
                    out.push(b'"');
                    put(out, &number);
                    out.push(b'"');
                    return Ok(());
                }
                match expression.quick(scope) {
                    Some(Quick::Text(text)) => put_text(out, &text),
                    Some(Quick::Int(number)) => put(out, &number),
                    Some(Quick::Bool(truth)) => put(out, &truth),
                    None => put(out, &expression.evaluate(scope)?),
                }
            }
            Self::List(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write(scope, out)?;
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(&member.lead);
                    member.value.write(scope, out)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }

    /// Every expression in it.
    pub(crate) fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::Expression(expression) => vec![expression],
            Self::List(items) => items.iter().flat_map(Self::expressions).collect(),
            Self::Object(members) => members.iter().flat_map(|m| m.value.expressions()).collect(),
        }
    }
}

/// Writes a text; one without anything to escape, as most are, in one piece.
fn put_text(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        put(out, text);
    }
}

/// Whether JSON writes a text as it is. Eight bytes are looked at as one number.
fn is_plain(text: &[u8]) -> bool {
    let (eights, rest) = text.as_chunks::<8>();
    let is_plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
    !eights
        .iter()
        .any(|eight| has_escaped(u64::from_le_bytes(*eight)))
        && rest.iter().all(is_plain)
}

/// Whether one of eight bytes is below a blank, a quotation mark or a backslash. Where a subtraction borrows beyond its
/// byte, one below has been found already, so that the answer is exact.
const fn has_escaped(eight: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    const TOPS: u64 = ONES << 7;
    // The top bit of each byte that is less than `limit` (at most 128) and has no top bit itself.
    const fn below(eight: u64, limit: u64) -> u64 {
        eight.wrapping_sub(ONES * limit) & !eight & TOPS
    }
    let quotation = eight ^ (ONES * b'"' as u64);
    let backslash = eight ^ (ONES * b'\\' as u64);
    below(eight, 0x20) | below(quotation, 1) | below(backslash, 1) != 0
}

fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Texts, numbers, truth values and JSON itself can always be written, and a `Vec` takes all of it.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Template, TemplateMember};
    use crate::expression::Expression;

    #[test]
    fn every_character_is_written_as_json_has_it() {
        for character in (0..0x300).filter_map(char::from_u32) {
            for length in [0, 1, 15, 16, 17, 40] {
                let text = format!(
                    "{}{character}{}",
                    "x".repeat(length),
                    "y".repeat(length / 2)
                );
                let mut written = Vec::new();
                super::put_text(&mut written, &text);
                assert_eq!(written, serde_json::to_vec(&text).unwrap());
            }
        }
    }

    #[test]
    fn what_is_written_is_what_the_value_is() {
        let body = json!({"text": "a \"quoted\"\n\u{1}录像", "number": 7, "list": [1, null]});
        let scope: &[(&str, &dyn crate::expression::Members)] = &[("self", &body)];
        let made = |text: &str| Template::Expression(Expression::compile(text).unwrap());
        let members = [
            ("quick \"text\"".to_owned(), made("self.text + '!'")),
            ("truth".to_owned(), made("self.text == ''")),
            ("whole".to_owned(), made("self.number")),
            ("digits".to_owned(), made("string(self.number - 10)")),
            ("no digits".to_owned(), made("string(self.text)")),
            ("slow".to_owned(), made("self.list")),
            ("none".to_owned(), Template::List(Vec::new())),
            (
                "list".to_owned(),
                Template::List(vec![
                    Template::Constant(json!({"a": 1}).into()),
                    made("'x'"),
                ]),
            ),
            ("empty".to_owned(), Template::Object(Vec::new())),
            (
                "literal".to_owned(),
                Template::of(Expression::compile("'a \"b\"'").unwrap()),
            ),
        ];
        let member = |(name, value)| TemplateMember::new(name, value);
        let template = Template::Object(members.into_iter().map(member).collect());
        let mut written = Vec::new();
        template.write(scope, &mut written).unwrap();
        let value = template.evaluate(scope).unwrap();
        assert_eq!(written, serde_json::to_vec(&value).unwrap());
        assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), value);
    }
}
