//! The address of a target.

use serde::{Deserialize, Serialize};

/// The address of a target: `http` or `https`, with a host, perhaps with a path that stands before all paths of the
/// contract.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl(url::Url);

/// Why an address cannot be a target's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// It is no address.
    #[error("\"{text}\" is no absolute URL ({why}); write http://HOST:PORT or https://HOST")]
    NoUrl {
        /// What was given.
        text: String,
        /// What the parser says.
        why: String,
    },
    /// It has parts that a base address cannot have, or another scheme.
    #[error(
        "\"{0}\" cannot be the address of a target; write http://HOST:PORT or https://HOST:PORT, perhaps with a path, without user, query and fragment"
    )]
    Parts(String),
}

impl BaseUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// It is no `http` or `https` URL, or has a user, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let url = url::Url::parse(text).map_err(|e| BaseUrlError::NoUrl {
            text: text.to_owned(),
            why: e.to_string(),
        })?;
        let has_more = url.query().is_some() || url.fragment().is_some();
        let has_user = !url.username().is_empty() || url.password().is_some();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || has_more || has_user {
            return Err(BaseUrlError::Parts(text.to_owned()));
        }
        Ok(Self(url))
    }

    /// True if it is spoken to over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address of a path of the contract.
    pub(crate) fn join(&self, path: &str) -> url::Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = BaseUrlError;

    fn try_from(text: String) -> Result<Self, BaseUrlError> {
        Self::parse(&text)
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.to_string()
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl std::fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
