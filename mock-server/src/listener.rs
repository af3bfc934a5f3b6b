//! Connections: how many at once, how long one may be silent, and how long it may refuse to take its answer.
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

use crate::limits::Limits;
use crate::seat::{Line, PerConnection};
use crate::waiting::Waiting;

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

/// Sets up a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    /// How long a client may take for the head of a request, and be silent before one.
    pub(crate) header_timeout: Duration,
    /// How long a client may take nothing of what is written.
    pub(crate) write_timeout: Duration,
}

impl<F, S> Accept<Placed, PerConnection<F, S>> for Guard {
    type Stream = Connection;
    type Service = PerConnection<F, S>;
    type Future = Ready<io::Result<(Connection, PerConnection<F, S>)>>;

    fn accept(&self, (stream, place): Placed, service: PerConnection<F, S>) -> Self::Future {
        let line = Arc::new(Line::default());
        // Answers are written in one piece; waiting for more would only delay them.
        let connection = stream.set_nodelay(true).map(|()| {
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(self.write_timeout));
            Connection {
                stream: Box::pin(stream),
                line: Arc::clone(&line),
                head: Waiting::new(self.header_timeout),
                is_written: true,
                _place: place,
            }
        });
        ready(connection.map(|connection| (connection, service.seated(line))))
    }
}

type Stream = TimeoutStream<TcpStream>;

/// A stream that holds its place for as long as it lives.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Pin<Box<Stream>>,
    line: Arc<Line>,
    /// For the head of a request.
    head: Waiting,
    /// Whether the client took all that was written so far.
    is_written: bool,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// Nothing is there to be read: an error once a head was waited for too long.
    fn nothing_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.line.is_busy() || !self.is_written {
            // Bodies and answers have timeouts of their own.
            self.head.end();
            return Poll::Pending;
        }
        let is_over = self.head.poll(context);
        is_over.map(|()| Err(io::Error::from(io::ErrorKind::TimedOut)))
    }

    /// Writes; an answer ends the wait for a head, and the next one has its own time.
    fn write(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Stream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let written = write(self.stream.as_mut(), context);
        self.is_written = written.is_ready();
        self.head.end();
        if self.is_written && !self.line.is_busy() && !self.head.is_alarmed() {
            // Nobody would be woken: hyper reads only when there is something to be read.
            let _ = self.head.poll(context);
        }
        written
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.line.is_to_be_reset()
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
        match self.stream.as_mut().poll_read(context, buffer) {
            Poll::Pending => self.nothing_read(context),
            read => read,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.line.is_to_be_reset() {
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
            return self.write(context, |stream, context| {
                stream.poll_write_vectored(context, slices)
            });
        }
        // The system takes one short piece in less time than two.
        let (mut whole, mut at) = ([0; SMALL], 0);
        for slice in slices {
            whole[at..at + slice.len()].copy_from_slice(slice);
            at += slice.len();
        }
        self.poll_write(context, &whole[..length])
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
