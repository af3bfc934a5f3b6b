//! An independent implementation of the recording-download API (录像下载), in memory.
//!
//! It owes nothing to the other crates: it reads the page, not our contract. A request for a window
//! of a channel's recordings is checked strictly, becomes a job with an id in the form of GB/T 28181,
//! and its progress can be asked for until some time after its end.
//!
//! ```
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! use smsload_reference::{Config, Reference, demo};
//!
//! demo::write_archive("recordings".as_ref())?;
//! let mut config = Config::demo();
//! config.archive = Some("recordings".into());
//! let running = Reference::new(config)?.start(([127, 0, 0, 1], 0).into()).await?;
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

mod access;
mod admin;
mod admit;
mod answer;
mod archive;
mod assembly;
mod callback;
mod clock;
mod config;
mod cut;
mod data_dir;
pub mod demo;
mod files;
mod gb28181;
mod janitor;
mod job;
mod layers;
mod limits;
mod listener;
mod members;
mod metrics;
mod mp4;
mod operate;
mod public_url;
mod rejection;
mod request;
mod runner;
mod serve;
mod service;
mod settings;
mod source;
mod stop;
mod store;
mod stream_id;
mod tenant;
mod time;
mod token_file;

pub use admin::{AdminError, Administrator};
pub use archive::{Archive, Import, ImportError};
pub use callback::{Resolver, Resolving};
pub use clock::Millis;
pub use config::{Config, ConfigError, Jobs};
pub use data_dir::DataDirError;
pub use demo::Fixtures;
pub use files::{FileStore, Filed, LocalFiles, ServedFile, WorkFile};
pub use gb28181::{GbCode, GbError, Serial, SipDomain, Ssrc};
pub use job::{FileKey, FileKeyError, Job, JobKey, Progress, State};
pub use layers::{Layers, SettingError};
pub use limits::Limits;
pub use public_url::FILES_PATH;
pub use rejection::RejectionStatus;
pub use serve::{Capabilities, Reference, Running, StartError};
pub use service::{DOWNLOAD_PATH, PROGRESS_PATH};
pub use settings::{
    AccessSettings, Callbacks, DigestError, Files, Secret, TokenDigest, TokenRule, read_network,
};
pub use source::{
    Later, MAX_CHUNK, Plan, Recording, RecordingSource, RecordingStream, SourceError,
};
pub use store::{OpenError, StoreError};
pub use stream_id::{StreamId, StreamIdError};
pub use tenant::{Tenant, TenantError};
pub use time::{LocalDateTime, TimeError, Window};
