//! Servers that treat every request alike never conform, and nothing that they reject counts as a rejection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use smsload_conformance::{EXIT_CONFORMS, EXIT_INCOMPLETE, Ended, RunResult, Verdict};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{run, target};

type Same = fn() -> Response;

async fn serve(answer: Same) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(async move || answer());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

/// Nothing passes that is about rejecting, about a value or about an id.
fn assert_hopeless(name: &str, result: &RunResult) {
    assert_ne!(result.exit_code(), EXIT_CONFORMS, "{name}");
    for line in result.lines.iter().filter(|l| l.verdict == Verdict::Pass) {
        let id = line.line.id.as_str();
        // What is said about any answer can be right of these too.
        assert!(id.starts_with("RESP-13"), "{name}: {id} passes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_answer_to_everything() {
    let html = || ([(header::CONTENT_TYPE, "text/html")], "<h1>hello</h1>").into_response();
    let empty = || axum::Json(serde_json::json!({})).into_response();
    let rejected = || axum::Json(serde_json::json!({"code": "1", "message": "no"})).into_response();
    let servers: [(&str, Same); 9] = [
        ("400", || StatusCode::BAD_REQUEST.into_response()),
        ("401", || StatusCode::UNAUTHORIZED.into_response()),
        ("404", || StatusCode::NOT_FOUND.into_response()),
        ("500", || StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        ("503", || StatusCode::SERVICE_UNAVAILABLE.into_response()),
        ("302", || {
            (StatusCode::FOUND, [(header::LOCATION, "/")]).into_response()
        }),
        ("html", html),
        ("{}", empty),
        ("rejected", rejected),
    ];
    for (name, answer) in servers {
        let result = run(target(&serve(answer).await), 1).await;
        assert_hopeless(name, &result);
        if name == "500" || name == "{}" || name == "rejected" {
            assert_eq!(
                result.line("ACC-01").unwrap().verdict,
                Verdict::Fail,
                "{name}"
            );
        }
        if name == "503" || name == "404" {
            assert_eq!(result.exit_code(), EXIT_INCOMPLETE, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acceptance_of_everything() {
    let answer: Same = || {
        let data = serde_json::json!({
            "stream_id": "1", "playback_duration": "0", "playback_file_size": "0"});
        axum::Json(serde_json::json!({"code": "0", "message": "", "data": data})).into_response()
    };
    let result = run(target(&serve(answer).await), 1).await;
    assert_ne!(result.exit_code(), EXIT_CONFORMS);
    for id in [
        "BODY-01", "BODY-06", "BODY-07", "SRC-01", "TIME-01", "STRM-04", "PROG-05",
    ] {
        assert_eq!(result.line(id).unwrap().verdict, Verdict::Fail, "{id}");
    }
}

/// Serves raw bytes: reads a request, writes them, closes.
async fn serve_raw(bytes: &'static [u8], most: u32) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = Arc::new(AtomicU32::new(0));
    tokio::spawn(async move {
        while served.fetch_add(1, Ordering::Relaxed) < most {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_at_all() {
    let result = run(target(&serve_raw(b"", u32::MAX).await), 1).await;
    assert_hopeless("dropped", &result);
    assert_eq!(result.line("ACC-01").unwrap().verdict, Verdict::Fail);
    let result = run(target(&serve_raw(b"SSH-2.0-x\r\n", u32::MAX).await), 1).await;
    assert_hopeless("no HTTP", &result);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let result = run(target(&address), 1).await;
    assert!(
        matches!(result.ended, Ended::Unreachable(_)),
        "{:?}",
        result.ended
    );
    assert_eq!((result.exit_code(), result.exchanges), (EXIT_INCOMPLETE, 1));
    assert_hopeless("nobody", &result);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence() {
    // Bound, never accepting: the system takes the connection, nobody answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut target = target(&format!("http://{}", listener.local_addr().unwrap()));
    target.limits.answer_milliseconds = 100;
    let result = run(target, 1).await;
    assert!(
        matches!(result.ended, Ended::Unreachable(_)),
        "{:?}",
        result.ended
    );
    assert_eq!(result.exit_code(), EXIT_INCOMPLETE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_dies_is_not_accused() {
    let accepted = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 111\r\n\r\n{\"code\":\"0\",\"message\":\"\",\"data\":{\"stream_id\":\"1\",\"playback_duration\":\"3600\",\"playback_file_size\":\"1234567890\"}}";
    let body = accepted.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(accepted.len() - body, 111);
    let result = run(target(&serve_raw(accepted, 4).await), 1).await;
    assert!(
        matches!(result.ended, Ended::CutShort(_)),
        "{:?}",
        result.ended
    );
    assert_eq!(
        result.exit_code(),
        EXIT_INCOMPLETE,
        "{:?}",
        crate::support::failures(&result)
    );
}
