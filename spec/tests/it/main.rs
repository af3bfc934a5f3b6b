//! The contract from outside: what it finds in documents, and what it says of requests and answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may fail loudly"
)]
#![allow(missing_docs, reason = "tests are read, not linked to")]

mod broken;
mod bundled;
mod files;
mod parameters;
mod responses;
mod schemas;
mod support;
