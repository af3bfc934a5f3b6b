//! `x-job`, `x-errors` and `x-rejection`, compiled: their expressions are checked against what they can see, tried, and
//! what they answer is held against the schema of the answer.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use crate::compile::Compiler;
use crate::expression::Expression;
use crate::expression_check::Form;
use crate::job::{JOB, Job, JobRead, JobStart, JobTell, RECORDED};
use crate::model::{ErrorKind, Operation, Rejection};
use crate::provenance::Provenance;
use crate::source::{join, join_index};
use crate::template::{Template, TemplateMember};

/// Which members a generated instance has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Every member.
    Full,
    /// Only those that are required.
    Least,
}

/// The variable `error` of `x-rejection`.
const ERROR: &[&str] = &["name", "code", "message", "status"];

type Variables<'v> = [(&'v str, Form)];

impl Compiler<'_> {
    /// `x-errors`: the table of errors.
    pub(crate) fn error_table(&mut self) -> IndexMap<Arc<str>, ErrorKind> {
        let mut out = IndexMap::new();
        let document = self.document;
        let Some(table) = document.get("x-errors") else {
            return out;
        };
        let Some(table) = table.as_object() else {
            self.error(
                "/x-errors",
                "x-errors is an object: a name, and what is told by it",
            );
            return out;
        };
        for (name, entry) in table {
            let at = join("/x-errors", name);
            let known = ["code", "status", "message", "keywords", "provenance"];
            for member in entry.as_object().into_iter().flatten().map(|(n, _)| n) {
                if !known.contains(&member.as_str()) {
                    let message = format!(
                        "an error has no member `{member}`; it has: {}",
                        known.join(", ")
                    );
                    self.error(&join(&at, member), message);
                }
            }
            let text = |member: &str| entry.get(member).and_then(Value::as_str).map(str::to_owned);
            let status = entry
                .get("status")
                .and_then(Value::as_u64)
                .and_then(|s| u16::try_from(s).ok());
            let (Some(code), Some(message), Some(status @ 400..=599)) =
                (text("code"), text("message"), status)
            else {
                self.error(
                    &at,
                    "an error has `code` and `message`, both texts, and a `status` from 400 to 599",
                );
                continue;
            };
            let keywords = entry.get("keywords").and_then(Value::as_array);
            let keywords = keywords
                .into_iter()
                .flatten()
                .filter_map(|k| k.as_str().map(str::to_owned))
                .collect();
            let name: Arc<str> = name.as_str().into();
            out.insert(
                Arc::clone(&name),
                ErrorKind {
                    name,
                    code,
                    status,
                    message,
                    keywords,
                },
            );
        }
        out
    }

    /// `x-rejection`: how a rejection is written.
    pub(crate) fn rejection(&mut self) -> Option<Rejection> {
        let document = self.document;
        let entry = document.get("x-rejection")?;
        let at = "/x-rejection";
        self.only_members(entry, at, &["status", "body", "provenance"]);
        let status = entry.get("status").and_then(Value::as_u64).unwrap_or(200);
        let status = u16::try_from(status)
            .ok()
            .filter(|s| (200..=599).contains(s));
        let Some(status) = status else {
            self.error(&join(at, "status"), "a status is a number from 200 to 599");
            return None;
        };
        let variables = [("error", Form::of_names(ERROR))];
        let body = self.template(entry.get("body")?, &join(at, "body"), &variables)?;
        let word = entry.get("provenance").and_then(Value::as_str);
        Some(Rejection {
            status,
            body,
            provenance: word.and_then(Provenance::parse),
        })
    }

    /// `x-job` of an operation.
    pub(crate) fn job(&mut self, operation: &Operation) -> Option<Job> {
        let at = join(&operation.pointer, "x-job");
        let document = self.document;
        let entry = document.pointer(&at)?;
        let role = ["starts", "reads", "tells"]
            .into_iter()
            .find_map(|role| Some((role, entry.get(role)?.as_str()?.to_owned())));
        let Some((role, kind)) = role else {
            self.error(
                &at,
                "x-job says what the operation does: `starts`, `reads` or `tells` a kind of job",
            );
            return None;
        };
        let form = operation.request_schema().map_or(Form::Any, |schema| {
            let value = document.pointer(&schema.pointer).unwrap_or(&Value::Null);
            Form::of_schema(document, value, 8)
        });
        let own = ("self", form);
        let job = match role {
            "starts" => self
                .job_start(kind, entry, &at, own)
                .map(|j| Job::Starts(Box::new(j))),
            "reads" => self
                .job_read(kind, entry, &at, own)
                .map(|j| Job::Reads(Box::new(j))),
            _ => self
                .job_tell(kind, entry, &at)
                .map(|j| Job::Tells(Box::new(j))),
        }?;
        self.try_job(&job, operation, &at);
        Some(job)
    }

    fn job_start(
        &mut self,
        kind: String,
        entry: &Value,
        at: &str,
        own: (&str, Form),
    ) -> Option<JobStart> {
        let members = [
            "device", "channel", "start", "end", "id", "duration", "size",
        ];
        let mut known = vec!["starts", "response"];
        known.extend(members);
        self.only_members(entry, at, &known);
        let of_body = [own.clone()];
        let with_job = [own.clone(), ("job", Form::of_names(JOB))];
        let with_recorded = [own, ("recorded", Form::of_names(RECORDED))];
        // All are compiled before the first missing one ends it, so that every fault is told at once.
        let device = self.job_text(entry, at, "device", &of_body);
        let channel = self.job_text(entry, at, "channel", &of_body);
        let start = self.job_text(entry, at, "start", &of_body);
        let end = self.job_text(entry, at, "end", &of_body);
        let id = self.job_text(entry, at, "id", &with_job);
        let duration = self.job_text(entry, at, "duration", &with_recorded);
        let size = self.job_text(entry, at, "size", &with_recorded);
        let response = self.job_body(entry, at, "response", &with_job);
        Some(JobStart {
            kind,
            device: device?,
            channel: channel?,
            start: start?,
            end: end?,
            id: id?,
            duration: duration?,
            size: size?,
            response: response?,
        })
    }

    fn job_read(
        &mut self,
        kind: String,
        entry: &Value,
        at: &str,
        own: (&str, Form),
    ) -> Option<JobRead> {
        self.only_members(entry, at, &["reads", "id", "response"]);
        let id = self.job_text(entry, at, "id", std::slice::from_ref(&own));
        let variables = [own, ("job", Form::of_names(JOB))];
        let response = self.job_body(entry, at, "response", &variables);
        Some(JobRead {
            kind,
            id: id?,
            response: response?,
        })
    }

    fn job_tell(&mut self, kind: String, entry: &Value, at: &str) -> Option<JobTell> {
        self.only_members(entry, at, &["tells", "body"]);
        let variables = [("job", Form::of_names(JOB))];
        Some(JobTell {
            kind,
            body: self.job_body(entry, at, "body", &variables)?,
        })
    }

    fn only_members(&mut self, entry: &Value, at: &str, known: &[&str]) {
        for (name, _) in entry.as_object().into_iter().flatten() {
            if !known.contains(&name.as_str()) {
                let message = format!(
                    "there is no member `{name}` here; there is: {}",
                    known.join(", ")
                );
                self.error(&join(at, name), message);
            }
        }
    }

    fn job_text(
        &mut self,
        entry: &Value,
        at: &str,
        name: &str,
        variables: &Variables<'_>,
    ) -> Option<Expression> {
        match entry.get(name).and_then(Value::as_str) {
            Some(text) => self.expression(text, &join(at, name), variables),
            None => {
                self.error(at, format!("x-job lacks `{name}`, a CEL expression"));
                None
            }
        }
    }

    fn job_body(
        &mut self,
        entry: &Value,
        at: &str,
        name: &str,
        variables: &Variables<'_>,
    ) -> Option<Template> {
        match entry.get(name) {
            Some(body) => self.template(body, &join(at, name), variables),
            None => {
                self.error(
                    at,
                    format!("x-job lacks `{name}`, the body with CEL expressions"),
                );
                None
            }
        }
    }

    fn template(&mut self, body: &Value, at: &str, variables: &Variables<'_>) -> Option<Template> {
        Some(match body {
            Value::String(text) => Template::of(self.expression(text, at, variables)?),
            Value::Array(items) => {
                let mut out = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    out.push(self.template(item, &join_index(at, index), variables));
                }
                Template::List(out.into_iter().collect::<Option<_>>()?)
            }
            Value::Object(map) => {
                let mut out = Vec::new();
                for (name, member) in map {
                    let member = self.template(member, &join(at, name), variables);
                    out.push(member.map(|value| TemplateMember::new(name.clone(), value)));
                }
                Template::Object(out.into_iter().collect::<Option<_>>()?)
            }
            constant => Template::Constant(constant.clone().into()),
        })
    }
}
