//! What the pipeline does with a request that no fault takes: route, validate, then start a job, read a job, or answer an
//! example.

use std::sync::atomic::Ordering;

use http::header::{ALLOW, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::Value;
use smsload_spec::{Job, Match, Operation, RequestParts, Route};

use crate::callback;
use crate::example::{self, Example};
use crate::mock::{Mock, Place};
use crate::prefer::Preference;
use crate::read;
use crate::refusal::Cause;
use crate::request::{Answer, Request};
use crate::start::{self, Refusal};
use crate::world::World;

impl Mock {
    pub(crate) fn process<'m>(
        &'m self,
        world: &World,
        routed: Result<Match<'m>, Box<Answer<'m>>>,
        request: &Request<'_>,
    ) -> Answer<'m> {
        match routed {
            Err(answer) => *answer,
            Ok(found) => self.operate(world, &found, request).of(found.operation),
        }
    }

    /// Which operation is meant; HEAD stands for GET where it has none of its own (RFC 9110 §9.3.2).
    pub(crate) fn route(&self, request: &Request<'_>) -> Result<Match<'_>, Box<Answer<'_>>> {
        let mut route = self.contract.route(request.method, request.path);
        if *request.method == Method::HEAD && matches!(route, Route::MethodNotAllowed { .. }) {
            route = self.contract.route(&Method::GET, request.path);
        }
        match route {
            Route::Found(found) => Ok(found),
            Route::NotFound => Err(Box::new(self.refuse(Cause::UnknownPath))),
            Route::MethodNotAllowed { allow } => {
                let mut answer = self.refuse(Cause::MethodNotAllowed);
                answer
                    .headers
                    .extend(HeaderValue::from_str(allow).ok().map(|v| (ALLOW, v)));
                Err(Box::new(answer))
            }
        }
    }

    fn operate<'m>(
        &'m self,
        world: &World,
        found: &Match<'m>,
        request: &Request<'_>,
    ) -> Answer<'m> {
        let Request {
            query,
            headers,
            body,
            ..
        } = *request;
        let judged = self.contract.request(
            found,
            &RequestParts {
                query,
                headers,
                body,
            },
        );
        let mut answer = if judged.violations.is_empty() {
            let body = judged.body.as_ref().unwrap_or(&Value::Null);
            self.preferred(found.operation, headers)
                .unwrap_or_else(|| self.perform(world, found.operation, body))
        } else {
            self.refusals.broken(judged.violations)
        };
        answer.duplicates = judged.duplicates;
        answer
    }

    /// The answer that a valid request prefers, if it prefers one.
    fn preferred<'m>(&self, operation: &Operation, headers: &HeaderMap) -> Option<Answer<'m>> {
        let answer = Preference::read(headers)
            .transpose()?
            .and_then(|preference| {
                // Only answers that are made anew need a number.
                let number = self.generated.fetch_add(1, Ordering::Relaxed);
                let number = self.seed.wrapping_add(number);
                preference.answer(&self.contract, operation, number)
            });
        match answer {
            Ok(answer) => answer,
            Err(unmet) => Some(self.refusals.saying(Cause::BadRequest, &unmet)),
        }
    }

    /// Does what a valid request asks for.
    fn perform<'m>(&'m self, world: &World, operation: &'m Operation, body: &Value) -> Answer<'m> {
        let place = Place { mock: self, world };
        let status = || example::success(operation);
        let answer = match &operation.job {
            Some(Job::Starts(job)) => start::start(place, job, body, status()).inspect(|answer| {
                if let Some(id) = &answer.job {
                    callback::follow(place, operation, job, body, id);
                }
            }),
            Some(Job::Reads(job)) => read::read(place, job, body, status()),
            Some(Job::Tells(_)) | None => return self.example(operation),
        };
        answer.unwrap_or_else(|refusal| self.refuse_job(operation, refusal))
    }

    fn example(&self, operation: &Operation) -> Answer<'_> {
        // Every operation without a job has one; a missing one would be a fault of ours, and no reason to panic.
        let example = self.examples.get(&operation.id);
        example.map_or_else(|| self.refuse(Cause::Internal), Example::answer)
    }

    fn refuse_job<'m>(&'m self, operation: &Operation, refusal: Refusal<'_>) -> Answer<'m> {
        match refusal {
            Refusal::Because(cause, expressions) => {
                let members: Vec<_> = expressions
                    .iter()
                    .flat_map(|e| e.members_of("self"))
                    .collect();
                self.refusals.because(cause, &members)
            }
            Refusal::Contract(unusable) => {
                let place = self.contract.place(&operation.pointer);
                let place = place.map(|p| format!("{}:{}:{}", p.file, p.line, p.column));
                tracing::error!(
                    operation = operation.id,
                    place,
                    expression = unusable.expression,
                    why = unusable.why,
                    "an expression of the contract's x-job failed; mend it there"
                );
                self.refuse(Cause::Internal)
            }
        }
    }

    /// The refusal of a request that no operation is to blame for.
    pub(crate) fn refuse(&self, cause: Cause) -> Answer<'_> {
        self.refusals.because(cause, &[])
    }
}
