//! A receiver of callbacks that knows what each job told it last.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::Json;
use axum::routing::post;
use serde_json::Value;
use tokio::runtime::Runtime;

/// What came.
#[derive(Debug, Default, Clone)]
pub(crate) struct Heard {
    /// All callbacks.
    pub(crate) callbacks: u64,
    /// Jobs that told their end.
    pub(crate) ends: usize,
    /// Callbacks that told less than one before them, or came after the end.
    pub(crate) disorders: u64,
    last: HashMap<String, u64>,
}

/// Serves until it is dropped.
pub(crate) struct Receiver {
    pub(crate) addr: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    _runtime: Runtime,
}

impl Receiver {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let heard = Arc::<Mutex<Heard>>::default();
        let addr = runtime.block_on(async {
            let heard = Arc::clone(&heard);
            let take = async move |Json(body): Json<Value>| {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.take(&body);
            };
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            let addr = listener.local_addr()?;
            tokio::spawn(async move {
                axum::serve(listener, Router::new().route("/", post(take))).await
            });
            anyhow::Ok(addr)
        })?;
        Ok(Self {
            addr,
            heard,
            _runtime: runtime,
        })
    }

    pub(crate) fn heard(&self) -> Heard {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }
}

impl Heard {
    fn take(&mut self, body: &Value) {
        let id = body["streamId"].as_str().unwrap_or_default();
        let percent = body["downloadProgress"].as_str();
        let percent = percent.and_then(|p| p.parse().ok()).unwrap_or(0);
        let before = self.last.insert(id.to_owned(), percent).unwrap_or(0);
        self.callbacks += 1;
        self.disorders += u64::from(percent <= before);
        self.ends += usize::from(percent == 100);
    }
}
