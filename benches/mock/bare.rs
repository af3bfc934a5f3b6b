//! The bare handler that the mock is held against: axum, a body parsed into a JSON value, a constant answer.

use axum::extract::Json;
use axum::routing::post;
use axum::{Router, http::header};
use serde_json::Value;

use crate::load::{DOWNLOAD_PATH, QUERY_PATH};

/// About as long as the mock's own answer.
const ANSWER: &str = r#"{"code":"0","message":"","data":{"stream_id":"download:34020000001110000228:34020000001320000666:1200000079","playback_duration":"10","playback_file_size":"1024"}}"#;

/// Serves until it is killed.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let answer = async |Json(body): Json<Value>| {
            std::hint::black_box(body);
            ([(header::CONTENT_TYPE, "application/json")], ANSWER)
        };
        let router = Router::new()
            .route(DOWNLOAD_PATH, post(answer))
            .route(QUERY_PATH, post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        axum::serve(listener, router).await?;
        Ok(())
    })
}
