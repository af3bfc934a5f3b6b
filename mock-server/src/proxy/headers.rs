//! Headers that stay on one connection, and headers that nobody may read in a recording.

use http::HeaderMap;
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST,
    HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE, VIA,
};
use smsload_spec::is_json;

/// What stands in a recording for a secret.
const MASKED: &str = "***";

/// Headers of one connection (RFC 9110 §7.6.1), besides those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Headers whose values are secrets.
const SECRET: [&str; 6] = [
    "token",
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "linker-sign",
];

/// Takes away what belongs to the connection that a message came on.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// The headers of a request as the upstream gets them. Length and host are the client's to write, from body and address.
pub(super) fn to_upstream(headers: &HeaderMap, via: &HeaderValue) -> HeaderMap {
    let mut headers = headers.clone();
    strip(&mut headers);
    for name in [HOST, CONTENT_LENGTH, EXPECT] {
        headers.remove(name);
    }
    if headers.contains_key(ACCEPT_ENCODING) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    headers.append(VIA, via.clone());
    headers
}

/// The headers of an answer as the client gets them. The length is written from the body, unless there is none to be
/// (an answer to HEAD, 304).
pub(super) fn to_client(headers: &HeaderMap, has_body: bool) -> HeaderMap {
    let mut headers = headers.clone();
    strip(&mut headers);
    if has_body {
        headers.remove(CONTENT_LENGTH);
    }
    headers
}

/// Whether a request has passed here before.
pub(super) fn has_passed(headers: &HeaderMap, via: &HeaderValue) -> bool {
    let pseudonym = via.as_bytes();
    let contains = |value: &HeaderValue| {
        value
            .as_bytes()
            .windows(pseudonym.len())
            .any(|w| w == pseudonym)
    };
    headers.get_all(VIA).iter().any(contains)
}

/// Whether the body is JSON that can be read as it is.
pub(super) fn is_plain_json(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let essence = text(CONTENT_TYPE).and_then(|v| v.split(';').next());
    let is_encoded = headers
        .get(CONTENT_ENCODING)
        .is_some_and(|v| !v.as_bytes().eq_ignore_ascii_case(b"identity"));
    !is_encoded && essence.is_some_and(|e| is_json(&e.trim().to_ascii_lowercase()))
}

/// The headers as they may be kept.
pub(super) fn recorded(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = if SECRET.contains(&name.as_str()) {
            MASKED.to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        (name.as_str().to_owned(), value)
    };
    headers.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{has_passed, is_plain_json, recorded, to_client, to_upstream};

    fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
        of.iter()
            .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)))
            .collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        headers.keys().map(HeaderName::as_str).collect()
    }

    const VIA: HeaderValue = HeaderValue::from_static("1.1 me");

    #[test]
    fn what_belongs_to_a_connection_stays_there() {
        let came = headers(&[
            ("connection", "close, X-Hop"),
            ("connection", "other"),
            ("x-hop", "1"),
            ("other", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("te", "trailers"),
            ("host", "here"),
            ("expect", "100-continue"),
            ("content-length", "5"),
            ("token", "t"),
            ("accept-encoding", "gzip"),
        ]);
        let sent = to_upstream(&came, &VIA);
        assert_eq!(names(&sent), ["token", "accept-encoding", "via"]);
        assert_eq!(sent["accept-encoding"], "identity");
        assert!(has_passed(&sent, &VIA) && !has_passed(&came, &VIA));
        let kept = to_client(&came, false);
        assert!(kept.contains_key("content-length") && !kept.contains_key("x-hop"));
        assert!(!to_client(&came, true).contains_key("content-length"));
    }

    #[test]
    fn secrets_are_not_recorded() {
        let kept = recorded(&headers(&[
            ("token", "s3cret"),
            ("authorization", "Bearer s3cret"),
            ("cookie", "a=s3cret"),
            ("set-cookie", "a=s3cret"),
            ("linker-sign", "s3cret"),
            ("tenant-id", "seen"),
        ]));
        let shown = format!("{kept:?}");
        assert!(
            !shown.contains("s3cret") && shown.contains("seen"),
            "{shown}"
        );
        assert_eq!(shown.matches("***").count(), 5);
    }

    #[test]
    fn plain_json_is_told_from_what_cannot_be_judged() {
        for (of, expected) in [
            (
                &[("content-type", "Application/JSON; charset=utf-8")][..],
                true,
            ),
            (&[("content-type", "application/problem+json")], true),
            (&[("content-type", "video/mp4")], false),
            (&[], false),
            (
                &[
                    ("content-type", "application/json"),
                    ("content-encoding", "gzip"),
                ],
                false,
            ),
        ] {
            assert_eq!(is_plain_json(&headers(of)), expected, "{of:?}");
        }
    }
}
