//! Bodies, methods and heads that nobody should send.

use smsload_reference::{DOWNLOAD_PATH, PROGRESS_PATH};

use crate::support::{Api, raw_post, valid};

#[tokio::test]
async fn bodies_that_are_no_json_object_are_rejected() {
    let api = Api::start().await;
    let whole = valid().to_string();
    let mut bodies: Vec<Vec<u8>> = (0..whole.len()).map(|end| whole[..end].into()).collect();
    bodies.extend(
        [
            "null",
            "[]",
            "3",
            "\"x\"",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":NaN}",
            "{}x",
            "// x\n{}",
            "{\"a\":\"\\ud800\", \"channel\":\"\\ud800\"}",
            "\u{feff}{}",
            "{\"channel\":\"\0\"}",
        ]
        .map(Into::into),
    );
    bodies.extend([
        b"{\"a\":\"\xff\"}".to_vec(),
        b"\xff\xfe{\0}\0".to_vec(),
        vec![0; 1000],
    ]);
    for body in bodies {
        let answer = api.post(DOWNLOAD_PATH, body).await;
        answer.assert_rejected(200, "40001");
    }
    api.download(&valid()).await.assert_accepted();
}

#[tokio::test]
async fn deep_nesting_is_rejected_wherever_it_is() {
    let api = Api::start().await;
    let object = valid().to_string();
    let rest = &object[1..];
    for levels in [10_000, 100_000] {
        let deep = "[".repeat(levels) + &"]".repeat(levels);
        let objects = "{\"a\":".repeat(levels) + "0" + &"}".repeat(levels);
        for body in [
            deep.clone(),
            format!("{{\"unknown\":{deep},{rest}"),
            format!("{{\"unknown\":{objects},{rest}"),
            format!("{{\"callback\":{deep},{rest}"),
            "[".repeat(levels),
        ] {
            api.post(DOWNLOAD_PATH, body)
                .await
                .assert_rejected(200, "40001");
        }
    }
    api.download(&valid()).await.assert_accepted();
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_one_at_the_limit_is_read() {
    let api = Api::start().await;
    let padded = |length: usize| {
        let object = valid().to_string();
        object.clone() + &" ".repeat(length - object.len())
    };
    api.post(DOWNLOAD_PATH, padded(1 << 20))
        .await
        .assert_accepted();
    for length in [(1 << 20) + 1, 10 << 20] {
        api.post(DOWNLOAD_PATH, padded(length))
            .await
            .assert_rejected(413, "41300");
    }
    let mut raw = api.connect().await;
    raw.send(&raw_post("host: x\r\ncontent-length: 99999999999\r\n", ""))
        .await;
    assert!(raw.until_closed().await.0.starts_with("HTTP/1.1 413"));
    let mut raw = api.connect().await;
    raw.send(&raw_post(
        "host: x\r\nexpect: 100-continue\r\ncontent-length: 2000000\r\n",
        "",
    ))
    .await;
    assert!(raw.until_closed().await.0.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn other_methods_are_405_with_allow_and_other_paths_404() {
    let api = Api::start().await;
    for path in [DOWNLOAD_PATH, PROGRESS_PATH] {
        for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW", "HEAD"] {
            let url = format!("{}{path}", api.running.url());
            let request = api
                .client
                .request(method.parse().unwrap(), url)
                .json(&valid());
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 405, "{method}");
            assert_eq!(response.headers()["allow"], "POST", "{method}");
            assert_eq!(
                response.headers()["content-type"],
                "application/json",
                "{method}"
            );
        }
    }
    for path in [
        "/",
        "/api",
        &format!("{DOWNLOAD_PATH}/"),
        "//",
        "/%2e%2e/etc/passwd",
        "/x?y",
    ] {
        api.post(path, valid().to_string())
            .await
            .assert_rejected(404, "40400");
    }
    for target in ["*", "example.org:443"] {
        let mut raw = api.connect().await;
        let method = if target == "*" { "OPTIONS" } else { "CONNECT" };
        let head = format!("{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        raw.send(head.as_bytes()).await;
        let (answer, _) = raw.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{target}: {answer}");
    }
}

#[tokio::test]
async fn a_query_after_the_path_changes_nothing() {
    let api = Api::start().await;
    api.post(&format!("{DOWNLOAD_PATH}?a=%ff&b"), valid().to_string())
        .await
        .assert_accepted();
}

#[tokio::test]
async fn a_head_too_large_is_431() {
    let api = Api::start().await;
    for headers in [
        format!("host: x\r\nx: {}\r\n", "a".repeat(20_000)),
        "host: x\r\n".to_owned() + &"x: y\r\n".repeat(64),
    ] {
        let mut raw = api.connect().await;
        raw.send(&raw_post(&headers, "")).await;
        let (answer, _) = raw.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    api.download(&valid()).await.assert_accepted();
}

#[tokio::test]
async fn exactly_one_valid_host_is_required() {
    let api = Api::start().await;
    for hosts in [
        "",
        "host: a\r\nhost: a\r\n",
        "host: a\r\nHost: b\r\n",
        "host:\r\n",
        "host: a b\r\n",
        "host: u@a\r\n",
        "host: a/b\r\n",
        "host: :80\r\n",
    ] {
        let mut raw = api.connect().await;
        let body = valid().to_string();
        raw.send(&raw_post(
            &format!("{hosts}content-length: {}\r\n", body.len()),
            &body,
        ))
        .await;
        let (answer, _) = raw.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{hosts:?}: {answer}");
        assert!(!answer.contains("stream_id"), "{answer}");
    }
}

#[tokio::test]
async fn nothing_after_an_ambiguous_length_is_answered() {
    let api = Api::start().await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    for headers in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: +5\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: chunked\r\n x: folded\r\n",
        "content-length : 5\r\n",
    ] {
        let mut raw = api.connect().await;
        let request = raw_post(
            &format!("host: x\r\n{headers}"),
            &format!("0\r\n\r\n{smuggled}"),
        );
        raw.send(&request).await;
        let (answer, _) = raw.until_closed().await;
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "{headers:?}: {answer}"
        );
        assert!(!answer.contains("40400"), "{headers:?}: {answer}");
    }
}

#[tokio::test]
async fn http_1_0_needs_no_host_and_is_closed() {
    let api = Api::start().await;
    let mut raw = api.connect().await;
    raw.send(b"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n")
        .await;
    let (answer, _) = raw.until_closed().await;
    assert_eq!(answer.matches("HTTP/1.0 404").count(), 1, "{answer}");
}
