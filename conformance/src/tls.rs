//! TLS to the target: whose certificates are trusted. The machine's own authorities, unless the target file says
//! otherwise; they are loaded only for an `https` target.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use serde::{Deserialize, Serialize};

/// How the certificate of an `https` target is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// A PEM file with the certificates of the authorities that are trusted, and no others. Without it those that the
    /// machine trusts.
    /// Never told to others: it is a name on this machine.
    #[serde(skip_serializing)]
    pub ca_file: Option<PathBuf>,
    /// Any certificate will do, also one of another host. The report says so.
    pub insecure: bool,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of authorities cannot be used.
    #[error("`tls.ca_file`: {} cannot be used ({why}); it must hold certificates in PEM", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The machine trusts nobody.
    #[error(
        "no certificate authority was found on this machine ({0}); name one as `tls.ca_file` in the target file"
    )]
    NoRoots(String),
    /// The library cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

impl Tls {
    /// What clients need; `is_used`: false where no address is `https`, so that nothing has to be loaded.
    pub(crate) fn config(&self, is_used: bool) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        if self.insecure {
            let verifier = Arc::new(TrustsAnyone(provider));
            let dangerous = builder.dangerous();
            return Ok(dangerous
                .with_custom_certificate_verifier(verifier)
                .with_no_client_auth());
        }
        let roots = match &self.ca_file {
            Some(file) => of_file(file)?,
            None if is_used => of_machine()?,
            None => RootCertStore::empty(),
        };
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }

    /// The same with a relative name taken from a folder.
    pub(crate) fn within(&self, folder: &Path) -> Self {
        Self {
            ca_file: self.ca_file.as_ref().map(|file| folder.join(file)),
            insecure: self.insecure,
        }
    }
}

fn of_file(file: &Path) -> Result<RootCertStore, TlsError> {
    let fail = |why: String| TlsError::File {
        file: file.to_owned(),
        why,
    };
    let certificates = CertificateDer::pem_file_iter(file).map_err(|e| fail(e.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|e| fail(e.to_string()))?;
        roots.add(certificate).map_err(|e| fail(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(fail("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

fn of_machine() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(ToString::to_string);
        return Err(TlsError::NoRoots(
            why.unwrap_or_else(|| "its store is empty".to_owned()),
        ));
    }
    Ok(roots)
}

/// Takes any certificate, and holds the server only to the key in it.
#[derive(Debug)]
struct TrustsAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustsAnyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
