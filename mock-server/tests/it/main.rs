//! The mock over real sockets, each test with a server of its own on a free port.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod callbacks;
mod contract;
mod control;
mod courses;
mod events;
mod faults;
mod files;
mod hostile;
mod journal;
mod memory;
mod progress;
mod rejecting;
mod serving;
mod simulation;
mod snapshot;
mod starting;
mod support;
mod world_file;
mod worlds;
