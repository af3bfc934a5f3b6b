//! A callback address as a caller gives it, taken apart without changing what is sent.
//!
//! Two readers must never disagree about where an address leads, so whatever a parser would mend is
//! refused: control characters, blanks, backslashes, and any spelling of an IP address but the usual
//! one. Path and query reach the wire as they were written. Where the host may lead is another
//! question: [`Reach`](super::reach::Reach).

use std::fmt::Write as _;
use std::net::IpAddr;

use url::{Host, Url};

/// An address longer than this is refused, in bytes.
pub(crate) const MAX_LEN: usize = 2048;

/// Who is called: an address, or a name that is looked up each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Callee {
    Ip(IpAddr),
    /// In lower case, in ASCII (IDNA).
    Name(String),
}

/// An absolute http or https URL with a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallbackAddress {
    text: String,
    https: bool,
    callee: Callee,
    port: u16,
    /// For the `Host` header: the port is in it if it was given.
    authority: String,
    /// Path and query.
    target: String,
}

/// A text is no callback address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no absolute http or https URL with a host in its usual spelling")]
pub(crate) struct AddressError;

impl CallbackAddress {
    /// Reads an address.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let mended = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
        let (scheme, rest) = text.split_once("://").ok_or(AddressError)?;
        let https = scheme.eq_ignore_ascii_case("https");
        let web = https || scheme.eq_ignore_ascii_case("http");
        if !web || text.len() > MAX_LEN || text.contains(mended) {
            return Err(AddressError);
        }
        let (rest, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // User and password are not sent. More than one `@` is read differently by different readers.
        let host_and_port = match authority.split_once('@') {
            Some((_, host)) if !host.contains('@') => host,
            Some(_) => return Err(AddressError),
            None => authority,
        };
        if host_and_port.is_empty() {
            return Err(AddressError);
        }
        let url = Url::parse(text).map_err(|_| AddressError)?;
        let callee = callee(&url.host().ok_or(AddressError)?, host_and_port)?;
        Ok(Self {
            text: text.to_owned(),
            https,
            port: url.port_or_known_default().ok_or(AddressError)?,
            authority: authority_for_host(&url, host_and_port),
            target: on_the_wire(target),
            callee,
        })
    }

    /// The address as it was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    pub(crate) fn callee(&self) -> &Callee {
        &self.callee
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Host, and the port if one was given: what the `Host` header says. It holds no secret, so that
    /// logs may show it.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Path and query for the request line.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }
}

/// Who is meant, if it is written in the usual way.
fn callee(host: &Host<&str>, written: &str) -> Result<Callee, AddressError> {
    match host {
        // `2130706433`, `0x7f.1`, `127.1` and circled digits are an IPv4 address to some readers.
        Host::Ipv4(ip) => {
            let text = written.split(':').next().unwrap_or_default();
            (text == ip.to_string()).then_some(Callee::Ip((*ip).into()))
        }
        // An IPv4 address in the clothes of an IPv6 one.
        Host::Ipv6(ip) if ip.to_ipv4_mapped().is_some() => None,
        Host::Ipv6(ip) => Some(Callee::Ip((*ip).into())),
        Host::Domain(name) => is_name(name).then(|| Callee::Name((*name).to_owned())),
    }
    .ok_or(AddressError)
}

/// Labels of letters, digits, hyphens and underscores, as resolvers take them; no dot at the end.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(plain)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

fn authority_for_host(url: &Url, written: &str) -> String {
    let host = url.host_str().unwrap_or_default();
    let after_host = written.rsplit(']').next().unwrap_or_default();
    match after_host.rsplit_once(':') {
        Some((_, port)) if !port.is_empty() => format!("{host}:{port}"),
        _ => host.to_owned(),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<CallbackAddress, AddressError> {
        CallbackAddress::parse(text)
    }

    #[test]
    fn absolute_web_addresses_with_a_host_are_read() {
        for (text, authority, port, target) in [
            ("http://xxxxxx", "xxxxxx", 80, "/"),
            (
                "HTTPS://A.example:8443/p%2Fq?x=1+2&y=",
                "a.example:8443",
                8443,
                "/p%2Fq?x=1+2&y=",
            ),
            ("http://[::1]:9/", "[::1]:9", 9, "/"),
            ("http://u:p@h/", "h", 80, "/"),
            ("http://127.0.0.1:1234/cb#f", "127.0.0.1:1234", 1234, "/cb"),
            ("http://h:80?", "h:80", 80, "/?"),
            ("http://h/a/../b//c", "h", 80, "/a/../b//c"),
            ("https://h/ü", "h", 443, "/%C3%BC"),
            ("http://例え.example/", "xn--r8jz45g.example", 80, "/"),
        ] {
            let address = parse(text).unwrap();
            let read = (address.authority(), address.port(), address.target());
            assert_eq!(read, (authority, port, target), "{text}");
            assert_eq!(address.as_str(), text);
        }
    }

    #[test]
    fn what_a_parser_would_mend_is_refused() {
        for bad in [
            "xxxxxx",
            "/cb",
            "//h/cb",
            "http:",
            "http:h",
            "http:/h",
            "http://",
            "http:///cb",
            "http://?x",
            "http://#f",
            "http://:80/",
            "http://u@/",
            "http://a@b@h/",
            "ftp://h/",
            "file:///etc/passwd",
            "javascript:1",
            " http://h/",
            "http://h/ ",
            "http://h/a b",
            "http://h/\r\nX: y",
            "http://h\t/",
            "http://h/\0",
            "http:\\\\h\\",
            "http://h:99999/",
            "http://[::1",
            "http://h/\u{85}",
            "http://h./",
            "http://h..x/",
            "http://h%00/",
            "http://h:80:90/",
            "http://[fe80::1%25eth0]/",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert!(parse(&format!("http://h/{}", "a".repeat(MAX_LEN))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in "(https?:)?[/\\\\]{0,3}\\PC{0,40}") {
            if let Ok(address) = parse(&text) {
                prop_assert!(address.target().bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(address.authority().is_ascii());
            }
        }
    }
}
