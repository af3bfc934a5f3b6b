//! The configuration: what a TOML file may say.

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::gb28181::{Serial, SipDomain};
use crate::limits::{Limits, millis};
use crate::rejection::RejectionStatus;
use crate::settings::{AccessSettings, Callbacks, Files};

/// How the server behaves and what it has recorded.
///
/// See `demo.toml` beside the crate's manifest for a file with every key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The SIP domain of the platform, 10 digits; its digits 4 to 8 are part of every SSRC.
    pub sip_domain: SipDomain,
    /// The status of a rejection: `"ok"` (default) or `"http4xx"`.
    #[serde(default)]
    pub rejection_status: RejectionStatus,
    /// Where to listen, for programs that take it from here; port 0 takes any free one.
    #[serde(default)]
    pub listen: Option<SocketAddr>,
    /// The directory of recordings, for programs that take it from here: one tree for each device and
    /// channel.
    #[serde(default)]
    pub archive: Option<PathBuf>,
    /// The folder for jobs and files. Without one, a folder for this run only, which is removed at its
    /// end: nothing outlives it.
    #[serde(default)]
    pub data_dir: Option<PathBuf>,
    /// What callers reach this server by, `http://HOST:PORT` or with a path: file addresses begin with
    /// it. Default: the address that is listened on.
    #[serde(default)]
    pub public_url: Option<String>,
    /// A separate address for `/healthz`, `/readyz` and `/metrics`, which are then nowhere else.
    #[serde(default)]
    pub metrics_listen: Option<SocketAddr>,
    /// Which jobs are kept and how they are run.
    #[serde(default)]
    pub jobs: Jobs,
    /// The files that are made.
    #[serde(default)]
    pub files: Files,
    /// Where callbacks may go, and how they are sent.
    #[serde(default)]
    pub callbacks: Callbacks,
    /// Who may ask.
    #[serde(default)]
    pub access: AccessSettings,
    /// What one client may cost.
    #[serde(default)]
    pub limits: Limits,
}

/// Which jobs are kept and how they are run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jobs {
    /// Speed of a transfer, at most, in times real time: at 4, an hour takes a quarter of an hour.
    /// Default: as fast as it can be.
    pub speed: Option<NonZeroU32>,
    /// Jobs kept at once, waiting, running and ended, 1 to 10,000 (an SSRC has no more serials).
    /// Default 10,000.
    pub capacity: NonZeroU16,
    /// How long a job can still be asked for after its end, and how long its file is kept (`keep_ms` in
    /// a file). What could not be told its callback by then is given up. Default 24 hours.
    #[serde(rename = "keep_ms", deserialize_with = "millis")]
    pub keep: Duration,
    /// Jobs at work at once. Default 32.
    pub at_work: NonZeroU16,
    /// Jobs waiting, at most. Default 10,000.
    pub queue: NonZeroU16,
    /// Jobs of one tenant waiting, at most. Default 10,000.
    pub queue_per_tenant: NonZeroU16,
    /// The least time between two savings of a job's progress, and so between two callbacks of it.
    /// Default 1 s.
    #[serde(rename = "save_every_ms", deserialize_with = "millis")]
    pub save_every: Duration,
    /// How long a recording source may bring nothing before the job fails. Default 30 s.
    #[serde(rename = "stall_ms", deserialize_with = "millis")]
    pub stall: Duration,
}

impl Default for Jobs {
    fn default() -> Self {
        let number = |number: u16| NonZeroU16::MIN.saturating_add(number - 1);
        Self {
            speed: None,
            capacity: number(Serial::COUNT),
            keep: Duration::from_secs(24 * 3600),
            at_work: number(32),
            queue: number(Serial::COUNT),
            queue_per_tenant: number(Serial::COUNT),
            save_every: Duration::from_secs(1),
            stall: Duration::from_secs(30),
        }
    }
}

/// Why a configuration is not usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The text is no TOML, or a key is unknown, missing or of the wrong kind; the operand says which
    /// and where.
    #[error("the configuration cannot be read: {0}")]
    Syntax(String),
    /// A number is outside of what works.
    #[error("{key} must be {range}")]
    Range {
        /// The key, with the table it is in.
        key: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// A text is not what its key needs.
    #[error("{key} {problem}")]
    Value {
        /// The key, with the table it is in.
        key: &'static str,
        /// What is wrong with it; the text itself is not shown, since it may be secret.
        problem: String,
    },
}

impl Config {
    /// Reads a TOML text. Unknown keys are refused.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] with line, column and key. The ranges of numbers are
    /// checked when a [`Reference`](crate::Reference) is made.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::Syntax(error.to_string()))
    }

    /// Checks the numbers that the types leave open.
    pub(crate) fn check_ranges(&self) -> Result<(), ConfigError> {
        let range = |ok, key, range| {
            if ok {
                Ok(())
            } else {
                Err(ConfigError::Range { key, range })
            }
        };
        let Limits {
            max_head,
            max_headers,
            max_connections,
            ..
        } = self.limits;
        range(
            self.jobs.capacity.get() <= Serial::COUNT,
            "jobs.capacity",
            "1 to 10000",
        )?;
        let Callbacks {
            at_once,
            at_once_per_receiver,
            ..
        } = self.callbacks;
        range(
            (1..=4096).contains(&at_once),
            "callbacks.at_once",
            "1 to 4096",
        )?;
        range(
            (1..=at_once).contains(&at_once_per_receiver),
            "callbacks.at_once_per_receiver",
            "1 to callbacks.at_once",
        )?;
        // hyper panics below 8192.
        range(
            (8192..=1 << 20).contains(&max_head),
            "limits.max_head",
            "8192 to 1048576",
        )?;
        range(
            (1..=1024).contains(&max_headers),
            "limits.max_headers",
            "1 to 1024",
        )?;
        range(
            (1..=65_536).contains(&max_connections),
            "limits.max_connections",
            "1 to 65536",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_enough() {
        let config = Config::from_toml("sip_domain = '3402000000'").unwrap();
        assert_eq!(config.check_ranges(), Ok(()));
        assert_eq!(config.rejection_status, RejectionStatus::Ok);
        assert_eq!(
            (config.jobs.speed, config.jobs.capacity.get()),
            (None, 10_000)
        );
        assert_eq!(config.limits.header_timeout, Duration::from_secs(5));
    }

    #[test]
    fn what_is_unknown_or_wrong_is_refused_by_name() {
        for (text, name) in [
            ("sip_domain = '3402000000'\nspeed = 1", "speed"),
            ("sip_domain = '340200000'", "10 decimal digits"),
            (
                "sip_domain = '3402000000'\nrejection_status = '4xx'",
                "http4xx",
            ),
            ("sip_domain = '3402000000'\n[jobs]\nspeed = 0", "speed"),
            ("", "sip_domain"),
        ] {
            let error = Config::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(name), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_that_cannot_work_are_refused() {
        for (table, key) in [
            ("[limits]\nmax_head = 100", "limits.max_head"),
            ("[limits]\nmax_connections = 0", "limits.max_connections"),
            ("[jobs]\ncapacity = 10001", "jobs.capacity"),
        ] {
            let config = Config::from_toml(&format!("sip_domain = '3402000000'\n{table}")).unwrap();
            let error = config.check_ranges().unwrap_err().to_string();
            assert!(error.starts_with(key), "{error}");
        }
    }
}
