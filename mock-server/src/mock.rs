//! The pipeline: one request, top to bottom, no way back. It knows no sockets.
//!
//! route → fault? → validate (schema, then rules) → start a job / read a job / example → answer → journal

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, Response};
use serde_json::json;
use smsload_spec::{Contract, Job, Operation};

use crate::callback::{Office, Rules};
use crate::clock::{Clock, Moment};
use crate::control;
use crate::example::Example;
use crate::files::{self, Addresses, FileBody, PublicUrl, Unfinished};
use crate::job::{Facts, JobState};
use crate::limits::{LimitError, Limits};
use crate::misbehave::Misbehaving;
use crate::observe::Observe;
use crate::refusal::{Cause, Refusals, RejectStatus};
use crate::request::{Answer, Request};
use crate::settings::Settings;
use crate::simulation::Simulation;
use crate::ssrc::SipDomain;
use crate::strike;
use crate::world::{Found, NoWorld, World, Worlds};

/// A mock: a contract, and worlds with what happened in them. What it tells of itself (clock, jobs) is about the world
/// of requests without `tenant-id`.
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
    pub(crate) contract: Arc<Contract>,
    pub(crate) simulation: Simulation,
    /// Shared with the mocks that follow this one, see [`Mock::under`].
    worlds: Arc<Worlds>,
    limits: Limits,
    has_control: bool,
    /// Names under which the control interface answers.
    hosts: Arc<[Box<str>]>,
    pub(crate) domain: SipDomain,
    pub(crate) addresses: Addresses,
    pub(crate) unfinished: Unfinished,
    pub(crate) callbacks: Rules,
    /// There while it is served; shared with the mocks that follow this one.
    office: Arc<Mutex<Option<Office>>>,
    /// Kinds of jobs; a job knows its kind by the place here, so that none ever moves.
    kinds: Vec<String>,
    /// Ready answers of operations without a job, by operation id.
    pub(crate) examples: HashMap<String, Example>,
    pub(crate) refusals: Refusals,
    reject_status: RejectStatus,
    observer: Option<Arc<dyn Observe>>,
    misbehaving: Option<Arc<Misbehaving>>,
    pub(crate) seed: u64,
    /// Answers that were made anew so far: each is another.
    pub(crate) generated: Arc<AtomicU64>,
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
            world,
            course,
            reject_status,
            sip_domain,
            control,
            allow_hosts,
            limits,
            observer,
            public_url,
            unfinished,
            misbehaviour,
            callback_step: step,
            callback_every: every,
        } = settings;
        let public = public_url.as_ref().map(PublicUrl::host);
        let hosts = allow_hosts.iter().map(String::as_str).chain(public);
        Ok(Self {
            hosts: hosts.map(|host| control::host_name(host).into()).collect(),
            simulation: Simulation::new(seed, world, course),
            worlds: Arc::new(Worlds::new(clock, &limits)),
            limits,
            has_control: control,
            domain: sip_domain,
            addresses: Addresses::new(seed, public_url.as_ref()),
            unfinished,
            callbacks: Rules { seed, every, step },
            office: Arc::default(),
            kinds: kinds(&contract, Vec::new()),
            examples: examples(&contract),
            refusals: Refusals::new(Arc::clone(&contract), reject_status),
            reject_status,
            observer,
            misbehaving: misbehaviour.map(|applied| Arc::new(Misbehaving::from(applied))),
            seed,
            generated: Arc::default(),
            contract,
        })
    }

    /// The same mock under another contract: the same worlds and figures. Requests in hand end under the contract
    /// that they met; a job whose kind the new contract does not have waits for one that has it again.
    #[must_use]
    pub fn under(&self, contract: Arc<Contract>) -> Self {
        Self {
            simulation: self.simulation.clone(),
            worlds: Arc::clone(&self.worlds),
            limits: self.limits.clone(),
            has_control: self.has_control,
            hosts: Arc::clone(&self.hosts),
            domain: self.domain.clone(),
            addresses: self.addresses.clone(),
            unfinished: self.unfinished,
            callbacks: self.callbacks,
            office: Arc::clone(&self.office),
            kinds: kinds(&contract, self.kinds.clone()),
            examples: examples(&contract),
            refusals: Refusals::new(Arc::clone(&contract), self.reject_status),
            reject_status: self.reject_status,
            observer: self.observer.clone(),
            misbehaving: self.misbehaving.clone(),
            seed: self.seed,
            generated: Arc::clone(&self.generated),
            contract,
        }
    }

    /// The contract that it follows.
    #[must_use]
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<Clock> {
        &self.default_world().clock
    }

    /// How many jobs are kept in all worlds; some of them may be overdue to be forgotten.
    #[must_use]
    pub fn job_count(&self) -> usize {
        self.worlds.all().iter().map(|world| world.jobs.len()).sum()
    }

    /// What callbacks are sent from, while it is served.
    pub(crate) fn office(&self) -> Option<Office> {
        let office = self.office.lock().unwrap_or_else(PoisonError::into_inner);
        office.clone()
    }

    /// Sends callbacks from now on, or none any more.
    pub(crate) fn staff(&self, office: Option<Office>) {
        let is_open = office.is_some();
        *self.office.lock().unwrap_or_else(PoisonError::into_inner) = office;
        if !is_open {
            for world in self.worlds.all() {
                world.callbacks.close();
            }
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn hosts(&self) -> &[Box<str>] {
        &self.hosts
    }

    pub(crate) fn has_control(&self) -> bool {
        self.has_control
    }

    pub(crate) fn default_world(&self) -> &Arc<World> {
        self.worlds.default_world()
    }

    /// The world that a request is about.
    pub(crate) fn world(&self, headers: &HeaderMap) -> Result<Found<'_>, NoWorld> {
        self.worlds.find(headers)
    }

    /// Forgets what happened in a world, and starts its clock again.
    pub(crate) fn reset(&self, world: &World) {
        world.reset(self.worlds.clock_start());
    }

    /// The answer to a request for the file of a job; nothing if the path is not below `/__files/`.
    ///
    /// Whoever serves asks here first: a file has a body that [`Answer`] could not hold.
    ///
    /// ```
    /// # use http::{HeaderMap, Method};
    /// # use smsload_mock::{Mock, Request, Settings};
    /// # let mock = Mock::new(Settings::default())?;
    /// # let headers = HeaderMap::new();
    /// let ask = |path| Request { method: &Method::GET, path, query: "", headers: &headers, body: b"" };
    /// assert!(mock.file(&ask("/api/smsload/playback/v1/download")).is_none());
    /// let no_such_file = mock.file(&ask("/__files/0123456789abcdef/id.mp4"));
    /// assert_eq!(no_such_file.map(|answer| answer.status().as_u16()), Some(404));
    /// # Ok::<(), smsload_mock::LimitError>(())
    /// ```
    #[must_use]
    pub fn file(&self, request: &Request<'_>) -> Option<Response<FileBody>> {
        match &self.misbehaving {
            None => files::serve(self, request),
            Some(misbehaving) => misbehaving.file(self, request),
        }
    }

    /// What it does wrong on purpose, at work.
    pub(crate) fn misbehaving(&self) -> Option<&Misbehaving> {
        self.misbehaving.as_deref()
    }

    /// The answer to a request for anything but a file. It is written down in the journal of its world.
    #[must_use]
    pub fn answer(&self, request: &Request<'_>) -> Answer<'_> {
        let world = self.world(request.headers);
        let answer = match &self.misbehaving {
            None => self.behave_in(&world, request),
            Some(misbehaving) => misbehaving.answer(self, request),
        };
        if let Ok(world) = &world {
            world.note(request, &answer);
            self.worlds.trim_journals(world);
        }
        if let Some(observer) = &self.observer {
            observer.answered(&self.contract, request, &answer);
        }
        answer
    }

    /// The answer of a mock that does nothing wrong, unless a fault of its world wants it.
    pub(crate) fn behave(&self, request: &Request<'_>) -> Answer<'_> {
        self.behave_in(&self.world(request.headers), request)
    }

    fn behave_in(&self, world: &Result<Found<'_>, NoWorld>, request: &Request<'_>) -> Answer<'_> {
        match world {
            Ok(world) => self.answer_in(world, request),
            Err(NoWorld::LongName) => self.refusals.saying(Cause::BadRequest, &NoWorld::LongName),
            Err(full) => self.refusals.saying(Cause::Overload, full),
        }
    }

    fn answer_in(&self, world: &World, request: &Request<'_>) -> Answer<'_> {
        let routed = self.route(request);
        let operation = routed.as_ref().ok().map(|found| found.operation);
        let hit = world.faults.hit(request, operation.map(|o| o.id.as_str()));
        let Some(hit) = hit else {
            return self.process(world, routed, request);
        };
        world.tell("fault", || json!({"id": hit.id, "path": request.path}));
        let struck = strike::instead(&hit, &self.refusals, &self.limits);
        let mut answer = match (struck, operation) {
            (Some(answer), Some(operation)) => answer.of(operation),
            (Some(answer), None) => answer,
            (None, _) => self.process(world, routed, request),
        };
        strike::mark(&mut answer, &hit, &self.limits);
        answer
    }

    /// The address of the file of a job; empty until that is finished.
    pub(crate) fn file_url(
        &self,
        world: &World,
        kind: &str,
        id: &str,
        facts: &Facts,
        now: Moment,
    ) -> String {
        match facts.state(now) {
            JobState::Finished => self.file_address(world, kind, id),
            _ => String::new(),
        }
    }

    /// The address at which the file of a job is or will be.
    pub(crate) fn file_address(&self, world: &World, kind: &str, id: &str) -> String {
        let address = self.addresses.of(&world.name, kind, id);
        match &self.misbehaving {
            None => address,
            Some(misbehaving) => misbehaving.file_address(address),
        }
    }

    /// All worlds.
    pub(crate) fn worlds(&self) -> &Worlds {
        &self.worlds
    }

    /// All kinds of jobs, each with its place.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (u16, &str)> {
        (0..).zip(self.kinds.iter().map(String::as_str))
    }

    /// The refusal of a request whose body was not read. It is written down, but for requests of the control interface.
    pub(crate) fn refuse_unread(&self, request: &Request<'_>, cause: Cause) -> Answer<'_> {
        let answer = self.refuse(cause);
        let is_control = self.has_control && control::is_path(request.path);
        if !is_control && let Ok(world) = self.world(request.headers) {
            world.note(request, &answer);
            self.worlds.trim_journals(&world);
        }
        answer
    }

    /// The place of a kind of job; every kind of the contract has one.
    pub(crate) fn kind(&self, name: &str) -> u16 {
        let place = self.kinds.iter().position(|kind| kind == name);
        place
            .and_then(|place| u16::try_from(place).ok())
            .unwrap_or(u16::MAX)
    }
}

/// Where a job is started or read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'m, 'w> {
    pub(crate) mock: &'m Mock,
    pub(crate) world: &'w World,
}

fn has_job(operation: &Operation) -> bool {
    matches!(operation.job, Some(Job::Starts(_) | Job::Reads(_)))
}

/// The ready answers of a contract's operations without a job.
fn examples(contract: &Contract) -> HashMap<String, Example> {
    let jobless = contract.operations().iter().filter(|o| !has_job(o));
    jobless
        .map(|o| (o.id.clone(), Example::of(contract, o)))
        .collect()
}

/// The kinds that are known already, each at its place, and after them the others of a contract, each once.
fn kinds(contract: &Contract, mut kinds: Vec<String>) -> Vec<String> {
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
