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
//! route → fault? → validate (schema, then rules) → start a job / read a job / example → answer → journal.
//!
//! That pipeline is [`Mock::answer`] (and [`Mock::file`] what comes before it, for files): plain functions that know no HTTP connection and can be called without one. What
//! listens is [`MockServer`]: it bounds what a client may cost ([`Limits`]) and translates. A refused request is
//! answered as the contract writes rejections; the first violation decides the error, the message tells all of them.
//!
//! # Jobs
//!
//! A job is a few words: when it started, how long it takes, how large it gets, how it goes. Its progress is a pure function of
//! these and of the mock's [`Clock`]; there is no timer, no task and no lock for one, so that a million of them cost
//! memory and nothing else. How its progress goes is its [`Course`]: evenly, unless the world file gives its channel
//! another, or one is forced on all jobs ([`Settings::course`]); what stalls, fails or never starts can be met that way, or brought about by hand
//! ([`Mock::act`]). A failed job is answered with `download-failed`. A job is kept for [`Limits::keep_jobs`] after its
//! end (after the end that it would have had, if it stalls, fails or never starts, or after the last action if that is
//! later); when as many are kept as may be, or all 10,000 SSRC serials of a channel are taken, a new one is refused
//! (`overload`).
//!
//! # What is simulated
//!
//! A [`WorldFile`] names the devices and channels that there are, what they recorded, how fast it is brought over and
//! how that goes. Without one every device and channel exists and has recorded since 2000-01-01 without a gap; what lies before that or in the
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
//! # Files
//!
//! Once a job has ended, `job.file_url` is the address of its file: a playable MP4 of exactly the announced duration and
//! size ([`Clip`]), with ranges and conditions as in RFC 9110 (several ranges too, 16 at most; `Date` and
//! `Last-Modified` by the mock's clock). It is computed while it is sent, 64 KiB at a time, so that 10 GiB need neither
//! memory nor disk. Its path is `/__files/{16 hexadecimal digits}/{id}.mp4`, where the digits are a keyed hash of seed,
//! world and id: an id is not enough to guess an address. The same seed gives the same addresses. Everything below `/__files/`
//! is the mock's own: a contract that has such a path is not reached there.
//!
//! Before the end the address answers 404, or, if asked for, what is there so far ([`Unfinished`]); when the job is
//! forgotten, 404 again. A file whose announced size is less than an MP4 of its duration needs ([`Clip::least_bytes`]:
//! 2.5 to 17 kB) or whose duration is 0 can come from an edited contract only: its size is kept to, but it is mere
//! padding, `application/octet-stream`, and the log warns.
//!
//! # Callbacks
//!
//! A job whose request gives an address for callbacks is told of there, over real HTTP, by the [courier]: each time
//! that 10 more percent are there ([`Settings::callback_step`]), and at the end, with the address of the file. Method,
//! body and address are the contract's (`callbacks`, with `x-job: {tells: …}`). A job that does not go evenly is
//! looked at every second of mock time ([`Settings::callback_every`]). All of it is the mock's time: while the clock
//! stands, nothing is sent; if it is moved by hand, what is due is sent at once, and progress that was passed over is
//! not. Whatever is not answered with 2xx comes again. Each attempt is in the journal and among the events.
//!
//! The answer to a request waits for no callback, and no callback that goes wrong changes it: an address that cannot
//! be called, or one job too many ([`Limits::max_callbacks`]), is told in the journal and the log. Nothing is promised about
//! which comes first, the answer or the first callback; only a clock much faster than real time lets a callback
//! overtake.
//!
//! What the page leaves open is assumed: a failed or deleted job is told of no more, not even that it failed; one that
//! stalls is told of up to there, and again when it is resumed by hand; one that has not begun is not told of.
//!
//! Limits: there are callbacks only while the mock is served ([`MockServer`]), none from a [`Mock`] alone. A reset, a
//! restored snapshot, the end of serving, and a world that makes room for another end them, also ends that are still to
//! be tried again; a snapshot has those under way, and where it is restored they go on. A job that is no longer kept is
//! told of no more. Of several callbacks for one kind of job the first whose address the request gives is sent. If the
//! contract is changed meanwhile, what is told is looked for by the operation's id, else by its method and path; a
//! contract that tells nothing leaves the job waiting for one that does. No TLS; a name in the address is resolved by the
//! host. The control interface makes callbacks go wrong on purpose.
//!
//! Whoever can start a job can have this host send a request to any address that it reaches: do not serve a mock to
//! strangers from inside a network that trusts it.
//!
//! # Worlds
//!
//! Each value of the header `tenant-id` is a world of its own, with jobs, a clock, faults and a journal, so that tests
//! that run side by side do not meet; without the header the default world is meant. Clocks of worlds start as
//! [`Settings::clock`] stands when the mock is made. A world is made when it is first met; at most
//! [`Limits::max_worlds`] are kept. What each may have is bounded ([`Limits`]), and what all have together.
//!
//! # Control
//!
//! What is served has a control interface below `/__mock/` ([`CONTROL_YAML`]): jobs, clock, faults, journal, snapshots,
//! events; a page at `/__mock/` shows it to people. It comes before the contract's paths and can be left out ([`MockServerBuilder::control`]). Delays of faults
//! are real time; everything else is the world's time.
//!
//! # Broken on purpose
//!
//! A mock can do one thing wrong, see [`misbehave`]: so the conformance suite is proved, and a client can be shown what
//! a server that differs does to it.

mod body;
mod bounds;
mod callback;
mod clock;
mod control;
pub mod courier;
mod course;
mod evaluate;
mod events;
mod example;
mod exchange;
mod fault;
mod files;
mod hash;
mod host;
mod job;
mod jobs;
mod journal;
mod limits;
mod listen;
mod listener;
pub mod misbehave;
mod mock;
mod observe;
mod operate;
mod page;
mod payload;
mod prefer;
pub mod proxy;
mod read;
mod record;
mod refusal;
mod request;
mod seat;
mod server;
mod service;
mod settings;
pub mod simulation;
mod ssrc;
mod start;
mod steer;
mod strike;
mod violations;
mod waiting;
mod watch;
mod world;
mod world_file;

pub use clock::{Clock, ClockReading, ClockStart, Moment, Speed, SpeedError};
pub use control::CONTROL_YAML;
pub use course::{Course, CourseError, Percent};
pub use files::{Clip, ClipError, FileBody, PublicUrl, PublicUrlError, Unfinished};
pub use job::{JobAction, JobState};
pub use jobs::{JobsSnapshot, SnapshotError};
pub use limits::{LimitError, Limits, NamedLimit, SetLimitError};
pub use mock::Mock;
pub use observe::Observe;
pub use refusal::RejectStatus;
pub use request::{Answer, Effect, Outcome, Request, Then};
pub use server::{MockServer, MockServerBuilder, StartError};
pub use settings::Settings;
pub use ssrc::{SipDomain, SipDomainError};
pub use steer::JobStatus;
pub use violations::{Breach, Side, Violations};
pub use watch::{Watch, WatchError};
pub use world_file::{WORLD_SCHEMA, WorldFile};
