//! A document without downloads is judged by itself: a server that keeps it passes, each single fault is caught by the
//! property that it breaks.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use smsload_conformance::{
    BaseUrl, EXIT_CONFORMS, EXIT_FAILED, EXIT_INCOMPLETE, Ended, Event, Fixtures, Run, RunResult,
    Target, Verdict,
};
use smsload_spec::{Contract, Document, Load, RequestParts, Route};
use tokio::net::TcpListener;

use crate::support::{failures, lines};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    LongNames,
    NoName,
    SoldUnborn,
    SoldSameDayOnly,
    NoLimit,
    FreeTrace,
    AnyDate,
    NoHeader,
    NumberForName,
    ServerError,
    AnyMedia,
    AnyMethod,
    Forgets,
    OddStatus,
    Everything(u16),
}

struct Pets {
    contract: Arc<Contract>,
    fault: Fault,
    serial: AtomicU64,
}

fn contract() -> Arc<Contract> {
    let text = include_str!("pets.yaml").to_owned();
    let document = Document::Text {
        name: "pets.yaml".to_owned(),
        text,
    };
    let load = Load {
        document,
        overlays: Vec::new(),
    };
    Arc::new(Contract::load(&load).unwrap())
}

async fn serve(fault: Fault) -> String {
    let pets = Arc::new(Pets {
        contract: contract(),
        fault,
        serial: AtomicU64::new(1),
    });
    let app = Router::new().fallback(answer).with_state(pets);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

fn error(status: u16, why: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, axum::Json(json!({"error": why}))).into_response()
}

async fn answer(
    State(pets): State<Arc<Pets>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Fault::Everything(status) = pets.fault {
        return error(status, "always");
    }
    let route = match pets.contract.route(&method, uri.path()) {
        Route::Found(found) => found,
        Route::MethodNotAllowed { .. } if pets.fault == Fault::AnyMethod => {
            return StatusCode::OK.into_response();
        }
        Route::MethodNotAllowed { allow } => {
            return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, allow)]).into_response();
        }
        Route::NotFound => return error(404, "no such path"),
    };
    let parts = RequestParts {
        query: uri.query().unwrap_or_default(),
        headers: &headers,
        body: &body,
    };
    let judged = pets.contract.request(&route, &parts);
    for violation in &judged.violations {
        let is_forgiven = match pets.fault {
            Fault::LongNames => violation.keyword == "maxLength",
            Fault::NoName => violation.keyword == "required" && violation.pointer == "/name",
            Fault::SoldUnborn => violation.keyword == "rule",
            Fault::NoLimit => violation.pointer == "/limit" && violation.keyword == "required",
            Fault::FreeTrace => violation.keyword == "pattern",
            Fault::AnyDate => violation.keyword == "format",
            Fault::AnyMedia => violation.keyword == "content-type",
            Fault::ServerError if violation.keyword == "maxItems" => return error(500, "oh"),
            _ => false,
        };
        if !is_forgiven {
            let status = if pets.fault == Fault::OddStatus {
                302
            } else {
                400
            };
            return error(status, &violation.message);
        }
    }
    let id = route.path_parameters.first().map(|(_, id)| id.clone());
    pets.act(&route.operation.id, id, judged.body)
}

impl Pets {
    fn act(&self, operation: &str, id: Option<String>, body: Option<Value>) -> Response {
        let id = id.and_then(|id| id.parse::<u64>().ok());
        let is_known = id.is_some_and(|id| id < self.serial.load(Ordering::Relaxed));
        match operation {
            "listPets" => axum::Json(json!([])).into_response(),
            "addPet" => self.add(&body.unwrap_or_default()),
            _ if !is_known || self.fault == Fault::Forgets => error(404, "no such pet"),
            "removePet" => StatusCode::NO_CONTENT.into_response(),
            _ => axum::Json(json!({"id": id, "name": "x"})).into_response(),
        }
    }

    fn add(&self, body: &Value) -> Response {
        if self.fault == Fault::SoldSameDayOnly && body.get("sold").is_some() {
            return error(400, "cannot be sold");
        }
        let id = self.serial.fetch_add(1, Ordering::Relaxed);
        let name = match self.fault {
            Fault::NumberForName => json!(7),
            _ => json!("x"),
        };
        let pet = axum::Json(json!({"id": id, "name": name}));
        if self.fault == Fault::NoHeader {
            return (StatusCode::CREATED, pet).into_response();
        }
        (StatusCode::CREATED, [("x-pet", id.to_string())], pet).into_response()
    }
}

async fn run_against(address: &str, seed: u64) -> RunResult {
    // All that a target file must say.
    let file = format!("base_url = \"{address}\"");
    let target = Target::parse(Path::new("pets.toml"), &file).unwrap();
    let run = Run::builder(contract(), target).seed(seed).build().unwrap();
    run.run(&mut |_: &Event| {}).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_keeps_its_document_passes() {
    let address = serve(Fault::None).await;
    for seed in 0..5 {
        let result = run_against(&address, seed).await;
        let passed = lines(&result, |v| v == Verdict::Pass);
        let other: Vec<_> = result
            .lines
            .iter()
            .filter(|l| l.verdict != Verdict::Pass)
            .map(|l| (&l.line.id, l.verdict, &l.reason, &l.failure))
            .collect();
        let allowed = BTreeSet::from([
            "getPet/rejects-strictly",
            "removePet/rejects-strictly",
            "listPets/rejects-strictly",
        ]);
        assert!(
            other
                .iter()
                .all(|(id, verdict, ..)| *verdict == Verdict::Skipped
                    && allowed.contains(id.as_str())),
            "{other:#?}"
        );
        for line in [
            "addPet/rejects",
            "addPet/accepts",
            "addPet/links",
            "getPet/rejects",
            "listPets/rejects",
        ] {
            assert!(passed.contains(line), "{line} in {passed:?}");
        }
        assert_eq!(result.exit_code(), EXIT_CONFORMS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_caught_by_its_property() {
    for (fault, expected) in [
        (Fault::LongNames, "addPet/rejects"),
        (Fault::NoName, "addPet/rejects"),
        (Fault::SoldUnborn, "addPet/rejects"),
        (Fault::SoldSameDayOnly, "addPet/accepts"),
        (Fault::NoLimit, "listPets/rejects"),
        (Fault::FreeTrace, "listPets/rejects"),
        (Fault::AnyDate, "addPet/rejects-strictly"),
        (Fault::NoHeader, "addPet/answers"),
        (Fault::NumberForName, "addPet/answers"),
        (Fault::ServerError, "addPet/no-server-error"),
        (Fault::AnyMedia, "addPet/other-media-types"),
        (Fault::AnyMethod, "getPet/other-methods"),
        (Fault::Forgets, "addPet/links"),
    ] {
        let result = run_against(&serve(fault).await, 1).await;
        let found = failures(&result);
        assert!(
            found.contains(expected),
            "{fault:?}: {found:?} {:#?}",
            result.lines
        );
        let operation = expected.split('/').next().unwrap();
        let is_about = |id: &&str| id.starts_with(operation) || id.ends_with("other-methods");
        assert!(found.iter().all(is_about), "{fault:?}: {found:?}");
        let line = result.line(expected).unwrap();
        let is_must = line.line.level == smsload_spec::Level::Must;
        assert_eq!(result.exit_code() == EXIT_FAILED, is_must, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_is_tried_on_both_sides() {
    let result = run_against(&serve(Fault::SoldUnborn).await, 1).await;
    let failure = result
        .line("addPet/rejects")
        .unwrap()
        .failure
        .as_ref()
        .unwrap();
    assert!(
        failure.case.contains("a pet is born before it is sold"),
        "{}",
        failure.case
    );
    let mut sold = BTreeSet::new();
    let target = Target::new(
        BaseUrl::parse(&serve(Fault::None).await).unwrap(),
        Fixtures::none(),
    );
    let run = Run::builder(contract(), target)
        .only(["addPet/accepts"])
        .build()
        .unwrap();
    run.run(&mut |event: &Event| {
        if let Event::Exchanged(exchange) = event
            && let Ok(body) = serde_json::from_slice::<Value>(&exchange.sent.body)
            && body["born"] == "2024-02-29"
        {
            sold.extend(body["sold"].as_str().map(str::to_owned));
        }
    })
    .await;
    for day in ["2024-02-28", "2024-02-29", "2024-03-01"] {
        assert!(sold.contains(day), "{day} in {sold:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_treats_everything_alike_proves_nothing() {
    for status in [200, 400, 401, 404, 500, 503] {
        let result = run_against(&serve(Fault::Everything(status)).await, 1).await;
        assert_ne!(result.exit_code(), EXIT_CONFORMS, "{status}");
        let passed = lines(&result, |v| v == Verdict::Pass);
        assert!(status == 200 || passed.is_empty(), "{status}: {passed:?}");
    }
    // Neither 2xx nor 4xx: nothing is concluded from it.
    let result = run_against(&serve(Fault::OddStatus).await, 1).await;
    assert_eq!(
        result.line("addPet/rejects").unwrap().verdict,
        Verdict::Inconclusive
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_not_there_is_no_fault() {
    let result = run_against("http://127.0.0.1:1", 1).await;
    assert!(
        matches!(result.ended, Ended::Unreachable(_)),
        "{:?}",
        result.ended
    );
    assert!(failures(&result).is_empty());
    assert_eq!(result.exit_code(), EXIT_INCOMPLETE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_chosen_by_their_operation() {
    let target = Target::new(
        BaseUrl::parse(&serve(Fault::None).await).unwrap(),
        Fixtures::none(),
    );
    let builder = Run::builder(contract(), target)
        .only(["getPet"])
        .skip(["getPet/answers"]);
    let result = builder
        .clone()
        .build()
        .unwrap()
        .run(&mut |_: &Event| {})
        .await;
    assert!(
        result.lines.len() >= 4
            && result
                .lines
                .iter()
                .all(|l| l.line.id.starts_with("getPet/"))
    );
    assert_eq!(
        result.line("getPet/accepts").unwrap().verdict,
        Verdict::Pass
    );
    let error = builder.only(["nobody"]).build().unwrap_err().to_string();
    assert!(error.contains("nobody"), "{error}");
}
