//! Sends what the outbox holds: at least once, in order for each job, each receiver in turn.

use std::sync::Arc;
use std::time::Duration;

use rand::TryRng as _;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::address::CallbackAddress;
use super::client::{Answer, Client, Parcel, SendError};
use super::lanes::{Lanes, Places};
use super::message::{Signer, body, message_id};
use super::schedule::Schedule;
use crate::clock::{Clock, Millis};
use crate::job::JobKey;
use crate::metrics::Metrics;
use crate::public_url::PublicUrl;
use crate::stop::Stop;
use crate::store::{JobStore, Letter, Outcome};

/// How long to wait before a store that failed is asked again.
const PATIENCE: Duration = Duration::from_millis(500);

/// How callbacks are sent.
#[derive(Clone)]
pub(crate) struct CourierSettings {
    pub(crate) schedule: Schedule,
    pub(crate) places: Places,
    pub(crate) signer: Option<Signer>,
    pub(crate) public_url: PublicUrl,
}

/// Who sends callbacks.
#[derive(Clone)]
pub(crate) struct Courier {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) settings: CourierSettings,
    pub(crate) stop: Stop,
}

impl Courier {
    /// Sends until it is told to stop, and until those under way have their answer then.
    pub(crate) async fn run(self) {
        let mut lanes = Lanes::new(self.settings.places);
        let mut under_way = JoinSet::new();
        let mut stop = self.stop.clone();
        while !stop.is_said() {
            for due in self.store.changes().take() {
                lanes.note(due);
            }
            while let Some(key) = lanes.next(self.clock.now()) {
                let courier = self.clone();
                // The key comes back also if the sending should panic.
                let sending = tokio::spawn(async move { courier.send_next(key).await });
                under_way.spawn(async move { (key, sending.await.unwrap_or(None)) });
            }
            let next = lanes.next_due().map(|at| at.since(self.clock.now()));
            tokio::select! {
                () = stop.said() => {}
                () = self.store.changes().outbox.notified() => {}
                Some(done) = under_way.join_next() => {
                    let Ok((key, again)) = done else { continue };
                    lanes.done(key, again);
                }
                () = sleep(next.unwrap_or(Duration::MAX)), if next.is_some() => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Sends what is to be told of a job now, and notes what became of it. A letter that is to be
    /// looked for again, since the store could not be asked, is given back.
    async fn send_next(&self, key: JobKey) -> Option<Millis> {
        let letter = match self.store.letter(key).await {
            Ok(letter) => letter?,
            Err(_) => {
                let at = self.clock.now().after(PATIENCE);
                return Some(at);
            }
        };
        let outcome = self.attempt(&letter).await;
        let mut stop = self.stop.clone();
        while self
            .store
            .settle(key, letter.version, outcome.clone(), self.clock.now())
            .await
            .is_err()
        {
            // What was delivered is sent again only if the process ends before this can be noted.
            tokio::select! {
                () = sleep(PATIENCE) => {}
                () = stop.said() => return None,
            }
        }
        None
    }

    async fn attempt(&self, letter: &Letter) -> Outcome {
        let id = letter.id.to_string();
        let Ok(address) = CallbackAddress::parse(&letter.url) else {
            return Outcome::Closed("the address cannot be read".to_owned());
        };
        let (why, asked) = match self.client.send(self.parcel(&address, letter)).await {
            Ok(Answer { status, .. }) if status.is_success() => {
                self.metrics.delivered();
                tracing::debug!(stream_id = id, progress = %letter.progress, "callback delivered");
                return Outcome::Delivered;
            }
            Ok(Answer { status, .. }) if status.as_u16() == 410 => {
                tracing::info!(
                    stream_id = id,
                    receiver = address.authority(),
                    "callbacks end: 410"
                );
                return Outcome::Closed("the receiver answered 410 Gone".to_owned());
            }
            Ok(Answer {
                status,
                retry_after,
            }) => (
                format!("the receiver answered {}", status.as_u16()),
                retry_after,
            ),
            Err(error) => (explain(&error), None),
        };
        self.metrics.attempt_failed();
        self.after_failure(letter, &address, why, asked)
    }

    fn after_failure(
        &self,
        letter: &Letter,
        address: &CallbackAddress,
        why: String,
        asked: Option<Duration>,
    ) -> Outcome {
        let (id, receiver) = (letter.id.to_string(), address.authority());
        let now = self.clock.now();
        let failures = letter.failures.saturating_add(1);
        let trying = letter
            .first_failed
            .map_or(Duration::ZERO, |first| now.since(first));
        // Without randomness all of them are tried in step: worse, but no harm.
        let draw = rand::rngs::SysRng.try_next_u32().unwrap_or(u32::MAX / 2);
        let schedule = &self.settings.schedule;
        match schedule.wait(failures, trying, draw, asked) {
            Some(wait) => {
                tracing::debug!(stream_id = id, receiver, why, ?wait, "a callback failed");
                Outcome::Retry(now.after(wait), why)
            }
            None if letter.last => {
                self.metrics.gave_up(1);
                tracing::warn!(
                    stream_id = id,
                    receiver,
                    why,
                    failures,
                    "a callback is given up"
                );
                Outcome::Closed(format!("given up after {failures} attempts: {why}"))
            }
            None => {
                let wait = schedule.waits.last().copied().unwrap_or_default();
                tracing::debug!(stream_id = id, receiver, why, "a progress is not told");
                Outcome::Dropped(now.after(wait), why)
            }
        }
    }

    fn parcel<'a>(&self, address: &'a CallbackAddress, letter: &Letter) -> Parcel<'a> {
        let file_url = letter.file.as_ref();
        let file_url = file_url.map(|file| self.settings.public_url.of_file(file));
        let body = body(letter, file_url.unwrap_or_default());
        let mut headers = Vec::new();
        if let Some(signer) = &self.settings.signer {
            let id = message_id(letter);
            let timestamp = wall_seconds();
            let signature = signer.sign(&id, timestamp, &body);
            headers.push(("webhook-id", id));
            headers.push(("webhook-timestamp", timestamp.to_string()));
            headers.push(("webhook-signature", signature));
        }
        Parcel {
            address,
            body,
            headers,
        }
    }
}

/// The receiver compares the time with its own clock, so here the wall clock is asked.
fn wall_seconds() -> u64 {
    let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    wall.map_or(0, |since| since.as_secs())
}

/// An error with its causes.
fn explain(error: &SendError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let error_text = error.to_string();
        if !text.contains(&error_text) {
            text = format!("{text}: {error_text}");
        }
        cause = error.source();
    }
    text
}
