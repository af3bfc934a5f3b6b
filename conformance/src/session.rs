//! A session: the target of a run while it runs. Sends requests, keeps what is shared between checks (twins, downloads
//! that are left, what was seen in passing) and notices when the target is gone.
//!
//! No lock is held while waiting: each guards one map or one ledger for a few instructions.

mod notes;
mod recorded;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::api::Api;
use crate::budget::Downloads;
use crate::case::{Answered, Opinion, Twin};
use crate::checks::{self, Watch};
use crate::client::{Client, Fetch};
use crate::event::{Event, Events};
use crate::exchange::{Exchange, Lost, Received};
use crate::live::Live;
use crate::oracle::{Fault, Outcome};
use crate::request::{Kind, Request};
use crate::stop::Stop;

/// Requests in a row without an answer that are reason to doubt that the target is there. No connection is reason at
/// once.
const LOSSES: u32 = 32;

/// Requests whose answers are kept to be shared, so that memory does not grow with the cases.
const SHARED: usize = 2_000;

type Cell = Arc<OnceCell<Arc<Answered>>>;

/// The target of a run while it runs.
pub(crate) struct Session {
    pub(crate) api: Arc<Api>,
    client: Arc<Client>,
    events: Events,
    shared: Mutex<HashMap<Request, Cell>>,
    query: OnceCell<Option<Arc<Answered>>>,
    downloads: Downloads,
    watches: Vec<(&'static str, Watch)>,
    ledger: Mutex<Ledger>,
    losses: AtomicU32,
    sent: AtomicU64,
    gone: OnceLock<String>,
    stop: Stop,
    live: Live,
}

/// What was seen in passing.
#[derive(Debug, Default)]
struct Ledger {
    /// Ids of downloads that were accepted.
    ids: HashSet<String>,
    /// For each watch: answers that it judged, and the fault with the smallest request.
    seen: HashMap<&'static str, Watched>,
}

/// What a watch saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    pub(crate) judged: u32,
    pub(crate) fault: Option<(Arc<Answered>, Opinion)>,
}

impl Session {
    pub(crate) fn new(
        api: Arc<Api>,
        client: Arc<Client>,
        downloads: Option<u32>,
        events: Events,
        stop: Stop,
    ) -> Self {
        let watches = checks::ALL
            .iter()
            .filter_map(|check| Some((check.line, check.watch?)))
            .collect();
        let live = Live::new(Arc::clone(&api), Arc::clone(&client), events.clone());
        Self {
            live,
            api,
            client,
            events,
            shared: Mutex::default(),
            query: OnceCell::new(),
            downloads: Downloads::new(downloads),
            watches,
            ledger: Mutex::default(),
            losses: AtomicU32::new(0),
            sent: AtomicU64::new(0),
            gone: OnceLock::new(),
            stop,
        }
    }

    /// What ends the run.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// From now on requests go out with care for somebody else's server, or no longer.
    pub(crate) fn take_care(&self, is_careful: bool) {
        self.client.take_care(is_careful);
    }

    pub(crate) fn downloads(&self) -> &Downloads {
        &self.downloads
    }

    pub(crate) async fn tell(&self, event: Event) {
        self.events.tell(event).await;
    }

    /// Time since the run began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.client.elapsed()
    }

    /// Requests sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Why the target is gone, if it is.
    pub(crate) fn gone(&self) -> Option<&str> {
        self.gone.get().map(String::as_str)
    }

    /// Sends a request. `is_paid`: its download, if it starts one, was set aside.
    pub(crate) async fn send(&self, id: String, request: Request, is_paid: bool) -> Arc<Answered> {
        let place = self.live.place(&request, is_paid).await;
        let path = self.api.path(request.kind);
        let exchange = Arc::new(self.client.exchange(id, path, &request).await);
        self.sent.fetch_add(1, Ordering::Relaxed);
        let (outcome, body) = self.api.oracle(request.kind).judge(&exchange);
        self.notice(&exchange.received);
        if request.kind == Kind::Start && outcome.is_taken() && !is_paid {
            self.downloads.add(1);
        }
        let answered = Arc::new(Answered {
            request,
            exchange,
            outcome,
            body,
        });
        self.live.hold(&answered, place);
        if self.playback().is_none() {
            self.watch(&answered);
        }
        self.tell(Event::Exchanged(Arc::clone(&answered.exchange)))
            .await;
        answered
    }

    /// The root of the target.
    pub(crate) fn base(&self) -> url::Url {
        self.client.base()
    }

    /// Reads a file, or a part of one.
    pub(crate) async fn fetch(&self, fetch: Fetch) -> Arc<Exchange> {
        let exchange = Arc::new(self.client.fetch(fetch).await);
        self.told(exchange).await
    }

    /// Sends a GET with a request target of any kind to the host of an address.
    pub(crate) async fn fetch_raw(
        &self,
        id: String,
        url: &url::Url,
        target: &str,
    ) -> Arc<Exchange> {
        let exchange = Arc::new(self.client.fetch_raw(id, url, target).await);
        self.told(exchange).await
    }

    /// A file may lie anywhere: what comes of it says nothing about whether the target is there.
    async fn told(&self, exchange: Arc<Exchange>) -> Arc<Exchange> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.tell(Event::Exchanged(Arc::clone(&exchange))).await;
        exchange
    }

    /// Sends a request that is sent once in a run; later callers get the same answer.
    pub(crate) async fn share(&self, id: String, request: Request) -> Arc<Answered> {
        let path = self.api.path(request.kind);
        let id = self.client.shared_name(id, path, &request);
        let cell = self.cell(&request);
        Arc::clone(cell.get_or_init(|| self.send(id, request, true)).await)
    }

    /// The place of a shared request. When there are too many, the others have places of their own, each time anew.
    fn cell(&self, request: &Request) -> Cell {
        let mut shared = lock(&self.shared);
        if shared.len() < SHARED || shared.contains_key(request) {
            Arc::clone(shared.entry(request.clone()).or_default())
        } else {
            Cell::default()
        }
    }

    /// True if a shared request was sent already.
    pub(crate) fn has_shared(&self, request: &Request) -> bool {
        lock(&self.shared)
            .get(request)
            .is_some_and(|cell| cell.initialized())
    }

    /// Why the twin of a case proves nothing; nothing if it was accepted.
    pub(crate) async fn twin_problem(&self, twin: &Twin) -> Option<String> {
        let (name, answered) = match twin {
            Twin::None => return None,
            Twin::Plain => ("the plain request", Some(self.plain().await)),
            Twin::Like(request) => (
                "the same request without what it is about",
                self.like(request).await,
            ),
            Twin::Query => (
                "the query for a download just accepted",
                self.fresh_query().await,
            ),
        };
        match answered {
            Some(answered) if answered.outcome.is_taken() => None,
            Some(answered) => Some(format!("{name} was not accepted: {}", answered.outcome)),
            None => Some(format!(
                "{name} could not be sent, since no download was accepted or none is left"
            )),
        }
    }

    /// A request to compare with, sent once; nothing if no download is left for it.
    async fn like(&self, request: &Request) -> Option<Arc<Answered>> {
        if !self.has_shared(request) && !self.downloads.take(1) {
            return None;
        }
        Some(self.share("twin#like".to_owned(), request.clone()).await)
    }

    /// The plain request, sent once.
    pub(crate) async fn plain(&self) -> Arc<Answered> {
        self.share("twin#plain".to_owned(), self.api.plain()).await
    }

    async fn fresh_query(&self) -> Option<Arc<Answered>> {
        let ask = async {
            let plain = self.plain().await;
            let request = checks::query_for(&self.api, &plain).ok()?;
            Some(self.send("twin#query".to_owned(), request, true).await)
        };
        self.query.get_or_init(|| ask).await.clone()
    }

    /// What a watch saw so far.
    pub(crate) fn watched(&self, line: &str) -> Watched {
        lock(&self.ledger)
            .seen
            .get(line)
            .cloned()
            .unwrap_or_default()
    }

    fn watch(&self, answered: &Arc<Answered>) {
        let mut ledger = lock(&self.ledger);
        for (line, watch) in &self.watches {
            let Some(opinion) = watch(&self.api, answered, &ledger.ids) else {
                continue;
            };
            let seen = ledger.seen.entry(line).or_default();
            seen.judged += 1;
            if opinion.is_fail()
                && seen
                    .fault
                    .as_ref()
                    .is_none_or(|f| is_smaller(answered, &f.0))
            {
                seen.fault = Some((Arc::clone(answered), opinion));
            }
        }
        if answered.request.kind == Kind::Start && answered.outcome.is_taken() {
            let id = answered
                .body
                .as_ref()
                .and_then(|b| self.api.answer.id.text(b));
            ledger.ids.extend(id.map(str::to_owned));
        }
    }

    fn notice(&self, received: &Received) {
        match received {
            // What a recording lacks is told with the line that needs it.
            _ if self.playback().is_some() => {}
            Received::Lost(lost @ Lost::Local(_)) => self.stop.stop(lost.to_string()),
            Received::Lost(Lost::NotReached(_)) => self.losses.store(LOSSES, Ordering::Relaxed),
            Received::Lost(Lost::TimedOut(_)) => {
                self.losses.fetch_add(1, Ordering::Relaxed);
            }
            _ => self.losses.store(0, Ordering::Relaxed),
        }
    }

    /// Looks whether the target is still there, if there is reason for doubt: a plain request tells a target that is
    /// gone from one that has no answer to what it was sent.
    pub(crate) async fn look(&self) {
        if self.gone().is_some() || self.losses.load(Ordering::Relaxed) < LOSSES {
            return;
        }
        let answered = self
            .send("twin#look".to_owned(), self.api.plain(), false)
            .await;
        self.losses.store(0, Ordering::Relaxed);
        if let Received::Lost(lost) = &answered.exchange.received {
            self.gone
                .get_or_init(|| format!("the target went away: {lost}"));
        }
    }

    /// True if the plain request brought no answer at all: nothing else can be asked then.
    pub(crate) async fn is_silent(&self) -> Option<String> {
        self.downloads.take(1);
        let first = self.plain().await;
        match &first.outcome {
            Outcome::Failure(Fault::Lost(lost @ Lost::NotReached(_))) => Some(lost.to_string()),
            Outcome::Failure(Fault::Lost(Lost::TimedOut(_))) => {
                let again = self
                    .send("twin#again".to_owned(), self.api.plain(), true)
                    .await;
                match &again.outcome {
                    Outcome::Failure(Fault::Lost(lost)) => Some(lost.to_string()),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

fn is_smaller(one: &Answered, other: &Answered) -> bool {
    let size = |a: &Answered| (a.request.body.len(), a.exchange.id.clone());
    size(one) < size(other)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread left is whole: every change is one insertion.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
