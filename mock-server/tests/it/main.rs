//! The mock over real sockets, each test with a server of its own on a free port.

mod contract;
mod hostile;
mod progress;
mod rejecting;
mod serving;
mod simulation;
mod starting;
mod support;
