//! Connections: how many at once, and how long one may refuse to take its answer.
//!
//! A connection is taken from the system's queue only when a place is free, so that a flood waits there instead of
//! costing memory here. The place belongs to the connection's stream, and is free again when that is gone.

use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use axum_server::{AddrListener, Address};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tower::Service;

use crate::limits::Limits;

/// Connections that wait in the system's queue; a client whose connection finds no place there waits a second or more
/// before it tries again. The system may allow fewer.
const BACKLOG: u32 = 16_384;
/// Bytes of an answer, head and body, up to which it is written in one piece.
const SMALL: usize = 1024;

/// A TCP address whose listener bounds the connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoundedAddr(pub(crate) SocketAddr);

/// A listener with a bounded number of places.
#[derive(Debug)]
pub(crate) struct BoundedListener {
    listener: TcpListener,
    places: Arc<Semaphore>,
    /// Whether the log was told that all of them are taken.
    is_told: AtomicBool,
}

impl BoundedListener {
    pub(crate) async fn bind(addr: SocketAddr, max_connections: usize) -> io::Result<Self> {
        let socket = match addr {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // As Tokio's own `bind`: a port that was just left can be taken again.
        #[cfg(not(windows))]
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        let listener = socket.listen(BACKLOG)?;
        Ok(Self {
            listener,
            places: Arc::new(Semaphore::new(max_connections)),
            is_told: AtomicBool::new(false),
        })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection and the place it takes.
pub(crate) type Placed = (TcpStream, OwnedSemaphorePermit);

impl Address for BoundedAddr {
    type Stream = Placed;
    type Listener = BoundedListener;
}

impl AddrListener<Placed, BoundedAddr> for BoundedListener {
    async fn bind_to(addr: BoundedAddr) -> io::Result<Self> {
        Self::bind(addr.0, Limits::default().max_connections).await
    }

    async fn accept_stream(&self) -> io::Result<(Placed, BoundedAddr)> {
        if self.places.available_permits() == 0 && !self.is_told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                limit = "max_connections",
                "as many connections as may be are open: further ones wait until some are closed"
            );
        }
        let place = Arc::clone(&self.places)
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

/// Decides how a connection ends: told to reset it, its stream is closed with RST instead of FIN, and what was not yet
/// sent is thrown away.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker(Arc<AtomicBool>);

impl Breaker {
    /// The connection is to be reset when it is closed.
    pub(crate) fn reset(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What a request finds on its connection. All requests of a connection count their references to it here, where no
/// other processor counts at the same time.
#[derive(Debug)]
pub(crate) struct Seat<S> {
    /// What all connections share.
    pub(crate) shared: Arc<S>,
    /// Breaks the connection.
    pub(crate) breaker: Breaker,
}

/// A service made of a function, which is told on which connection a request came.
#[derive(Debug)]
pub(crate) struct PerConnection<F, S> {
    function: F,
    seat: Arc<Seat<S>>,
}

impl<F, S> PerConnection<F, S> {
    pub(crate) fn new(function: F, shared: Arc<S>) -> Self {
        Self {
            function,
            seat: Arc::new(Seat {
                shared,
                breaker: Breaker::default(),
            }),
        }
    }
}

// Not derived: what is shared need not be `Clone`.
impl<F: Clone, S> Clone for PerConnection<F, S> {
    fn clone(&self) -> Self {
        Self {
            function: self.function.clone(),
            seat: Arc::clone(&self.seat),
        }
    }
}

impl<F, S, R, Future, A, E> Service<R> for PerConnection<F, S>
where
    F: FnMut(Arc<Seat<S>>, R) -> Future,
    Future: std::future::Future<Output = Result<A, E>>,
{
    type Response = A;
    type Error = E;
    type Future = Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Future {
        (self.function)(Arc::clone(&self.seat), request)
    }
}

/// Sets up a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    /// How long a client may take nothing of what is written.
    pub(crate) write_timeout: Duration,
}

impl<F, S> Accept<Placed, PerConnection<F, S>> for Guard {
    type Stream = Connection;
    type Service = PerConnection<F, S>;
    type Future = Ready<io::Result<(Connection, PerConnection<F, S>)>>;

    fn accept(&self, (stream, place): Placed, service: PerConnection<F, S>) -> Self::Future {
        // Answers are written in one piece; waiting for more would only delay them.
        let connection = stream.set_nodelay(true).map(|()| {
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(self.write_timeout));
            Connection {
                stream: Box::pin(stream),
                breaker: Breaker::default(),
                _place: place,
            }
        });
        ready(connection.map(|connection| {
            let seat = Seat {
                shared: Arc::clone(&service.seat.shared),
                breaker: connection.breaker.clone(),
            };
            let seat = Arc::new(seat);
            (connection, PerConnection { seat, ..service })
        }))
    }
}

/// A stream that holds its place for as long as it lives.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    breaker: Breaker,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn is_to_be_reset(&self) -> bool {
        self.breaker.0.load(Ordering::Acquire)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.is_to_be_reset()
            && let Err(error) = self.stream.as_ref().get_ref().get_ref().set_zero_linger()
        {
            tracing::debug!(%error, "a connection is closed, not reset");
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_to_be_reset() {
            // A shutdown would send FIN first, and the client would take it for an end in order.
            return Poll::Ready(Ok(()));
        }
        self.stream.as_mut().poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if length > SMALL {
            return self.stream.as_mut().poll_write_vectored(context, slices);
        }
        // The system takes one short piece in less time than two.
        let (mut whole, mut at) = ([0; SMALL], 0);
        for slice in slices {
            whole[at..at + slice.len()].copy_from_slice(slice);
            at += slice.len();
        }
        self.stream.as_mut().poll_write(context, &whole[..length])
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
