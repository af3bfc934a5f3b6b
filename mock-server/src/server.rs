//! A mock that listens: building, starting, stopping.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum_server::{Handle, Server};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use smsload_spec::Contract;
use tokio::runtime::Handle as Runtime;
use tokio::task::JoinHandle;
use tower::make::Shared as MakeShared;

use crate::callback::Office;
use crate::clock::{Clock, Speed, SpeedError};
use crate::control;
use crate::course::Course;
use crate::files::{PublicUrlError, Unfinished};
use crate::limits::{HYPER_HEADERS, LimitError, Limits};
use crate::listener::{BoundedAddr, BoundedListener, Guard};
use crate::misbehave::{CannotMisbehave, Misbehaviour};
use crate::mock::Mock;
use crate::observe::Observe;
use crate::refusal::RejectStatus;
use crate::seat::{PerConnection, Seat};
use crate::service::{Shared, respond};
use crate::settings::Settings;
use crate::ssrc::SipDomain;
use crate::world_file::WorldFile;

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
    /// The public address is none.
    #[error(transparent)]
    PublicUrl(#[from] PublicUrlError),
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
    public_url: Option<String>,
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

    /// The devices that there are, and what they recorded. Default: every device exists, with figures from the seed.
    pub fn world(mut self, world: impl Into<Arc<WorldFile>>) -> Self {
        self.settings.world = Some(world.into());
        self
    }

    /// How the progress of every job goes, whatever its device says. Default: as the world says, else evenly.
    pub fn course(mut self, course: Course) -> Self {
        self.settings.course = Some(course);
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

    /// Whether it has a control interface (`/__mock/`). Default: yes.
    pub fn control(mut self, control: bool) -> Self {
        self.settings.control = control;
        self
    }

    /// One more name under which the control interface answers, besides addresses, names without a dot, names below
    /// reserved domains (`.local`, `.internal`, `.test`, …), and that of the public address: others may be a page's that
    /// made its name lead here.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.settings.allow_hosts.push(name.into());
        self
    }

    /// What clients may cost it.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Who is told of every answer. Default: nobody.
    pub fn observer(mut self, observer: Arc<dyn Observe>) -> Self {
        self.settings.observer = Some(observer);
        self
    }

    /// The root under which clients reach the server, where it is not the address listened on: in a container, behind
    /// a proxy. The addresses of files begin with it. Default: [`MockServer::url`].
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// What the address of a file answers before the end of its job. Default: 404.
    pub fn unfinished(mut self, unfinished: Unfinished) -> Self {
        self.settings.unfinished = unfinished;
        self
    }

    /// The one thing that it does wrong on purpose. Default: none.
    pub fn misbehave(mut self, misbehaviour: &'static Misbehaviour) -> Self {
        self.misbehaviour = Some(misbehaviour);
        self
    }

    /// Percent between two callbacks of a job; 0 is taken as 1, above 100 means the end only. Default 10.
    pub fn callback_step(mut self, percent: u8) -> Self {
        self.settings.callback_step = percent;
        self
    }

    /// Mock time between two looks at a job that does not go evenly, for its callbacks; at least 1 ms. Default 1 s.
    pub fn callback_every(mut self, every: Duration) -> Self {
        self.settings.callback_every = every;
        self
    }

    /// Listens and serves in the background; it serves already when this returns. Must be called within a Tokio
    /// runtime with time and I/O.
    ///
    /// # Errors
    /// If the address cannot be listened on, the speed or a limit is out of range, the public address is none, or the
    /// contract has nothing for the misbehaviour to act on.
    pub async fn start(self) -> Result<MockServer, StartError> {
        let Self {
            addr,
            speed,
            public_url,
            misbehaviour,
            settings,
        } = self;
        let mut settings = match misbehaviour {
            Some(misbehaviour) => settings.misbehave(misbehaviour)?,
            None => settings,
        };
        let limits = settings.limits.clone();
        limits.check()?;
        let speed = speed.map(Speed::new).transpose()?;
        let (listener, addr) = bind(addr, &limits).await?;
        let root = public_url.unwrap_or_else(|| url(addr));
        settings.public_url = Some(root.parse()?);
        if let Some(speed) = speed {
            // Before the mock is made: clocks of other worlds start as this one stands then.
            settings.clock.set_speed(speed);
        }
        let mock = Arc::new(Mock::new(settings)?);
        if mock.has_control() {
            // Beside what follows: the first request that is mocked need not wait for it.
            tokio::task::spawn_blocking(control::prepare);
            warn_of_hidden_paths(mock.contract());
        }
        let handle = Handle::new();
        let shared = Arc::new(Shared::new(Arc::clone(&mock), limits.clone()));
        mock.staff(Some(Office {
            server: Arc::downgrade(&shared),
            runtime: Runtime::current(),
        }));
        let service = PerConnection::new(respond, Arc::clone(&shared));
        let task = tokio::spawn(serve(listener, handle.clone(), limits, service));
        tracing::info!(%addr, contract = mock.contract().title(), "the mock serves");
        Ok(MockServer {
            addr,
            shared,
            handle,
            task,
        })
    }
}

/// A path of the contract that the control interface stands before is never reached.
fn warn_of_hidden_paths(contract: &Contract) {
    for operation in contract.operations() {
        if control::is_path(&operation.path) {
            tracing::warn!(
                operation = operation.id,
                path = operation.path,
                "the control interface stands before this path of the contract, which is never reached; rename it or serve without control interface"
            );
        }
    }
}

/// A listener, and the address with the port that the system chose.
pub(crate) async fn bind(
    addr: SocketAddr,
    limits: &Limits,
) -> Result<(BoundedListener, SocketAddr), StartError> {
    let listening = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::InUse { addr },
        _ => StartError::Listen { addr, source },
    };
    let bound = BoundedListener::bind(addr, limits.max_connections).await;
    let listener = bound.map_err(listening)?;
    let addr = listener.local_addr().map_err(listening)?;
    Ok((listener, addr))
}

/// Serves HTTP/1 within the limits until the handle stops it. An error of the service breaks the connection.
pub(crate) async fn serve<F, S, R, B, E>(
    listener: BoundedListener,
    handle: Handle<BoundedAddr>,
    limits: Limits,
    service: PerConnection<F, S>,
) -> io::Result<()>
where
    F: FnMut(Arc<Seat<S>>, Request<Incoming>) -> R + Clone + Send + 'static,
    S: Send + Sync + 'static,
    R: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: std::error::Error + Send + Sync + 'static,
{
    let guard = Guard {
        header_timeout: limits.header_timeout,
        write_timeout: limits.write_timeout,
    };
    // Without `http1_only` the version is read first, and no timeout covers that reading.
    let mut server = Server::from_listener(listener)
        .handle(handle)
        .acceptor(guard)
        .http1_only();
    let mut http = server.http_builder().http1();
    // The guard's streams see to the time for heads.
    http.header_read_timeout(None).max_buf_size(limits.max_head);
    // For its own number the library has room on the stack; any other is filled with nothing first, for each request.
    if limits.max_headers != HYPER_HEADERS {
        http.max_headers(limits.max_headers);
    }
    server
        .accept_error_handler(|_, error| tracing::warn!(%error, "a connection was not taken"))
        .serve(MakeShared::new(service))
        .await
}

/// The root of all paths at an address, as a client of this host reaches it.
pub(crate) fn url(addr: SocketAddr) -> String {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::from((ip, addr.port())))
}

/// A mock that serves. Dropping it stops it at once; [`MockServer::stop`] stops it in order.
#[derive(Debug)]
pub struct MockServer {
    addr: SocketAddr,
    shared: Arc<Shared>,
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
            public_url: None,
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
        url(self.addr)
    }

    /// The mock behind the sockets, under its present contract.
    #[must_use]
    pub fn mock(&self) -> Arc<Mock> {
        self.shared.mock.load_full()
    }

    /// From now on it follows this contract, and keeps its jobs; see [`Mock::under`].
    pub fn follow(&self, contract: &Arc<Contract>) {
        let shared = &self.shared;
        shared
            .mock
            .rcu(|mock| Arc::new(mock.under(Arc::clone(contract))));
        for world in shared.mock.load().worlds().all() {
            world.callbacks.nudge_lost();
        }
    }

    /// How many connections are open.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.handle.connection_count()
    }

    /// Takes no further connection, lets requests in hand end for as long as [`Limits::stop_grace`], then closes the
    /// rest. When it returns, the port is free.
    pub async fn stop(mut self) {
        self.shared.stopping.send_replace(true);
        self.handle
            .graceful_shutdown(Some(self.shared.limits.stop_grace));
        match (&mut self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "serving had failed"),
            Err(error) => tracing::warn!(%error, "serving had ended"),
        }
        self.shared.mock.load().staff(None);
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.shared.stopping.send_replace(true);
        self.handle.shutdown();
        self.shared.mock.load().staff(None);
    }
}
