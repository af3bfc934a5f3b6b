//! Runs against servers of the tests' own, over real sockets.
//!
//! The servers owe nothing to the contract crate: correct ones differ wherever the page allows it and must not be
//! accused of anything; broken ones differ from a correct one by one fault and must be caught by one requirement.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test that fails is a test that fails"
)]

mod again;
mod broken;
mod correct;
mod early;
mod forms;
mod generic;
mod hopeless;
mod limits;
mod mock;
mod report;
mod server;
mod support;
#[path = "../kill/ticking.rs"]
mod ticking;
mod tls;
mod vendor;
mod watched;
