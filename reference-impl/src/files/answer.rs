//! The answer to a request for a file: whole, parts of it, or why not (RFC 9110 §13 and §14).

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use headers::{
    ETag, HeaderMapExt as _, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince,
    LastModified,
};
use sha2::{Digest as _, Sha256};

use super::ServedFile;
use super::body::{FileBody, Part};
use super::ranges::{Selection, select};
use crate::job::FileKey;

/// What is answered with.
pub(crate) struct FileAnswer<'a> {
    /// Its name.
    pub(crate) key: &'a FileKey,
    /// The file, opened.
    pub(crate) file: Arc<dyn ServedFile>,
    /// When it was whole.
    pub(crate) modified: SystemTime,
}

/// What tells one file from another; both are strong, since a file never changes.
struct Validators {
    etag: ETag,
    modified: SystemTime,
}

/// Answers a GET or HEAD.
pub(crate) fn answer(method: &Method, headers: &HeaderMap, asked: FileAnswer<'_>) -> Response {
    let validators = Validators {
        etag: etag(asked.key),
        modified: asked.modified,
    };
    let mut response = match validators.judge(headers) {
        Some(status) => empty(status),
        None => content(method, headers, &validators, asked.file),
    };
    let headers = response.headers_mut();
    headers.typed_insert(validators.etag);
    headers.typed_insert(LastModified::from(validators.modified));
    for (name, value) in [
        (header::ACCEPT_RANGES, "bytes"),
        // It belongs to one tenant: no cache between may keep it.
        (header::CACHE_CONTROL, "private"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// An entity tag; not the name itself, since tags end up in logs.
fn etag(key: &FileKey) -> ETag {
    let digest = Sha256::digest(key.as_str());
    let tag: String = digest[..12].iter().map(|b| format!("{b:02x}")).collect();
    #[expect(
        clippy::expect_used,
        reason = "quotes around hexadecimal digits are a tag"
    )]
    format!("\"{tag}\"").parse().expect("an entity tag")
}

impl Validators {
    /// The conditions of a request, in the order of RFC 9110 §13.2.2; `None`: it is carried out.
    fn judge(&self, headers: &HeaderMap) -> Option<StatusCode> {
        let expected = match headers.typed_get::<IfMatch>() {
            Some(condition) => condition.precondition_passes(&self.etag),
            None => headers
                .typed_get::<IfUnmodifiedSince>()
                .is_none_or(|condition| condition.precondition_passes(self.modified)),
        };
        if !expected {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        let news = match headers.typed_get::<IfNoneMatch>() {
            Some(condition) => condition.precondition_passes(&self.etag),
            None => headers
                .typed_get::<IfModifiedSince>()
                .is_none_or(|condition| condition.is_modified(self.modified)),
        };
        (!news).then_some(StatusCode::NOT_MODIFIED)
    }

    /// Whether ranges are of the file that the client has a part of.
    fn same_file(&self, headers: &HeaderMap) -> bool {
        if !headers.contains_key(header::IF_RANGE) {
            return true;
        }
        let modified = LastModified::from(self.modified);
        headers
            .typed_get::<IfRange>()
            .is_some_and(|range| !range.is_modified(Some(&self.etag), Some(&modified)))
    }

    fn select(&self, method: &Method, headers: &HeaderMap, size: u64) -> Selection {
        let mut ranges = headers.get_all(header::RANGE).iter();
        let (Some(range), None) = (ranges.next(), ranges.next()) else {
            return Selection::Whole;
        };
        // Ranges are defined for GET only.
        if method != Method::GET || !self.same_file(headers) {
            return Selection::Whole;
        }
        select(range.to_str().unwrap_or_default(), size)
    }
}

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("video/mp4");

fn content(
    method: &Method,
    headers: &HeaderMap,
    validators: &Validators,
    file: Arc<dyn ServedFile>,
) -> Response {
    let size = file.size();
    match validators.select(method, headers, size) {
        Selection::Whole => {
            let body = FileBody::new(file, [Part::File(0..size)]);
            filled(method, StatusCode::OK, MEDIA_TYPE, body)
        }
        Selection::Unsatisfiable => {
            let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
            set_content_range(response.headers_mut(), &format!("bytes */{size}"));
            response
        }
        Selection::Parts(parts) if parts.len() == 1 => {
            let part = parts[0].clone();
            let range = content_range(&part, size);
            let body = FileBody::new(file, [Part::File(part)]);
            let mut response = filled(method, StatusCode::PARTIAL_CONTENT, MEDIA_TYPE, body);
            set_content_range(response.headers_mut(), &range);
            response
        }
        Selection::Parts(parts) => multipart(method, parts, file),
    }
}

/// Several parts in one body (RFC 9110 §14.6).
fn multipart(method: &Method, parts: Vec<Range<u64>>, file: Arc<dyn ServedFile>) -> Response {
    let size = file.size();
    let boundary = format!("part-{:016x}", rand::random::<u64>());
    let media_type = HeaderValue::try_from(format!("multipart/byteranges; boundary={boundary}"));
    let media_type = media_type.unwrap_or(MEDIA_TYPE);
    let mut body = Vec::with_capacity(parts.len() * 2 + 1);
    for part in parts {
        let range = content_range(&part, size);
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: video/mp4\r\nContent-Range: {range}\r\n\r\n"
        );
        body.push(Part::Text(head.into()));
        body.push(Part::File(part));
    }
    body.push(Part::Text(format!("\r\n--{boundary}--\r\n").into()));
    let body = FileBody::new(file, body);
    filled(method, StatusCode::PARTIAL_CONTENT, media_type, body)
}

fn content_range(part: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", part.start, part.end - 1)
}

fn set_content_range(headers: &mut HeaderMap, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(header::CONTENT_RANGE, value);
    }
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// An answer with a body; to HEAD, with its headers only.
fn filled(
    method: &Method,
    status: StatusCode,
    media_type: HeaderValue,
    body: FileBody,
) -> Response {
    let length = HeaderValue::from(body.length());
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        Body::new(body)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    response
}
