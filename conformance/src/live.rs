//! Downloads that run at the same time, on a target that allows only so many (`limits.downloads_at_once`). Who wants to
//! start one waits for a place. A place is free again when the progress query tells the end, or when the download has had
//! all its time; without a query only then.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::api::Api;
use crate::case::Answered;
use crate::client::Client;
use crate::event::{Event, Events};
use crate::oracle::Outcome;
use crate::progress::{ScaleSeen, is_end};
use crate::request::{Kind, Request};
use crate::session::lock;

/// Between two looks at a download that holds a place.
const PAUSE: Duration = Duration::from_millis(500);

/// Stands in the names of these looks, which belong to no check.
const LOOK: &str = ".live";

/// True for the name of a look at a download that holds a place.
pub(crate) fn is_look(name: &str) -> bool {
    name.contains(LOOK)
}

/// The places of a target.
#[derive(Debug)]
pub(crate) struct Live {
    api: Arc<Api>,
    client: Arc<Client>,
    events: Events,
    places: Option<Arc<Semaphore>>,
    time: Duration,
    /// They end with the run.
    watchers: Mutex<JoinSet<()>>,
}

/// The right to run a download.
pub(crate) struct Place(Option<OwnedSemaphorePermit>);

impl Live {
    pub(crate) fn new(api: Arc<Api>, client: Arc<Client>, events: Events) -> Self {
        let most = api.limits.downloads_at_once;
        let time = Duration::from_secs(api.limits.completion_seconds.into());
        Self {
            api,
            client,
            events,
            places: most.map(|most| Arc::new(Semaphore::new(most.max(1).into()))),
            time,
            watchers: Mutex::default(),
        }
    }

    /// Waits for a place, if the request is meant to start a download.
    pub(crate) async fn place(&self, request: &Request, is_meant: bool) -> Place {
        match &self.places {
            Some(places) if is_meant && request.kind == Kind::Start => {
                // The semaphore is never closed.
                Place(Arc::clone(places).acquire_owned().await.ok())
            }
            _ => Place(None),
        }
    }

    /// Holds the place of a download that was started until it is at its end; one that nobody meant takes a place, too, if
    /// there is one.
    pub(crate) fn hold(&self, answered: &Answered, place: Place) {
        let Some(places) = &self.places else { return };
        if answered.request.kind != Kind::Start || !answered.outcome.is_taken() {
            return;
        }
        let taken = || Arc::clone(places).try_acquire_owned().ok();
        let Some(permit) = place.0.or_else(taken) else {
            return;
        };
        let id = answered.body.as_ref();
        let id = id.and_then(|body| self.api.answer.id.value(body).cloned());
        let (api, client) = (Arc::clone(&self.api), Arc::clone(&self.client));
        let (events, until) = (self.events.clone(), Instant::now() + self.time);
        let name = answered.exchange.id.clone();
        let mut watchers = lock(&self.watchers);
        // Those that are done are forgotten.
        while watchers.try_join_next().is_some() {}
        watchers.spawn(async move {
            let ended = ended(&api, &client, &events, id, &name);
            let _ = tokio::time::timeout_at(until, ended).await;
            drop(permit);
        });
    }
}

/// Waits for the end of a download; for ever, if nobody tells it.
async fn ended(api: &Api, client: &Client, events: &Events, id: Option<Value>, name: &str) {
    let (Some(query), Some(id)) = (&api.query, id) else {
        return std::future::pending().await;
    };
    let request = query.request(Some(id));
    let mut scale = ScaleSeen::default();
    for number in 0_u32.. {
        tokio::time::sleep(PAUSE).await;
        let exchange = client
            .exchange(
                format!("{name}{LOOK}{number}"),
                api.path(Kind::Query),
                &request,
            )
            .await;
        let exchange = Arc::new(exchange);
        events.tell(Event::Exchanged(Arc::clone(&exchange))).await;
        let (outcome, body) = query.oracle.judge(&exchange);
        // What the target knows no longer does not run.
        if matches!(outcome, Outcome::Rejected(_)) {
            return;
        }
        let Some(body) = body.filter(|_| outcome.is_taken()) else {
            continue;
        };
        let reading = query.spots.read(&exchange, &body);
        scale.add(&reading);
        if is_end(&reading, scale.end(query.spots.scale)) {
            return;
        }
    }
}
