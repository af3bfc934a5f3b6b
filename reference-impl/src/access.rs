//! Who may ask, and for whom.
//!
//! The page's headers `Token` and `tenant-id` are optional. Configured tokens make `Token` a must; a
//! token may belong to one tenant, for whom it speaks then. Tokens are kept as SHA-256 digests only and
//! compared in constant time.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use crate::rejection::Rejection;
use crate::settings::TokenRule;
use crate::tenant::Tenant;

/// The page's header for the token (用户中心token).
const TOKEN: HeaderName = HeaderName::from_static("token");
/// The page's header for the tenant (用户中心租户id).
const TENANT: HeaderName = HeaderName::from_static("tenant-id");

/// The configured tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    tokens: Vec<TokenRule>,
}

impl Access {
    pub(crate) fn new(tokens: Vec<TokenRule>) -> Self {
        Self { tokens }
    }

    /// Whose request this is, if it may be made.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<Tenant, Rejection> {
        let named = match single(headers, &TENANT).map_err(|()| Rejection::TenantHeader)? {
            Some(name) => {
                let name = name.to_str().map_err(|_| Rejection::TenantHeader)?;
                Some(name.parse().map_err(|_| Rejection::TenantHeader)?)
            }
            None => None,
        };
        if self.tokens.is_empty() {
            return Ok(named.unwrap_or_default());
        }
        let token = single(headers, &TOKEN).map_err(|()| Rejection::TokenWrong)?;
        let token = token.ok_or(Rejection::TokenMissing)?;
        let rule = self.find(token.as_bytes()).ok_or(Rejection::TokenWrong)?;
        match (&rule.tenant, named) {
            (Some(own), Some(named)) if *own != named => Err(Rejection::TenantForbidden),
            (Some(own), _) => Ok(own.clone()),
            (None, named) => Ok(named.unwrap_or_default()),
        }
    }

    /// Whether a file of `owner` may be fetched: its address is secret enough, but who says who they
    /// are must not be somebody else.
    pub(crate) fn may_fetch(&self, headers: &HeaderMap, owner: &Tenant, need_token: bool) -> bool {
        let says_who = headers.contains_key(&TENANT) || headers.contains_key(&TOKEN);
        let is_open = !need_token || self.tokens.is_empty();
        if !says_who && is_open {
            return true;
        }
        self.admit(headers).is_ok_and(|tenant| tenant == *owner)
    }

    /// The rule of a token. All digests are compared to their end, whichever fits.
    fn find(&self, token: &[u8]) -> Option<&TokenRule> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let (mut place, mut found) = (0_u32, Choice::from(0));
        for (number, rule) in (0_u32..).zip(&self.tokens) {
            let fits = rule.sha256.0.ct_eq(&digest);
            place.conditional_assign(&number, fits);
            found |= fits;
        }
        let place = usize::try_from(place).ok()?;
        bool::from(found).then(|| self.tokens.get(place)).flatten()
    }
}

/// The value of a header that may be there once; blank is not there.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value.filter(|value| !value.as_bytes().trim_ascii().is_empty())),
        (_, Some(_)) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::TokenDigest;

    fn access() -> Access {
        let rule = |token: &str, tenant: Option<&str>| TokenRule {
            sha256: TokenDigest::of(token),
            tenant: tenant.map(|tenant| tenant.parse().unwrap()),
        };
        Access::new(vec![
            rule("one", None),
            rule("two", Some("t2")),
            rule("three", Some("t3")),
        ])
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_token_is_a_must_once_there_are_some() {
        let admit = |pairs: &[_]| access().admit(&headers(pairs)).map(|t| t.to_string());
        for (pairs, expected) in [
            (&[][..], Err(Rejection::TokenMissing)),
            (&[("token", " ")], Err(Rejection::TokenMissing)),
            (&[("token", "four")], Err(Rejection::TokenWrong)),
            (
                &[("token", "one"), ("token", "one")],
                Err(Rejection::TokenWrong),
            ),
            (&[("token", "one")], Ok(String::new())),
            (&[("token", "one"), ("tenant-id", "x")], Ok("x".to_owned())),
            (&[("token", "two")], Ok("t2".to_owned())),
            (
                &[("token", "three"), ("tenant-id", "t3")],
                Ok("t3".to_owned()),
            ),
            (
                &[("token", "two"), ("tenant-id", "t3")],
                Err(Rejection::TenantForbidden),
            ),
            (
                &[("token", "one"), ("tenant-id", "a b")],
                Err(Rejection::TenantHeader),
            ),
        ] {
            assert_eq!(admit(pairs), expected, "{pairs:?}");
        }
    }

    #[test]
    fn without_tokens_a_tenant_is_who_it_says() {
        let admit = |pairs: &[_]| {
            Access::default()
                .admit(&headers(pairs))
                .unwrap()
                .to_string()
        };
        assert_eq!(admit(&[]), "");
        assert_eq!(admit(&[("token", "anything"), ("tenant-id", "t")]), "t");
    }

    #[test]
    fn who_says_who_they_are_gets_only_their_own_files() {
        let may =
            |pairs: &[_], need| access().may_fetch(&headers(pairs), &"t2".parse().unwrap(), need);
        assert!(may(&[], false) && !may(&[], true));
        assert!(may(&[("token", "two")], true));
        assert!(!may(&[("token", "three")], false) && !may(&[("token", "four")], false));
        assert!(!may(&[("tenant-id", "t3"), ("token", "one")], false));
    }
}
