//! The tables of a configuration that are about files, callbacks and access.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};

use crate::callback::Schedule;
use crate::limits::millis;
use crate::tenant::Tenant;

/// The files that are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// Bytes of all files that are kept; the oldest ones go first, with their jobs. Default 100 GiB.
    pub max_total_bytes: u64,
    /// Bytes of a file whose size is not known beforehand, at most. Default 64 GiB.
    pub max_file_bytes: u64,
    /// How long a file's address works after the file is there; as long as its job is kept if this is
    /// not given (`address_ttl_ms` in a file).
    #[serde(rename = "address_ttl_ms", deserialize_with = "some_millis")]
    pub address_ttl: Option<Duration>,
    /// Whether a configured token is needed to fetch a file. Default no: its address is a secret of its
    /// own, and players send no `Token`.
    pub need_token: bool,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            max_total_bytes: 100 << 30,
            max_file_bytes: 64 << 30,
            address_ttl: None,
            need_token: false,
        }
    }
}

/// Where callbacks may go, and how they are sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Callbacks {
    /// Networks that are called although they are not public: `"192.168.7.0/24"`, `"127.0.0.1"`.
    #[serde(deserialize_with = "networks")]
    pub allow: Vec<IpNet>,
    /// The waits before a callback is tried again, each drawn shorter or longer by up to a fifth; after
    /// the last one it is given up. Default 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h.
    #[serde(rename = "retry_ms", deserialize_with = "many_millis")]
    pub retry: Vec<Duration>,
    /// How long one callback is tried at most. Default 36 hours.
    #[serde(rename = "give_up_after_ms", deserialize_with = "millis")]
    pub give_up_after: Duration,
    /// The longest wait that a receiver's `Retry-After` can ask for. Default 1 hour.
    #[serde(rename = "max_retry_after_ms", deserialize_with = "millis")]
    pub max_retry_after: Duration,
    /// How long one attempt may take, from looking up the name to the end of the answer. Default 5 s.
    #[serde(rename = "deadline_ms", deserialize_with = "millis")]
    pub deadline: Duration,
    /// Callbacks under way at once. Default 64.
    pub at_once: usize,
    /// Callbacks under way at once to one host and port. Default 4.
    pub at_once_per_receiver: usize,
    /// A PEM file with certificate authorities that are trusted beside the machine's, for https.
    pub ca_file: Option<PathBuf>,
    /// Signs callbacks as Standard Webhooks does: `whsec_` and base64 of 24 to 64 bytes. Default: they
    /// are not signed.
    pub secret: Option<Secret>,
}

impl Default for Callbacks {
    fn default() -> Self {
        let schedule = Schedule::default();
        Self {
            allow: Vec::new(),
            retry: schedule.waits,
            give_up_after: schedule.give_up_after,
            max_retry_after: schedule.max_retry_after,
            deadline: Duration::from_secs(5),
            at_once: 64,
            at_once_per_receiver: 4,
            ca_file: None,
            secret: None,
        }
    }
}

impl Callbacks {
    pub(crate) fn schedule(&self) -> Schedule {
        Schedule {
            waits: self.retry.clone(),
            give_up_after: self.give_up_after,
            max_retry_after: self.max_retry_after,
        }
    }
}

/// Who may ask.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessSettings {
    /// Tokens, one of which the header `Token` has to be if there are any.
    pub tokens: Vec<TokenRule>,
    /// A file with more of them: a line for each, the token, and its tenant after a blank if it has one.
    pub token_file: Option<PathBuf>,
}

/// A token, and the tenant that it speaks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRule {
    /// SHA-256 of the token in hexadecimal: `printf %s TOKEN | sha256sum`.
    pub sha256: TokenDigest,
    /// The tenant whose jobs it opens; any, if this is not given.
    #[serde(default, deserialize_with = "some_tenant")]
    pub tenant: Option<Tenant>,
}

/// The SHA-256 digest of a token.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct TokenDigest(pub(crate) [u8; 32]);

/// A text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the 64 hexadecimal digits of a SHA-256")]
pub struct DigestError;

impl TokenDigest {
    /// The digest of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

impl FromStr for TokenDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        if text.len() != 64 || !text.is_ascii() {
            return Err(DigestError);
        }
        let mut digest = [0; 32];
        for (number, byte) in digest.iter_mut().enumerate() {
            let digits = &text[number * 2..number * 2 + 2];
            *byte = u8::from_str_radix(digits, 16).map_err(|_| DigestError)?;
        }
        Ok(Self(digest))
    }
}

impl TryFrom<String> for TokenDigest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

/// A text that no log and no error shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn some_tenant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tenant>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn some_millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    millis(deserializer).map(Some)
}

fn many_millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Duration>, D::Error> {
    let waits = Vec::<u64>::deserialize(deserializer)?;
    Ok(waits.into_iter().map(Duration::from_millis).collect())
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let network = |text: String| {
        read_network(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "{text} is no network; write it as 192.168.7.0/24 or as one address"
            ))
        })
    };
    texts.into_iter().map(network).collect()
}

/// A network, or one address as the network of it alone.
#[must_use]
pub fn read_network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address)
}
