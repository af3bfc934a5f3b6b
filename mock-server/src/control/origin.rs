//! Who may ask: no page of another origin, and nobody who reaches this server under a name that anybody could own.
//!
//! A browser tells whose page asks (`Origin`, `Sec-Fetch-Site`), and keeps answers from pages of other origins, since
//! nothing here allows them (Fetch standard, CORS). That is no help against DNS rebinding: a page whose own name is
//! made to lead here is of the same origin. So the name in `Host` must be one that nobody can own on the Internet: an
//! address, a name without a dot, one below a reserved domain, or one that the mock was told of.

use std::net::Ipv4Addr;

use http::header::{HOST, HeaderValue, ORIGIN};
use http::{HeaderMap, HeaderName, StatusCode};

use super::problem::{Problem, problem};

/// Domains below which no name can be registered: RFC 6761, RFC 6762, RFC 8375, ICANN's resolution 2024.07.29.06.
const RESERVED: [&str; 7] = [
    ".localhost",
    ".local",
    ".test",
    ".example",
    ".invalid",
    ".internal",
    ".home.arpa",
];

const FOREIGN: &str =
    "a page of another origin cannot change anything here: the header Origin must name this server";

/// Refuses what a browser sends for a page of another origin, if it could do anything here.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: HeaderName| headers.get(name).map(HeaderValue::as_bytes);
    let is_same = |origin: &[u8]| {
        let host = text(HOST).unwrap_or_default();
        let origin = origin
            .strip_prefix(b"http://")
            .or(origin.strip_prefix(b"https://"));
        origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
    };
    let is_cross_site = text(HeaderName::from_static("sec-fetch-site")) == Some(b"cross-site");
    if is_cross_site || text(ORIGIN).is_some_and(|origin| !is_same(origin)) {
        return Err(problem(StatusCode::FORBIDDEN, FOREIGN));
    }
    Ok(())
}

/// Refuses a request under a name that somebody may have made to lead here.
pub(super) fn check_host(headers: &HeaderMap, known: &[Box<str>]) -> Result<(), Problem> {
    // Without one it is HTTP/1.0, which no browser speaks.
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return Ok(());
    };
    let name = name(host);
    if is_private(&name) || known.iter().any(|known| **known == *name) {
        return Ok(());
    }
    let message = format!(
        "the control interface does not answer under the name `{name}`, since any page of that name could then use it: ask an address, or allow the name (`--allow-host {name}`)"
    );
    Err(problem(StatusCode::FORBIDDEN, message))
}

/// The name in a `Host`, or in what an administrator wrote for one: without a port, in lower case.
pub(crate) fn name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether nobody can own a name on the Internet.
fn is_private(name: &str) -> bool {
    name.starts_with('[')
        || !name.contains('.')
        || name.parse::<Ipv4Addr>().is_ok()
        || RESERVED.iter().any(|domain| name.ends_with(domain))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::{HOST, HeaderValue};

    use super::{check_host, name};

    #[test]
    fn only_names_that_nobody_can_own_are_answered_under() {
        let known = [Box::from(name("Mock.Example.COM:4010"))];
        let is_answered = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            check_host(&headers, &known).is_ok()
        };
        for good in [
            "127.0.0.1:4010",
            "10.0.0.7",
            "[::1]:4010",
            "[::1]",
            "localhost",
            "LOCALHOST:80",
            "mock:4010",
            "mock.test",
            "host.docker.internal:4010",
            "printer.local.",
            "mock.example.com",
            "mock.example.com.:1",
        ] {
            assert!(is_answered(good), "{good}");
        }
        for bad in [
            "evil.com",
            "evil.com:4010",
            "127.0.0.1.evil.com",
            "127.0.0.1.nip.io",
            "localhost.evil.com",
            "example.com",
            "other.example.com",
            "1.2.3",
        ] {
            assert!(!is_answered(bad), "{bad}");
        }
        assert!(check_host(&HeaderMap::new(), &known).is_ok());
    }
}
