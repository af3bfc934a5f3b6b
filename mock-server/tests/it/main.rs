//! The mock over real sockets, each test with a server of its own on a free port.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod between;
mod callback_faults;
mod callbacks;
mod contract;
mod control;
mod courses;
mod events;
mod faults;
mod files;
mod follow;
mod hostile;
mod journal;
mod memory;
mod misbehave;
mod page;
mod prefer;
mod progress;
mod proxy;
mod proxy_hostile;
mod rejecting;
mod serving;
mod simulation;
mod snapshot;
mod starting;
mod support;
mod watch;
mod world_file;
mod worlds;
