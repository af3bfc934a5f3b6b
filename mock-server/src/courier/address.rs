//! Where a callback goes: an absolute address, kept as it was given.
//!
//! No part of it is tidied: dot segments, `//`, escapes in either case, `+`, an empty query and the port reach the wire
//! as they were written. Only what cannot stand in a request line is changed: the fragment is left out, spaces,
//! control characters, `"`, `<`, `>`, `` ` `` and everything beyond ASCII are percent-encoded. User and password are left out.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use http::Uri;
use http::uri::Authority;

/// An absolute `http` or `https` address with a host. Copies share the text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(Arc<str>);

/// A text is no address for callbacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is longer than [`Address::MAX_LEN`].
    #[error("the address has {0} bytes: give one of at most {max}", max = Address::MAX_LEN)]
    TooLong(usize),
    /// It is relative, or of another scheme.
    #[error("the address is not absolute: begin it with http:// or https://")]
    Scheme,
    /// Its host or port is missing or malformed.
    #[error(
        "the address has no valid host and port after its scheme: write it as http://host:port/path"
    )]
    Authority,
}

/// An address taken apart.
struct Parts<'a> {
    is_https: bool,
    /// Host and port, without user and password.
    authority: &'a str,
    /// Path and query, as given; may be empty.
    target: &'a str,
}

impl Address {
    /// The longest address, in bytes: longer request lines are refused by many receivers.
    pub const MAX_LEN: usize = 4096;

    /// Reads an address.
    ///
    /// # Errors
    /// If it is not absolute, not `http` or `https`, without a valid host, or too long.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > Self::MAX_LEN {
            return Err(AddressError::TooLong(text.len()));
        }
        let parts = Parts::of(text).ok_or(AddressError::Scheme)?;
        let authority: Authority = parts
            .authority
            .parse()
            .map_err(|_| AddressError::Authority)?;
        let port = authority.as_str().strip_prefix(authority.host());
        let is_port = |port: &str| port.is_empty() || port.parse::<u16>().is_ok();
        let has_port = port.is_some_and(|p| p.strip_prefix(':').map_or(p.is_empty(), is_port));
        if authority.host().is_empty() || !has_port {
            return Err(AddressError::Authority);
        }
        let address = Self(Arc::from(text));
        address.uri().ok_or(AddressError::Authority)?;
        Ok(address)
    }

    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it asks for TLS.
    pub(super) fn is_https(&self) -> bool {
        self.parts().is_some_and(|parts| parts.is_https)
    }

    /// Host and port as they were given.
    pub(super) fn authority(&self) -> &str {
        self.parts().map_or("", |parts| parts.authority)
    }

    /// What is asked for; always there, since [`Address::parse`] has looked.
    pub(super) fn uri(&self) -> Option<Uri> {
        let parts = self.parts()?;
        let scheme = if parts.is_https { "https" } else { "http" };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(parts.authority)
            .path_and_query(on_the_wire(parts.target))
            .build();
        uri.ok()
    }

    fn parts(&self) -> Option<Parts<'_>> {
        Parts::of(&self.0)
    }
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let authority = authority.rsplit('@').next().unwrap_or_default();
        Some(Self {
            is_https,
            authority,
            target,
        })
    }
}

/// Path and query as they can stand in a request line.
fn on_the_wire(target: &str) -> String {
    let mut wire = String::with_capacity(target.len() + 1);
    if !target.starts_with('/') {
        wire.push('/');
    }
    for byte in target.bytes() {
        match byte {
            b'"' | b'<' | b'>' | b'`' | 0..=b' ' | 0x7f.. => {
                // Writing to a string cannot fail.
                let _ = write!(wire, "%{byte:02X}");
            }
            _ => wire.push(char::from(byte)),
        }
    }
    wire
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Address, AddressError};

    fn wire(text: &str) -> String {
        Address::parse(text).unwrap().uri().unwrap().to_string()
    }

    #[test]
    fn what_can_stand_stays_as_it_was() {
        for same in [
            "http://h/a%2Fb/c+d?x=%7e&&=",
            "http://h:80//x",
            "http://h/a/../b/./c",
            "http://[::1]:8080/%2f%2F",
            "http://h/?",
            "http://h/a{b}|c^d[e]\\f~",
            "http://h/?a={b}|c^d[e]\\f~?/",
        ] {
            assert_eq!(wire(same), same);
        }
    }

    #[test]
    fn what_cannot_stand_is_left_out_or_encoded() {
        for (given, sent) in [
            ("http://h", "http://h/"),
            ("http://h?x", "http://h/?x"),
            ("http://h/a#b", "http://h/a"),
            ("http://h#b", "http://h/"),
            ("http://me:secret@h:1/", "http://h:1/"),
            ("HTTP://h/ü \"<>`", "http://h/%C3%BC%20%22%3C%3E%60"),
        ] {
            assert_eq!(wire(given), sent, "{given}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in ["", "/a", "ftp://h/", "h:80", "mailto:a@b", "http:/h"] {
            assert_eq!(Address::parse(bad), Err(AddressError::Scheme), "{bad}");
        }
        for bad in [
            "http://",
            "http:///a",
            "http://h:x/",
            "http://h:65536/",
            "http://ü/",
            "http://a b/",
            "http://:80/",
        ] {
            assert_eq!(Address::parse(bad), Err(AddressError::Authority), "{bad}");
        }
        let long = format!("http://h/{}", "a".repeat(Address::MAX_LEN));
        assert_eq!(
            Address::parse(&long),
            Err(AddressError::TooLong(long.len()))
        );
    }

    proptest! {
        #[test]
        fn every_path_can_be_sent(target in "[/?].{0,40}") {
            let text = format!("http://host:1{target}");
            let wire = wire(&text);
            prop_assert!(wire.is_ascii());
            let plain = |b: u8| matches!(b, b'!'..=b'~') && !b"\"<>`#".contains(&b);
            if target.starts_with('/') && target.bytes().all(plain) {
                prop_assert_eq!(wire, text);
            }
        }

        #[test]
        fn no_text_is_a_panic(text: String) {
            let _ = Address::parse(&text);
            let _ = Address::parse(&format!("http://{text}"));
        }
    }
}
