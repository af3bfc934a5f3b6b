//! What a run over a document stands on: a way to the target, and what bounds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::message::Message;
use crate::client::Client;
use crate::event::{Event, Events};
use crate::exchange::{Exchange, Lost, Received};
use crate::result::Verdict;
use crate::stop::Stop;
use crate::target::Busy;

/// What a run over a document stands on.
pub(crate) struct Ground<'r> {
    pub(crate) client: &'r Client,
    pub(crate) events: &'r Events,
    pub(crate) busy: &'r Busy,
    pub(crate) concurrency: usize,
    /// Valid and invalid cases of an operation, at most, each.
    pub(crate) cases: u32,
    pub(crate) seed: u64,
    pub(crate) sent: AtomicU64,
    pub(crate) stop: &'r Stop,
}

impl Ground<'_> {
    pub(super) async fn send(&self, id: String, message: &Message) -> Arc<Exchange> {
        let exchange = self
            .client
            .exchange(id, &message.path, &message.request)
            .await;
        self.sent.fetch_add(1, Ordering::Relaxed);
        if let Received::Lost(lost @ Lost::Local(_)) = &exchange.received {
            self.stop.stop(lost.to_string());
        }
        let exchange = Arc::new(exchange);
        let event = Event::Exchanged(Arc::clone(&exchange));
        self.events.tell(event).await;
        exchange
    }

    /// What comes of something, unless the run is stopped before it is done.
    pub(super) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, (Verdict, String)> {
        tokio::select! {
            biased;
            why = self.stop.stopped() => Err((Verdict::Inconclusive, why.to_string())),
            done = work => Ok(done),
        }
    }
}
