//! For those who run the service: is it alive, can it work, how much does it do.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::metrics::{Gauges, Metrics};
use crate::stop::Stop;
use crate::store::JobStore;

/// What the pages look at.
pub(crate) struct Operate {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) connections: Box<dyn Fn() -> usize + Send + Sync>,
    pub(crate) stop: Stop,
}

/// The pages.
pub(crate) fn routes(operate: Arc<Operate>) -> Router {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(operate)
}

impl Operate {
    /// Why no download can be accepted now.
    fn trouble(&self) -> Option<&'static str> {
        if self.stop.is_said() {
            Some("stopping\n")
        } else if self.store.trouble().is_some() {
            // What exactly is in the log: the page may be public.
            Some("the job store does not work\n")
        } else {
            None
        }
    }
}

async fn ready(State(operate): State<Arc<Operate>>) -> Response {
    match operate.trouble() {
        None => "ready\n".into_response(),
        Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, trouble).into_response(),
    }
}

async fn metrics(State(operate): State<Arc<Operate>>) -> Response {
    let gauges = Gauges {
        census: operate.store.census().await.ok(),
        connections: (operate.connections)(),
        ready: operate.trouble().is_none(),
    };
    let media_type = "text/plain; version=0.0.4; charset=utf-8";
    let page = operate.metrics.render(&gauges);
    ([(header::CONTENT_TYPE, media_type)], page).into_response()
}
