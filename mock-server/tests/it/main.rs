//! The mock over real sockets, each test with a server of its own on a free port.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod between;
mod contract;
mod courses;
mod files;
mod follow;
mod hostile;
mod memory;
mod progress;
mod proxy;
mod proxy_hostile;
mod rejecting;
mod serving;
mod simulation;
mod starting;
mod support;
mod watch;
mod world_file;
