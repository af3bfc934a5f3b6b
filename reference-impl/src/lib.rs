//! An independent implementation of the recording-download API (录像下载), in memory.
//!
//! It owes nothing to the other crates: it reads the page, not our contract. A request for a window
//! of a channel's recordings is checked strictly, becomes a job with an id in the form of GB/T 28181,
//! and its progress can be asked for until some time after its end.
//!
//! ```
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! use smsload_reference::{Config, Reference};
//!
//! let running = Reference::new(Config::demo())?.start(([127, 0, 0, 1], 0).into()).await?;
//! println!("listening on {}", running.url());
//! running.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where the page is silent
//! - **Rejections** are HTTP 200 with a `code` that is not `"0"`, or 4xx ([`RejectionStatus`]).
//! - **Optional members** that are null, empty or blank count as absent; another type than string is
//!   rejected. `platfrom_id` (the page's spelling) may be any string: this is one platform.
//!   `platform_id` is an unknown member, and unknown members are ignored.
//! - **A member that appears twice** is rejected, whatever its values.
//! - **The same request again** starts another download with another id.
//! - **Duration** counts recorded seconds only; gaps are left out. A window without any is rejected.
//! - **Progress** is whole percent, rounded down.
//! - **The page's `Token` and `tenant-id`** are neither needed nor looked at.
//!
//! # What is not there yet
//! [`Capabilities`] says so to programs.
//! - *Files*: the source knows what was recorded, not the pictures. A transfer is timed, nothing is
//!   transferred, and `file_url` stays empty at the end, since an address that leads to nothing would
//!   be a lie.
//! - *Callbacks*: `callback` is checked, and nothing is sent to it.
//! - *Durability*: a restart forgets all jobs.

mod admit;
mod answer;
mod archive;
mod config;
mod cut;
pub mod demo;
mod gb28181;
mod job;
mod limits;
mod listener;
mod members;
mod memory;
mod mp4;
mod rejection;
mod request;
mod serve;
mod service;
mod source;
mod store;
mod stream_id;
mod time;

pub use archive::{Archive, ArchiveError, Device, Import, ImportError, MemoryArchive};
pub use config::{Config, ConfigError, Jobs};
pub use demo::Fixtures;
pub use gb28181::{GbCode, GbError, Serial, SipDomain, Ssrc};
pub use job::Progress;
pub use limits::Limits;
pub use memory::{Channel, Segment};
pub use rejection::RejectionStatus;
pub use serve::{Capabilities, Reference, Running};
pub use service::{DOWNLOAD_PATH, PROGRESS_PATH};
pub use source::{
    Later, MAX_CHUNK, Plan, Recording, RecordingSource, RecordingStream, SourceError,
};
pub use stream_id::{StreamId, StreamIdError};
pub use time::{LocalDateTime, TimeError, Window};
