//! What an answer means: accepted, rejected, busy, nothing, or a failure. A pure function of a recorded exchange, so
//! that a recording can be judged again without its target.
//!
//! - accepted: HTTP 200, a valid envelope, `code` "0", valid `data`;
//! - rejected: HTTP 4xx, or HTTP 200 with a valid envelope whose `code` is not "0"; `data` is not looked at;
//! - 401, 403, 404, 405, 408, 429 and 503 prove nothing, unless a check expects them;
//! - all else is a failure. One kind of failure is set apart: an answer that says `code` "0", so that the request was
//!   taken, but has something wrong in it: also a `code` that is the number 0, and a body with more than one JSON value
//!   or bytes that are no UTF-8, of which the first value is read. What is wrong has requirements of its own (RESP-01 to
//!   RESP-06, RESP-13, STRM-01), so that one fault of a target is one line of its report, not all of them.

use std::sync::Arc;

use serde::de::IgnoredAny;
use serde_json::Value;
use smsload_spec::{Contract, Operation, Part};

use crate::decimal::Decimal;
use crate::exchange::{Answer, Exchange, Lost, Received};
use crate::names::AnswerNames;
use crate::target::Busy;

/// The `code` of an acceptance.
pub(crate) const ACCEPTED: &str = "0";

/// Statuses that prove nothing about a request, unless a check expects them.
const PROVES_NOTHING: [u16; 7] = [401, 403, 404, 405, 408, 429, 503];

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The request was accepted, and the answer is right.
    Accepted(Acceptance),
    /// The request was rejected.
    Rejected(Rejected),
    /// The target says that it is busy.
    Busy(u16),
    /// A status that has many reasons.
    ProvesNothing(Rejected),
    /// Neither accepted nor rejected.
    Failure(Fault),
}

/// What an accepted request was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The id of the download; empty in the answer of the progress query.
    pub stream_id: String,
    /// The duration of the file in seconds.
    pub duration: Option<Decimal>,
}

/// How a request was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The status.
    pub status: u16,
    /// `code`, if there is an envelope.
    pub code: Option<String>,
    /// `message`, if there is an envelope.
    pub message: Option<String>,
}

/// Why an answer is neither acceptance nor rejection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is none.
    #[error("{0}")]
    Lost(#[from] Lost),
    /// The server erred.
    #[error("HTTP {0}, an error of the server")]
    Server(u16),
    /// A status that is neither.
    #[error("HTTP {0}, which is neither acceptance nor rejection")]
    Status(u16),
    /// A success without a valid envelope.
    #[error("HTTP {0} without a valid envelope: {1}")]
    NoEnvelope(u16, String),
    /// The request was taken, but something is wrong with the answer.
    #[error("`code` \"0\", but {}", .0.join("; "))]
    Flawed(Vec<String>),
    /// More than is read.
    #[error("the answer is longer than 1 MiB")]
    TooLong,
}

impl Outcome {
    /// True if the target took the request: accepted, or answered `code` "0" with something wrong.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Accepted(_) | Self::Failure(Fault::Flawed(_)))
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Accepted(_) => f.write_str("accepted: HTTP 200 with `code` \"0\""),
            Self::Rejected(rejected) => write!(f, "rejected: {rejected}"),
            Self::Busy(status) => write!(f, "busy: HTTP {status}"),
            Self::ProvesNothing(rejected) => write!(f, "{rejected}, which proves nothing here"),
            Self::Failure(fault) => fault.fmt(f),
        }
    }
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        self.code
            .as_ref()
            .map_or(Ok(()), |code| write!(f, " with `code` {code:?}"))
    }
}

/// Judges the answers of one operation.
#[derive(Debug, Clone)]
pub struct Oracle {
    contract: Arc<Contract>,
    operation: usize,
    names: Option<AnswerNames>,
    busy: Busy,
}

impl Oracle {
    /// For the operation of an id; nothing if the contract has none.
    ///
    /// Answers of an operation that starts downloads are held against the contract's schema. Of the others only the
    /// envelope is looked at, since the page does not say what their `data` has.
    #[must_use]
    pub fn new(contract: &Arc<Contract>, operation: &str, busy: Busy) -> Option<Self> {
        let index = contract
            .operations()
            .iter()
            .position(|o| o.id == operation)?;
        let names = AnswerNames::of(&contract.operations()[index]);
        Some(Self {
            contract: Arc::clone(contract),
            operation: index,
            names,
            busy,
        })
    }

    pub(crate) fn operation(&self) -> &Operation {
        &self.contract.operations()[self.operation]
    }

    /// What an exchange means, and the JSON of its answer.
    #[must_use]
    pub fn judge(&self, exchange: &Exchange) -> (Outcome, Option<Value>) {
        match &exchange.received {
            Received::Lost(lost) => (Outcome::Failure(lost.clone().into()), None),
            Received::Answer(answer) => {
                let body = first_value(&answer.body);
                (self.read(answer, body.as_ref()), body)
            }
        }
    }

    fn read(&self, answer: &Answer, body: Option<&Value>) -> Outcome {
        let status = answer.status;
        let text = |name: &str| body?.get(name)?.as_str().map(str::to_owned);
        let rejected = Rejected {
            status,
            code: text("code"),
            message: text("message"),
        };
        if self.busy.covers(status, rejected.code.as_deref()) {
            return Outcome::Busy(status);
        }
        match status {
            _ if answer.is_cut => Outcome::Failure(Fault::TooLong),
            _ if PROVES_NOTHING.contains(&status) => Outcome::ProvesNothing(rejected),
            400..=499 => Outcome::Rejected(rejected),
            500..=599 => Outcome::Failure(Fault::Server(status)),
            200..=299 => self.success(answer, body, rejected),
            _ => Outcome::Failure(Fault::Status(status)),
        }
    }

    fn success(&self, answer: &Answer, body: Option<&Value>, envelope: Rejected) -> Outcome {
        let status = answer.status;
        let no_envelope = |why: &str| Outcome::Failure(Fault::NoEnvelope(status, why.to_owned()));
        let Some(body) = body else {
            return no_envelope("the body is no JSON");
        };
        if !body.is_object() {
            return no_envelope("the body is no JSON object");
        }
        match envelope.code.as_deref() {
            None if is_zero(body.get("code")) => self.taken(answer, body),
            None => no_envelope("it has no `code` that is a string"),
            Some(ACCEPTED) => self.taken(answer, body),
            Some(_) if envelope.message.is_none() => {
                no_envelope("it has no `message` that is a string")
            }
            Some(_) if status != 200 => Outcome::Failure(Fault::Status(status)),
            Some(_) => Outcome::Rejected(envelope),
        }
    }

    fn taken(&self, answer: &Answer, body: &Value) -> Outcome {
        let mut flaws = Vec::new();
        if answer.status != 200 {
            flaws.push(format!("the status is {}", answer.status));
        }
        flaws.extend(one_value(&answer.body).err());
        flaws.extend(envelope_flaws(body, self.names.is_some()));
        let mut acceptance = Acceptance {
            stream_id: String::new(),
            duration: None,
        };
        if let Some(names) = &self.names {
            flaws.extend(names.flaws(body));
            if flaws.is_empty() {
                flaws.extend(self.schema_flaws(answer));
            }
            acceptance.stream_id = names.id.text(body).unwrap_or_default().to_owned();
            acceptance.duration = names.duration.text(body).and_then(Decimal::parse);
        }
        if flaws.is_empty() {
            Outcome::Accepted(acceptance)
        } else {
            Outcome::Failure(Fault::Flawed(flaws))
        }
    }

    /// Members that stand twice in an answer: JSON Pointers.
    pub(crate) fn duplicates(&self, answer: &Answer) -> Vec<String> {
        let operation = self.operation();
        self.contract
            .response(operation, answer.status, &answer.headers, &answer.body)
            .duplicates
    }

    /// What the contract's own schema has against an answer that is otherwise right: members that an overlay adds.
    pub(crate) fn schema_flaws(&self, answer: &Answer) -> Vec<String> {
        let operation = self.operation();
        let judged =
            self.contract
                .response(operation, answer.status, &answer.headers, &answer.body);
        let is_flaw = |part: Part, keyword: &str| part == Part::Body && keyword != "content-type";
        judged
            .violations
            .into_iter()
            .filter(|v| is_flaw(v.part, &v.keyword))
            .map(|v| v.message)
            .collect()
    }
}

/// Whether a body is exactly one JSON value in UTF-8: RESP-13. If not, why.
pub(crate) fn one_value(body: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(body).map_err(|_| "bytes that are no UTF-8".to_owned())?;
    serde_json::from_str::<IgnoredAny>(text)
        .map(|IgnoredAny| ())
        .map_err(|error| format!("a body that is not one JSON value: {error}"))
}

/// The JSON of a body; of one that is not exactly one value in UTF-8, which is RESP-13's matter, the first value.
fn first_value(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().or_else(|| {
        let text = String::from_utf8_lossy(body);
        serde_json::Deserializer::from_str(&text)
            .into_iter()
            .next()?
            .ok()
    })
}

/// True for a `code` that would be that of an acceptance if it were a string.
fn is_zero(code: Option<&Value>) -> bool {
    code.and_then(Value::as_f64) == Some(0.0)
}

/// What is wrong with the envelope of an acceptance: RESP-02.
pub(crate) fn envelope_flaws(body: &Value, is_data_an_object: bool) -> Vec<String> {
    let mut flaws = Vec::new();
    for name in ["code", "message"] {
        if !body.get(name).is_some_and(Value::is_string) {
            flaws.push(format!("`{name}` is {}", kind_of(body.get(name))));
        }
    }
    match body.get("data") {
        Some(Value::Object(_)) => {}
        Some(_) if !is_data_an_object => {}
        other => flaws.push(format!("`data` is {}", kind_of(other))),
    }
    flaws
}

/// A value's type in a word, for messages.
pub(crate) fn kind_of(value: Option<&Value>) -> &'static str {
    match value {
        None => "missing",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a string",
        Some(Value::Array(_)) => "an array",
        Some(Value::Object(_)) => "an object",
    }
}

#[cfg(test)]
mod tests;
