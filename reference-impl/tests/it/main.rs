//! The reference over a real socket.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and so do the helpers that all tests share"
)]

mod accepting;
mod access;
mod callbacks;
mod connections;
mod durable;
mod faults;
mod files;
mod footage;
mod forbidden;
mod hostile;
mod operating;
mod players;
mod progress;
mod receiver;
mod rejecting;
mod source;
mod support;
