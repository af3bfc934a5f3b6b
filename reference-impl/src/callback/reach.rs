//! Which addresses may be called.
//!
//! A caller chooses where its callbacks go, so a callback is a way to make this machine send requests
//! into its own network. Only addresses of the public Internet are called, and those that the
//! operator allowed. A name stands for the addresses that it has at the moment it is asked, so it is
//! judged when it is given and again for each connection, and only addresses that were judged are
//! connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;

use ipnet::IpNet;

use super::address::{CallbackAddress, Callee};

/// The most addresses of one name that are looked at; a name with more is not called.
const MAX_ADDRESSES: usize = 32;

/// The addresses of a name, later.
pub type Resolving = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;

/// Looks up names. The system's resolver, unless a test brings its own.
pub trait Resolver: Send + Sync + 'static {
    /// The addresses that `name` has now.
    fn resolve(&self, name: &str) -> Resolving;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, name: &str) -> Resolving {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why an address is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It is of a kind that is not called unless the configuration allows it.
    #[error("{address} is {kind}; `callbacks.allow` can allow it")]
    Forbidden { address: IpAddr, kind: &'static str },
    /// It is this server.
    #[error("{0} is this server itself")]
    Own(SocketAddr),
    /// The name has no address now.
    #[error("the name {0} has no address")]
    Unresolved(String),
    /// The name has more addresses than are looked at.
    #[error("the name {0} has more than {MAX_ADDRESSES} addresses")]
    TooMany(String),
}

/// What may be called.
#[derive(Clone)]
pub(crate) struct Reach {
    allow: Arc<[IpNet]>,
    own: Arc<[SocketAddr]>,
    resolver: Arc<dyn Resolver>,
}

impl Reach {
    /// Public addresses and those in `allow`, but never `own`: the addresses that are listened on.
    pub(crate) fn new(
        allow: Vec<IpNet>,
        own: Vec<SocketAddr>,
        resolver: Arc<dyn Resolver>,
    ) -> Self {
        Self {
            allow: allow.into(),
            own: own.into(),
            resolver,
        }
    }

    /// The addresses to connect to, all of them judged just now. One that may not be called refuses
    /// the whole name: who mixes them has a reason.
    pub(crate) async fn judge(
        &self,
        address: &CallbackAddress,
    ) -> Result<Vec<SocketAddr>, Refusal> {
        let found = match address.callee() {
            Callee::Ip(ip) => vec![*ip],
            Callee::Name(name) => {
                let unresolved = || Refusal::Unresolved(name.clone());
                let found = self.resolver.resolve(name).await;
                let found = found.map_err(|_| unresolved())?;
                if found.is_empty() {
                    return Err(unresolved());
                }
                if found.len() > MAX_ADDRESSES {
                    return Err(Refusal::TooMany(name.clone()));
                }
                found
            }
        };
        let judged = |ip| self.judge_ip(ip, address.port());
        found.into_iter().map(judged).collect()
    }

    fn judge_ip(&self, ip: IpAddr, port: u16) -> Result<SocketAddr, Refusal> {
        let ip = ip.to_canonical();
        let socket = SocketAddr::new(ip, port);
        if self.own.iter().any(|own| is_own(*own, socket)) {
            return Err(Refusal::Own(socket));
        }
        match kind(ip) {
            Some(kind) if !self.allow.iter().any(|net| net.contains(&ip)) => {
                Err(Refusal::Forbidden { address: ip, kind })
            }
            _ => Ok(socket),
        }
    }
}

/// Whether `called` reaches what listens on `own`.
fn is_own(own: SocketAddr, called: SocketAddr) -> bool {
    if own.port() != called.port() {
        return false;
    }
    let own = own.ip().to_canonical();
    // The system lends a socket only to an address of this machine.
    own == called.ip()
        || (own.is_unspecified()
            && (called.ip().is_unspecified() || UdpSocket::bind((called.ip(), 0)).is_ok()))
}

/// Why an address is none of the public Internet; `None` for those that are.
///
/// After the registries of special-purpose addresses (IANA, RFC 6890 and its updates). The ranges for
/// documentation are let through: they belong to nobody, and examples use them.
fn kind(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => kind_v4(ip),
        IpAddr::V6(ip) => kind_v6(ip),
    }
}

fn kind_v4(ip: Ipv4Addr) -> Option<&'static str> {
    Some(match ip.octets() {
        [0, ..] => "an unspecified address",
        [127, ..] => "a loopback address",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private address",
        [169, 254, ..] => "a link-local address, where metadata services are",
        // Metadata and host services of clouds, outside of the ranges above and below.
        [100, 100, 100, 200] | [168, 63, 129, 16] => "the address of a metadata service",
        [100, 64..=127, ..] => "an address of a carrier's network",
        [192, 0, 0, _] => "an address of a protocol",
        [192, 88, 99, _] => "a relay from IPv6",
        [198, 18..=19, ..] => "an address for benchmarks",
        [224..=239, ..] => "a multicast address",
        [240..=255, ..] => "a reserved address",
        _ => return None,
    })
}

fn kind_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let parts = ip.segments();
    Some(match parts {
        [0, 0, 0, 0, 0, 0, 0, 0] => "an unspecified address",
        [0, 0, 0, 0, 0, 0, 0, 1] => "a loopback address",
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => {
            "an IPv4 address in another form"
        }
        [0x64, 0xff9b, ..] => "an IPv4 address behind NAT64",
        [0x2002, ..] => "an IPv4 address by way of 6to4",
        [0x2001, 0, ..] => "an IPv4 address by way of Teredo",
        [_, _, _, _, a, 0x5efe, ..] if a & !0x0200 == 0 => "an IPv4 address by way of ISATAP",
        [0x2001, 0x0001..=0x01ff, ..] => "an address of a protocol",
        [0xfc00..=0xfdff, ..] => "a private address",
        [0xfe80..=0xfebf, ..] => "a link-local address",
        [0xfec0..=0xfeff, ..] => "a site-local address",
        [0xff00..=0xffff, ..] => "a multicast address",
        [0x2000..=0x3fff, ..] => return None,
        _ => "a reserved address",
    })
}
