//! Values that are sent but never shown: tokens of a target file. Neither `Debug` nor `Display` gives them away, and
//! there is no serialization.

use serde::Deserialize;

/// What is shown in place of a secret.
pub(crate) const MASK: &str = "***";

/// Answers that repeat a secret are masked from this length on; shorter texts occur by chance.
const LEAST_MASKED: usize = 6;

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the wire only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The bytes with every occurrence of the secret masked.
    pub(crate) fn mask(&self, bytes: Vec<u8>) -> Vec<u8> {
        let secret = self.0.as_bytes();
        if secret.len() < LEAST_MASKED || !bytes.windows(secret.len()).any(|w| w == secret) {
            return bytes;
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while let Some((first, after)) = rest.split_first() {
            if let Some(after) = rest.strip_prefix(secret) {
                out.extend_from_slice(MASK.as_bytes());
                rest = after;
            } else {
                out.push(*first);
                rest = after;
            }
        }
        out
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn is_never_shown() {
        let secret = Secret::new("hunter2-hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        let echoed = b"you sent hunter2-hunter2, twice: hunter2-hunter2".to_vec();
        assert_eq!(secret.mask(echoed), b"you sent ***, twice: ***");
        assert_eq!(secret.mask(b"nothing".to_vec()), b"nothing");
    }
}
