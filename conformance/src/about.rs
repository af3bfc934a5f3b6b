//! What a run is of: the documents that it judges by, as they were, and what was asked for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use smsload_spec::{Contract, Profile, REQUIREMENTS_YAML, Requirements};

/// What a run is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The contract.
    pub contract: Fingerprint,
    /// The catalogue; nothing if the contract has no operation that it is about.
    pub catalogue: Option<Fingerprint>,
    /// What was asked for.
    pub settings: RunSettings,
    /// When it began.
    pub started: Timestamp,
}

/// A document, so that it can be told from another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Its title.
    pub title: String,
    /// The version that it gives itself.
    pub version: String,
    /// SHA-256, lower-case hexadecimal: of a contract after its overlays, as compact JSON; of the catalogue as a file.
    pub sha256: String,
}

impl Fingerprint {
    /// Of a contract.
    #[must_use]
    pub fn of_contract(contract: &Contract) -> Self {
        // A JSON value can always be written.
        let text = serde_json::to_vec(contract.document()).unwrap_or_default();
        Self {
            title: contract.title().to_owned(),
            version: contract.version().to_owned(),
            sha256: sha256(&text),
        }
    }

    /// Of the catalogue.
    #[must_use]
    pub fn of_catalogue() -> Self {
        Self {
            title: "requirements.yaml".to_owned(),
            version: Requirements::bundled().version.to_string(),
            sha256: sha256(REQUIREMENTS_YAML.as_bytes()),
        }
    }
}

/// What was asked for, as far as it decides which cases are drawn and which verdicts are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSettings {
    /// The profiles.
    pub profiles: Vec<Profile>,
    /// Cases of each property.
    pub cases: u32,
    /// Only these requirements, parts or groups.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// Only those with one of these tags.
    pub tags: Vec<String>,
    /// Only this part of all of them, `2/3`.
    pub shard: Option<String>,
    /// True if the run ends with the first failure that counts.
    pub fail_fast: bool,
    /// Seconds that the run may take.
    pub max_seconds: Option<u64>,
    /// Requests in flight at once.
    pub concurrency: u16,
    /// Downloads that could be started; nothing if there was no limit.
    pub downloads: Option<u32>,
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::sha256;

    #[test]
    fn is_the_standard_one() {
        // FIPS 180-4, the example of one block.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), expected);
    }
}
