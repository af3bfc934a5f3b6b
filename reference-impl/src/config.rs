//! The configuration: what a TOML file may say.

use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use serde::Deserialize;

use crate::archive::{ArchiveError, Device};
use crate::gb28181::{Serial, SipDomain};
use crate::limits::{Limits, millis};
use crate::rejection::RejectionStatus;

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
    /// Which jobs are kept and how fast they are.
    #[serde(default)]
    pub jobs: Jobs,
    /// What one client may cost.
    #[serde(default)]
    pub limits: Limits,
    /// The catalogue of the built-in source; not looked at where another source is given.
    #[serde(default)]
    pub devices: Vec<Device>,
}

/// Which jobs are kept and how fast they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jobs {
    /// Speed of a transfer, in times real time: at 4, an hour takes a quarter of an hour. Default 4.
    pub speed: NonZeroU32,
    /// Jobs kept at once, running and ended, 1 to 10,000 (an SSRC has no more serials). Default 10,000.
    pub capacity: NonZeroU16,
    /// How long a job can still be asked for after its end (`keep_ms` in a file). Default 10 minutes.
    #[serde(rename = "keep_ms", deserialize_with = "millis")]
    pub keep: Duration,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            speed: NonZeroU32::MIN.saturating_add(3),
            capacity: NonZeroU16::MIN.saturating_add(Serial::COUNT - 1),
            keep: Duration::from_secs(600),
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
    /// The catalogue of devices contradicts itself.
    #[error("devices: {0}")]
    Archive(#[from] ArchiveError),
    /// A number is outside of what works.
    #[error("{key} must be {range}")]
    Range {
        /// The key, with the table it is in.
        key: &'static str,
        /// What it may be.
        range: &'static str,
    },
}

impl Config {
    /// Reads a TOML text. Unknown keys are refused.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] with line, column and key. The ranges of numbers and the catalogue are
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
            (config.jobs.speed.get(), config.jobs.capacity.get()),
            (4, 10_000)
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
