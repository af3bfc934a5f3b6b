//! Where a statement about the API comes from. It is shown wherever the statement is.

use serde::{Deserialize, Serialize};

/// Where a statement about the API comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// The page 录像下载 says it.
    Documented,
    /// Another public page of the same API says it.
    Sibling,
    /// It follows from the page, from HTTP or JSON, or from GB/T 28181.
    Derived,
    /// Our choice where the page is silent; a vendor may differ and still conform.
    Assumed,
}

impl Provenance {
    /// The word, as it stands in documents and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Sibling => "sibling",
            Self::Derived => "derived",
            Self::Assumed => "assumed",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Documented,
            Self::Sibling,
            Self::Derived,
            Self::Assumed,
        ]
        .into_iter()
        .find(|p| p.as_str() == word)
    }
}

impl std::fmt::Display for Provenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
