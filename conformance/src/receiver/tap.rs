//! A connection that is listened in on: parsers take liberties with a request line, so its bytes are kept as they came.
//! It can also be made to end in a reset.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::lock;

/// More of a request line is not kept: the parser refuses it as well.
const LINE: usize = 16 * 1024;

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct Wire {
    head: Mutex<Vec<u8>>,
    is_reset: AtomicBool,
}

impl Wire {
    /// The request target: what stands between the first and the last space of the request line.
    pub(super) fn target(&self) -> Vec<u8> {
        let head = lock(&self.head);
        let line = head.split(|b| matches!(b, b'\r' | b'\n')).next();
        let line = line.unwrap_or_default();
        let first = line.iter().position(|b| *b == b' ').map_or(0, |at| at + 1);
        let last = line.iter().rposition(|b| *b == b' ').unwrap_or(line.len());
        line.get(first..last).unwrap_or_default().to_vec()
    }

    /// The connection ends in a reset, whatever happens.
    pub(super) fn reset(&self) {
        self.is_reset.store(true, Ordering::Relaxed);
    }

    fn hear(&self, bytes: &[u8]) {
        let mut head = lock(&self.head);
        if head.len() < LINE && !head.contains(&b'\n') {
            let room = LINE - head.len();
            head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
}

/// A connection that is listened in on.
#[derive(Debug)]
pub(super) struct Tap {
    pub(super) stream: TcpStream,
    pub(super) wire: Arc<Wire>,
}

impl Drop for Tap {
    fn drop(&mut self) {
        if self.wire.is_reset.load(Ordering::Relaxed) {
            // Where it cannot be reset it is closed, which says the same less clearly.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.wire.hear(&buf.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
