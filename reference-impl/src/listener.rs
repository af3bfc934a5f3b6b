//! Connections: how many at once, and how long one may refuse to take its answer.
//!
//! A connection is taken from the system's queue only when a place is free, so that a flood waits
//! there instead of costing memory here. The place belongs to the connection's service, and is free
//! again when the connection ends.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::Request;
use axum_server::accept::Accept;
use axum_server::{AddrListener, Address};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tower::Service;

use crate::limits::Limits;

/// A TCP address whose listener bounds the connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoundedAddr(pub(crate) SocketAddr);

/// A connection and the place it takes.
pub(crate) type Placed = (TcpStream, OwnedSemaphorePermit);

/// A listener with a bounded number of places.
#[derive(Debug)]
pub(crate) struct BoundedListener {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl BoundedListener {
    /// Listens on `addr`; at most `max_connections` are served at once.
    pub(crate) async fn bind(addr: SocketAddr, max_connections: usize) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        Ok(Self {
            listener,
            places: Arc::new(Semaphore::new(max_connections)),
        })
    }

    /// The address that is listened on, with the port that the system chose.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Address for BoundedAddr {
    type Stream = Placed;
    type Listener = BoundedListener;
}

impl AddrListener<Placed, BoundedAddr> for BoundedListener {
    async fn bind_to(addr: BoundedAddr) -> io::Result<Self> {
        Self::bind(addr.0, Limits::default().max_connections).await
    }

    async fn accept_stream(&self) -> io::Result<(Placed, BoundedAddr)> {
        let place = self
            .places
            .clone()
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let (stream, peer) = self.listener.accept().await?;
        Ok(((stream, place), BoundedAddr(peer)))
    }

    fn get_local_addr(&self) -> io::Result<BoundedAddr> {
        self.local_addr().map(BoundedAddr)
    }
}

/// Sets up a connection: a limit on stalled writes, and its place handed to its service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    /// How long a client may take nothing of what is written.
    pub(crate) write_timeout: Duration,
}

impl<S> Accept<Placed, S> for Guard {
    type Stream = Pin<Box<TimeoutStream<TcpStream>>>;
    type Service = PlacedService<S>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, (stream, place): Placed, service: S) -> Self::Future {
        // Answers are written in one piece; waiting for more would only delay them.
        let ready_stream = stream.set_nodelay(true).map(|()| {
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(self.write_timeout));
            Box::pin(stream)
        });
        ready(ready_stream.map(|stream| {
            (
                stream,
                PlacedService {
                    service,
                    _place: Arc::new(place),
                },
            )
        }))
    }
}

/// A service that holds the place of its connection.
#[derive(Clone, Debug)]
pub(crate) struct PlacedService<S> {
    service: S,
    _place: Arc<OwnedSemaphorePermit>,
}

impl<B, S: Service<Request<B>, Error = Infallible>> Service<Request<B>> for PlacedService<S> {
    type Response = S::Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        self.service.call(request)
    }
}
