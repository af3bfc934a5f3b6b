//! A changed document changes the mock, without a build.

use serde_json::json;

use crate::support::{Api, DOWNLOAD, PROGRESS, but, load, valid};

#[tokio::test]
async fn a_new_required_member_is_required() {
    let api = Api::edited(&[(
        "required: [device_unicode, source_type, channel, start_time, end_time]",
        "required: [device_unicode, source_type, channel, start_time, end_time, platfrom_id]",
    )])
    .await;
    let message = api.download(&valid()).await.rejected(200, "40003");
    assert!(message.contains("platfrom_id"), "{message}");
    api.download(&but("platfrom_id", "2")).await.accepted();
}

#[tokio::test]
async fn another_source_type_is_supported() {
    let rule = "self.source_type == '3'";
    let api = Api::edited(&[(rule, "self.source_type in ['1', '3']")]).await;
    api.download(&but("source_type", "1")).await.accepted();
    api.download(&but("source_type", "3")).await.accepted();
    api.download(&but("source_type", "2"))
        .await
        .rejected(200, "40005");
}

#[tokio::test]
async fn a_renamed_path_is_where_it_is_now() {
    let api = Api::edited(&[("playback/v1/download:", "playback/v2/downloads:")]).await;
    api.post("/api/smsload/playback/v2/downloads", valid().to_string())
        .await
        .accepted();
    api.download(&valid()).await.rejected(404, "40405");
}

#[tokio::test]
async fn a_new_operation_answers_with_its_example() {
    let operations = "paths:
  /things/{id}:
    get:
      operationId: getThing
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, pattern: '^[0-9]+$'}}
      responses:
        '203':
          description: A thing
          content:
            application/json:
              example: {name: 东西, n: [1, 2.5, null]}
  /samples:
    put:
      operationId: putSample
      responses:
        '200':
          description: Without an example
          content:
            application/json:
              schema: {type: object, required: [n], properties: {n: {type: integer, minimum: 3}}}
    delete:
      operationId: deleteSample
      responses:
        '204': {description: Nothing}
";
    let api = Api::edited(&[("paths:\n", operations)]).await;
    let got = api.send(api.client.get(api.url("/things/7"))).await;
    assert_eq!(
        (got.status, &got.body),
        (203, &json!({"name": "东西", "n": [1, 2.5, null]}))
    );
    assert_eq!(got.headers["content-type"], "application/json");
    api.send(api.client.get(api.url("/things/x")))
        .await
        .rejected(200, "40004");
    let head = api.client.head(api.url("/things/7")).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), head.bytes().await.unwrap().len()),
        (203, 0)
    );
    let got = api.send(api.client.put(api.url("/samples"))).await;
    assert_eq!((got.status, &got.body), (200, &json!({"n": 3})));
    let got = api.send(api.client.delete(api.url("/samples"))).await;
    assert_eq!(
        (got.status, got.headers.get("content-type"), got.body),
        (204, None, json!(""))
    );
    let got = api.send(api.client.get(api.url("/samples"))).await;
    got.rejected(405, "40501");
    assert_eq!(got.headers["allow"], "PUT, DELETE");
    api.download(&valid()).await.accepted();
}

#[tokio::test]
async fn ids_figures_and_answers_are_the_documents() {
    let api = Api::edited(&[
        (
            "duration: recorded.seconds",
            "duration: recorded.seconds / 2",
        ),
        ("size: recorded.bytes", "size: \"1024\""),
        (
            "download_progress: string(job.percent)",
            "download_progress: string(job.percent) + '.0'",
        ),
    ])
    .await;
    let data = api.download(&valid()).await.accepted();
    assert_eq!(data["playback_duration"], "1800");
    assert_eq!(data["playback_file_size"], "1024");
    let id = data["stream_id"].as_str().unwrap();
    assert_eq!(
        api.progress(id).await.accepted()["download_progress"],
        "0.0"
    );
}

#[tokio::test]
async fn an_expression_that_fails_is_an_internal_error_and_starts_nothing() {
    for edit in [
        (
            "duration: recorded.seconds",
            "duration: \"recorded.seconds / (self.channel == 'abc' ? 0 : 1)\"",
        ),
        (
            "playback_file_size: string(job.bytes)",
            "playback_file_size: \"string(job.bytes / (self.channel == 'abc' ? 0 : 1))\"",
        ),
    ] {
        let api = Api::edited(&[edit]).await;
        let got = api.download(&but("channel", "abc")).await;
        let message = got.rejected(500, "50001");
        assert!(!message.contains("zero"), "{message}");
        assert_eq!(api.server.mock().job_count(), 0);
        api.download(&but("channel", "abcd")).await.accepted();
    }
}

#[tokio::test]
async fn ids_without_a_serial_run_out_instead_of_meeting() {
    let id = " + ':' + job.ssrc";
    let api = Api::edited(&[(id, "")]).await;
    api.download(&valid()).await.accepted();
    api.download(&valid()).await.rejected(200, "50301");
    api.download(&but("channel", "2")).await.accepted();
}

#[tokio::test]
async fn errors_are_written_as_the_document_says() {
    let api = Api::edited(&[
        ("  status: 200\n  body:", "  status: 422\n  body:"),
        ("data: '{}'", "data: \"''\""),
        ("code: '40405'", "code: 'E-PATH'"),
    ])
    .await;
    let got = api.download(&but("source_type", "1")).await;
    assert_eq!((got.status, &got.body["data"]), (422, &json!("")));
    let got = api.post("/nowhere", "").await;
    assert_eq!((got.status, &got.body["code"]), (404, &json!("E-PATH")));
}

#[tokio::test]
async fn a_document_without_our_extensions_works_too() {
    let document = "openapi: 3.0.3
info: {title: Plain, version: '1'}
paths:
  /a:
    post:
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [b]}}}
      responses: {'201': {description: Made}}
";
    let contract = load(document);
    let api = Api::with(|b| b.contract(contract)).await;
    let got = api.post("/a", "{\"b\":1}").await;
    assert_eq!((got.status, got.body), (201, json!("")));
    for (path, body, status, word) in [
        ("/a", "{}", 400, "`b`"),
        ("/a", "{", 400, "body"),
        ("/b", "{}", 404, "operation"),
    ] {
        let got = api.post(path, body).await;
        assert_eq!((got.status, &got.body["status"]), (status, &json!(status)));
        assert_eq!(got.headers["content-type"], "application/problem+json");
        assert!(
            got.body["detail"].as_str().unwrap().contains(word),
            "{got:?}"
        );
    }
    let got = api.send(api.client.post(api.url("/a")).body("{}")).await;
    assert_eq!(got.status, 415, "{got:?}");
    let got = api.send(api.client.get(api.url("/a"))).await;
    assert_eq!(
        (got.status, &got.headers["allow"]),
        (405, &"POST".parse().unwrap())
    );
    assert_eq!(api.post(DOWNLOAD, "{}").await.status, 404);
    assert_eq!(api.post(PROGRESS, "{}").await.status, 404);
}
