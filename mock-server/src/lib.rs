//! A server that does what a contract says, without the devices behind it.
//!
//! A [`MockServer`] is driven by a [`Contract`](smsload_spec::Contract): paths, methods, what a request must be, which
//! operation starts a long-running job and which reads one, what is answered, how a rejection is written: all of it is
//! the document's, and a changed document changes the mock without a build.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use smsload_mock::MockServer;
//!
//! let server = MockServer::builder().speed(100.0).seed(7).start().await?;
//! let answer = reqwest::Client::new()
//!     .post(format!("{}/api/smsload/playback/v1/download", server.url()))
//!     .json(&serde_json::json!({
//!         "device_unicode": "34020000001110000228", "source_type": "3", "channel": "34020000001320000666",
//!         "start_time": "2025-04-04T21:36:17", "end_time": "2025-04-04T21:36:27",
//!     }))
//!     .send()
//!     .await?
//!     .json::<serde_json::Value>()
//!     .await?;
//! assert_eq!(answer["code"], "0");
//! assert_eq!(answer["data"]["playback_duration"], "10");
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # One request
//!
//! route → validate (schema, then rules) → start a job / read a job / example → answer.
//!
//! That pipeline is [`Mock::answer`]: plain functions that know no HTTP connection and can be called without one. What
//! listens is [`MockServer`]: it bounds what a client may cost ([`Limits`]) and translates. A refused request is
//! answered as the contract writes rejections; the first violation decides the error, the message tells all of them.
//!
//! # Jobs
//!
//! A job is a few words: when it started, how long it takes, how large it gets. Its progress is a pure function of
//! these and of the mock's [`Clock`]; there is no timer, no task and no lock for one, so that a million of them cost
//! memory and nothing else. A job is kept for [`Limits::keep_jobs`] after its end; when as many are kept as may be, or
//! all 10,000 SSRC serials of a channel are taken, a new one is refused (`overload`).
//!
//! # What is simulated
//!
//! Every device and channel exists and has recorded since 2000-01-01 without a gap; what lies before that or in the
//! future is not recorded, and only the recorded part of a window counts. Times are local times of Asia/Shanghai,
//! whatever the host's zone. Bit rate (1 to 8 Mbit/s) and transfer speed (8 to 32 recorded seconds a second) come from
//! a hash of seed, device and channel. For what else a client must be able to meet, some names are kept:
//!
//! | name ends with | of a | answer |
//! | --- | --- | --- |
//! | `404` ([`simulation::UNKNOWN`]) | device | `unknown-device` |
//! | `404` ([`simulation::UNKNOWN`]) | channel | `unknown-channel` |
//! | `503` ([`simulation::OFFLINE`]) | device | `device-offline` |
//! | `204` ([`simulation::EMPTY`]) | channel | `no-recording`, for every window |
//!
//! # Broken on purpose
//!
//! A mock can do one thing wrong, see [`misbehave`]: so the conformance suite is proved, and a client can be shown what
//! a server that differs does to it.
//!
//! # What is not there yet
//!
//! The mock serves no files and sends no callbacks: `job.file_url` is empty, also at the end, and an address given as
//! `callback` is checked for its form and then not used. Tenants share one world. An operation without `x-job` answers
//! with the same example every time.

mod body;
mod clock;
mod evaluate;
mod example;
mod host;
mod job;
mod jobs;
mod limits;
mod listener;
pub mod misbehave;
mod mock;
mod read;
mod refusal;
mod request;
mod server;
mod service;
pub mod simulation;
mod ssrc;
mod start;

pub use clock::{Clock, Moment, Speed, SpeedError};
pub use limits::{LimitError, Limits};
pub use mock::{Mock, Settings};
pub use refusal::RejectStatus;
pub use request::{Answer, Outcome, Request};
pub use server::{MockServer, MockServerBuilder, StartError};
pub use ssrc::{SipDomain, SipDomainError};
