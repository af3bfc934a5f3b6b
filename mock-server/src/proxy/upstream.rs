//! The server behind the proxy: its address, and a client that changes nothing on the way.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// Bytes of an answer's head at most.
const MAX_HEAD: usize = 64 * 1024;
/// How long an idle connection is kept: shorter than servers keep theirs, which close without a warning.
const IDLE: Duration = Duration::from_secs(1);

/// Where an upstream server is: `http://HOST[:PORT][/PREFIX]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    authority: Authority,
    /// What stands before every path; empty, or begins with a slash and does not end with one.
    prefix: String,
}

/// A text is no address of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be the upstream: {why}")]
pub struct UpstreamError {
    text: String,
    why: &'static str,
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let wrong = |why| UpstreamError {
            text: text.to_owned(),
            why,
        };
        let form = "give its root as http://HOST:PORT";
        if text.contains(['?', '#']) {
            return Err(wrong(
                "it has a query or a fragment; give its root as http://HOST:PORT",
            ));
        }
        let uri: Uri = text.parse().map_err(|_| wrong(form))?;
        match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => {}
            Some(scheme) if *scheme == Scheme::HTTPS => {
                return Err(wrong(
                    "there is no TLS in this build; give an http:// address, such as that of a TLS tunnel to it",
                ));
            }
            _ => return Err(wrong(form)),
        }
        let authority = uri.authority().cloned().ok_or_else(|| wrong(form))?;
        if authority.as_str().contains('@') {
            return Err(wrong(
                "it carries a user name; clients send their own credentials, which are forwarded",
            ));
        }
        if authority.host().is_empty() || authority.port_u16() == Some(0) {
            return Err(wrong(form));
        }
        Ok(Self {
            authority,
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}{}", self.authority, self.prefix)
    }
}

impl Upstream {
    /// The address of a path and query there; nothing for what is no path (`OPTIONS *`).
    pub(super) fn uri(&self, asked: &Uri) -> Option<Uri> {
        let asked = asked.path_and_query()?;
        if !asked.path().starts_with('/') {
            return None;
        }
        let path = if self.prefix.is_empty() {
            asked.clone()
        } else {
            PathAndQuery::try_from(format!("{}{asked}", self.prefix)).ok()?
        };
        let uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone());
        uri.path_and_query(path).build().ok()
    }
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    Unreachable(String),
    NoHttp(String),
    TooSlow,
}

/// Sends requests: no environment is read, no redirect followed, nothing decompressed.
#[derive(Debug, Clone)]
pub(super) struct Client(HyperClient<HttpConnector, Full<Bytes>>);

impl Client {
    pub(super) fn new(connect_timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(connect_timeout));
        let client = HyperClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(MAX_HEAD)
            .build(connector);
        Self(client)
    }

    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Failure> {
        self.0.request(request).await.map_err(|error| {
            let why = root(&error);
            if error.is_connect() {
                Failure::Unreachable(why)
            } else {
                Failure::NoHttp(why)
            }
        })
    }
}

/// The first cause of an error: what the system or the parser said.
pub(super) fn root(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::Upstream;

    #[test]
    fn addresses_that_are_none_are_refused_with_what_to_do() {
        for (text, word) in [
            ("https://a", "TLS"),
            ("127.0.0.1:80", "http://HOST:PORT"),
            ("a", "http://HOST:PORT"),
            ("", "http://HOST:PORT"),
            ("/a", "http://HOST:PORT"),
            ("ftp://a", "http://HOST:PORT"),
            ("http://", "http://HOST:PORT"),
            ("http://a:0", "http://HOST:PORT"),
            ("http://u:p@a", "credentials"),
            ("http://a/?b", "query"),
            ("http://a#b", "fragment"),
        ] {
            let error = text.parse::<Upstream>().unwrap_err().to_string();
            assert!(
                error.contains(word) && error.contains(&format!("`{text}`")),
                "{error}"
            );
        }
    }

    #[test]
    fn paths_are_put_behind_the_prefix_and_kept_as_they_are() {
        for (root, asked, uri) in [
            ("http://a", "/x?y=%2F", "http://a/x?y=%2F"),
            ("http://a:1/", "//x/../%2e;?", "http://a:1//x/../%2e;?"),
            ("http://[::1]:1/p/", "/", "http://[::1]:1/p/"),
            ("http://a/p", "http://b/x?q", "http://a/p/x?q"),
        ] {
            let upstream: Upstream = root.parse().unwrap();
            assert_eq!(
                upstream.uri(&asked.parse().unwrap()).unwrap().to_string(),
                uri
            );
        }
        let upstream: Upstream = "http://a".parse().unwrap();
        assert_eq!(upstream.uri(&"*".parse().unwrap()), None);
    }
}
