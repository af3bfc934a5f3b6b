//! The command line from outside, as its users type it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may fail loudly"
)]
#![allow(missing_docs, reason = "tests are read, not linked to")]

mod browser;
mod certify;
#[cfg(unix)]
mod docs;
mod gate;
mod help;
mod mock;
mod mock_command;
mod proxy;
mod replay;
mod serve;
mod spec;
mod support;
mod target;
mod validators;
mod verify;
mod watch;
