//! `x-job`, tried when a document is loaded: its expressions on made-up requests and jobs, and what they answer against
//! the schema of the answer.

use serde_json::Value;

use crate::compile::Compiler;
use crate::compile_job::Fit;
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Members};
use crate::job::{Job, JobView, Recorded};
use crate::model::Operation;
use crate::schema::Schema;
use crate::source::join;
use crate::template::Template;

impl Compiler<'_> {
    /// Tries the expressions on made-up requests and jobs, and holds what is answered against its schema.
    pub(crate) fn try_job(&mut self, job: &Job, operation: &Operation, at: &str) {
        let body_schema = operation.request_schema().cloned();
        let answer = operation
            .response(200)
            .and_then(|r| r.body.json())
            .and_then(|m| m.schema.clone());
        for fit in [Fit::Full, Fit::Least] {
            let own = body_schema
                .as_ref()
                .map_or(Value::Null, |s| self.instance(s, fit));
            for view in [made_up_job(false), made_up_job(true)] {
                let recorded = Recorded {
                    seconds: view.seconds,
                    bytes: view.bytes,
                };
                let scope: &[(&str, &dyn Members)] =
                    &[("self", &own), ("job", &view), ("recorded", &recorded)];
                match job {
                    Job::Starts(start) => {
                        let texts = [
                            &start.device,
                            &start.channel,
                            &start.start,
                            &start.end,
                            &start.id,
                        ];
                        let counts = [&start.duration, &start.size];
                        for (expression, is_text) in texts
                            .into_iter()
                            .map(|e| (e, true))
                            .chain(counts.into_iter().map(|e| (e, false)))
                        {
                            self.try_expression(expression, scope, is_text, at);
                        }
                        self.try_template(
                            &start.response,
                            scope,
                            answer.as_deref(),
                            &join(at, "response"),
                        );
                    }
                    Job::Reads(read) => {
                        self.try_expression(&read.id, scope, true, at);
                        self.try_template(
                            &read.response,
                            scope,
                            answer.as_deref(),
                            &join(at, "response"),
                        );
                    }
                    Job::Tells(tell) => {
                        self.try_template(
                            &tell.body,
                            scope,
                            body_schema.as_deref(),
                            &join(at, "body"),
                        );
                    }
                }
            }
        }
    }

    fn try_expression(
        &mut self,
        expression: &Expression,
        scope: &[(&str, &dyn Members)],
        is_text: bool,
        at: &str,
    ) {
        let text = expression.text();
        let message = match expression.evaluate(scope) {
            Ok(Value::String(_)) if is_text => return,
            Ok(Value::Number(n)) if !is_text && n.is_u64() => return,
            Ok(_) if is_text => format!("`{text}` gives no text"),
            Ok(_) => format!("`{text}` gives no whole number"),
            Err(error) => format!("`{text}` fails: {error}"),
        };
        self.findings
            .push(Diagnostic::error(self.span(at), message));
    }

    fn try_template(
        &mut self,
        template: &Template,
        scope: &[(&str, &dyn Members)],
        schema: Option<&Schema>,
        at: &str,
    ) {
        match template.evaluate(scope) {
            Err(error) => {
                let texts: Vec<_> = template
                    .expressions()
                    .iter()
                    .map(|e| e.text().to_owned())
                    .collect();
                let message = format!("an expression fails ({}): {error}", texts.join("; "));
                self.error(at, message);
            }
            Ok(body) => {
                let Some(schema) = schema else { return };
                let found =
                    schema.judge(&body, crate::violation::Part::Body, "the body", &|_| None);
                if let Some(first) = found.first() {
                    let message = format!("what this gives breaks its schema: {}", first.message);
                    self.error(at, message);
                }
            }
        }
    }
}

fn made_up_job(finished: bool) -> JobView<'static> {
    JobView {
        id: "download:34020000001110000228:34020000001320000666:1200000079",
        ssrc: "1200000079",
        serial: 79,
        seconds: 10,
        bytes: 1024,
        done: if finished { 1024 } else { 512 },
        finished,
        failed: false,
        file_url: if finished {
            "http://127.0.0.1:4010/files/1.mp4"
        } else {
            ""
        },
    }
}
