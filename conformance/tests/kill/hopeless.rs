//! Servers that treat everything alike never conform, whatever they declare, and a run against them ends in its time.

use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use smsload_conformance::{EXIT_CONFORMS, RunResult, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::trial::{judge, target};

type Same = fn() -> Response;

/// The same answer to everything.
const ANSWERS: &[(&str, Same)] = &[
    ("400", || StatusCode::BAD_REQUEST.into_response()),
    ("401", || StatusCode::UNAUTHORIZED.into_response()),
    ("404", || StatusCode::NOT_FOUND.into_response()),
    ("500", || StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    ("503", || StatusCode::SERVICE_UNAVAILABLE.into_response()),
    ("a redirect", || {
        (StatusCode::FOUND, [(header::LOCATION, "/")]).into_response()
    }),
    ("HTML", || {
        ([(header::CONTENT_TYPE, "text/html")], "<h1>hello</h1>").into_response()
    }),
    ("an empty body", || StatusCode::OK.into_response()),
    ("{}", || axum::Json(json!({})).into_response()),
    ("a rejection", || {
        axum::Json(json!({"code": "1", "message": "no"})).into_response()
    }),
    ("the page's acceptance", || {
        let data = json!({
            "stream_id": "download:34020000001110000228:34020000001320000666:1200000079",
            "playback_duration": "10", "playback_file_size": "1024",
        });
        axum::Json(json!({"code": "0", "message": "", "data": data})).into_response()
    }),
    ("an acceptance at its end", || {
        let data = json!({
            "stream_id": "1", "playback_duration": "0", "playback_file_size": "0",
            "download_progress": "100", "file_url": "http://127.0.0.1:9/1.mp4",
        });
        axum::Json(json!({"code": "0", "message": "", "data": data})).into_response()
    }),
];

/// Raw bytes, then the end of the connection; nothing: it stays open without a word.
const WORDS: &[(&str, Option<&[u8]>)] = &[
    ("a closed connection", Some(b"")),
    ("another protocol", Some(b"220 ready\r\n")),
    ("half an answer", Some(b"HTTP/1.1 200 OK\r\nContent-Le")),
    ("silence", None),
];

/// A run must be over then: a machine that does much else needs most of it.
const TIME: Duration = Duration::from_secs(150);

async fn serve(answer: Same) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(async move || answer());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn serve_words(words: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let Some(words) = words else {
                open.push(stream);
                continue;
            };
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(words).await;
        }
    });
    address
}

/// What such a server would say of itself: that it has everything.
fn boast(address: &str) -> Target {
    let mut target = target(address, "http://127.0.0.1:9/progress");
    target.limits.answer_milliseconds = 1_000;
    target.limits.completion_seconds = 2;
    target.limits.keep_seconds = 1;
    target
}

async fn tried(name: &'static str, address: String) -> (&'static str, RunResult) {
    let run = tokio::time::timeout(TIME, judge(boast(&address), 1)).await;
    (
        name,
        run.unwrap_or_else(|_| panic!("{name}: no end in {TIME:?}")),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_of_them_conforms() {
    let mut tasks = JoinSet::new();
    for (name, answer) in ANSWERS {
        let address = serve(*answer).await;
        tasks.spawn(tried(name, address));
    }
    for (name, words) in WORDS {
        let address = serve_words(*words).await;
        tasks.spawn(tried(name, address));
    }
    for (name, result) in tasks.join_all().await {
        assert_ne!(result.exit_code(), EXIT_CONFORMS, "{name}");
        assert!(!result.conforms(), "{name}");
    }
}
