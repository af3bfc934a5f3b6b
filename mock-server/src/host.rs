//! The Host header: exactly one, and one that names a host (RFC 9112 §3.2).

use http::header::HOST;
use http::{HeaderMap, Version};

/// Whether a request says properly whom it is for. HTTP/1.0 may leave it out.
pub(crate) fn is_proper(headers: &HeaderMap, version: Version) -> bool {
    let mut all = headers.get_all(HOST).iter();
    match (all.next(), all.next()) {
        (None, _) => version == Version::HTTP_10,
        (Some(host), None) => names_a_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// `host` or `host:port`, where the host is a name, an IPv4 address or an IPv6 address in brackets.
fn names_a_host(value: &[u8]) -> bool {
    let (host, port) = match value.iter().rposition(|b| *b == b':') {
        Some(colon) if !value.ends_with(b"]") => (&value[..colon], &value[colon + 1..]),
        _ => (value, &b""[..]),
    };
    let is_port = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    let is_host = match host {
        [b'[', address @ .., b']'] => {
            !address.is_empty()
                && address
                    .iter()
                    .all(|b| b.is_ascii_hexdigit() || b":.".contains(b))
        }
        // RFC 3986 §3.2.2: unreserved, escapes, sub-delims.
        name => {
            !name.is_empty()
                && name
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(b))
        }
    };
    is_host && is_port
}

#[cfg(test)]
mod tests {
    use super::names_a_host;

    #[test]
    fn knows_hosts() {
        for good in [
            "a",
            "a.example:80",
            "127.0.0.1:4010",
            "[::1]",
            "[::1]:80",
            "a:",
            "a_b-c",
        ] {
            assert!(names_a_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "", ":80", "a b", "u@a", "a/b", "a:b", "a:123456", "::1", "[]", "[::1", "[g]", "a\\b",
            "é",
        ] {
            assert!(!names_a_host(bad.as_bytes()), "{bad}");
        }
    }
}
