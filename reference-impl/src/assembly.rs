//! Puts the parts of a service together, and starts what runs in the background.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::access::Access;
use crate::callback::{Client, Courier, CourierSettings, Places, Reach, Resolver, Signer, Tls};
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::data_dir::DataDir;
use crate::fetch::Cards;
use crate::files::FileStore;
use crate::janitor::Janitor;
use crate::metrics::Metrics;
use crate::operate::{self, Operate};
use crate::public_url::PublicUrl;
use crate::runner::{RunSettings, Runner};
use crate::serve::StartError;
use crate::service::{self, Service};
use crate::settings::AccessSettings;
use crate::source::RecordingSource;
use crate::stop::{Stop, StopSender, stop};
use crate::store::{JobStore, SqliteStore, StoreSettings};
use crate::token_file;

/// What a service is made of.
pub(crate) struct Parts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) data_dir: &'a DataDir,
    pub(crate) source: Arc<dyn RecordingSource>,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) files: Option<Arc<dyn FileStore>>,
    pub(crate) addr: SocketAddr,
    pub(crate) connections: Box<dyn Fn() -> usize + Send + Sync>,
}

/// A service whose background runs.
pub(crate) struct Assembly {
    /// The contract and the files.
    pub(crate) routes: Router,
    /// For operators.
    pub(crate) pages: Router,
    pub(crate) tasks: Vec<JoinHandle<()>>,
    pub(crate) stop: StopSender,
    /// Ready when the database is closed.
    pub(crate) store_closed: Option<oneshot::Receiver<()>>,
}

/// What several of the parts need.
#[derive(Clone)]
struct Shared {
    store: Arc<dyn JobStore>,
    files: Arc<dyn FileStore>,
    clock: Clock,
    metrics: Arc<Metrics>,
    stop: Stop,
}

impl Assembly {
    /// Opens store and files, puts both in order, and starts.
    pub(crate) async fn of(parts: Parts<'_>) -> Result<Self, StartError> {
        let config = parts.config;
        let public_url = public_url(config, parts.addr)?;
        let signer = signer(config)?;
        let access = access(&config.access)?;
        let store = open_store(config, parts.data_dir)?;
        let (clock, store_closed) = (store.clock(), store.closed());
        let files = match parts.files {
            Some(files) => files,
            None => Arc::new(parts.data_dir.files()?),
        };
        let (stop_sender, stop) = stop();
        let shared = Shared {
            store: Arc::new(store),
            files,
            clock,
            metrics: Arc::new(Metrics::default()),
            stop,
        };
        tidy(&shared).await?;
        let own: Vec<SocketAddr> = [Some(parts.addr), config.metrics_listen]
            .into_iter()
            .flatten()
            .collect();
        let reach = Reach::new(config.callbacks.allow.clone(), own, parts.resolver);
        let runner = runner(config, &shared, parts.source.clone());
        let courier = courier(config, &shared, &reach, signer, public_url.clone());
        let janitor = janitor(config, &shared);
        let tasks = vec![
            tokio::spawn(runner.run()),
            tokio::spawn(courier.run()),
            tokio::spawn(janitor.run()),
        ];
        let operate = Operate {
            store: shared.store.clone(),
            metrics: shared.metrics.clone(),
            connections: parts.connections,
            stop: shared.stop.clone(),
        };
        let service = Service {
            source: parts.source,
            store: shared.store,
            files: shared.files,
            access,
            reach,
            clock,
            metrics: shared.metrics,
            public_url,
            file_settings: config.files.clone(),
            cards: Cards::default(),
            rejection_status: config.rejection_status,
            max_json_depth: config.limits.max_json_depth,
            stop: shared.stop,
        };
        Ok(Self {
            routes: service::routes(Arc::new(service)),
            pages: operate::routes(Arc::new(operate)),
            tasks,
            stop: stop_sender,
            store_closed,
        })
    }
}

fn value_error(key: &'static str, problem: &impl ToString) -> StartError {
    let problem = problem.to_string();
    StartError::Config(ConfigError::Value { key, problem })
}

fn public_url(config: &Config, addr: SocketAddr) -> Result<PublicUrl, StartError> {
    const KEY: &str = "public_url";
    match &config.public_url {
        Some(text) => PublicUrl::parse(text).map_err(|error| value_error(KEY, &error)),
        None => PublicUrl::of_listener(addr).ok_or_else(|| {
            let problem = format!(
                "is needed, since callers cannot use {addr} as an address; \
                 say how they reach this server, for example http://sms.example:4020"
            );
            value_error(KEY, &problem)
        }),
    }
}

fn signer(config: &Config) -> Result<Option<Signer>, StartError> {
    let secret = config.callbacks.secret.as_ref();
    let signer = secret.map(|secret| Signer::new(&secret.0)).transpose();
    signer.map_err(|error| value_error("callbacks.secret", &error))
}

fn access(settings: &AccessSettings) -> Result<Access, StartError> {
    let mut tokens = settings.tokens.clone();
    if let Some(path) = &settings.token_file {
        let read = token_file::read(path);
        tokens.extend(read.map_err(|problem| value_error("access.token_file", &problem))?);
    }
    Ok(Access::new(tokens))
}

fn open_store(config: &Config, data_dir: &DataDir) -> Result<SqliteStore, StartError> {
    let jobs = &config.jobs;
    let settings = StoreSettings {
        capacity: jobs.capacity.get().into(),
        queue: jobs.queue.get().into(),
        queue_per_tenant: jobs.queue_per_tenant.get().into(),
        syncs: data_dir.is_lasting(),
    };
    let file = data_dir.database();
    Ok(SqliteStore::open(
        &file,
        config.sip_domain.clone(),
        settings,
    )?)
}

/// Removes files that no job knows: what a process that was killed left behind.
async fn tidy(shared: &Shared) -> Result<(), StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::Tidy(error.to_string());
    let jobs = shared.store.list().await.map_err(|error| failed(&error))?;
    let open = jobs.iter().filter(|job| !job.state.is_end());
    let work: HashSet<_> = open.map(|job| job.key).collect();
    let served: HashSet<_> = jobs.iter().map(|job| job.file.clone()).collect();
    let waiting = work.len();
    let removed = shared.files.tidy(work, served).await;
    let removed = removed.map_err(|error| failed(&error))?;
    if !jobs.is_empty() || removed > 0 {
        tracing::info!(
            jobs = jobs.len(),
            waiting,
            removed,
            "going on with former jobs"
        );
    }
    Ok(())
}

fn runner(config: &Config, shared: &Shared, source: Arc<dyn RecordingSource>) -> Runner {
    Runner {
        store: shared.store.clone(),
        source,
        files: shared.files.clone(),
        clock: shared.clock,
        metrics: shared.metrics.clone(),
        settings: RunSettings {
            at_work: config.jobs.at_work.get().into(),
            speed: config.jobs.speed,
            save_every: config.jobs.save_every,
            stall: config.jobs.stall,
            max_file: config.files.max_file_bytes,
        },
        stop: shared.stop.clone(),
    }
}

fn courier(
    config: &Config,
    shared: &Shared,
    reach: &Reach,
    signer: Option<Signer>,
    public_url: PublicUrl,
) -> Courier {
    let callbacks = &config.callbacks;
    Courier {
        store: shared.store.clone(),
        client: Client::new(
            reach.clone(),
            Tls::new(callbacks.ca_file.clone()),
            callbacks.deadline,
        ),
        clock: shared.clock,
        metrics: shared.metrics.clone(),
        settings: CourierSettings {
            schedule: callbacks.schedule(),
            places: Places {
                all: callbacks.at_once,
                per_receiver: callbacks.at_once_per_receiver,
            },
            signer,
            public_url,
        },
        stop: shared.stop.clone(),
    }
}

fn janitor(config: &Config, shared: &Shared) -> Janitor {
    Janitor {
        store: shared.store.clone(),
        files: shared.files.clone(),
        clock: shared.clock,
        metrics: shared.metrics.clone(),
        keep: config.jobs.keep,
        most_bytes: config.files.max_total_bytes,
        stop: shared.stop.clone(),
    }
}
