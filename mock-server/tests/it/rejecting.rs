//! Rejected requests: the code, the status, and the member at fault.

use serde_json::{Value, json};
use smsload_mock::Limits;

use crate::support::{Api, DOWNLOAD, but, valid, with_error_statuses};

/// Bodies of the download operation that are wrong in one way: code, own status, a word of the message.
fn wrong() -> Vec<(Value, &'static str, u16, &'static str)> {
    let mut cases = Vec::new();
    for member in [
        "device_unicode",
        "source_type",
        "channel",
        "start_time",
        "end_time",
    ] {
        cases.push((but(member, Value::Null), "40003", 400, member));
        for value in [json!([]), json!({}), json!(3), json!(true), json!("")] {
            cases.push((but(member, value), "40004", 400, member));
        }
        let mut null = valid();
        null[member] = Value::Null;
        cases.push((null, "40004", 400, member));
    }
    for source in ["1", "2", "4", "5", "6"] {
        cases.push((but("source_type", source), "40005", 400, "source_type"));
    }
    for source in ["0", "7", " 3", "3 ", "03", "3.0", "+3", "３", "٣", "3\u{0}"] {
        cases.push((but("source_type", source), "40004", 400, "source_type"));
    }
    for time in [
        "2025-04-04 08:00:00",
        "2025-04-04T08:00:00Z",
        "2025-02-30T08:00:00",
        "1743753600",
    ] {
        cases.push((but("start_time", time), "40004", 400, "start_time"));
    }
    cases.push((
        but("end_time", "2025-04-04T08:00:00"),
        "40006",
        400,
        "end_time",
    ));
    cases.push((
        but("end_time", "2025-04-04T07:59:59"),
        "40006",
        400,
        "start_time",
    ));
    cases.push((
        but("device_unicode", "34020000001110000404"),
        "40401",
        404,
        "device_unicode",
    ));
    cases.push((
        but("device_unicode", "34020000001110000503"),
        "40901",
        409,
        "device_unicode",
    ));
    cases.push((but("channel", "门-404"), "40402", 404, "channel"));
    cases.push((
        but("channel", "34020000001320000204"),
        "40403",
        404,
        "start_time",
    ));
    cases.push((but("callback", "/relative"), "40004", 400, "callback"));
    cases.push((but("callback", "ftp://h/"), "40004", 400, "callback"));
    cases.push((but("callback", 5), "40004", 400, "callback"));
    cases.push((json!([valid()]), "40004", 400, "object"));
    cases.push((json!("text"), "40004", 400, "object"));
    cases
}

#[tokio::test]
async fn each_fault_has_its_code_and_names_its_member() {
    let api = Api::start().await;
    for (body, code, _, word) in wrong() {
        let message = api.download(&body).await.rejected(200, code);
        assert!(message.contains(word), "{body}: {message}");
    }
    api.download(&valid()).await.accepted();
}

#[tokio::test]
async fn with_error_statuses_each_fault_has_its_own() {
    let api = Api::with(with_error_statuses).await;
    for (body, code, status, _) in wrong() {
        api.download(&body).await.rejected(status, code);
    }
    let unknown = api.progress("no such").await;
    unknown.rejected(404, "40404");
    api.download(&valid()).await.accepted();
}

#[tokio::test]
async fn the_pages_own_example_is_rejected_for_both_its_faults() {
    let api = Api::start().await;
    let body = json!({
        "device_unicode": "55", "platfrom_id": "2", "source_type": "1", "channel": "1",
        "start_time": "2025-04-04T21:36:17", "end_time": "2024-06-21T10:16:23",
        "callback": "http://xxxxxx",
    });
    let message = api.download(&body).await.rejected(200, "40005");
    assert!(
        message.contains("source_type") && message.contains("start_time"),
        "{message}"
    );
}

#[tokio::test]
async fn bodies_that_are_no_json_are_malformed() {
    let api = Api::start().await;
    let whole = valid().to_string();
    let mut bodies: Vec<Vec<u8>> = (0..whole.len())
        .step_by(7)
        .map(|end| whole[..end].into())
        .collect();
    bodies.extend(["{'a':1}", "{\"a\":1,}", "{}x", "// x\n{}", " \n\t"].map(Into::into));
    bodies.extend([
        b"{\"a\":\"\xff\"}".to_vec(),
        b"\xff\xfe{\0}\0".to_vec(),
        vec![0; 1000],
    ]);
    for body in bodies {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let message = api.post(DOWNLOAD, body).await.rejected(200, "40001");
        assert!(message.contains("body"), "{shown}: {message}");
    }
    api.download(&valid()).await.accepted();
}

#[tokio::test]
async fn another_media_type_or_none_is_unsupported() {
    let (api, strict) = (Api::start().await, Api::with(with_error_statuses).await);
    let body = valid().to_string();
    for media in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some(""),
    ] {
        for (api, status) in [(&api, 200), (&strict, 415)] {
            let mut request = api.client.post(api.url(DOWNLOAD)).body(body.clone());
            if let Some(media) = media {
                request = request.header("content-type", media);
            }
            api.send(request).await.rejected(status, "40002");
        }
    }
}

#[tokio::test]
async fn a_full_mock_says_so() {
    let limits = Limits {
        max_jobs: 3,
        ..Limits::default()
    };
    let api = Api::with(|b| b.limits(limits.clone())).await;
    for _ in 0..3 {
        api.download(&valid()).await.accepted();
    }
    api.download(&valid()).await.rejected(200, "50301");
    let strict = Api::with(|b| with_error_statuses(b.limits(limits.clone()))).await;
    for _ in 0..3 {
        strict.download(&valid()).await.accepted();
    }
    strict.download(&valid()).await.rejected(429, "50301");
    // Room again once jobs are over and no longer kept.
    api.clock
        .advance(std::time::Duration::from_secs(3600 + 450));
    api.download(&valid()).await.accepted();
}

#[tokio::test]
async fn other_paths_are_404_and_other_methods_405_with_allow() {
    let api = Api::start().await;
    for path in [
        "/",
        "/api",
        &format!("{DOWNLOAD}/"),
        "/%2e%2e/etc/passwd",
        "/x?y",
        "/%5f%5fmock/jobs",
        "/__mockery",
        "//__mock/jobs",
        "/api/..%2f__mock/jobs",
    ] {
        api.post(path, valid().to_string())
            .await
            .rejected(404, "40405");
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
        let method: reqwest::Method = method.parse().unwrap();
        let request = api
            .client
            .request(method.clone(), api.url(DOWNLOAD))
            .json(&valid());
        let got = api.send(request).await;
        got.rejected(405, "40501");
        assert_eq!(got.headers["allow"], "POST", "{method}");
    }
    let head = api.client.head(api.url(DOWNLOAD)).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_one_at_it_is_read() {
    let api = Api::start().await;
    let padded = |length: usize| {
        let object = valid().to_string();
        object.clone() + &" ".repeat(length - object.len())
    };
    api.post(DOWNLOAD, padded(1 << 20)).await.accepted();
    for length in [(1 << 20) + 1, 10 << 20] {
        let got = api.post(DOWNLOAD, padded(length)).await;
        got.rejected(413, "41301");
    }
    for head in [
        "host: x\r\ncontent-length: 99999999999\r\n",
        "host: x\r\nexpect: 100-continue\r\ncontent-length: 2000000\r\n",
    ] {
        let mut raw = api.connect().await;
        raw.send(crate::support::raw_post(head, "")).await;
        let answer = raw.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
}
