//! What is judged: where it is, what it declares, what it has recorded, and how much may be asked of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use smsload_spec::Contract;

pub use crate::base_url::{BaseUrl, BaseUrlError};
use crate::headers::{self, Headers};
use crate::network::Network;
use crate::tls::Tls;
use crate::window::Window;

/// The header that authenticates (page: header parameter `Token`).
pub(crate) const TOKEN: &str = "token";

/// Downloads that are started on a server whose target file sets no `limits.downloads`: each may be a real one on a real
/// device.
pub const DEFAULT_DOWNLOADS: u32 = 200;

/// An implementation to be judged.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Where it is.
    pub base_url: BaseUrl,
    /// Whose product it is. Certification needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Vendor>,
    /// Headers of every request. Their values are never shown.
    #[serde(default, with = "headers")]
    pub headers: Headers,
    /// Whose certificates are trusted.
    #[serde(default)]
    pub tls: Tls,
    /// What it has recorded, and names that it knows or does not know.
    /// A document that starts no download needs none.
    #[serde(default = "Fixtures::none")]
    pub fixtures: Fixtures,
    /// Two tenants, whose downloads must not be seen by each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Tenants>,
    /// What is known of the addresses that it calls.
    #[serde(default)]
    pub callbacks: Callbacks,
    /// How it tells progress.
    #[serde(default)]
    pub progress: Progress,
    /// What it can do.
    #[serde(default)]
    pub declared: Declared,
    /// How much may be asked of it.
    #[serde(default)]
    pub limits: Limits,
    /// What a busy answer looks like.
    #[serde(default)]
    pub busy: Busy,
}

impl Target {
    /// True if it names what the catalogue calls so.
    pub(crate) fn names(&self, name: &str) -> bool {
        match name {
            "tenants" => self.tenants.is_some(),
            "token" => self.headers.iter().any(|(header, _)| header == TOKEN),
            _ => self.fixtures.has(name),
        }
    }

    /// A target with nothing but an address and fixtures.
    #[must_use]
    pub fn new(base_url: BaseUrl, fixtures: Fixtures) -> Self {
        Self {
            base_url,
            vendor: None,
            headers: Headers::new(),
            tls: Tls::default(),
            fixtures,
            tenants: None,
            callbacks: Callbacks::default(),
            progress: Progress::default(),
            declared: Declared::default(),
            limits: Limits::default(),
            busy: Busy::default(),
        }
    }
}

/// Whose product a target is, in its vendor's words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// The vendor.
    pub name: String,
    /// The product.
    pub product: String,
    /// Its version.
    pub version: String,
    /// Whom to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// What a target has recorded, and names that it knows or does not know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fixtures {
    /// A device that it knows.
    pub device: String,
    /// A channel of that device.
    pub channel: String,
    /// A window in which that channel was recorded without a gap.
    pub recorded: Window,
    /// A value of `platfrom_id` that it knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_id: Option<String>,
    /// A device that it does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_device: Option<String>,
    /// A channel that the known device does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_channel: Option<String>,
    /// A window in the past in which nothing was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub empty_window: Option<Window>,
    /// A callback address that it may call; nothing is read there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
}

impl Fixtures {
    /// No fixtures: enough for a document that starts no download, and for no other.
    #[must_use]
    pub fn none() -> Self {
        Self::new("", "", Window::second())
    }

    /// True if the device is named.
    pub(crate) fn is_named(&self) -> bool {
        !self.device.is_empty()
    }

    /// Fixtures without any of the optional ones.
    #[must_use]
    pub fn new(device: impl Into<String>, channel: impl Into<String>, recorded: Window) -> Self {
        Self {
            device: device.into(),
            channel: channel.into(),
            recorded,
            platform_id: None,
            unknown_device: None,
            unknown_channel: None,
            empty_window: None,
            callback: None,
        }
    }

    /// The fixtures that the contract's own example request stands for, if it has one: for targets that simulate
    /// recordings of any device.
    #[must_use]
    pub fn from_example(contract: &Contract) -> Option<Self> {
        crate::api::example_fixtures(contract)
    }

    /// True if the fixture of the catalogue's name is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        match name {
            "device" | "channel" | "recorded_window" => self.is_named(),
            "platform_id" => self.platform_id.is_some(),
            "unknown_device" => self.unknown_device.is_some(),
            "unknown_channel" => self.unknown_channel.is_some(),
            "empty_window" => self.empty_window.is_some(),
            _ => false,
        }
    }
}

/// Headers of two tenants, which stand in place of those of all requests.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tenants {
    /// The tenant that starts a download.
    #[serde(with = "headers")]
    pub a: Headers,
    /// The tenant that must not see it.
    #[serde(with = "headers")]
    pub b: Headers,
}

/// What is known of the addresses that a target calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Callbacks {
    /// Networks that it may call although they are loopback, link-local or of a metadata service. Only what stands here
    /// is ever named of the last.
    pub allowed: Vec<Network>,
}

/// How a target tells progress, where it differs from the contract, and where it is not to be detected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Progress {
    /// In answer to the progress query.
    pub query: QueryProgress,
    /// In callbacks; their names are the page's (`downloadProgress`), so only the scale is free.
    pub callback: CallbackProgress,
}

/// How a target answers the progress query. A name is that of a member of `data`, or a JSON Pointer into the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueryProgress {
    /// The path of the query, in place of the contract's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The member with the id of the download, if it is told again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The member with the progress.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// The member with the address of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_url: Option<String>,
    /// What the end is called.
    pub scale: Scale,
}

/// How a target tells progress in callbacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallbackProgress {
    /// What the end is called.
    pub scale: Scale,
}

/// The scale of a progress value, told as a number or as a string.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// 0 to 100.
    Percent,
    /// 0 to 1.
    Fraction,
    /// One of the two: what is seen decides.
    #[default]
    Auto,
}

/// What a target can do. Nothing is taken for granted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Declared {
    /// It answers the progress query.
    pub progress_query: bool,
    /// It sends callbacks.
    pub callbacks: bool,
    /// It serves the files.
    pub files: bool,
    /// It authenticates its callers.
    pub authentication: bool,
    /// It keeps tenants apart.
    pub tenants: bool,
    /// It simulates recordings at any time.
    pub simulated_recordings: bool,
}

impl Declared {
    /// True if the capability of the catalogue's name is declared.
    pub(crate) fn has(&self, name: &str) -> bool {
        match name {
            "progress_query" => self.progress_query,
            "callbacks" => self.callbacks,
            "files" => self.files,
            "authentication" => self.authentication,
            "tenants" => self.tenants,
            "simulated_recordings" => self.simulated_recordings,
            _ => false,
        }
    }
}

/// How much may be asked of a target.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Milliseconds that it has for an answer, connecting included.
    pub answer_milliseconds: u32,
    /// Requests in flight at once.
    pub concurrency: u16,
    /// Requests a second, at most; without it, as many as come about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<f64>,
    /// Downloads that a run may start in all; without it, as many as the checks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downloads: Option<u32>,
    /// Downloads that may run at once; without it, as many as the checks like. The next one waits until one of them is at
    /// its end, or has had `completion_seconds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downloads_at_once: Option<u16>,
    /// Seconds by which a file may be longer than its window: one group of pictures.
    pub group_of_pictures_seconds: u32,
    /// Seconds after which a body that comes a byte a second must have been cut off.
    pub slow_body_seconds: u32,
    /// Milliseconds between two requests of the security profile, at least.
    pub security_gap_milliseconds: u32,
    /// Seconds of recording in a download that is watched from its start to its end. Longer ones are watched too if
    /// such a short one ends too soon for its progress to be seen.
    pub watched_seconds: u32,
    /// Seconds within which such a download must be at its end, callbacks included.
    pub completion_seconds: u32,
    /// Seconds for which a download must stay at its end.
    pub keep_seconds: u32,
}

impl Limits {
    /// The time that it has for an answer.
    #[must_use]
    pub fn answer_time(&self) -> Duration {
        Duration::from_millis(self.answer_milliseconds.max(1).into())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer_milliseconds: 10_000,
            concurrency: 16,
            requests_per_second: None,
            downloads: None,
            downloads_at_once: None,
            group_of_pictures_seconds: 5,
            slow_body_seconds: 60,
            security_gap_milliseconds: 500,
            watched_seconds: 10,
            completion_seconds: 120,
            keep_seconds: 30,
        }
    }
}

/// What a busy answer looks like: by its status, or by its `code`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Busy {
    /// Statuses that mean busy.
    pub statuses: Vec<u16>,
    /// Values of `code` that mean busy.
    pub codes: Vec<String>,
}

impl Busy {
    /// True if an answer says that the target is busy.
    #[must_use]
    pub fn covers(&self, status: u16, code: Option<&str>) -> bool {
        self.statuses.contains(&status)
            || code.is_some_and(|code| self.codes.iter().any(|busy| busy == code))
    }
}

impl Default for Busy {
    fn default() -> Self {
        Self {
            statuses: vec![429, 503],
            codes: Vec::new(),
        }
    }
}
