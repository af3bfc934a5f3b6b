//! What is sent: the page's three names, and a signature if one is wanted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;

use crate::store::Letter;

/// The body of a callback.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    stream_id: String,
    file_url: String,
    /// Whole percent, rounded down.
    download_progress: String,
}

/// The body that tells a letter. A download that failed has no file address in its last one.
pub(super) fn body(letter: &Letter, file_url: String) -> Bytes {
    let payload = Payload {
        stream_id: letter.id.to_string(),
        file_url,
        download_progress: letter.progress.to_string(),
    };
    // Three strings always are JSON.
    serde_json::to_vec(&payload).unwrap_or_default().into()
}

/// The same for each attempt at one message: a receiver that sees it twice knows.
pub(super) fn message_id(letter: &Letter) -> String {
    format!("msg_{}_{}", letter.key, letter.version)
}

/// Signs as Standard Webhooks 1.0 does: HMAC-SHA256 over `id.timestamp.body`.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

/// A text is no secret for signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be whsec_ and the base64 of 24 to 64 bytes")]
pub(crate) struct SecretError;

impl Signer {
    /// A signer with a secret in the standard's form.
    pub(crate) fn new(secret: &str) -> Result<Self, SecretError> {
        let text = secret.strip_prefix("whsec_").ok_or(SecretError)?;
        let bytes = STANDARD.decode(text).map_err(|_| SecretError)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(SecretError);
        }
        Hmac::new_from_slice(&bytes)
            .map(Self)
            .map_err(|_| SecretError)
    }

    /// The value of `webhook-signature`.
    pub(super) fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn the_standards_example_is_signed_alike() {
        let signer = Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = signer.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for bad in [
            "",
            "whsec_",
            "whsec_!",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_AAAA",
        ] {
            assert!(Signer::new(bad).is_err(), "{bad}");
        }
    }
}
