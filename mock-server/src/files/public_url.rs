//! The root under which clients reach a server.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::Authority;

/// The root of all paths as clients reach it: `http://host:port`, perhaps with a path that a proxy in between takes
/// away again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text is no root of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no address to reach a server at: give scheme and host, perhaps a port and a path, and nothing else, such \
     as https://sms.example:8443"
)]
pub struct PublicUrlError(String);

impl PublicUrl {
    /// The address, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PublicUrl {
    /// The name or address of its host, perhaps with a port.
    pub(crate) fn host(&self) -> &str {
        let rest = self.0.split_once("//").map_or(&*self.0, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let uri = text.parse::<Uri>().ok().filter(|uri| {
            let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
            is_http && uri.authority().is_some_and(is_reachable) && !text.contains(['@', '?', '#'])
        });
        match uri {
            Some(_) => Ok(Self(text.trim_end_matches('/').to_owned())),
            None => Err(PublicUrlError(text.to_owned())),
        }
    }
}

/// A host, and a port that there can be.
fn is_reachable(authority: &Authority) -> bool {
    let host = authority.host();
    let has_port = authority.as_str().len() > host.len();
    !host.is_empty() && (!has_port || authority.port_u16().is_some())
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::PublicUrl;

    #[test]
    fn knows_roots() {
        for (good, root) in [
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
            ("http://[::1]:80/", "http://[::1]:80"),
            ("https://sms.example/a/b//", "https://sms.example/a/b"),
        ] {
            assert_eq!(good.parse::<PublicUrl>().unwrap().as_str(), root);
        }
        for bad in [
            "",
            "/",
            "sms.example",
            "sms.example:80",
            "ftp://a",
            "http://",
            "http:///a",
            "http://u@a",
            "http://a?b",
            "http://a/#b",
            "http://a b",
            "http://:80",
            "http://a:",
            "http://a:99999",
        ] {
            let error = bad.parse::<PublicUrl>().unwrap_err().to_string();
            assert!(error.contains("https://sms.example"), "{error}");
        }
    }
}
