//! The control interface: every route, and what is wrong with a request told at once.

use serde_json::{Value, json};
use smsload_mock::{CONTROL_YAML, Limits};
use smsload_spec::Route;

use crate::support::{Api, DOWNLOAD, contract, load, valid};

mod jobs;

const NONE: Value = Value::Null;

#[test]
fn its_description_is_sound() {
    let description = load(CONTROL_YAML);
    assert_eq!(description.warnings().to_string(), "");
    assert!(description.operations().len() > 20);
}

/// Every answer of the mock to these requests is one that the description has.
#[tokio::test]
async fn it_is_what_it_says_it_is() {
    let api = Api::start().await;
    let description = load(CONTROL_YAML);
    let id = api.start_download(&valid()).await;
    let id = id.replace(':', "%3A");
    let fault = json!({"match": {"operation": "queryDownloadProgress"}, "action": {"status": 500}});
    let requests = [
        ("GET", "/openapi.json".to_owned(), NONE),
        ("GET", "/contract".to_owned(), NONE),
        ("GET", "/worlds".to_owned(), NONE),
        ("GET", "/jobs".to_owned(), NONE),
        (
            "GET",
            "/jobs?latest=true&before=7&counts=true".to_owned(),
            NONE,
        ),
        ("GET", "/journal?latest=true&limit=1".to_owned(), NONE),
        ("GET", format!("/jobs/{id}"), NONE),
        ("POST", format!("/jobs/{id}/stall"), NONE),
        ("POST", format!("/jobs/{id}/resume"), NONE),
        ("POST", format!("/jobs/{id}/finish"), NONE),
        ("POST", format!("/jobs/{id}/fail"), NONE),
        ("DELETE", format!("/jobs/{id}"), NONE),
        ("GET", "/jobs/unknown".to_owned(), NONE),
        ("GET", "/clock".to_owned(), NONE),
        ("PUT", "/clock".to_owned(), json!({"speed": 2})),
        ("POST", "/clock/advance".to_owned(), json!({"seconds": 0.5})),
        ("POST", "/clock/advance".to_owned(), json!({"seconds": 0})),
        ("POST", "/faults".to_owned(), fault.clone()),
        ("PUT", "/faults".to_owned(), json!([fault])),
        ("GET", "/faults".to_owned(), NONE),
        ("DELETE", "/faults/2".to_owned(), NONE),
        ("DELETE", "/faults/2".to_owned(), NONE),
        ("DELETE", "/faults".to_owned(), NONE),
        ("GET", "/journal".to_owned(), NONE),
        ("POST", "/journal/verify".to_owned(), json!([{}])),
        ("GET", "/snapshot?journal=true".to_owned(), NONE),
        ("DELETE", "/journal".to_owned(), NONE),
        ("POST", "/reset".to_owned(), NONE),
        ("GET", "/jobs?limit=0".to_owned(), NONE),
    ];
    for (method, path, body) in requests {
        let got = api.control(method, &path, body).await;
        let (bare, _) = path.split_once('?').unwrap_or((&path, ""));
        let full = format!("/__mock{bare}");
        let Route::Found(found) = description.route(&method.parse().unwrap(), &full) else {
            panic!("{method} {path}");
        };
        let body = match &got.body {
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        let judged =
            description.response(found.operation, got.status, &got.headers, body.as_bytes());
        assert!(
            judged.violations.is_empty(),
            "{method} {path}: {:?} {got:?}",
            judged.violations
        );
        assert_ne!(got.status, 501, "{method} {path}");
    }
}

#[tokio::test]
async fn the_contract_and_the_worlds_are_listed() {
    let api = Api::start().await;
    let contract = api.get("/contract").await;
    let start = &contract["operations"][0];
    assert_eq!(start["id"], "startDownload");
    assert_eq!(
        start["job"],
        json!({"starts": "download", "members": {
            "device": "device_unicode", "channel": "channel", "start": "start_time", "end": "end_time"}})
    );
    let example = &start["examples"][0]["value"];
    api.download(example).await.accepted();
    assert_eq!(
        contract["operations"][1]["job"],
        json!({"reads": "download"})
    );
    let errors = contract["errors"].as_array().unwrap();
    assert!(
        errors.iter().any(|error| error["name"] == "overload"),
        "{errors:?}"
    );

    api.tenant("b").download(&valid()).await.accepted();
    api.tenant("a").get("/clock").await;
    assert_eq!(
        api.get("/worlds").await,
        json!({"worlds": [
            {"name": "", "jobs": 1}, {"name": "a", "jobs": 0}, {"name": "b", "jobs": 1}], "max": 1024})
    );
}

#[tokio::test]
async fn the_clock_is_read_and_moved() {
    let api = Api::start().await;
    let start = api.get("/clock").await;
    let expected =
        json!({"micros": 0, "time": "2025-05-31T16:00:00Z", "speed": 1.0, "paused": true});
    assert_eq!(start, expected);
    let moved = api
        .control("POST", "/clock/advance", json!({"seconds": 1.5}))
        .await
        .json(200);
    assert_eq!(moved["micros"], 1_500_000);
    assert_eq!(moved["time"], "2025-05-31T16:00:01.5Z");
    let set = json!({"speed": 1000, "paused": false});
    let running = api.control("PUT", "/clock", set).await.json(200);
    assert_eq!(
        (&running["speed"], &running["paused"]),
        (&json!(1000.0), &json!(false))
    );
    api.until(async || api.get("/clock").await["micros"].as_u64().unwrap() > 1_600_000)
        .await;
    let stopped = api
        .control("PUT", "/clock", json!({"paused": true}))
        .await
        .json(200);
    assert_eq!(stopped["micros"], api.get("/clock").await["micros"]);
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let api = Api::start().await;
    let ask = async |method: &str, path: &str, body: Value| api.control(method, path, body).await;
    let got = ask(
        "PUT",
        "/clock",
        json!({"speed": 0, "paused": "no", "pace": 1}),
    )
    .await;
    let mut members = got.members(400);
    members.sort_unstable();
    assert_eq!(members, ["/pace", "/paused", "/speed"]);
    assert_eq!(
        ask("POST", "/clock/advance", json!({})).await.members(400),
        ["/seconds"]
    );
    assert_eq!(
        ask("POST", "/clock/advance", json!({"seconds": -1}))
            .await
            .members(400),
        ["/seconds"]
    );
    assert_eq!(
        ask("POST", "/clock/advance", json!({"seconds": "1"}))
            .await
            .members(400),
        ["/seconds"]
    );
    assert_eq!(ask("PUT", "/clock", json!({})).await.members(400), [""]);

    let rules = json!([
        {"match": {"operation": "nothing", "nth": 0}, "action": {"status": 99}},
        {"action": {"reset": true, "hang": true}},
        {"match": {"nth": 1, "times": 2}, "action": {"delay_ms": 1}},
        {"action": {}},
        {"match": {}},
    ]);
    let got = ask("PUT", "/faults", rules).await;
    let text = got.body.to_string();
    for member in [
        "/0/match/nth",
        "/0/action/status",
        "/1/action",
        "/2/match",
        "/3/action",
        "/4/action",
    ] {
        assert!(got.members(400).contains(&member), "{member}: {text}");
    }
    assert!(text.contains("only one of nth, every and times"), "{text}");
    let rule = json!({"match": {"operation": "nothing"}, "action": {"error": "none"}});
    assert_eq!(
        ask("POST", "/faults", rule).await.members(400),
        ["/match/operation", "/action/error"]
    );
    let rule = json!([{"action": {"code": "1"}}]);
    assert_eq!(
        ask("PUT", "/faults", rule).await.members(400),
        ["/0/action/code"]
    );
    assert_eq!(ask("DELETE", "/faults/x", NONE).await.members(400), ["id"]);
    ask("DELETE", "/faults/7", NONE).await.problem(404);

    let got = ask("GET", "/journal?limit=0&outcome=good&since=-1&what=1", NONE).await;
    let mut members = got.members(400);
    members.sort_unstable();
    assert_eq!(members, ["limit", "outcome", "since", "what"]);
    assert_eq!(
        ask("GET", "/jobs?state=gone&after=x", NONE)
            .await
            .members(400),
        ["state", "after"]
    );
    let verify = json!([{"count": 1, "min": 1}, {"min": 2, "max": 1}, {"operations": "x"}]);
    let got = ask("POST", "/journal/verify", verify).await;
    assert_eq!(got.members(400).len(), 3, "{got:?}");
    ask("POST", "/journal/verify", json!([])).await.problem(400);
}

#[tokio::test]
async fn bodies_must_be_json_and_small() {
    let limits = Limits {
        max_body: 1_000,
        ..Limits::default()
    };
    let api = Api::with(|builder| builder.limits(limits)).await;
    let put = || api.client.put(api.url("/__mock/clock"));
    let got = api.send(put().body("{\"speed\": 2}")).await;
    got.problem(415);
    let json = || put().header("content-type", "application/json");
    api.send(json().body("{\"speed\": ")).await.problem(400);
    api.send(json().body("")).await.problem(400);
    let twice = api.send(json().body("{\"speed\": 2, \"speed\": 3}")).await;
    assert_eq!(twice.members(400), ["/speed"]);
    let long = api.send(json().body("x".repeat(1_001))).await;
    assert_eq!(long.status, 413);
    // A snapshot may be longer.
    let snapshot = api.send(
        api.client
            .put(api.url("/__mock/snapshot"))
            .header("content-type", "application/json")
            .body("x".repeat(1_001)),
    );
    snapshot.await.problem(400);
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    let api = Api::start().await;
    for path in [
        "/nothing",
        "/jobs/",
        "/clock/",
        "//clock",
        "/jobs/x/explode",
    ] {
        api.control("GET", path, NONE).await.problem(404);
    }
    for (method, path, allow) in [
        ("PATCH", "/clock", "GET, PUT"),
        ("GET", "/reset", "POST"),
        ("GET", "/clock/advance", "POST"),
        ("POST", "/faults/1", "DELETE"),
    ] {
        let got = api.control(method, path, NONE).await;
        got.problem(405);
        assert_eq!(got.headers["allow"], allow);
    }
    let head = api.client.head(api.url("/__mock/clock"));
    assert_eq!(api.send(head).await.status, 200);
}

#[tokio::test]
async fn it_is_not_reached_through_the_contract_nor_hidden_by_it() {
    let api = Api::edited(&[(
        "paths:\n",
        "paths:\n  /__mock/clock:\n    get:\n      operationId: hidden\n      responses:\n        '200': {description: hidden}\n  /{any}/{way}:\n    get:\n      operationId: anyWay\n      parameters:\n        - {name: any, in: path, required: true, schema: {type: string}}\n        - {name: way, in: path, required: true, schema: {type: string}}\n      responses:\n        '200': {description: any way}\n",
    )])
    .await;
    // The interface comes first …
    assert_eq!(api.get("/clock").await["micros"], 0);
    // … and other spellings of its paths are the contract's.
    for path in [
        "/%5f%5fmock/clock",
        "/__mock%2Fclock/x",
        "/x/..%2f__mock%2fclock",
        "/__MOCK/clock",
    ] {
        let got = api.send(api.client.get(api.url(path))).await;
        assert_eq!((got.status, got.body), (200, json!("")), "{path}");
    }
}

#[tokio::test]
async fn without_it_its_paths_are_unknown() {
    let api = Api::with(|builder| builder.control(false)).await;
    for path in ["", "/", "/clock", "/openapi.json", "/jobs"] {
        let got = api.control("GET", path, NONE).await;
        got.rejected(404, "40405");
    }
    api.download(&valid()).await.accepted();
}

#[tokio::test]
async fn control_requests_are_no_part_of_the_journal_and_meet_no_fault() {
    let api = Api::start().await;
    api.control("POST", "/faults", json!({"action": {"status": 500}}))
        .await
        .json(201);
    api.get("/clock").await;
    assert_eq!(api.get("/journal").await["last"], 0);
    assert_eq!(api.get("/faults").await["faults"][0]["seen"], 0);
    // The contract's operation is hit.
    assert_eq!(api.post(DOWNLOAD, "{}").await.status, 500);
    assert!(contract(&[]).operation("startDownload").is_some());
}
