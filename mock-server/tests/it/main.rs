//! The mock over real sockets, each test with a server of its own on a free port.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod contract;
mod hostile;
mod misbehave;
mod progress;
mod rejecting;
mod serving;
mod simulation;
mod starting;
mod support;
