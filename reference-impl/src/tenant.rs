//! Whose a job is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A tenant, by the page's header `tenant-id` (用户中心租户id). Requests without it belong to the tenant
/// without a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(Arc<str>);

/// A text is no [`Tenant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {max} visible ASCII characters", max = Tenant::MAX_LEN)]
pub struct TenantError;

impl Tenant {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The name; empty for the tenant without one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name that was read before, or none.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.into())
    }
}

impl FromStr for Tenant {
    type Err = TenantError;

    fn from_str(text: &str) -> Result<Self, TenantError> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.into()))
        } else {
            Err(TenantError)
        }
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
