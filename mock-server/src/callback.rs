//! Callbacks: what the contract tells of jobs, handed to the [courier](crate::courier), and what became of it, written
//! down in the journal.
//!
//! A world has a courier of its own from its first job with an address for callbacks on, and only while the mock is
//! served. A reset, a restored snapshot and the end of serving drop it, and with it whatever was still to be told; a
//! snapshot has what it takes to go on ([`KeptCallback`]).

mod entry;
mod rules;
mod snapshot;
mod teller;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::Value;
use smsload_spec::{Exchange, Job, JobStart, Operation};
use tokio::runtime::Handle;

use crate::bounds::Reached;
use crate::courier::{Address, Courier, FollowError, JobKey, Settings};
use crate::job::JobState;
use crate::journal::CallbackAttempt;
use crate::mock::{Mock, Place};
use crate::service::Shared;
use crate::world::World;
use teller::{Progress, Spot, Subject, Teller};

pub(crate) use rules::Rules;
pub(crate) use snapshot::{KeptCallback, Resumed};

/// What a mock that is served sends from.
#[derive(Debug, Clone)]
pub(crate) struct Office {
    /// Who serves, and knows the mock under its present contract.
    pub(crate) server: Weak<Shared>,
    pub(crate) runtime: Handle,
}

/// The callbacks of a world.
#[derive(Debug, Default)]
pub(crate) struct Callbacks {
    desk: Mutex<Option<Arc<Desk>>>,
}

/// A courier, and what it asks.
#[derive(Debug)]
struct Desk {
    courier: Courier,
    teller: Arc<Teller>,
    /// Every place in a contract that told of a job: a handful, however many jobs there are.
    spots: Mutex<Vec<Arc<Spot>>>,
}

/// The first callback for this kind of job whose address the request gives, and that address.
fn wanted(operation: &Operation, kind: &str, body: &Value) -> Option<(Spot, String)> {
    let exchange = Exchange {
        request_body: Some(body),
        ..Exchange::default()
    };
    let tells =
        |o: &Operation| matches!(&o.job, Some(Job::Tells(tell)) if tell.kind.as_str() == kind);
    let found = operation.callbacks.iter().find_map(|callback| {
        let told = callback.operations.iter().find(|o| tells(o))?;
        let address = callback.address.evaluate(&exchange)?;
        (!address.is_empty()).then_some((callback, told, address))
    });
    let (callback, told, address) = found?;
    let spot = Spot {
        operation: Box::from(operation.id.as_str()),
        route: (operation.method.clone(), Box::from(operation.path.as_str())),
        kind: Box::from(kind),
        callback: Box::from(callback.name.as_str()),
        method: told.method.clone(),
    };
    Some((spot, address))
}

/// Has a new job told of, if its request gave an address. Nothing that goes wrong here changes the answer.
pub(crate) fn follow(
    place: Place<'_, '_>,
    operation: &Operation,
    job: &JobStart,
    body: &Value,
    id: &str,
) {
    let Place { mock, world } = place;
    let Some((spot, address)) = wanted(operation, &job.kind, body) else {
        return;
    };
    let address = match mock.misbehaving() {
        None => Some(address),
        Some(misbehaving) => misbehaving.callback_address(address),
    };
    let Some(address) = address else {
        return;
    };
    let Some(desk) = world.callbacks.desk(mock, world) else {
        tracing::debug!(id, "no callbacks: the mock is not served");
        return;
    };
    let kind = mock.kind(&job.kind);
    let followed = Address::parse(&address)
        .map_err(|error| error.to_string())
        .and_then(|address| {
            let subject = Subject::new(id, kind, desk.shared(spot), address, Progress::default());
            desk.follow(mock, world, subject)
        });
    if let Err(why) = followed {
        let address = entry::without_user(&address).into_owned();
        tracing::warn!(id, address, why, "no callbacks are sent for this job");
        world.note_callback(
            world.clock.now(),
            CallbackAttempt {
                job: id.to_owned(),
                address,
                error: Some(why),
                then: "stopped".to_owned(),
                ..CallbackAttempt::default()
            },
        );
    }
}

impl Callbacks {
    /// Asks what there is to tell of a job that was changed by hand.
    pub(crate) fn nudge(&self, number: u64) {
        let desk = self.lock().clone();
        if let Some(desk) = desk {
            desk.courier.nudge(JobKey(number));
        }
    }

    /// Asks again about all jobs that a contract did not say anything of: another may.
    pub(crate) fn nudge_lost(&self) {
        let desk = self.lock().clone();
        if let Some(desk) = desk {
            for number in desk.teller.find_lost() {
                desk.courier.nudge(JobKey(number));
            }
        }
    }

    /// What is told of which jobs, in the order of their numbers.
    pub(crate) fn export(&self) -> Vec<KeptCallback> {
        let desk = self.lock().clone();
        desk.map_or_else(Vec::new, |desk| desk.teller.export())
    }

    /// Goes on telling, of jobs that are kept.
    pub(crate) fn resume(mock: &Mock, world: &World, callbacks: Vec<Resumed>) {
        if callbacks.is_empty() {
            return;
        }
        let Some(desk) = world.callbacks.desk(mock, world) else {
            return;
        };
        for one in callbacks {
            let spot = desk.shared(one.spot);
            let subject = Subject::new(&one.job, one.kind, spot, one.address, one.progress);
            if let Err(why) = desk.follow(mock, world, subject) {
                tracing::warn!(id = one.job, why, "no callbacks are sent for this job");
            }
        }
    }

    /// Sends nothing more of what was to be told.
    pub(crate) fn close(&self) {
        let desk = self.lock().take();
        if let Some(desk) = desk {
            desk.teller.close();
        }
    }

    /// Where jobs are told from; opened for the first of them, if the mock is served.
    fn desk(&self, mock: &Mock, world: &World) -> Option<Arc<Desk>> {
        let office = mock.office()?;
        let mut slot = self.lock();
        if slot.is_none() {
            *slot = Desk::open(&office, mock, world).map(Arc::new);
        }
        slot.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Desk>>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn open(office: &Office, mock: &Mock, world: &World) -> Option<Self> {
        let teller = Arc::new(Teller::new(Weak::clone(&office.server), world.weak()));
        let limits = mock.limits();
        let mut settings = Settings {
            seed: mock.callbacks.seed,
            max_jobs: limits.max_callbacks,
            pool: Some(Arc::clone(&mock.worlds().bounds().couriers)),
            ..Settings::default()
        };
        if let Some(misbehaving) = mock.misbehaving() {
            misbehaving.courier(&mut settings);
        }
        let _entered = office.runtime.enter();
        let (source, record) = (Arc::clone(&teller), Arc::clone(&teller));
        match Courier::start(settings, Arc::clone(&world.clock), source, record) {
            Ok(courier) => Some(Self {
                courier,
                teller,
                spots: Mutex::default(),
            }),
            Err(error) => {
                tracing::error!(%error, "no callbacks are sent");
                None
            }
        }
    }

    /// The one instance of a place.
    fn shared(&self, spot: Spot) -> Arc<Spot> {
        let mut spots = self.spots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = spots.iter().find(|known| ***known == spot) {
            return Arc::clone(known);
        }
        let spot = Arc::new(spot);
        spots.push(Arc::clone(&spot));
        spot
    }

    fn follow(&self, mock: &Mock, world: &World, subject: Subject) -> Result<(), String> {
        let now = world.clock.now();
        let facts = world.jobs.find(subject.kind, &subject.id, now);
        let facts = facts.ok_or("the job is gone already")?;
        let number = facts.number;
        // There is nothing to tell of a start; what does not run is looked at once, to see when it is forgotten.
        let first = match facts.state(now) {
            JobState::Running if subject.is_new() => {
                mock.callbacks.next(world, &facts, now).unwrap_or(now)
            }
            _ => now,
        };
        let (address, Progress { mark, deliveries }) =
            (subject.address.clone(), subject.progress());
        self.teller.add(number, subject);
        let followed = self
            .courier
            .resume(JobKey(number), address, first, mark, deliveries);
        followed.map_err(|error| {
            if let FollowError::Full(_) = error {
                mock.worlds().bounds().tell(Reached::Callbacks);
            }
            self.teller.remove(number);
            error.to_string()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue, Method};
    use jiff::Timestamp;
    use smsload_spec::{Contract, Document, Load};
    use tokio::runtime::Handle;

    use super::{Office, Shared};
    use crate::clock::Clock;
    use crate::mock::Mock;
    use crate::request::Request;
    use crate::settings::Settings;

    fn mock(course: &str) -> Arc<Mock> {
        let time: Timestamp = "2025-05-31T16:00:00Z".parse().unwrap();
        let mock = Mock::new(Settings {
            clock: Arc::new(Clock::stopped_at(time)),
            course: Some(course.parse().unwrap()),
            ..Settings::default()
        });
        Arc::new(mock.unwrap())
    }

    /// What a server would share; callbacks are sent as long as it lives.
    fn served(mock: &Arc<Mock>) -> Arc<Shared> {
        let server = Arc::new(Shared::new(Arc::clone(mock), mock.limits().clone()));
        mock.staff(Some(Office {
            server: Arc::downgrade(&server),
            runtime: Handle::current(),
        }));
        server
    }

    /// Starts a job whose callbacks nobody hears.
    fn start(mock: &Mock) {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let answer = mock.answer(&Request {
            method: &Method::POST,
            path: "/api/smsload/playback/v1/download",
            query: "",
            headers: &headers,
            body: br#"{
                "device_unicode": "34020000001110000228", "source_type": "3",
                "channel": "34020000001320000666", "start_time": "2025-04-04T08:00:00",
                "end_time": "2025-04-04T09:00:00", "callback": "http://127.0.0.1:9/"
            }"#,
        });
        assert!(answer.job.is_some(), "{answer:?}");
    }

    #[tokio::test]
    async fn what_never_ends_is_followed_no_longer_than_it_is_kept() {
        let mock = mock("never-starts");
        let _server = served(&mock);
        start(&mock);
        let desk = mock.default_world().callbacks.lock().clone().unwrap();
        desk.courier.settled().await;
        assert_eq!((desk.courier.len(), desk.teller.len()), (1, 1));
        mock.clock().advance(Duration::from_secs(1_000_000));
        desk.courier.settled().await;
        assert_eq!((desk.courier.len(), desk.teller.len()), (0, 0));
    }

    #[tokio::test]
    async fn a_contract_that_says_nothing_of_a_job_loses_none() {
        let mock = mock("linear");
        let server = served(&mock);
        start(&mock);
        let desk = mock.default_world().callbacks.lock().clone().unwrap();
        let document = Document::Text {
            name: "other.yaml".to_owned(),
            text: "openapi: 3.0.3\ninfo: {title: other, version: '1'}\npaths: {}\n".to_owned(),
        };
        let other = Contract::load(&Load {
            document,
            overlays: Vec::new(),
        });
        let other = mock.under(Arc::new(other.unwrap_or_else(|p| panic!("{p}"))));
        server.mock.store(Arc::new(other));
        mock.clock().advance(Duration::from_secs(600));
        desk.courier.settled().await;
        assert_eq!((desk.courier.len(), desk.teller.find_lost()), (1, vec![0]));
        server.mock.store(Arc::clone(&mock));
        mock.default_world().callbacks.nudge_lost();
        desk.courier.settled().await;
        assert_eq!((desk.courier.len(), desk.teller.find_lost()), (1, vec![]));
        let journal = mock.default_world().journal.list(0, |_| true);
        assert_eq!(
            journal.entries.len(),
            2,
            "the start, and an attempt to tell the end"
        );
    }

    #[tokio::test]
    async fn nothing_is_sent_without_a_server() {
        let mock = mock("linear");
        start(&mock);
        assert!(mock.default_world().callbacks.lock().is_none());
    }
}
