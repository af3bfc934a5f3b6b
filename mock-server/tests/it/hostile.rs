//! Connections and heads that nobody should send.

use std::time::Duration;

use serde_json::json;
use smsload_mock::Limits;

use crate::support::{Api, DOWNLOAD, SOON, hurried, raw_post, valid};

/// Waits until no connection is open.
async fn until_all_are_closed(api: &Api) {
    let deadline = tokio::time::Instant::now() + SOON;
    while api.server.connection_count() > 0 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "connections stay open"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn silent_and_half_sent_connections_are_closed() {
    let api = Api::with(|b| b.limits(hurried())).await;
    let body = valid().to_string();
    let length = format!("host: x\r\ncontent-length: {}\r\n", body.len());
    let half_body = raw_post(&length, &body[..20]);
    for (sent, answered) in [
        ("", ""),
        ("P", ""),
        ("POST / HTTP/1.1\r\nhost: x\r\n", ""),
        (&*half_body, "HTTP/1.1 408"),
    ] {
        let mut raw = api.connect().await;
        raw.send(sent).await;
        let answer = raw.until_closed().await;
        assert!(answer.starts_with(answered), "{sent:?}: {answer:?}");
        assert!(
            answered.is_empty() || answer.contains("connection: close"),
            "{answer}"
        );
    }
    // Idle after a request.
    let mut raw = api.connect().await;
    raw.send(raw_post(&length, &body)).await;
    assert!(raw.until_closed().await.starts_with("HTTP/1.1 200"));
    until_all_are_closed(&api).await;
}

/// What is answered to who goes on sending a little at a time, for ever.
async fn answer_to_a_trickle(beginning: &str, piece: &str) -> String {
    let api = Api::with(|b| b.limits(hurried())).await;
    let mut raw = api.connect().await;
    raw.send(beginning).await;
    let (reading, mut writing) = raw.split();
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    let trickle = async {
        loop {
            pause.tick().await;
            writing.send(piece).await;
        }
    };
    tokio::select! {
        answer = reading.until_closed() => answer,
        () = trickle => unreachable!("it never ends"),
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_cut_off_however_steadily_it_comes() {
    let beginning = raw_post("host: x\r\ncontent-length: 100000\r\n", "{");
    let answer = answer_to_a_trickle(&beginning, " ").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_head_that_trickles_is_cut_off_however_steadily_it_comes() {
    assert_eq!(answer_to_a_trickle("POST / HTTP/1.1\r\nx: ", "x").await, "");
}

#[tokio::test]
async fn an_answer_may_take_longer_than_a_head() {
    let limits = hurried();
    let delay = json!({"action": {"delay_ms": limits.header_timeout.as_millis() * 3}});
    let api = Api::with(|b| b.limits(limits)).await;
    api.control("POST", "/faults", delay).await.json(201);
    let body = valid().to_string();
    let head = format!("host: x\r\ncontent-length: {}\r\n", body.len());
    let mut raw = api.connect().await;
    for _ in 0..2 {
        raw.send(raw_post(&head, &body)).await;
        raw.until("stream_id").await;
    }
    // Silence after it is no answer.
    raw.until_closed().await;
}

#[tokio::test]
async fn further_connections_wait_for_a_place_and_get_it() {
    let api = Api::with(|b| {
        b.limits(Limits {
            max_connections: 2,
            ..hurried()
        })
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(api.connect().await);
    }
    assert!(api.server.connection_count() <= 2);
    // Each of the silent ones is closed in its turn; then it is this one's.
    api.download(&valid()).await.accepted();
    for raw in &mut silent {
        raw.until_closed().await;
    }
}

#[tokio::test]
async fn a_head_too_large_is_431() {
    let api = Api::start().await;
    let most = Limits::default().max_headers;
    let many = |n: usize| "host: x\r\n".to_owned() + &"x: y\r\n".repeat(n);
    let mut raw = api.connect().await;
    // With media type, host and this one it is as many as may be.
    raw.send(raw_post(&(many(most - 3) + "connection: close\r\n"), ""))
        .await;
    let answer = raw.until_closed().await;
    assert!(
        !answer.is_empty() && !answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    for headers in [
        format!("host: x\r\nx: {}\r\n", "a".repeat(20_000)),
        many(most - 1),
    ] {
        let mut raw = api.connect().await;
        raw.send(raw_post(&headers, "")).await;
        let answer = raw.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let mut raw = api.connect().await;
    raw.send(format!(
        "GET /{} HTTP/1.1\r\nhost: x\r\n\r\n",
        "a".repeat(70_000)
    ))
    .await;
    let answer = raw.until_closed().await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
    api.download(&valid()).await.accepted();
}

#[tokio::test]
async fn exactly_one_proper_host_is_required() {
    let api = Api::start().await;
    let body = valid().to_string();
    for hosts in [
        "",
        "host: a\r\nhost: a\r\n",
        "host: a\r\nHost: b\r\n",
        "host:\r\n",
        "host: a b\r\n",
        "host: u@a\r\n",
        "host: a/b\r\n",
    ] {
        let mut raw = api.connect().await;
        raw.send(raw_post(
            &format!("{hosts}content-length: {}\r\n", body.len()),
            &body,
        ))
        .await;
        let answer = raw.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{hosts:?}: {answer}");
        assert!(!answer.contains("stream_id"), "{answer}");
    }
    assert_eq!(api.server.mock().job_count(), 0);
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
        let body = format!("0\r\n\r\n{smuggled}");
        raw.send(raw_post(&format!("host: x\r\n{headers}"), &body))
            .await;
        let answer = raw.until_closed().await;
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "{headers:?}: {answer}"
        );
        assert!(!answer.contains("404"), "{headers:?}: {answer}");
    }
}

#[tokio::test]
async fn deep_json_is_answered() {
    let api = Api::start().await;
    let object = valid().to_string();
    for levels in [10_000, 100_000] {
        let deep = "[".repeat(levels) + &"]".repeat(levels);
        for body in [
            deep.clone(),
            format!("{{\"unknown\":{deep},{}", &object[1..]),
            format!("{{\"callback\":{deep},{}", &object[1..]),
            "[".repeat(levels),
        ] {
            api.post(DOWNLOAD, body).await.rejected(200, "40001");
        }
    }
    api.download(&valid()).await.accepted();
}

#[tokio::test]
async fn targets_that_are_no_path_are_answered() {
    let api = Api::start().await;
    for target in ["OPTIONS *", "CONNECT example.org:443", "GET http://x/y?z"] {
        let mut raw = api.connect().await;
        raw.send(format!(
            "{target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        ))
        .await;
        let answer = raw.until_closed().await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{target}: {answer}");
    }
}

#[tokio::test]
async fn no_answer_says_what_the_server_is_made_of_or_repeats_a_token() {
    let api = Api::start().await;
    for body in ["{", "{}", "[1]"] {
        let request = api
            .client
            .post(api.url(DOWNLOAD))
            .header("token", "s3cret")
            .body(body);
        let got = api
            .send(request.header("content-type", "application/json"))
            .await;
        assert!(got.headers.get("server").is_none() && got.headers.get("x-powered-by").is_none());
        let text = got.body.to_string();
        for word in ["serde", "line 1", "panicked", "src/", "s3cret"] {
            assert!(!text.contains(word), "{text}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing() {
    let api = Api::start().await;
    let reset = || api.client.post(api.url("/__mock/reset"));
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let got = api.send(reset().header(name, value)).await;
        assert_eq!(got.status, 403, "{name}: {value}");
    }
    // Its own page, and programs.
    let own = api.url("");
    assert_eq!(api.send(reset().header("origin", own)).await.status, 204);
    assert_eq!(api.send(reset()).await.status, 204);
}

#[tokio::test]
async fn a_name_that_somebody_may_own_reaches_no_control() {
    let api = Api::with(|builder| {
        builder
            .allow_host("mock.mine.com")
            .public_url("https://public.example.com:8443/x")
    })
    .await;
    let ask = async |method: &str, path: &str, host: &str| {
        let method = method.parse().unwrap();
        let request = api.client.request(method, api.url(path));
        // As a page of that name is sent, whose name was made to lead here.
        let origin = format!("http://{host}");
        api.send(request.header("host", host).header("origin", origin))
            .await
    };
    let post = async |host: &str| ask("POST", "/__mock/reset", host).await;
    for host in [
        "mock.mine.com:80",
        "public.example.com",
        "127.0.0.1",
        "mock",
        "mock.test",
    ] {
        post(host).await.empty();
    }
    let why = post("evil.com").await.problem(403);
    assert!(why.contains("--allow-host evil.com"), "{why}");
    ask("GET", "/__mock/journal", "evil.com:4010")
        .await
        .problem(403);
    // What is mocked is for everybody.
    assert_eq!(ask("POST", DOWNLOAD, "evil.com").await.status, 200);
}

#[tokio::test]
async fn a_page_of_another_origin_takes_no_listeners_place() {
    let api = Api::start().await;
    let request = api.client.get(api.url("/__mock/events"));
    let got = api
        .send(request.header("origin", "http://evil.example"))
        .await;
    got.problem(403);
}
