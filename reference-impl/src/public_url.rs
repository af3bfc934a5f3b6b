//! The address under which callers reach this service, for the addresses of files.

use std::net::SocketAddr;
use std::sync::Arc;

use url::Url;

use crate::job::FileKey;

/// Path under which files are.
pub const FILES_PATH: &str = "/files/";

/// What a file's address begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl(Arc<str>);

/// A text is no public address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be http://HOST or https://HOST, with a path if need be, without query and fragment")]
pub(crate) struct PublicUrlError;

impl PublicUrl {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let url = Url::parse(text).map_err(|_| PublicUrlError)?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if ["http", "https"].contains(&url.scheme()) && url.has_host() && plain {
            Ok(Self(url.as_str().trim_end_matches('/').into()))
        } else {
            Err(PublicUrlError)
        }
    }

    /// The address that is listened on; `None` if that is no address that a caller can use.
    pub(crate) fn of_listener(addr: SocketAddr) -> Option<Self> {
        (!addr.ip().is_unspecified()).then(|| Self(format!("http://{addr}").into()))
    }

    /// The address of a file.
    pub(crate) fn of_file(&self, file: &FileKey) -> String {
        format!("{}{FILES_PATH}{}.mp4", self.0, file.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_an_absolute_address() {
        let file = FileKey::random().unwrap();
        for (text, root) in [
            ("http://a.example", "http://a.example"),
            ("https://a.example:8443/sms/", "https://a.example:8443/sms"),
        ] {
            let address = PublicUrl::parse(text).unwrap().of_file(&file);
            assert_eq!(address, format!("{root}/files/{}.mp4", file.as_str()));
        }
        for bad in [
            "",
            "a.example",
            "ftp://a/",
            "http://",
            "http://a/?x",
            "http://a/#f",
        ] {
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
        assert!(PublicUrl::of_listener(([0, 0, 0, 0], 1).into()).is_none());
        assert!(PublicUrl::of_listener(([127, 0, 0, 1], 1).into()).is_some());
    }
}
