//! The pipeline: one request, top to bottom, no way back. It knows no sockets.
//!
//! route → fault? → validate (schema, then rules) → start a job / read a job / example → answer → journal

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{ALLOW, HeaderValue};
use http::{HeaderMap, Method, Response};
use serde_json::{Value, json};
use smsload_spec::{Contract, Job, Match, Operation, RequestParts, Route};

use crate::callback::{self, Office, Rules};
use crate::clock::{Clock, Moment, Speed};
use crate::control;
use crate::course::Course;
use crate::example::{self, Example};
use crate::files::{self, Addresses, FileBody, PublicUrl, Unfinished};
use crate::job::{Facts, JobState};
use crate::limits::{LimitError, Limits};
use crate::misbehave::{Applied, Misbehaving};
use crate::observe::Observe;
use crate::read;
use crate::refusal::{Cause, Refusals, RejectStatus};
use crate::request::{Answer, Request};
use crate::simulation::Simulation;
use crate::ssrc::SipDomain;
use crate::start::{self, Refusal};
use crate::strike;
use crate::world::{Found, NoWorld, World, Worlds};
use crate::world_file::WorldFile;

/// What a mock is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What it does. Default: the bundled contract.
    pub contract: Arc<Contract>,
    /// The time of the default world; shared, so that a test can move it. Clocks of other worlds start as this one
    /// stands when the mock is made. Default: real time.
    pub clock: Arc<Clock>,
    /// Decides the simulation's figures; the same seed gives the same. Default 0.
    pub seed: u64,
    /// The devices that there are, and what they recorded. Default: every device exists, with figures from the seed.
    pub world: Option<Arc<WorldFile>>,
    /// How the progress of every job goes, whatever its device says. Default: as the world says, else evenly.
    pub course: Option<Course>,
    /// The status of rejections. Default: as the contract says.
    pub reject_status: RejectStatus,
    /// The SIP domain that SSRCs are made from. Default 3402000000.
    pub sip_domain: SipDomain,
    /// Whether it has a control interface (`/__mock/`), once it is served. Default: yes.
    pub control: bool,
    /// What clients may cost it.
    pub limits: Limits,
    /// Who is told of every answer. Default: nobody.
    pub observer: Option<Arc<dyn Observe>>,
    /// The root of the addresses of files. Default: the address that the server listens on; without a server the
    /// addresses are paths.
    pub public_url: Option<PublicUrl>,
    /// What the address of a file answers before the end of its job. Default: 404.
    pub unfinished: Unfinished,
    /// The one thing that it does wrong on purpose, see [`Settings::misbehave`]. Default: none.
    pub misbehaviour: Option<Applied>,
    /// Percent between two callbacks of a job; 0 is taken as 1, above 100 means the end only. Default 10.
    pub callback_step: u8,
    /// Mock time between two looks at a job that does not go evenly, for its callbacks; at least 1 ms. Default 1 s.
    pub callback_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contract: Contract::bundled(),
            clock: Arc::new(Clock::new(Speed::REAL)),
            seed: 0,
            world: None,
            course: None,
            reject_status: RejectStatus::default(),
            sip_domain: SipDomain::default(),
            control: true,
            limits: Limits::default(),
            observer: None,
            public_url: None,
            unfinished: Unfinished::default(),
            misbehaviour: None,
            callback_step: 10,
            callback_every: Duration::from_secs(1),
        }
    }
}

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
    contract: Arc<Contract>,
    pub(crate) simulation: Simulation,
    /// Shared with the mocks that follow this one, see [`Mock::under`].
    worlds: Arc<Worlds>,
    limits: Limits,
    has_control: bool,
    pub(crate) domain: SipDomain,
    pub(crate) addresses: Addresses,
    pub(crate) unfinished: Unfinished,
    pub(crate) callbacks: Rules,
    /// There while it is served; shared with the mocks that follow this one.
    office: Arc<Mutex<Option<Office>>>,
    /// Kinds of jobs; a job knows its kind by the place here, so that none ever moves.
    kinds: Vec<String>,
    /// Ready answers of operations without a job, by operation id.
    examples: HashMap<String, Example>,
    refusals: Refusals,
    reject_status: RejectStatus,
    observer: Option<Arc<dyn Observe>>,
    misbehaving: Option<Arc<Misbehaving>>,
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
            limits,
            observer,
            public_url,
            unfinished,
            misbehaviour,
            callback_step: step,
            callback_every: every,
        } = settings;
        Ok(Self {
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

    fn process<'m>(
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
            self.perform(world, found.operation, body)
        } else {
            self.refusals.broken(judged.violations)
        };
        answer.duplicates = judged.duplicates;
        answer
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
    fn refuse(&self, cause: Cause) -> Answer<'_> {
        self.refusals.because(cause, &[])
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
        if facts.state(now) == JobState::Finished {
            let address = self.addresses.of(&world.name, kind, id);
            match &self.misbehaving {
                None => address,
                Some(misbehaving) => misbehaving.file_address(address),
            }
        } else {
            String::new()
        }
    }

    /// All worlds, the default one among them.
    pub(crate) fn all_worlds(&self) -> Vec<Arc<World>> {
        self.worlds.all()
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
