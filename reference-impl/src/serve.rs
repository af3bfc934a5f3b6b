//! Starting and stopping the server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum_server::{Handle, Server};
use tokio::task::JoinHandle;

use crate::archive::MemoryArchive;
use crate::config::{Config, ConfigError};
use crate::limits::Limits;
use crate::listener::{BoundedAddr, BoundedListener, Guard};
use crate::service::router;
use crate::source::RecordingSource;

/// What the implementation can do, so that nobody tests for what is not there yet.
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

/// The reference implementation, ready to be started.
pub struct Reference {
    config: Config,
    source: Arc<dyn RecordingSource>,
}

impl Reference {
    /// An implementation whose recordings are the configuration's catalogue.
    ///
    /// # Errors
    /// If a number is out of range or the catalogue contradicts itself.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let archive = MemoryArchive::new(config.devices.clone())?;
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
        Ok(Self { config, source })
    }

    /// What this implementation can do.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            progress: true,
            callbacks: false,
            files: false,
        }
    }

    /// Listens on `addr` (port 0 for any free port) and serves in the background. It serves already
    /// when this returns. Must be called within a Tokio runtime with time and I/O.
    ///
    /// # Errors
    /// If the address cannot be listened on, for example because the port is in use.
    pub async fn start(self, addr: SocketAddr) -> io::Result<Running> {
        let listener = BoundedListener::bind(addr, self.config.limits.max_connections).await?;
        let addr = listener.local_addr()?;
        let router = router(&self.config, self.source);
        let handle = Handle::new();
        let serving = serve(listener, handle.clone(), &self.config.limits, router);
        tracing::info!(%addr, "serving");
        Ok(Running {
            addr,
            limits: self.config.limits,
            handle,
            task: tokio::spawn(serving),
        })
    }
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

/// A server that runs. Dropping it stops it at once; [`Running::shutdown`] stops it in order.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    limits: Limits,
    handle: Handle<BoundedAddr>,
    task: JoinHandle<io::Result<()>>,
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

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.handle.connection_count()
    }

    /// Takes no further connection, lets requests in hand end for as long as
    /// [`Limits::shutdown_grace`], then closes the rest.
    ///
    /// # Errors
    /// If serving had failed.
    pub async fn shutdown(mut self) -> io::Result<()> {
        self.handle
            .graceful_shutdown(Some(self.limits.shutdown_grace));
        (&mut self.task).await.map_err(io::Error::other)?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}
