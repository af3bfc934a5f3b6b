//! The runner's own receiver of callbacks: two ports of this machine. Callback addresses lead to the first one, each
//! with a path that nobody can guess; only redirects lead to the second one, so that whoever comes there followed one.
//!
//! Everything that comes is recorded, to a path that was given out or not. Limits: HTTP/1, one request for each
//! connection, 256 connections at once, 16 KiB of head within 5 s, 64 KiB of body within 10 s; 1,000 receipts for a
//! path, 100 for paths that nobody was given.

mod place;
mod serve;
mod tap;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

pub(crate) use place::{CHARS as TOKEN_LENGTH, Manner, Place, tells_end};

use crate::began::Began;
use crate::event::Events;
use crate::receipt::{Door, Receipt};

/// Connections at once.
const CONNECTIONS: usize = 256;
/// Receipts that came to no place.
const STRAYS: usize = 100;

/// Where callbacks are received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    /// The address by which the target reaches it, if that is another one.
    pub(crate) url: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            url: None,
        }
    }
}

/// Why callbacks cannot be received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiverError {
    /// The address cannot be listened on.
    #[error(
        "cannot receive callbacks on {address}: {source}; name a free address of this machine with --callback-listen (port 0 takes any free one)"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// It listens on all addresses, so none can be told to the target.
    #[error(
        "{0} stands for every address of this machine; name the one by which the target reaches it with --callback-url http://HOST:PORT"
    )]
    Unspecified(SocketAddr),
    /// The address for the target is none.
    #[error(
        "\"{0}\" cannot be the address of a receiver of callbacks; write http://HOST:PORT, perhaps with a path, without user, query and fragment"
    )]
    Url(String),
    /// The system has no random numbers.
    #[error("the system gives no random numbers for callback addresses: {0}")]
    Random(#[from] getrandom::Error),
}

/// Ports that are taken, but not served yet.
#[derive(Debug)]
pub(crate) struct Doors {
    front: TcpListener,
    back: TcpListener,
    /// What callback addresses begin with; no slash at its end.
    base: String,
    is_default: bool,
}

impl Doors {
    /// Takes the ports: one as it was asked for, another one beside it.
    pub(crate) fn take(settings: &Settings) -> Result<Self, ReceiverError> {
        let bind = |address: SocketAddr| {
            let listen = |source| ReceiverError::Listen { address, source };
            let listener = TcpListener::bind(address).map_err(listen)?;
            listener.set_nonblocking(true).map_err(listen)?;
            let at = listener.local_addr().map_err(listen)?;
            Ok::<_, ReceiverError>((listener, at))
        };
        let (front, at) = bind(settings.listen)?;
        let (back, _) = bind(SocketAddr::new(at.ip(), 0))?;
        let base = match &settings.url {
            Some(url) => base(url)?,
            None if at.ip().is_unspecified() => return Err(ReceiverError::Unspecified(at)),
            None => format!("http://{at}"),
        };
        Ok(Self {
            front,
            back,
            base,
            is_default: settings.url.is_none(),
        })
    }
}

fn base(url: &str) -> Result<String, ReceiverError> {
    let wrong = || ReceiverError::Url(url.to_owned());
    let parsed = url::Url::parse(url).map_err(|_| wrong())?;
    let has_user = !parsed.username().is_empty() || parsed.password().is_some();
    let has_more = parsed.query().is_some() || parsed.fragment().is_some();
    let is_http = matches!(parsed.scheme(), "http" | "https") && parsed.has_host();
    if !is_http || has_user || has_more {
        return Err(wrong());
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// Receives callbacks for as long as it lives.
#[derive(Debug)]
pub(crate) struct Receiver {
    shared: Arc<Shared>,
    tasks: [AbortHandle; 2],
    /// Bound, but not listened on: nobody is reached there. Nothing if there is no such port.
    closed: Option<(tokio::net::TcpSocket, SocketAddr)>,
    is_default: bool,
}

/// What the connections have in common.
#[derive(Debug)]
struct Shared {
    base: String,
    /// Where redirects lead.
    back: String,
    places: Mutex<HashMap<String, Arc<Place>>>,
    strays: Mutex<Vec<Arc<Receipt>>>,
    events: Events,
    began: Began,
    gate: Arc<Semaphore>,
}

impl Receiver {
    /// Begins to receive; `began` is the start of the run.
    pub(crate) fn serve(doors: Doors, began: Began, events: Events) -> std::io::Result<Self> {
        let front = tokio::net::TcpListener::from_std(doors.front)?;
        let back = tokio::net::TcpListener::from_std(doors.back)?;
        // Behind an address of its own nobody knows how the second port is reached: the first one must do.
        let back_base = if doors.is_default {
            format!("http://{}", back.local_addr()?)
        } else {
            doors.base.clone()
        };
        let closed = nobody(front.local_addr()?.ip());
        let shared = Arc::new(Shared {
            base: doors.base,
            back: back_base,
            places: Mutex::default(),
            strays: Mutex::default(),
            events,
            began,
            gate: Arc::new(Semaphore::new(CONNECTIONS)),
        });
        let tasks = [(front, Door::Front), (back, Door::Back)].map(|(listener, door)| {
            tokio::spawn(serve::accept(listener, door, Arc::clone(&shared))).abort_handle()
        });
        Ok(Self {
            shared,
            tasks,
            closed,
            is_default: doors.is_default,
        })
    }

    /// True if no other address was given for the target to call.
    pub(crate) fn is_default(&self) -> bool {
        self.is_default
    }

    /// What all callback addresses begin with.
    pub(crate) fn base(&self) -> &str {
        &self.shared.base
    }

    /// An address of this machine where nobody listens.
    pub(crate) fn closed(&self) -> Option<String> {
        let (_, address) = self.closed.as_ref()?;
        Some(format!("http://{address}/nobody"))
    }

    /// A place for the callbacks of one download.
    pub(crate) fn place(&self, case: &str, manner: Manner) -> Result<Arc<Place>, getrandom::Error> {
        let (token, back) = (place::token()?, place::token()?);
        let address = format!("{}/{token}", self.shared.base);
        let elsewhere = format!("{}/{back}", self.shared.back);
        let place = Arc::new(Place::new(case, address, elsewhere, back.clone(), manner));
        let mut places = lock(&self.shared.places);
        places.insert(token, Arc::clone(&place));
        places.insert(back, Arc::clone(&place));
        Ok(place)
    }

    /// Everything that came: to places, and to where nobody was sent.
    pub(crate) fn receipts(&self) -> Vec<Arc<Receipt>> {
        let mut met: HashMap<String, Arc<Receipt>> = HashMap::new();
        for place in lock(&self.shared.places).values() {
            met.extend(place.receipts().into_iter().map(|r| (r.id.clone(), r)));
        }
        let strays = lock(&self.shared.strays);
        let mut all: Vec<_> = met.into_values().chain(strays.iter().cloned()).collect();
        all.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        all
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Shared {
    /// The place that a request is for: its token stands anywhere in the path, since a target may change the rest.
    fn find(&self, target: &[u8]) -> Option<(String, Arc<Place>)> {
        let places = lock(&self.places);
        place::tokens(target).find_map(|token| {
            let place = places.get(&token).cloned()?;
            Some((token, place))
        })
    }

    /// Puts a receipt that is for nobody away; how many there were before it.
    fn stray(&self, make: impl FnOnce(usize) -> Receipt) -> Option<Arc<Receipt>> {
        let mut strays = lock(&self.strays);
        if strays.len() >= STRAYS {
            return None;
        }
        let receipt = Arc::new(make(strays.len()));
        strays.push(Arc::clone(&receipt));
        Some(receipt)
    }
}

/// A port that is held without being listened on.
fn nobody(ip: IpAddr) -> Option<(tokio::net::TcpSocket, SocketAddr)> {
    let socket = match ip {
        IpAddr::V4(_) => tokio::net::TcpSocket::new_v4(),
        IpAddr::V6(_) => tokio::net::TcpSocket::new_v6(),
    };
    let socket = socket.ok()?;
    socket.bind(SocketAddr::new(ip, 0)).ok()?;
    let address = socket.local_addr().ok()?;
    Some((socket, address))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread left is whole: every change is one insertion.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
