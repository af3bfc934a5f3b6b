//! A proxy that listens: building, starting, stopping.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum_server::Handle;
use http::HeaderValue;
use smsload_spec::Contract;
use tokio::task::JoinHandle;

use crate::limits::Limits;
use crate::listener::BoundedAddr;
use crate::proxy::exchange::{Exchange, Exchanges};
use crate::proxy::forward::Sender;
use crate::proxy::judge::Judge;
use crate::proxy::service::{Shared, respond};
use crate::proxy::upstream::{Client, Upstream};
use crate::seat::PerConnection;
use crate::server::{StartError, bind, serve, url};
use crate::violations::Violations;

/// Limits of a proxy. The worst case in memory is that of [`ProxyLimits::serving`], as much again as
/// [`ProxyLimits::max_judged`] for each connection, and [`ProxyLimits::max_kept`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyLimits {
    /// Connections and requests of clients.
    pub serving: Limits,
    /// How long the upstream may take for an answer that is judged, and for the head and each further piece of one that
    /// is passed through: then 504, or a closed connection. Default 30 s.
    pub upstream_timeout: Duration,
    /// Bytes of a JSON answer that are read to be judged; larger ones are passed through. Default 1 MiB.
    pub max_judged: usize,
    /// Exchanges that are kept. Default 10,000.
    pub max_exchanges: usize,
    /// Bytes that the kept exchanges may take. Default 64 MiB.
    pub max_kept: usize,
}

impl Default for ProxyLimits {
    fn default() -> Self {
        Self {
            serving: Limits::default(),
            upstream_timeout: Duration::from_secs(30),
            max_judged: 1024 * 1024,
            max_exchanges: 10_000,
            max_kept: 64 * 1024 * 1024,
        }
    }
}

/// Who is told of exchanges.
#[derive(Clone)]
pub(super) struct Told(Arc<dyn Fn(&Exchange) + Send + Sync>);

impl Told {
    pub(super) fn tell(&self, exchange: &Exchange) {
        (self.0)(exchange);
    }
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told")
    }
}

/// What a proxy is made of; see [`Proxy::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct ProxyBuilder {
    upstream: Upstream,
    addr: SocketAddr,
    contract: Arc<Contract>,
    enforce: bool,
    unjudged: Vec<String>,
    limits: ProxyLimits,
    told: Option<Told>,
}

impl ProxyBuilder {
    /// What is judged by. Default: the bundled contract.
    pub fn contract(mut self, contract: Arc<Contract>) -> Self {
        self.contract = contract;
        self
    }

    /// Where to listen; port 0 takes any free one. Default 127.0.0.1, port 0.
    pub fn listen(mut self, addr: SocketAddr) -> Self {
        self.addr = addr;
        self
    }

    /// Whether what breaks the contract is stopped. Default: no, it is only told.
    pub fn enforce(mut self, enforce: bool) -> Self {
        self.enforce = enforce;
        self
    }

    /// Paths that begin so are forwarded and not judged: what the contract says nothing of, such as files.
    pub fn unjudged(mut self, prefix: impl Into<String>) -> Self {
        self.unjudged.push(prefix.into());
        self
    }

    /// What clients and the upstream may cost it.
    pub fn limits(mut self, limits: ProxyLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Is called with every exchange, before its answer is sent; it must not wait.
    pub fn on_exchange(mut self, told: impl Fn(&Exchange) + Send + Sync + 'static) -> Self {
        self.told = Some(Told(Arc::new(told)));
        self
    }

    /// Listens and serves in the background; it serves already when this returns. Must be called within a Tokio
    /// runtime with time and I/O. Whether the upstream is there is seen with the first request.
    ///
    /// # Errors
    /// If the address cannot be listened on, or a limit is out of range.
    pub async fn start(self) -> Result<Proxy, StartError> {
        self.limits.serving.check()?;
        let serving = self.limits.serving.clone();
        let (listener, addr) = bind(self.addr, &serving).await?;
        let handle = Handle::new();
        let shared = Arc::new(self.shared());
        let service = PerConnection::new(respond, Arc::clone(&shared));
        let task = tokio::spawn(serve(listener, handle.clone(), serving, service));
        tracing::info!(%addr, upstream = %shared.upstream, "the proxy serves");
        Ok(Proxy {
            addr,
            shared,
            handle,
            task,
        })
    }

    fn shared(self) -> Shared {
        let limits = self.limits;
        let sender = Sender {
            client: Client::new(limits.upstream_timeout),
            via: via(),
            timeout: limits.upstream_timeout,
            max_judged: limits.max_judged,
        };
        Shared {
            upstream: self.upstream,
            sender,
            judge: ArcSwap::from_pointee(Judge::new(self.contract)),
            enforce: self.enforce,
            unjudged: self.unjudged,
            traffic: Arc::new(Exchanges::new(limits.max_exchanges, limits.max_kept)),
            violations: Arc::default(),
            limits: limits.serving,
            told: self.told,
        }
    }
}

/// A name of our own, by which a request is known that comes back (RFC 9110 §7.6.3).
fn via() -> HeaderValue {
    let name = RandomState::new().hash_one("via");
    HeaderValue::try_from(format!("1.1 smsload-{name:016x}"))
        .unwrap_or(HeaderValue::from_static("1.1 smsload"))
}

/// A proxy that serves. Dropping it stops it at once; [`Proxy::stop`] stops it in order.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    handle: Handle<BoundedAddr>,
    task: JoinHandle<io::Result<()>>,
}

impl Proxy {
    /// A proxy that is still to be started: on any free port of 127.0.0.1, judging by the bundled contract.
    pub fn builder(upstream: Upstream) -> ProxyBuilder {
        ProxyBuilder {
            upstream,
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
            contract: Contract::bundled(),
            enforce: false,
            unjudged: Vec::new(),
            limits: ProxyLimits::default(),
            told: None,
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

    /// What passed.
    #[must_use]
    pub fn traffic(&self) -> &Arc<Exchanges> {
        &self.shared.traffic
    }

    /// What was wrong with it.
    #[must_use]
    pub fn violations(&self) -> &Arc<Violations> {
        &self.shared.violations
    }

    /// From now on it judges by this contract.
    pub fn follow(&self, contract: &Arc<Contract>) {
        let judge = Judge::new(Arc::clone(contract));
        self.shared.judge.store(Arc::new(judge));
    }

    /// Takes no further connection, lets exchanges in hand end for as long as [`Limits::stop_grace`], then closes the
    /// rest. When it returns, the port is free.
    pub async fn stop(mut self) {
        let grace = self.shared.limits.stop_grace;
        self.handle.graceful_shutdown(Some(grace));
        match (&mut self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "serving had failed"),
            Err(error) => tracing::warn!(%error, "serving had ended"),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}
