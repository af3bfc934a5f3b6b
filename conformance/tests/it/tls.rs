//! Targets over TLS: whose certificates are trusted, and that the report says if nobody's are verified.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use smsload_conformance::{BaseUrl, Ended, Event, Run, RunResult, Target, Tls, Verdict};
use smsload_spec::Contract;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::server::{Choices, Fault, app};
use crate::support::{self, failures};

/// Takes connections that shake hands.
struct Doors {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Doors {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            // A client that does not trust us hangs up.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Serves with a certificate for these names that nobody has signed; the address, and the certificate as a file.
async fn serve(names: &[&str], folder: &Path) -> (String, PathBuf) {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let own = rcgen::generate_simple_self_signed(names).unwrap();
    let file = folder.join("ca.pem");
    std::fs::write(&file, own.cert.pem()).unwrap();
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let doors = Doors {
        listener,
        acceptor: TlsAcceptor::from(Arc::new(config)),
    };
    let app = app(Choices::default(), Fault::None);
    tokio::spawn(async move { axum::serve(doors, app).await.unwrap() });
    (format!("https://localhost:{port}"), file)
}

async fn judge(address: &str, tls: Tls) -> RunResult {
    let mut target = support::target("http://localhost");
    target.base_url = BaseUrl::parse(address).unwrap();
    target.tls = tls;
    let run = Run::builder(Contract::bundled(), target).only(["ACC-01", "ACC-04", "BODY-01"]);
    run.build().unwrap().run(&mut |_: &Event| {}).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_must_be_of_a_trusted_authority_and_of_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let (address, file) = serve(&["localhost"], folder.path()).await;
    let trusting = |ca_file: &PathBuf| Tls {
        ca_file: Some(ca_file.clone()),
        insecure: false,
    };
    let trusted = judge(&address, trusting(&file)).await;
    assert!(trusted.conforms(), "{:?}", trusted.ended);
    assert!(trusted.notes.is_empty());
    let other = tempfile::tempdir().unwrap();
    let (stranger, other_file) = serve(&["elsewhere.example"], other.path()).await;
    for (address, file) in [(&address, &other_file), (&stranger, &other_file)] {
        let result = judge(address, trusting(file)).await;
        let Ended::Unreachable(why) = &result.ended else {
            panic!("{:?}", result.ended);
        };
        assert!(why.contains("certificate"), "{why}");
        assert!(why.contains("tls.ca_file"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_verifies_nothing_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _) = serve(&["elsewhere.example"], folder.path()).await;
    let insecure = Tls {
        ca_file: None,
        insecure: true,
    };
    let result = judge(&address, insecure).await;
    assert!(result.conforms(), "{:?}", result.ended);
    assert!(failures(&result).is_empty());
    assert!(result.lines.iter().any(|l| l.verdict == Verdict::Pass));
    assert!(
        result.notes[0].contains("not verified"),
        "{:?}",
        result.notes
    );
}

#[test]
fn a_file_that_holds_no_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), "nothing").unwrap();
    let text = "base_url = \"https://localhost\"\n[tls]\nca_file = \"ca.pem\"\n";
    let file = folder.path().join("vendor.toml");
    let error = Target::parse(&file, text).unwrap_err().to_string();
    assert!(error.contains("vendor.toml:3: `tls.ca_file`: "), "{error}");
    assert!(error.contains("it holds no certificate"), "{error}");
}
