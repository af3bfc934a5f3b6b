//! TLS to receivers of callbacks, whose certificates are verified.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::Callee;

/// TLS as this machine, or a file, trusts. Nothing is loaded before the first https address.
#[derive(Clone)]
pub(crate) struct Tls {
    /// A PEM file with more authorities than the machine's.
    ca_file: Option<PathBuf>,
    config: Arc<OnceCell<Arc<ClientConfig>>>,
}

impl Tls {
    pub(crate) fn new(ca_file: Option<PathBuf>) -> Self {
        Self {
            ca_file,
            config: Arc::default(),
        }
    }

    /// Shakes hands with `callee` over a connection to one of its judged addresses.
    pub(super) async fn connect(
        &self,
        stream: TcpStream,
        callee: &Callee,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = match callee {
            Callee::Ip(ip) => ServerName::from(*ip),
            Callee::Name(name) => ServerName::try_from(name.clone()).map_err(io::Error::other)?,
        };
        let config = self.config.get_or_try_init(|| self.load()).await?;
        TlsConnector::from(config.clone())
            .connect(name, stream)
            .await
    }

    async fn load(&self) -> io::Result<Arc<ClientConfig>> {
        let ca_file = self.ca_file.clone();
        spawn_blocking(move || {
            let mut roots = RootCertStore::empty();
            let machine = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(machine.certs);
            if let Some(file) = ca_file {
                let problem = |why: &dyn std::fmt::Display| {
                    io::Error::other(format!("callbacks.ca_file {}: {why}", file.display()))
                };
                let certificates = CertificateDer::pem_file_iter(&file);
                for certificate in certificates.map_err(|error| problem(&error))? {
                    let certificate = certificate.map_err(|error| problem(&error))?;
                    roots.add(certificate).map_err(|error| problem(&error))?;
                }
            }
            if roots.is_empty() {
                let nobody =
                    "no certificate authority is trusted here; name one as callbacks.ca_file";
                return Err(io::Error::other(nobody));
            }
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(io::Error::other)?;
            let config = config.with_root_certificates(roots).with_no_client_auth();
            Ok(Arc::new(config))
        })
        .await
        .map_err(io::Error::other)?
    }
}
