//! One exchange held against a contract, and what the proxy says itself.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use smsload_spec::{Contract, ErrorKind, Match, Operation, Part, RequestParts, Route, Violation};

use crate::proxy::headers;
use crate::proxy::upstream::{Failure, Upstream};
use crate::refusal::{self, Cause, Refusals, RejectStatus};
use crate::request::Answer;
use crate::violations::{unrouted, unrouted_name};

/// A contract, and refusals in its form.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) contract: Arc<Contract>,
    refusals: Refusals,
}

/// A request, judged.
#[derive(Debug)]
pub(super) struct Asked<'c> {
    /// What is meant, if the contract has it.
    pub(super) operation: Option<&'c Operation>,
    /// The operation's id, or what stands for it.
    pub(super) name: String,
    /// The methods that the path has instead.
    pub(super) allow: Option<&'c str>,
    /// What is wrong.
    pub(super) violations: Vec<Violation>,
}

impl Judge {
    pub(super) fn new(contract: Arc<Contract>) -> Self {
        // Only with its own status is a refusal told from an upstream's rejection.
        let refusals = Refusals::new(Arc::clone(&contract), RejectStatus::Error);
        Self { contract, refusals }
    }

    /// What is meant by a request, and what is wrong with it.
    pub(super) fn request(&self, head: &Parts, body: &[u8]) -> Asked<'_> {
        let path = head.uri.path();
        let mut route = self.contract.route(&head.method, path);
        if head.method == Method::HEAD && matches!(route, Route::MethodNotAllowed { .. }) {
            route = self.contract.route(&Method::GET, path);
        }
        let none = |allow| Asked {
            operation: None,
            name: unrouted_name(&head.method, path),
            allow,
            violations: vec![unrouted(allow)],
        };
        match route {
            Route::Found(found) => self.found(&found, head, body),
            Route::MethodNotAllowed { allow } => none(Some(allow)),
            Route::NotFound => none(None),
        }
    }

    fn found<'c>(&'c self, found: &Match<'c>, head: &Parts, body: &[u8]) -> Asked<'c> {
        let parts = RequestParts {
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body,
        };
        Asked {
            operation: Some(found.operation),
            name: found.operation.id.clone(),
            allow: None,
            violations: self.contract.request(found, &parts).violations,
        }
    }

    /// What is wrong with an answer; without its body, only with its status and headers.
    pub(super) fn answer(
        &self,
        operation: &Operation,
        status: StatusCode,
        headers: &HeaderMap,
        body: Option<&[u8]>,
    ) -> Vec<Violation> {
        let judged = self.contract.response(
            operation,
            status.as_u16(),
            headers,
            body.unwrap_or_default(),
        );
        let mut violations = judged.violations;
        if body.is_none() {
            violations.retain(|violation| violation.part != Part::Body);
        }
        violations
    }

    /// The refusal of a request that is not even HTTP as it should be.
    pub(super) fn refuse(&self, cause: Cause) -> Answer<'_> {
        self.refusals.because(cause, &[])
    }

    /// The refusal of a request that breaks the contract.
    pub(super) fn refuse_asked(&self, asked: &Asked<'_>) -> Answer<'_> {
        match (asked.operation, asked.allow) {
            (Some(_), _) => self.refusals.broken(asked.violations.clone()),
            (None, None) => self.refuse(Cause::UnknownPath),
            (None, Some(allow)) => {
                let mut answer = self.refuse(Cause::MethodNotAllowed);
                if let Ok(allow) = HeaderValue::from_str(allow) {
                    answer.headers.insert(http::header::ALLOW, allow);
                }
                answer
            }
        }
    }

    /// What is told instead of an answer that breaks the contract.
    pub(super) fn replace(&self, upstream: &Upstream, violations: &[Violation]) -> Answer<'_> {
        let what = refusal::message(violations);
        let message = format!("the answer of {upstream} breaks the contract: {what}");
        self.tell("upstream-violation", StatusCode::BAD_GATEWAY, &message)
    }

    /// What is told where no answer came.
    pub(super) fn failed(&self, upstream: &Upstream, failure: &Failure) -> Answer<'_> {
        let bad = StatusCode::BAD_GATEWAY;
        match failure {
            Failure::Unreachable(why) => {
                let message = format!("{upstream} cannot be reached: {why}");
                self.tell("upstream-unreachable", bad, &message)
            }
            Failure::NoHttp(why) => {
                let message = format!("{upstream} gave no answer that is HTTP: {why}");
                self.tell("upstream-broken", bad, &message)
            }
            Failure::TooSlow => {
                let message = format!("{upstream} did not answer in time");
                let status = StatusCode::GATEWAY_TIMEOUT;
                self.tell("upstream-timeout", status, &message)
            }
        }
    }

    /// What is told of a request that came back to the proxy itself.
    pub(super) fn looped(&self, upstream: &Upstream) -> Answer<'_> {
        let message = format!("{upstream} leads back to this proxy: give it another upstream");
        self.tell("upstream-loop", StatusCode::LOOP_DETECTED, &message)
    }

    /// An error of the proxy's own, unless the contract has one of that name.
    fn tell(&self, name: &str, status: StatusCode, message: &str) -> Answer<'_> {
        let own = || ErrorKind {
            name: Arc::from(name),
            code: status.as_str().to_owned(),
            status: status.as_u16(),
            message: String::new(),
            keywords: Vec::new(),
        };
        let error = self.contract.error(name).cloned().unwrap_or_else(own);
        self.refusals.tell(&error, message)
    }
}

/// Whether the body of an answer is one to read: JSON, not announced as too large.
pub(super) fn is_judged(headers: &HeaderMap, announced: Option<u64>, max: usize) -> bool {
    headers::is_plain_json(headers) && announced.is_none_or(|length| length <= max as u64)
}
