//! The pipeline: one request, top to bottom, no way back. It knows no sockets.
//!
//! route → validate (schema, then rules) → start a job / read a job / example → answer

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use http::header::{ALLOW, HeaderValue};
use serde_json::Value;
use smsload_spec::{Contract, Job, Match, Operation, RequestParts, Route};

use crate::clock::{Clock, Speed};
use crate::example::{self, Example};
use crate::jobs::Jobs;
use crate::limits::{LimitError, Limits};
use crate::misbehave::{Applied, Misbehaving};
use crate::read;
use crate::refusal::{Cause, Refusals, RejectStatus};
use crate::request::{Answer, Request};
use crate::simulation::Simulation;
use crate::ssrc::SipDomain;
use crate::start::{self, Refusal};

/// What a mock is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What it does. Default: the bundled contract.
    pub contract: Arc<Contract>,
    /// Its time; shared, so that a test can move it. Default: real time.
    pub clock: Arc<Clock>,
    /// Decides the simulation's figures; the same seed gives the same. Default 0.
    pub seed: u64,
    /// The status of rejections. Default: as the contract says.
    pub reject_status: RejectStatus,
    /// The SIP domain that SSRCs are made from. Default 3402000000.
    pub sip_domain: SipDomain,
    /// What clients may cost it.
    pub limits: Limits,
    /// The one thing that it does wrong on purpose, see [`Settings::misbehave`]. Default: none.
    pub misbehaviour: Option<Applied>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contract: Contract::bundled(),
            clock: Arc::new(Clock::new(Speed::REAL)),
            seed: 0,
            reject_status: RejectStatus::default(),
            sip_domain: SipDomain::default(),
            limits: Limits::default(),
            misbehaviour: None,
        }
    }
}

/// A mock: a contract and the jobs that were started under it.
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method};
/// use smsload_mock::{Mock, Request, Settings};
///
/// let mock = Mock::new(Settings::default())?;
/// let mut headers = HeaderMap::new();
/// headers.insert("content-type", HeaderValue::from_static("application/json"));
/// let answer = mock.answer(&Request {
///     method: &Method::POST,
///     path: "/api/smsload/playback/v1/download",
///     query: "",
///     headers: &headers,
///     body: br#"{"device_unicode": "55"}"#,
/// });
/// assert_eq!(answer.status, 200);
/// assert!(answer.body.starts_with(br#"{"code":"40003","message":"`source_type` is missing"#));
/// # Ok::<(), smsload_mock::LimitError>(())
/// ```
#[derive(Debug)]
pub struct Mock {
    contract: Arc<Contract>,
    clock: Arc<Clock>,
    pub(crate) simulation: Simulation,
    pub(crate) jobs: Jobs,
    pub(crate) domain: SipDomain,
    /// Kinds of jobs; a job knows its kind by the place here.
    kinds: Vec<String>,
    /// Ready answers of operations without a job, by operation id.
    examples: HashMap<String, Example>,
    refusals: Refusals,
    misbehaving: Option<Misbehaving>,
}

impl Mock {
    /// A mock without jobs.
    ///
    /// # Errors
    /// If a limit has a value that cannot be kept.
    pub fn new(settings: Settings) -> Result<Self, LimitError> {
        settings.limits.check()?;
        let Settings {
            contract,
            clock,
            seed,
            reject_status,
            sip_domain,
            limits,
            misbehaviour,
        } = settings;
        let keep_micros = u64::try_from(limits.keep_jobs.as_micros()).unwrap_or(u64::MAX);
        let examples = contract.operations().iter().filter(|o| !has_job(o));
        Ok(Self {
            clock,
            simulation: Simulation::new(seed),
            jobs: Jobs::new(limits.max_jobs, keep_micros),
            domain: sip_domain,
            kinds: kinds(&contract),
            examples: examples
                .map(|o| (o.id.clone(), Example::of(&contract, o)))
                .collect(),
            refusals: Refusals::new(Arc::clone(&contract), reject_status),
            misbehaving: misbehaviour.map(Misbehaving::from),
            contract,
        })
    }

    /// The contract that it follows.
    #[must_use]
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// How many jobs are kept; some of them may be overdue to be forgotten.
    #[must_use]
    pub fn job_count(&self) -> usize {
        self.jobs.len()
    }

    /// The answer to a request.
    #[must_use]
    pub fn answer(&self, request: &Request<'_>) -> Answer<'_> {
        match &self.misbehaving {
            None => self.behave(request),
            Some(misbehaving) => misbehaving.answer(self, request),
        }
    }

    /// The answer of a mock that does nothing wrong.
    pub(crate) fn behave(&self, request: &Request<'_>) -> Answer<'_> {
        match self.route(request) {
            Err(answer) => *answer,
            Ok(found) => self.operate(&found, request).of(found.operation),
        }
    }

    /// Which operation is meant; HEAD stands for GET where it has none of its own (RFC 9110 §9.3.2).
    fn route(&self, request: &Request<'_>) -> Result<Match<'_>, Box<Answer<'_>>> {
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

    fn operate<'m>(&'m self, found: &Match<'m>, request: &Request<'_>) -> Answer<'m> {
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
        if !judged.violations.is_empty() {
            return self.refusals.broken(judged.violations);
        }
        let body = judged.body.as_ref().unwrap_or(&Value::Null);
        let status = || example::success(found.operation);
        let answer = match &found.operation.job {
            Some(Job::Starts(job)) => start::start(self, job, body, status()),
            Some(Job::Reads(job)) => read::read(self, job, body, status()),
            Some(Job::Tells(_)) | None => return self.example(found.operation),
        };
        answer.unwrap_or_else(|refusal| self.refuse_job(found.operation, refusal))
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

    /// The place of a kind of job; every kind of the contract has one.
    pub(crate) fn kind(&self, name: &str) -> u16 {
        let place = self.kinds.iter().position(|kind| kind == name);
        place
            .and_then(|place| u16::try_from(place).ok())
            .unwrap_or(u16::MAX)
    }
}

fn has_job(operation: &Operation) -> bool {
    matches!(operation.job, Some(Job::Starts(_) | Job::Reads(_)))
}

/// The kinds of jobs of a contract, each once.
fn kinds(contract: &Contract) -> Vec<String> {
    let mut kinds = Vec::new();
    for operation in contract.operations() {
        let kind = match &operation.job {
            Some(Job::Starts(job)) => &job.kind,
            Some(Job::Reads(job)) => &job.kind,
            Some(Job::Tells(_)) | None => continue,
        };
        if !kinds.contains(kind) {
            kinds.push(kind.clone());
        }
    }
    kinds
}
