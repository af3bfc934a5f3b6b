//! Keys for signing bundles: Ed25519 (RFC 8032), in the PEM forms that OpenSSL reads and writes too (PKCS#8 for the secret
//! half, SubjectPublicKeyInfo for the public one; RFC 8410).

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::about::sha256;

/// Bytes of a key file that are read at most.
const MAX_FILE: u64 = 16 * 1024;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("{}: cannot be read ({source}); make a pair with `smsload certify keygen`", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It holds no such key.
    #[error("{}: is no {kind} in PEM form; make a pair with `smsload certify keygen`", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
        /// What was looked for.
        kind: &'static str,
    },
    /// The file is there already: a key is never overwritten.
    #[error("{}: is there already, and a key is never overwritten; give another name", .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("{}: cannot be written ({source})", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no randomness.
    #[error("the system gives no random bytes for a key: {0}")]
    Random(String),
}

/// The secret half: signs.
pub struct SecretKey(SigningKey);

/// The public half: checks.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl SecretKey {
    /// A new one, from the system's randomness.
    ///
    /// # Errors
    /// There is none.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|e| KeyError::Random(e.to_string()))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads one from a file.
    ///
    /// # Errors
    /// The file cannot be read, or holds none.
    pub fn read(file: &Path) -> Result<Self, KeyError> {
        let key = SigningKey::from_pkcs8_pem(&text(file)?);
        key.map(Self).map_err(|_| KeyError::NoKey {
            file: file.to_owned(),
            kind: "Ed25519 secret key",
        })
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// Writes the pair: the secret half, which only its owner can read, into `file`; the public one beside it, with `.pub`
    /// at the end. Nothing is overwritten.
    ///
    /// # Errors
    /// One of the files is there already, or cannot be written.
    pub fn write(&self, file: &Path) -> Result<PathBuf, KeyError> {
        let mut name = file.as_os_str().to_owned();
        name.push(".pub");
        let public = PathBuf::from(name);
        if public.exists() {
            return Err(KeyError::Exists(public));
        }
        let no_key = |kind| KeyError::NoKey {
            file: file.to_owned(),
            kind,
        };
        let secret = self.0.to_pkcs8_pem(LineEnding::LF);
        let secret = secret.map_err(|_| no_key("Ed25519 secret key"))?;
        let open = self.0.verifying_key().to_public_key_pem(LineEnding::LF);
        let open = open.map_err(|_| no_key("Ed25519 public key"))?;
        create(file, secret.as_bytes(), true)?;
        create(&public, open.as_bytes(), false)?;
        Ok(public)
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey(of {})", self.public().id())
    }
}

impl PublicKey {
    /// Reads one from a file.
    ///
    /// # Errors
    /// The file cannot be read, or holds none.
    pub fn read(file: &Path) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_public_key_pem(&text(file)?);
        key.map(Self).map_err(|_| KeyError::NoKey {
            file: file.to_owned(),
            kind: "Ed25519 public key",
        })
    }

    /// What it is called: SHA-256 of its SubjectPublicKeyInfo, lower-case hexadecimal.
    #[must_use]
    pub fn id(&self) -> String {
        // An Ed25519 key can always be written.
        let der = self.0.to_public_key_der();
        sha256(
            der.as_ref()
                .map(ed25519_dalek::pkcs8::Document::as_bytes)
                .unwrap_or_default(),
        )
    }

    /// True if the signature is this key's over the message, by the strict rules (no weak keys, one form only).
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

fn text(file: &Path) -> Result<String, KeyError> {
    use std::io::Read as _;
    let read = || {
        let mut text = String::new();
        let opened = std::fs::File::open(file)?;
        opened.take(MAX_FILE).read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|source| KeyError::Unreadable {
        file: file.to_owned(),
        source,
    })
}

fn create(file: &Path, text: &[u8], is_secret: bool) -> Result<(), KeyError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_secret {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = is_secret;
    let written = options
        .open(file)
        .and_then(|mut out| out.write_all(text).and_then(|()| out.sync_all()));
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyError::Exists(file.to_owned()),
        _ => KeyError::Unwritable {
            file: file.to_owned(),
            source,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{PublicKey, SecretKey};

    #[test]
    fn a_pair_is_written_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("vendor.key");
        let key = SecretKey::generate().unwrap();
        let public = key.write(&file).unwrap();
        assert!(key.write(&file).is_err(), "a key was overwritten");
        assert_eq!(PublicKey::read(&public).unwrap(), key.public());
        let again = SecretKey::read(&file).unwrap();
        let signature = again.sign(b"words");
        assert!(key.public().verifies(b"words", &signature));
        assert!(!key.public().verifies(b"Words", &signature));
        let other = SecretKey::generate().unwrap().public();
        assert!(!other.verifies(b"words", &signature));
        // The one half is not taken for the other.
        let error = PublicKey::read(&file).unwrap_err().to_string();
        assert!(error.contains("no Ed25519 public key"), "{error}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
    }
}
