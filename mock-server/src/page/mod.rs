//! The page at `/__mock/` for people: plain HTML, CSS and JavaScript modules out of the binary, which ask the control
//! interface for everything that they show.
//!
//! The page shows texts of strangers. Its policy lets nothing run or load that is not served here, and the scripts make
//! text nodes only, never markup.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
    LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, Method, StatusCode};

use crate::hash;
use crate::request::{Answer, Outcome, Request};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const CSS: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");
const SCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");
const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");

/// What a browser may do with the page: nothing but run and ask what is served here.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types 'none'",
);

/// A file of the page.
struct Asset {
    path: &'static str,
    media: HeaderValue,
    bytes: &'static [u8],
    tag: HeaderValue,
}

/// A file of the page by its name, which is also its path.
macro_rules! asset {
    ($name:literal, $media:expr) => {
        asset(
            concat!("/__mock/page/", $name),
            $media,
            include_bytes!(concat!("../../assets/page/", $name)),
        )
    };
}

static ASSETS: LazyLock<[Asset; 15]> = LazyLock::new(|| {
    [
        asset(
            "/__mock/",
            HTML,
            include_bytes!("../../assets/page/index.html"),
        ),
        asset!("page.css", CSS),
        asset!("parts.css", CSS),
        asset!("icon.svg", SVG),
        asset!("main.js", SCRIPT),
        asset!("api.js", SCRIPT),
        asset!("clock.js", SCRIPT),
        asset!("curl.js", SCRIPT),
        asset!("dom.js", SCRIPT),
        asset!("faults.js", SCRIPT),
        asset!("jobs.js", SCRIPT),
        asset!("journal.js", SCRIPT),
        asset!("json.js", SCRIPT),
        asset!("send.js", SCRIPT),
        asset!("words.js", SCRIPT),
    ]
});

fn asset(path: &'static str, media: HeaderValue, bytes: &'static [u8]) -> Asset {
    let tag = format!("\"{:016x}\"", hash::stable(&[bytes]));
    Asset {
        path,
        media,
        bytes,
        // Digits and quotation marks are always a header's value.
        tag: HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\"")),
    }
}

/// The answer to a request for a file of the page; nothing if the path is of another thing.
pub(crate) fn answer(request: &Request<'_>) -> Option<Answer<'static>> {
    if request.path == "/__mock" {
        return Some(moved());
    }
    let asset = ASSETS.iter().find(|asset| asset.path == request.path)?;
    if !matches!(*request.method, Method::GET | Method::HEAD) {
        let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
        let allow = HeaderValue::from_static("GET, HEAD");
        answer.headers.insert(ALLOW, allow);
        return Some(answer);
    }
    let mut answer = match is_known(request.headers, &asset.tag) {
        true => empty(StatusCode::NOT_MODIFIED),
        false => Answer::new(
            StatusCode::OK,
            asset.media.clone(),
            Bytes::from_static(asset.bytes),
            Outcome::Example,
        ),
    };
    answer.headers.insert(ETAG, asset.tag.clone());
    answer.headers.extend(guards());
    Some(answer)
}

/// From where relative addresses would lead astray to where they are right, also below a proxy's path.
fn moved() -> Answer<'static> {
    let mut answer = empty(StatusCode::PERMANENT_REDIRECT);
    let location = HeaderValue::from_static("__mock/");
    answer.headers.insert(LOCATION, location);
    answer
}

fn empty(status: StatusCode) -> Answer<'static> {
    Answer {
        headers: HeaderMap::new(),
        ..Answer::new(status, HTML, Bytes::new(), Outcome::Example)
    }
}

/// Whether a client has these bytes already (RFC 9110 §13.1.2).
fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let tag = tag.as_bytes();
    let known = headers.get_all(IF_NONE_MATCH).iter();
    let mut tags = known.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    tags.any(|given| {
        let given = given.trim_ascii();
        given == b"*" || given.strip_prefix(b"W/").unwrap_or(given) == tag
    })
}

/// What keeps the page apart from all others; a browser asks each time whether there is a newer one.
fn guards() -> [(HeaderName, HeaderValue); 6] {
    let value = HeaderValue::from_static;
    [
        (CACHE_CONTROL, value("no-cache")),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, value("nosniff")),
        (X_FRAME_OPTIONS, value("DENY")),
        (REFERRER_POLICY, value("no-referrer")),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            value("same-origin"),
        ),
    ]
}
