//! An independent implementation of the recording-download API (录像下载): small, and real.
//!
//! It owes nothing to the other crates: it reads the page, not our contract. A request for a window
//! of a channel's recordings is checked strictly and becomes a durable job with an id in the form of
//! GB/T 28181. The recording is transferred from its [source](RecordingSource) into a file, which is
//! served; progress can be asked for, and is told to the request's `callback`.
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
//! # What it keeps to
//! - A job is on disk before its id is told, and reaches one end: finished, failed or cancelled. A
//!   process that is killed leaves nothing half done; the next one goes on.
//! - Progress is whole percent of bytes that are safe on disk, rounded down. It never falls, and 100 is
//!   told only when the whole file is there. (Where a source can only begin anew after a restart,
//!   progress stands still until the transfer has caught up.)
//! - Callbacks are told at least once and in order for each job. A newer progress takes the place of an
//!   older one that was not told yet; the end is always told, or given up visibly.
//! - Only public addresses are called, and those that the configuration allows, see
//!   [`Callbacks::allow`].
//! - Everything that a caller can make large is bounded.
//!
//! # Where the page is silent
//! - **Rejections** are HTTP 200 with a `code` that is not `"0"`, or 4xx ([`RejectionStatus`]).
//! - **Optional members** that are null, empty or blank count as absent; another type than string is
//!   rejected. `platfrom_id` (the page's spelling) may be any string: this is one platform.
//!   `platform_id` is an unknown member, and unknown members are ignored.
//! - **A member that appears twice** is rejected, whatever its values.
//! - **The same request again** starts another download with another id and another file.
//! - **Duration** counts recorded time only; gaps are left out. A window without any is rejected.
//! - **`Token` and `tenant-id`** are optional, unless tokens are configured ([`AccessSettings`]).
//!   Downloads belong to the tenant that asked; to all others they are unknown.
//! - **A failed download** is told by the query as a rejection with a code of its own and the reason,
//!   and to the callback as a last message with the progress that was reached and no file address:
//!   the page has no other words.
//! - **A file's address** is the secret that is needed to fetch it. It works as long as the job is kept
//!   ([`Jobs::keep`]) or for as long as [`Files::address_ttl`] says.

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
mod fetch;
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
