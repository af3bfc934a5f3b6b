//! Starting and stopping the server.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::{Handle, Server};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::archive::Archive;
use crate::assembly::{Assembly, Parts};
use crate::callback::{Resolver, SystemResolver};
use crate::config::{Config, ConfigError};
use crate::data_dir::{DataDir, DataDirError};
use crate::files::FileStore;
use crate::limits::Limits;
use crate::listener::{BoundedAddr, BoundedListener, Guard};
use crate::service::guarded;
use crate::source::RecordingSource;
use crate::stop::StopSender;
use crate::store::OpenError;

/// What the implementation can do, so that nobody tests for what is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The progress query is answered.
    pub progress: bool,
    /// Progress is sent to `callback`.
    pub callbacks: bool,
    /// An ended download has a file, and `file_url` names it.
    pub files: bool,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is not right.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An address cannot be listened on.
    #[error("cannot listen on {addr}: {problem}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// Why.
        problem: io::Error,
    },
    /// The data folder cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The job database cannot be used.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The files of former jobs cannot be looked through.
    #[error("the files of former jobs cannot be looked through: {0}")]
    Tidy(String),
}

/// The reference implementation, ready to be started.
pub struct Reference {
    config: Config,
    source: Arc<dyn RecordingSource>,
    resolver: Arc<dyn Resolver>,
    files: Option<Arc<dyn FileStore>>,
}

impl Reference {
    /// An implementation whose recordings are those of the configured archive.
    ///
    /// # Errors
    /// If a number in the configuration is out of range, or it names no archive.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let Some(directory) = &config.archive else {
            return Err(ConfigError::Value {
                key: "archive",
                problem: "must name the directory of recordings".to_owned(),
            });
        };
        let archive = Archive::new(directory);
        Self::with_source(config, Arc::new(archive))
    }

    /// An implementation whose recordings are those of `source`.
    ///
    /// # Errors
    /// If a number in the configuration is out of range.
    pub fn with_source(
        config: Config,
        source: Arc<dyn RecordingSource>,
    ) -> Result<Self, ConfigError> {
        config.check_ranges()?;
        Ok(Self {
            config,
            source,
            resolver: Arc::new(SystemResolver),
            files: None,
        })
    }

    /// The same with another way to look up the names in callback addresses.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = resolver;
        self
    }

    /// The same with another place for files than the data folder.
    #[must_use]
    pub fn with_files(mut self, files: Arc<dyn FileStore>) -> Self {
        self.files = Some(files);
        self
    }

    /// What this implementation can do.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            progress: true,
            callbacks: true,
            files: true,
        }
    }

    /// Listens on `addr` (port 0 for any free port), goes on with the jobs that the data folder holds,
    /// and serves in the background. It serves already when this returns. Must be called within a
    /// Tokio runtime with time and I/O.
    ///
    /// # Errors
    /// If the address cannot be listened on, for example because the port is in use, or the data
    /// folder cannot be used.
    pub async fn start(self, addr: SocketAddr) -> Result<Running, StartError> {
        let limits = self.config.limits.clone();
        let listener = bind(addr, &limits).await?;
        let addr = local_addr(&listener, addr)?;
        let metrics = match self.config.metrics_listen {
            Some(addr) => Some(bind(addr, &limits).await?),
            None => None,
        };
        let data_dir = DataDir::take(self.config.data_dir.as_deref())?;
        let handle = Handle::new();
        let connections = handle.clone();
        let assembly = Assembly::of(Parts {
            config: &self.config,
            data_dir: &data_dir,
            source: self.source,
            resolver: self.resolver,
            files: self.files,
            addr,
            connections: Box::new(move || connections.connection_count()),
        })
        .await?;
        let mut routes = assembly.routes;
        let mut others = assembly.tasks;
        if let Some(listener) = metrics {
            let pages = guarded(assembly.pages, &limits);
            let serving = serve(listener, handle.clone(), &limits, pages);
            others.push(tokio::spawn(async {
                if let Err(error) = serving.await {
                    tracing::error!(%error, "the pages for operators are no longer served");
                }
            }));
        } else {
            routes = routes.merge(assembly.pages);
        }
        let serving = serve(listener, handle.clone(), &limits, guarded(routes, &limits));
        tracing::info!(%addr, "serving");
        Ok(Running {
            addr,
            limits,
            handle,
            task: Some(tokio::spawn(serving)),
            others,
            stop: assembly.stop,
            store_closed: assembly.store_closed,
            data_dir,
        })
    }
}

async fn bind(addr: SocketAddr, limits: &Limits) -> Result<BoundedListener, StartError> {
    let listener = BoundedListener::bind(addr, limits.max_connections).await;
    listener.map_err(|problem| StartError::Listen { addr, problem })
}

fn local_addr(listener: &BoundedListener, addr: SocketAddr) -> Result<SocketAddr, StartError> {
    let local = listener.local_addr();
    local.map_err(|problem| StartError::Listen { addr, problem })
}

/// Serves until `handle` says stop.
fn serve(
    listener: BoundedListener,
    handle: Handle<BoundedAddr>,
    limits: &Limits,
    router: Router,
) -> impl Future<Output = io::Result<()>> + Send + use<> {
    let guard = Guard {
        write_timeout: limits.write_timeout,
    };
    // Without `http1_only` the version is read first, and no timeout covers that reading.
    let mut server = Server::from_listener(listener)
        .handle(handle)
        .acceptor(guard)
        .http1_only();
    server
        .http_builder()
        .http1()
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.max_head)
        .max_headers(limits.max_headers);
    server
        .accept_error_handler(|_, error| tracing::warn!(%error, "a connection was not taken"))
        .serve(router.into_make_service())
}

/// How long the database may take to be closed.
const CLOSING: Duration = Duration::from_secs(5);

/// A server that runs. Dropping it stops it at once; [`Running::shutdown`] stops it in order.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    limits: Limits,
    handle: Handle<BoundedAddr>,
    task: Option<JoinHandle<io::Result<()>>>,
    /// Runner, courier, janitor.
    others: Vec<JoinHandle<()>>,
    stop: StopSender,
    store_closed: Option<oneshot::Receiver<()>>,
    // Last: a temporary folder is removed when nobody writes to it any more.
    data_dir: DataDir,
}

impl Running {
    /// The address that is listened on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The root of all paths: `http://IP:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The folder of its jobs and files.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.handle.connection_count()
    }

    /// Accepts no further download, saves those at work, takes no further connection, lets requests in
    /// hand end for as long as [`Limits::shutdown_grace`], then closes the rest and the database.
    ///
    /// # Errors
    /// If serving had failed.
    pub async fn shutdown(mut self) -> io::Result<()> {
        self.stop.stop();
        self.handle
            .graceful_shutdown(Some(self.limits.shutdown_grace));
        let served = match self.task.take() {
            Some(task) => task.await.map_err(io::Error::other)?,
            None => Ok(()),
        };
        for task in std::mem::take(&mut self.others) {
            let abort = task.abort_handle();
            if timeout(self.limits.shutdown_grace, task).await.is_err() {
                tracing::warn!("a background task did not stop in time");
                abort.abort();
            }
        }
        if let Some(closed) = self.store_closed.take() {
            // It ends by being dropped; what waits no longer than this is safe in the file anyway.
            let _ = timeout(CLOSING, closed).await;
        }
        served
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        self.handle.shutdown();
        for task in &self.others {
            task.abort();
        }
    }
}
