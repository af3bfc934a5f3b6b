//! What is signed: an in-toto statement (in-toto Attestation Framework, Statement v1) in a DSSE envelope (DSSE v1). The
//! statement names every file of a bundle with its SHA-256, and says what the run was. Both forms are JSON and signatures
//! over bytes, so that other people's tools can check them; the few lines here need no library of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::keys::{PublicKey, SecretKey};

/// The type of what is in the envelope.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The type of a statement.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// A signed statement (DSSE v1, `Envelope`).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Envelope {
    /// What the payload is.
    #[serde(rename = "payloadType")]
    payload_type: String,
    /// The statement, base64.
    payload: String,
    /// Who signed it.
    signatures: Vec<Sealed>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Sealed {
    keyid: String,
    sig: String,
}

/// Files and what is said of them (in-toto Statement v1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Statement<P> {
    /// That it is a statement.
    #[serde(rename = "_type")]
    pub(super) statement_type: String,
    /// The files.
    pub(super) subject: Vec<Subject>,
    /// What the predicate is.
    #[serde(rename = "predicateType")]
    pub(super) predicate_type: String,
    /// What is said of them.
    pub(super) predicate: P,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subject {
    /// Its name in the bundle.
    pub(super) name: String,
    /// Its digests, by their algorithm.
    pub(super) digest: BTreeMap<String, String>,
}

impl Subject {
    /// A file with its SHA-256.
    pub(super) fn new(name: &str, sha256: String) -> Self {
        Self {
            name: name.to_owned(),
            digest: BTreeMap::from([("sha256".to_owned(), sha256)]),
        }
    }

    /// Its SHA-256, lower-case hexadecimal.
    pub(super) fn sha256(&self) -> Option<&str> {
        self.digest.get("sha256").map(String::as_str)
    }
}

/// Why an envelope cannot be trusted, or not be read.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Nobody signed it with this key.
    #[error(
        "the signature is not of this key (key {key}; the bundle names {named}); the bundle was changed or signed by somebody else"
    )]
    NotSigned {
        /// The key that was asked for.
        key: String,
        /// The keys that the envelope names.
        named: String,
    },
    /// What is in it is something else.
    #[error("the envelope holds \"{0}\", which is no statement of smsload certify")]
    Foreign(String),
    /// A newer form of the same.
    #[error("it was written by a newer smsload, which signs {0}; check it with that")]
    Newer(String),
    /// It is not in its form.
    #[error("the envelope cannot be read: {0}")]
    Form(String),
}

impl<P: Serialize + for<'de> Deserialize<'de>> Statement<P> {
    /// A statement about files.
    pub(super) fn new(subject: Vec<Subject>, predicate_type: &str, predicate: P) -> Self {
        Self {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject,
            predicate_type: predicate_type.to_owned(),
            predicate,
        }
    }

    /// Signs it.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub(super) fn seal(&self, key: &SecretKey) -> Result<Envelope, SealError> {
        let payload = serde_json::to_vec(self).map_err(|e| SealError::Form(e.to_string()))?;
        Ok(Envelope {
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![Sealed {
                keyid: key.public().id(),
                sig: STANDARD.encode(key.sign(&to_be_signed(PAYLOAD_TYPE, &payload))),
            }],
            payload: STANDARD.encode(payload),
        })
    }

    /// The statement of an envelope, after its signature was found to be the key's.
    ///
    /// # Errors
    /// It is not signed by the key, or is something else.
    pub(super) fn open(
        envelope: &Envelope,
        key: &PublicKey,
        predicate_type: &str,
    ) -> Result<Self, SealError> {
        let form = |e: &dyn std::fmt::Display| SealError::Form(e.to_string());
        let payload = STANDARD.decode(&envelope.payload).map_err(|e| form(&e))?;
        let signed = to_be_signed(&envelope.payload_type, &payload);
        let is_signed = envelope.signatures.iter().any(|sealed| {
            let signature = STANDARD.decode(&sealed.sig).unwrap_or_default();
            key.verifies(&signed, &signature)
        });
        if !is_signed {
            let named: Vec<_> = envelope.signatures.iter().map(|s| &*s.keyid).collect();
            return Err(SealError::NotSigned {
                key: key.id(),
                named: crate::text::shown(&named.join(", ")),
            });
        }
        if envelope.payload_type != PAYLOAD_TYPE {
            return Err(SealError::Foreign(crate::text::shown(
                &envelope.payload_type,
            )));
        }
        // Looked at before the rest is read: a newer form has another type.
        let kind: Kind = serde_json::from_slice(&payload).map_err(|e| form(&e))?;
        let form_of = |kind: &str| kind.rsplit_once('/').map(|(form, _)| form.to_owned());
        if kind.predicate_type != predicate_type
            && form_of(&kind.predicate_type) == form_of(predicate_type)
        {
            return Err(SealError::Newer(crate::text::shown(&kind.predicate_type)));
        }
        if kind.predicate_type != predicate_type || kind.statement_type != STATEMENT_TYPE {
            return Err(SealError::Foreign(crate::text::shown(&kind.predicate_type)));
        }
        serde_json::from_slice(&payload).map_err(|e| form(&e))
    }
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "_type")]
    statement_type: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

/// The bytes that a signature is over (DSSE v1, PAE): type and payload, each with its length, so that one cannot be taken
/// for a part of the other.
fn to_be_signed(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::{SealError, Statement, Subject, to_be_signed};
    use crate::certify::keys::SecretKey;

    const TYPE: &str = "https://example.org/x/v1";

    #[test]
    fn signs_the_bytes_of_the_protocol() {
        // The example of the DSSE protocol's description.
        let signed = to_be_signed("http://example.com/HelloWorld", b"hello world");
        let expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(signed, expected);
    }

    #[test]
    fn a_statement_is_opened_with_its_key_alone() {
        let key = SecretKey::generate().unwrap();
        let subject = vec![Subject::new("a", "00".into())];
        let statement = Statement::new(subject, TYPE, "words".to_owned());
        let envelope = statement.seal(&key).unwrap();
        let open = |envelope: &super::Envelope, key: &SecretKey, kind: &str| {
            Statement::<String>::open(envelope, &key.public(), kind)
        };
        assert_eq!(open(&envelope, &key, TYPE).unwrap(), statement);
        let other = SecretKey::generate().unwrap();
        let wrong = open(&envelope, &other, TYPE);
        assert!(matches!(wrong, Err(SealError::NotSigned { .. })));
        let newer = open(&envelope, &key, "https://example.org/x/v2");
        assert!(matches!(newer, Err(SealError::Newer(_))));
        let foreign = open(&envelope, &key, "https://example.org/y/v1");
        assert!(matches!(foreign, Err(SealError::Foreign(_))));
        let mut changed = envelope.clone();
        changed.payload = super::STANDARD.encode(b"{}");
        assert!(open(&changed, &key, TYPE).is_err());
        let mut retyped = envelope;
        retyped.payload_type = "text/plain".into();
        assert!(open(&retyped, &key, TYPE).is_err());
    }
}
