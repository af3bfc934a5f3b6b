//! The seeds of a certification. Two follow from contract and catalogue: all vendors are asked the same, and whoever
//! changes one of these documents has other seeds. The third is drawn, or follows from a word of the buyer's, so that
//! nobody can prepare for it.

use sha2::{Digest as _, Sha256};

use super::predicate::Chosen;
use crate::about::Fingerprint;

/// Bytes of a buyer's word at most.
const MAX_CHALLENGE: usize = 256;

/// A seed, and how it was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seed {
    pub(super) value: u64,
    pub(super) chosen: Chosen,
}

/// Why a challenge cannot be one.
#[derive(Debug, thiserror::Error)]
#[error(
    "the challenge must be 1 to {MAX_CHALLENGE} printable characters; ask the buyer for another one"
)]
pub struct ChallengeError;

/// The seeds that follow from the documents.
pub(super) fn fixed(contract: &Fingerprint, catalogue: &Fingerprint) -> [Seed; 2] {
    ["first", "second"].map(|which| Seed {
        value: hash(&[which, &contract.sha256, &catalogue.sha256]),
        chosen: Chosen::Fixed,
    })
}

/// The seed that follows from a buyer's word.
pub(super) fn challenged(word: &str) -> Result<Seed, ChallengeError> {
    let is_right =
        (1..=MAX_CHALLENGE).contains(&word.len()) && word.chars().all(crate::text::is_printable);
    let seed = Seed {
        value: hash(&["challenge", word]),
        chosen: Chosen::Challenge,
    };
    is_right.then_some(seed).ok_or(ChallengeError)
}

/// A seed from the system's randomness.
pub(super) fn drawn() -> Result<Seed, getrandom::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(Seed {
        value: u64::from_be_bytes(bytes),
        chosen: Chosen::Drawn,
    })
}

fn hash(words: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    hash.update("smsload certify v1");
    for word in words {
        // The length before each: no two lists of words run together into the same bytes.
        hash.update((word.len() as u64).to_be_bytes());
        hash.update(word);
    }
    let digest = hash.finalize();
    digest
        .iter()
        .take(8)
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::{challenged, fixed};
    use crate::about::Fingerprint;

    #[test]
    fn another_document_or_word_gives_other_seeds() {
        let of = |sha256: &str| Fingerprint {
            title: String::new(),
            version: String::new(),
            sha256: sha256.to_owned(),
        };
        let [first, second] = fixed(&of("a"), &of("b"));
        assert_ne!(first, second);
        assert_eq!(fixed(&of("a"), &of("b")), [first, second]);
        assert_ne!(fixed(&of("ab"), &of(""))[0], first);
        assert_ne!(challenged("x").unwrap(), challenged("y").unwrap());
        assert!(challenged("").is_err() && challenged("a\nb").is_err());
        assert!(challenged(&"x".repeat(257)).is_err());
    }
}
