//! The control interface: what a test does with a world beside the API that is mocked.
//!
//! `control.yaml` describes it, in the same form as a contract; it is routed and judged by the same code, so that every
//! fault of a request is told at once. Paths below `/__mock/` never reach the contract, and no path of the contract
//! reaches them, since the path is looked at as it was sent. The page for people ([`page`]) lies among them.

mod clock;
mod contract;
mod faults;
mod jobs;
mod journal;
mod names;
mod origin;
mod problem;
mod query;
mod snapshot;

use std::sync::{Arc, LazyLock};

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use smsload_spec::{Contract, Document, Load, Match, RequestParts, Route};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use self::origin::name as host_name;
use self::problem::{Problem, problem};
use self::query::Query;
use crate::limits::Limits;
use crate::mock::Mock;
use crate::page;
use crate::request::{Answer, JSON, Outcome, Request};
use crate::world::World;

/// The description of the interface, as it is embedded.
pub const CONTROL_YAML: &str = include_str!("../control.yaml");

/// Where the interface begins.
pub(crate) const ROOT: &str = "/__mock";

static CONTROL: LazyLock<Contract> = LazyLock::new(|| {
    let load = Load {
        document: Document::Text {
            name: "control.yaml".to_owned(),
            text: CONTROL_YAML.to_owned(),
        },
        overlays: Vec::new(),
    };
    #[expect(
        clippy::expect_used,
        reason = "the embedded document is compiled by a test"
    )]
    Contract::load(&load).expect("the description of the control interface compiles")
});

/// What is answered to a control request.
pub(crate) enum Reply {
    /// This.
    Answer(Box<Answer<'static>>),
    /// This head, and what happens from now on.
    Events(Box<Answer<'static>>, Arc<World>, OwnedSemaphorePermit),
}

/// An answer, or what is wrong.
type Done = Result<Answer<'static>, Problem>;

/// True if a path belongs to the control interface.
pub(crate) fn is_path(path: &str) -> bool {
    path.strip_prefix(ROOT)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Bytes of a body at most: a snapshot is longer than anything else.
pub(crate) fn max_body(path: &str, limits: &Limits) -> usize {
    match path.strip_prefix(ROOT) {
        Some("/snapshot") => limits.max_snapshot,
        _ => limits.max_body,
    }
}

/// Compiles the interface, so that hardly any request waits for it. It takes as long as all else at the start.
pub(crate) fn prepare() {
    LazyLock::force(&CONTROL);
}

/// The answer to a control request.
pub(crate) fn reply(mock: &Mock, listeners: &Arc<Semaphore>, request: &Request<'_>) -> Reply {
    let answer = |answer: Answer<'static>| Reply::Answer(Box::new(answer));
    if let Some(page) = page::answer(request) {
        return answer(page);
    }
    let asked = origin::check_host(request.headers, mock.hosts()).and_then(|()| {
        let found = route(request)?;
        // What only reads needs no such check, but for listening, which takes a place.
        let is_read = matches!(*request.method, Method::GET | Method::HEAD);
        if !is_read || found.operation.id == "listen" {
            origin::check_origin(request.headers)?;
        }
        judge(mock, &found, request)
    });
    let asked = match asked {
        Ok(asked) => asked,
        Err(problem) => return answer(problem.answer()),
    };
    let world = match mock.world(request.headers) {
        Ok(world) => Arc::clone(&world),
        Err(refused) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            return answer(problem(status, refused.to_string()).answer());
        }
    };
    if asked.operation == "listen" {
        return match Arc::clone(listeners).try_acquire_owned() {
            Ok(place) => Reply::Events(Box::new(events_head()), world, place),
            Err(_) => answer(too_many_listeners(mock).answer()),
        };
    }
    answer(operate(mock, &world, &asked).unwrap_or_else(Problem::answer))
}

/// A request that is as it should be.
struct Asked<'r> {
    operation: &'static str,
    /// The parameter of its path, decoded.
    id: String,
    query: Query<'r>,
    body: Value,
}

fn route(request: &Request<'_>) -> Result<Match<'static>, Problem> {
    let mut route = CONTROL.route(request.method, request.path);
    if *request.method == Method::HEAD && matches!(route, Route::MethodNotAllowed { .. }) {
        route = CONTROL.route(&Method::GET, request.path);
    }
    match route {
        Route::Found(found) => Ok(found),
        Route::NotFound => {
            let hint =
                "the control interface has no such path; GET /__mock/openapi.json describes it";
            Err(problem(StatusCode::NOT_FOUND, hint))
        }
        Route::MethodNotAllowed { allow } => {
            let message = format!("this path has other methods: {allow}");
            let mut problem = problem(StatusCode::METHOD_NOT_ALLOWED, message);
            problem.allow = HeaderValue::from_str(allow).ok();
            Err(problem)
        }
    }
}

/// Everything that is wrong with a request, at once.
fn judge<'r>(
    mock: &Mock,
    found: &Match<'static>,
    request: &Request<'r>,
) -> Result<Asked<'r>, Problem> {
    let parts = RequestParts {
        query: request.query,
        headers: request.headers,
        body: request.body,
    };
    let judged = CONTROL.request(found, &parts);
    let query = Query::new(request.query);
    let unknown = query.unknown(found.operation);
    let body = judged.body.as_ref();
    let names = body.map_or_else(Vec::new, |body| {
        names::unknown(mock, &found.operation.id, body)
    });
    let lists = [unknown.len(), judged.duplicates.len(), names.len()];
    if !judged.violations.is_empty() || lists != [0; 3] {
        let problem = Problem::of(&judged.violations, &unknown, &judged.duplicates);
        return Err(problem.and(names));
    }
    Ok(Asked {
        operation: &found.operation.id,
        id: found
            .path_parameters
            .first()
            .map(|(_, value)| value.clone())
            .unwrap_or_default(),
        query,
        body: judged.body.unwrap_or_default(),
    })
}

fn operate(mock: &Mock, world: &World, asked: &Asked<'_>) -> Done {
    match asked.operation {
        "describe" => ok(CONTROL.document()),
        "showContract" => contract::show(mock),
        "listWorlds" => contract::worlds(mock),
        "listJobs" => jobs::list(mock, world, &asked.query),
        "getJob" | "deleteJob" | "stallJob" | "resumeJob" | "failJob" | "finishJob" => {
            jobs::one(mock, world, asked.operation, &asked.id)
        }
        "getClock" => clock::show(world),
        "setClock" => clock::set(world, &asked.body),
        "advanceClock" => clock::advance(world, &asked.body),
        "listFaults" => faults::list(world),
        "addFault" => faults::add(world, &asked.body),
        "replaceFaults" => faults::replace(world, &asked.body),
        "clearFaults" => faults::clear(world),
        "deleteFault" => faults::delete(world, &asked.id),
        "readJournal" => journal::read(world, &asked.query),
        "clearJournal" => {
            world.journal.clear();
            world.tell("journal", || json!({"change": "cleared"}));
            Ok(nothing())
        }
        "verifyJournal" => journal::verify(world, &asked.body),
        "reset" => {
            mock.reset(world);
            Ok(nothing())
        }
        "takeSnapshot" => snapshot::take(mock, world, &asked.query),
        "restoreSnapshot" => snapshot::restore(mock, world, &asked.body),
        other => {
            tracing::error!(
                operation = other,
                "control.yaml has it and the code has not"
            );
            Err(problem(
                StatusCode::NOT_IMPLEMENTED,
                "this is described and not there",
            ))
        }
    }
}

/// 200 with a value.
fn ok(value: &impl Serialize) -> Done {
    answer(StatusCode::OK, value)
}

fn answer(status: StatusCode, value: &impl Serialize) -> Done {
    let bytes = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer of the control interface could not be written");
        problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the answer could not be written",
        )
    })?;
    Ok(Answer::new(status, JSON, bytes.into(), Outcome::Example))
}

/// 204.
fn nothing() -> Answer<'static> {
    Answer {
        headers: HeaderMap::new(),
        ..Answer::new(
            StatusCode::NO_CONTENT,
            JSON,
            bytes::Bytes::new(),
            Outcome::Example,
        )
    }
}

fn events_head() -> Answer<'static> {
    let mut head = nothing();
    head.status = StatusCode::OK;
    let stream = HeaderValue::from_static("text/event-stream");
    head.headers.insert(CONTENT_TYPE, stream);
    let fresh = HeaderValue::from_static("no-cache");
    head.headers.insert(CACHE_CONTROL, fresh);
    head
}

fn too_many_listeners(mock: &Mock) -> Problem {
    let message = format!(
        "{} listeners are served at most (`max_listeners`): close one first",
        mock.limits().max_listeners
    );
    problem(StatusCode::SERVICE_UNAVAILABLE, message)
}
