//! Values of the contract's expressions, in the types that the mock needs.

use std::borrow::Cow;
use std::cell::Cell;

use bytes::Bytes;
use jiff::civil::DateTime;
use serde_json::Value;
use smsload_spec::{Expression, Quick, Scope, Template, local_date_time};

/// Bodies up to which a thread keeps the room that it writes them in.
const USUAL_BODY: usize = 4096;

thread_local! {
    /// Where bodies are written, so that each is given exactly the memory it takes.
    static DESK: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An expression of the contract that gave nothing usable: a fault of the contract, told in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}`: {why}")]
pub(crate) struct Unusable {
    /// The expression as it stands in the document.
    pub(crate) expression: String,
    /// What was wrong. It may hold values of the body, so it goes into the log and into no answer.
    pub(crate) why: String,
}

impl Unusable {
    fn new(expression: &Expression, why: impl Into<String>) -> Self {
        Self {
            expression: expression.text().to_owned(),
            why: why.into(),
        }
    }
}

/// A text; borrowed where the expression only names a member.
pub(crate) fn text<'a>(
    expression: &'a Expression,
    scope: &Scope<'a>,
) -> Result<Cow<'a, str>, Unusable> {
    if let Some(Quick::Text(text)) = expression.quick(scope) {
        return Ok(text);
    }
    match value(expression, scope)? {
        Value::String(text) => Ok(Cow::Owned(text)),
        _ => Err(Unusable::new(expression, "gave no text")),
    }
}

/// A local date-time, or nothing if the text is none.
pub(crate) fn time(
    expression: &Expression,
    scope: &Scope<'_>,
) -> Result<Option<DateTime>, Unusable> {
    text(expression, scope).map(|text| local_date_time(&text))
}

/// A whole number from 0.
pub(crate) fn whole(expression: &Expression, scope: &Scope<'_>) -> Result<u64, Unusable> {
    let value = value(expression, scope)?;
    value
        .as_u64()
        .ok_or_else(|| Unusable::new(expression, "gave no whole number from 0"))
}

/// A body, as JSON.
pub(crate) fn body(template: &Template, scope: &Scope<'_>) -> Result<Bytes, Unusable> {
    let mut desk = DESK.take();
    desk.clear();
    let written = template.write(scope, &mut desk);
    let body = written.map(|()| Bytes::copy_from_slice(&desk));
    if desk.capacity() <= USUAL_BODY {
        DESK.set(desk);
    }
    body.map_err(|error| Unusable {
        expression: "response".to_owned(),
        why: error.to_string(),
    })
}

fn value(expression: &Expression, scope: &Scope<'_>) -> Result<Value, Unusable> {
    expression
        .evaluate(scope)
        .map_err(|error| Unusable::new(expression, error.to_string()))
}
