//! A mock that listens: building, starting, stopping.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum_server::{Handle, Server};
use smsload_spec::Contract;
use tokio::task::JoinHandle;
use tower::make::Shared as MakeShared;
use tower::service_fn;

use crate::clock::{Clock, Speed, SpeedError};
use crate::limits::{LimitError, Limits};
use crate::listener::{BoundedAddr, BoundedListener, Guard};
use crate::misbehave::{CannotMisbehave, Misbehaviour};
use crate::mock::{Mock, Settings};
use crate::refusal::RejectStatus;
use crate::service::{Shared, respond};
use crate::ssrc::SipDomain;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is another program's, or another server's.
    #[error(
        "{addr} is in use: stop the program that listens there, or listen on another port (port 0 takes any free one)"
    )]
    InUse {
        /// The address.
        addr: SocketAddr,
    },
    /// The address cannot be listened on for another reason.
    #[error(
        "cannot listen on {addr}: {source}; give an address of this host, and a port that you may use"
    )]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The speed is none.
    #[error(transparent)]
    Speed(#[from] SpeedError),
    /// A limit has a value that cannot be kept.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The contract has nothing for the misbehaviour to act on.
    #[error(transparent)]
    Misbehave(#[from] CannotMisbehave),
}

/// What a server is made of; see [`MockServer::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct MockServerBuilder {
    addr: SocketAddr,
    speed: Option<f64>,
    misbehaviour: Option<&'static Misbehaviour>,
    settings: Settings,
}

impl MockServerBuilder {
    /// What the mock does. Default: the bundled contract.
    pub fn contract(mut self, contract: Arc<Contract>) -> Self {
        self.settings.contract = contract;
        self
    }

    /// Where to listen; port 0 takes any free one. Default 127.0.0.1, port 0.
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.addr = addr;
        self
    }

    /// How much mock time passes in a second: above 0, up to [`Speed::MAX`]. Default: as the clock says.
    pub fn speed(mut self, factor: f64) -> Self {
        self.speed = Some(factor);
        self
    }

    /// The mock's clock, for whoever wants to move it. Default: one of its own that runs in real time.
    pub fn clock(mut self, clock: Arc<Clock>) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Decides the simulation's figures. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// The status of rejections. Default: as the contract says.
    pub fn reject_status(mut self, status: RejectStatus) -> Self {
        self.settings.reject_status = status;
        self
    }

    /// The SIP domain that SSRCs are made from. Default 3402000000.
    pub fn sip_domain(mut self, domain: SipDomain) -> Self {
        self.settings.sip_domain = domain;
        self
    }

    /// What clients may cost it.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// The one thing that it does wrong on purpose. Default: none.
    pub fn misbehave(mut self, misbehaviour: &'static Misbehaviour) -> Self {
        self.misbehaviour = Some(misbehaviour);
        self
    }

    /// Listens and serves in the background; it serves already when this returns. Must be called within a Tokio
    /// runtime with time and I/O.
    ///
    /// # Errors
    /// If the address cannot be listened on, the speed or a limit is out of range, or the contract has nothing for the
    /// misbehaviour to act on.
    pub async fn start(self) -> Result<MockServer, StartError> {
        let Self {
            addr,
            speed,
            misbehaviour,
            settings,
        } = self;
        let settings = match misbehaviour {
            Some(misbehaviour) => settings.misbehave(misbehaviour)?,
            None => settings,
        };
        let limits = settings.limits.clone();
        let speed = speed.map(Speed::new).transpose()?;
        let clock = Arc::clone(&settings.clock);
        let mock = Arc::new(Mock::new(settings)?);
        let listening = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::InUse { addr },
            _ => StartError::Listen { addr, source },
        };
        let bound = BoundedListener::bind(addr, limits.max_connections).await;
        let listener = bound.map_err(listening)?;
        let addr = listener.local_addr().map_err(listening)?;
        if let Some(speed) = speed {
            clock.set_speed(speed);
        }
        let handle = Handle::new();
        let shared = Arc::new(Shared {
            mock: Arc::clone(&mock),
            limits: limits.clone(),
        });
        let task = tokio::spawn(serve(listener, handle.clone(), shared));
        tracing::info!(%addr, contract = mock.contract().title(), "the mock serves");
        Ok(MockServer {
            addr,
            limits,
            mock,
            handle,
            task,
        })
    }
}

async fn serve(
    listener: BoundedListener,
    handle: Handle<BoundedAddr>,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let limits = &shared.limits;
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
    let service = service_fn(move |request| respond(Arc::clone(&shared), request));
    server
        .accept_error_handler(|_, error| tracing::warn!(%error, "a connection was not taken"))
        .serve(MakeShared::new(service))
        .await
}

/// A mock that serves. Dropping it stops it at once; [`MockServer::stop`] stops it in order.
#[derive(Debug)]
pub struct MockServer {
    addr: SocketAddr,
    limits: Limits,
    mock: Arc<Mock>,
    handle: Handle<BoundedAddr>,
    task: JoinHandle<io::Result<()>>,
}

impl MockServer {
    /// A server that is still to be started: the bundled contract on any free port of 127.0.0.1, in real time.
    pub fn builder() -> MockServerBuilder {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        MockServerBuilder {
            addr,
            speed: None,
            misbehaviour: None,
            settings: Settings::default(),
        }
    }

    /// The address that is listened on, with the port that the system chose.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The root of all paths as a client of this host reaches it: `http://IP:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        let ip = match self.addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::from((ip, self.addr.port())))
    }

    /// The mock behind the sockets.
    #[must_use]
    pub fn mock(&self) -> &Arc<Mock> {
        &self.mock
    }

    /// How many connections are open.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.handle.connection_count()
    }

    /// Takes no further connection, lets requests in hand end for as long as [`Limits::stop_grace`], then closes the
    /// rest. When it returns, the port is free.
    pub async fn stop(mut self) {
        self.handle.graceful_shutdown(Some(self.limits.stop_grace));
        match (&mut self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "serving had failed"),
            Err(error) => tracing::warn!(%error, "serving had ended"),
        }
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}
