//! What a certification says of itself, and signs: what was judged by what, with which seeds, when, and where it stands.

use serde::{Deserialize, Serialize};

use super::standing::Standing;
use crate::about::{Fingerprint, sha256};
use crate::target::Vendor;

/// The type of the predicate; another form gets another number.
pub(super) const PREDICATE_TYPE: &str =
    "https://smsload.invalid/attestation/recording-download-conformance/v1";

/// What is signed beside the digests of the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predicate {
    /// What wrote it.
    pub tool: Binary,
    /// The vendor's own words of what was judged.
    pub vendor: Vendor,
    /// The address that was judged.
    pub target: String,
    /// The contract.
    pub contract: Fingerprint,
    /// The catalogue.
    pub catalogue: Fingerprint,
    /// The runs.
    pub runs: Vec<Seeded>,
    /// Where it stands.
    pub standing: Standing,
    /// When the first run began (RFC 3339, UTC).
    pub started_at: String,
    /// When the last one ended (RFC 3339, UTC).
    pub ended_at: String,
    /// What is known of the clock that these times are by.
    pub clock: Clock,
}

/// The program that wrote a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binary {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the executable; nothing if it could not be read.
    pub sha256: Option<String>,
}

/// A run, by its seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeded {
    /// The seed. A string: not every reader of JSON holds 64 bits.
    pub seed: String,
    /// How it was chosen.
    pub chosen: Chosen,
    /// The buyer's word, if it was chosen by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// Cases of a rejecting property.
    pub cases: u32,
    /// Downloads that the run could start, which bounds the accepting ones; nothing if there was no limit.
    pub downloads: Option<u32>,
}

/// How a seed was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// It follows from the contract and the catalogue, so that all vendors have it.
    Fixed,
    /// It was drawn at the start.
    Drawn,
    /// It follows from the buyer's word.
    Challenge,
}

/// What is known of a host's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Seconds by which it is ahead of the target's `Date` header, as the first answer told it; nothing if there was none.
    pub ahead_of_target_seconds: Option<i64>,
}

impl Binary {
    /// This program.
    pub(super) fn own() -> Self {
        let own = std::env::current_exe().and_then(std::fs::read);
        Self {
            name: "smsload".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sha256: own.ok().map(|bytes| sha256(&bytes)),
        }
    }
}
