//! The reference over a real socket.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and so do the helpers that all tests share"
)]

mod accepting;
mod connections;
mod footage;
mod hostile;
mod players;
mod progress;
mod rejecting;
mod support;
