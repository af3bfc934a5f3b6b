//! Where the contract puts things: the members of a request that name the device and the window, and the members of an
//! answer that have the id, the duration and the size. They are read from the contract's `x-job`, so that a contract
//! with other names is judged without a change of code.

use serde_json::Value;
use smsload_spec::{Expression, Job, JobStart, Operation, Template};

use crate::decimal::Decimal;
use crate::oracle::kind_of;

/// Where a value stands in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    /// JSON Pointer.
    pub(crate) pointer: String,
}

impl Spot {
    /// The member's own name.
    pub(crate) fn name(&self) -> &str {
        self.pointer.rsplit('/').next().unwrap_or_default()
    }

    pub(crate) fn value<'v>(&self, body: &'v Value) -> Option<&'v Value> {
        body.pointer(&self.pointer)
    }

    pub(crate) fn text<'v>(&self, body: &'v Value) -> Option<&'v str> {
        self.value(body)?.as_str()
    }
}

/// Where the answer that starts a download has its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnswerNames {
    pub(crate) id: Spot,
    pub(crate) duration: Spot,
    pub(crate) size: Spot,
}

impl AnswerNames {
    /// Of an operation that starts downloads; nothing for all others.
    pub(crate) fn of(operation: &Operation) -> Option<Self> {
        let Some(Job::Starts(start)) = &operation.job else {
            return None;
        };
        let spot = |member: &str, name: &str| Spot {
            pointer: find(&start.response, member, "").unwrap_or_else(|| format!("/data/{name}")),
        };
        Some(Self {
            id: spot("id", "stream_id"),
            duration: spot("seconds", "playback_duration"),
            size: spot("bytes", "playback_file_size"),
        })
    }

    pub(crate) fn all(&self) -> [&Spot; 3] {
        [&self.id, &self.duration, &self.size]
    }

    /// Everything that is wrong with these values, in words.
    pub(crate) fn flaws(&self, body: &Value) -> Vec<String> {
        let mut flaws = self.type_flaws(body);
        if self.id.text(body).is_some_and(str::is_empty) {
            flaws.push(format!("`{}` is empty", self.id.name()));
        }
        for (spot, is_right) in [
            (&self.duration, is_duration as fn(&str) -> bool),
            (&self.size, is_size as fn(&str) -> bool),
        ] {
            if let Some(text) = spot.text(body).filter(|text| !is_right(text)) {
                flaws.push(format!(
                    "`{}` is {text:?}, no plain decimal number",
                    spot.name()
                ));
            }
        }
        flaws
    }

    /// Which of these values are missing or no strings.
    pub(crate) fn type_flaws(&self, body: &Value) -> Vec<String> {
        self.all()
            .into_iter()
            .filter(|spot| spot.text(body).is_none())
            .map(|spot| format!("`{}` is {}", spot.name(), kind_of(spot.value(body))))
            .collect()
    }
}

/// True for a plain decimal number, with a fraction or without.
pub(crate) fn is_duration(text: &str) -> bool {
    Decimal::parse(text).is_some()
}

/// True for digits alone.
pub(crate) fn is_size(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The JSON Pointer to a member of what a pointer leads to.
pub(crate) fn pointer_to(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The JSON Pointer of the member of a template that is this member of `job` and nothing else.
pub(crate) fn find(template: &Template, member: &str, pointer: &str) -> Option<String> {
    match template {
        Template::Expression(expression) => {
            let named: Vec<_> = expression.members_of("job").collect();
            (named == [member]).then(|| pointer.to_owned())
        }
        Template::Object(members) => members
            .iter()
            .find_map(|inner| find(&inner.value, member, &pointer_to(pointer, &inner.name))),
        Template::Constant(_) | Template::List(_) => None,
    }
}

/// The members of a request that start a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestNames {
    pub(crate) device: String,
    pub(crate) channel: String,
    pub(crate) start: String,
    pub(crate) end: String,
}

impl RequestNames {
    pub(crate) fn of(start: &JobStart) -> Option<Self> {
        let member = |e: &Expression| e.members_of("self").next().map(str::to_owned);
        Some(Self {
            device: member(&start.device)?,
            channel: member(&start.channel)?,
            start: member(&start.start)?,
            end: member(&start.end)?,
        })
    }
}
