//! `Prefer` (RFC 7240): which of the described answers a client wants.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{Api, Got, load, valid};

const PETS: &str = r"
openapi: 3.0.3
info: {title: Pets, version: '1'}
paths:
  /pets/{id}:
    get:
      operationId: readPet
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
      responses:
        '200':
          description: A pet
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Pet'}
              examples:
                cat: {value: {name: Tom, age: 3}}
                dog: {value: {name: Rex, age: 7}}
        '404':
          description: None
          content:
            application/json:
              schema: {type: object, properties: {why: {type: string}}}
              examples:
                gone: {value: {why: it ran away}}
        5XX: {description: Trouble}
        default: {description: Anything else}
components:
  schemas:
    Pet:
      type: object
      required: [name, age]
      properties:
        name: {type: string, pattern: '^[A-Z][a-z]{3,8}$'}
        age: {type: integer, minimum: 0, maximum: 30}
";

async fn pets() -> Api {
    Api::with(|builder| builder.contract(load(PETS))).await
}

async fn ask(api: &Api, prefer: &str) -> Got {
    let request = api.client.get(api.url("/pets/7"));
    api.send(request.header("prefer", prefer)).await
}

#[tokio::test]
async fn a_status_and_an_example_are_chosen() {
    let api = pets().await;
    for (prefer, status, body) in [
        ("example=dog", 200, json!({"name": "Rex", "age": 7})),
        ("code=404", 404, json!({"why": "it ran away"})),
        ("example=gone", 404, json!({"why": "it ran away"})),
        (
            "code=200, example=cat",
            200,
            json!({"name": "Tom", "age": 3}),
        ),
        ("respond-async", 200, json!({"name": "Tom", "age": 3})),
    ] {
        let got = ask(&api, prefer).await;
        assert_eq!((got.status, &got.body), (status, &body), "{prefer}");
    }
    let got = ask(&api, "code=200; example=\"dog\"").await;
    assert_eq!(got.headers["preference-applied"], "code=200, example=dog");
    assert_eq!(ask(&api, "code=503").await.status, 503);
    assert_eq!(ask(&api, "code=418").await.status, 418);
}

#[tokio::test]
async fn dynamic_answers_fit_the_schema_and_differ() {
    let api = pets().await;
    let mut met = HashSet::new();
    for _ in 0..20 {
        let got = ask(&api, "dynamic=true").await;
        let name = got.body["name"].as_str().unwrap();
        assert!(
            name.len() >= 4 && name.as_bytes()[0].is_ascii_uppercase(),
            "{name}"
        );
        assert!((0..=30).contains(&got.body["age"].as_i64().unwrap()));
        met.insert(got.body.to_string());
    }
    assert!(met.len() > 10, "{met:?}");
    let again = pets().await;
    let first = ask(&again, "dynamic=true").await.body;
    assert!(
        met.contains(&first.to_string()),
        "the same seed begins with the same answer"
    );
}

#[tokio::test]
async fn what_cannot_be_met_is_told() {
    let api = pets().await;
    for (prefer, told) in [
        (
            "code=404, example=cat",
            "no answer with the status 404 has an example \"cat\"; there is gone",
        ),
        (
            "example=cow",
            "no answer has an example \"cow\"; there is cat, dog, gone",
        ),
        ("code=seven", "\"seven\" is no status"),
    ] {
        let got = ask(&api, prefer).await;
        assert_eq!(got.status, 400, "{prefer}");
        assert!(
            got.body["detail"].as_str().unwrap().contains(told),
            "{}",
            got.body
        );
    }
}

#[tokio::test]
async fn an_operation_that_simulates_is_told_what_to_answer_and_starts_nothing() {
    let api = Api::start().await;
    let send = async |prefer: &str, body: &Value| {
        let request = api
            .client
            .post(api.url("/api/smsload/playback/v1/download"));
        api.send(request.json(body).header("prefer", prefer)).await
    };
    let got = send("example=accepted", &valid()).await;
    assert_eq!(got.body["data"]["playback_file_size"], "1024");
    assert_eq!(api.get("/jobs").await["jobs"], json!([]));
    assert_eq!(send("code=429", &valid()).await.status, 429);
    // What is simulated is dynamic already; what is not valid is refused all the same.
    let started = send("dynamic=true", &valid()).await;
    assert_eq!(started.body["code"], "0");
    assert!(!started.headers.contains_key("preference-applied"));
    assert_ne!(send("example=accepted", &json!({})).await.body["code"], "0");
}
