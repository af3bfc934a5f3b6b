//! The answer about one file: GET and HEAD as RFC 9110 describes them.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use headers::{AcceptRanges, ContentLength, ContentRange, Date, HeaderMapExt, LastModified};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use jiff::Timestamp;

use super::body::{FileBody, Piece};
use super::conditions::{Validators, Verdict};
use super::content::Content;
use super::ranges::{self, Selection};

/// A file at one moment.
#[derive(Debug)]
pub(super) struct File {
    content: Content,
    modified: Timestamp,
    now: Timestamp,
    is_whole: bool,
}

impl File {
    /// A file that does not change any more.
    pub(super) fn whole(content: Content, modified: Timestamp, now: Timestamp) -> Self {
        Self {
            content,
            modified,
            now,
            is_whole: true,
        }
    }

    /// What there is of a file that still grows.
    pub(super) fn part(content: Content, now: Timestamp) -> Self {
        Self {
            content,
            modified: now,
            now,
            is_whole: false,
        }
    }

    /// Whoever keeps it asks again: after a restart of the mock the same address may have another file.
    fn cache_control(&self) -> HeaderValue {
        HeaderValue::from_static(if self.is_whole {
            "no-cache"
        } else {
            "no-store"
        })
    }
}

/// The answer where there is no file, for whatever reason.
pub(crate) fn not_found() -> Response<FileBody> {
    let text = "No such file: it is not finished, is no longer kept, or never was.\n";
    words(StatusCode::NOT_FOUND, text)
}

/// The answer to a request for a file.
pub(super) fn answer(file: &File, method: &Method, headers: &HeaderMap) -> Response<FileBody> {
    if *method != Method::GET && *method != Method::HEAD {
        let mut response = words(StatusCode::METHOD_NOT_ALLOWED, "A file can only be read.\n");
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, allowed);
        return response;
    }
    let Ok(etag) = format!("\"{}\"", file.content.fingerprint()).parse() else {
        // No fingerprint has anything that a tag may not have; a fault of ours would be no reason to panic.
        return words(StatusCode::INTERNAL_SERVER_ERROR, "");
    };
    let validators = Validators {
        etag,
        modified: system_time(file.modified),
    };
    let mut response = match validators.judge(headers) {
        Verdict::NotModified => empty(StatusCode::NOT_MODIFIED),
        Verdict::Failed => words(
            StatusCode::PRECONDITION_FAILED,
            "The file is another one.\n",
        ),
        Verdict::Go if *method == Method::HEAD => head(&file.content),
        Verdict::Go if validators.allow_range(headers) => {
            selected(&file.content, ranges::select(headers, file.content.len()))
        }
        Verdict::Go => whole(&file.content),
    };
    let headers = response.headers_mut();
    headers.typed_insert(validators.etag);
    headers.typed_insert(LastModified::from(validators.modified));
    headers.typed_insert(Date::from(system_time(file.now)));
    headers.typed_insert(AcceptRanges::bytes());
    headers.insert(CACHE_CONTROL, file.cache_control());
    response
}

/// HTTP has dates from 1970 on; a mock's clock may stand before.
fn system_time(time: Timestamp) -> SystemTime {
    SystemTime::from(time).max(UNIX_EPOCH)
}

fn selected(content: &Content, selection: Selection) -> Response<FileBody> {
    match selection {
        Selection::Whole => whole(content),
        Selection::One(range) => one(content, range),
        Selection::Many(ranges) => many(content, &ranges),
        Selection::Unsatisfiable => {
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            let mut response = words(status, "There are no such bytes, or too many ranges.\n");
            let range = ContentRange::unsatisfied_bytes(content.len());
            response.headers_mut().typed_insert(range);
            response
        }
    }
}

fn whole(content: &Content) -> Response<FileBody> {
    let body = FileBody::new(*content, [Piece::Slice(0..content.len())]);
    response(StatusCode::OK, content.media_type(), body)
}

/// As [`whole`], without the bytes.
fn head(content: &Content) -> Response<FileBody> {
    let mut response = whole(content);
    *response.body_mut() = FileBody::text("");
    response
}

fn one(content: &Content, range: Range<u64>) -> Response<FileBody> {
    let named = ContentRange::bytes(range.clone(), content.len());
    let body = FileBody::new(*content, [Piece::Slice(range)]);
    let mut response = response(StatusCode::PARTIAL_CONTENT, content.media_type(), body);
    if let Ok(range) = named {
        response.headers_mut().typed_insert(range);
    }
    response
}

/// Several ranges, each with a head of its own (RFC 9110 §14.6).
fn many(content: &Content, ranges: &[Range<u64>]) -> Response<FileBody> {
    let boundary = content.fingerprint();
    let media = content.media_type();
    let media = media.to_str().unwrap_or_default();
    let mut pieces = Vec::with_capacity(2 * ranges.len() + 1);
    for range in ranges {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {media}\r\nContent-Range: bytes {}-{}/{}\r\n\r\n",
            range.start,
            range.end - 1,
            content.len()
        );
        pieces.push(Piece::Text(Bytes::from(head)));
        pieces.push(Piece::Slice(range.clone()));
    }
    pieces.push(Piece::Text(Bytes::from(format!("\r\n--{boundary}--\r\n"))));
    let media = format!("multipart/byteranges; boundary={boundary}");
    let media = HeaderValue::try_from(media).unwrap_or_else(|_| content.media_type());
    response(
        StatusCode::PARTIAL_CONTENT,
        media,
        FileBody::new(*content, pieces),
    )
}

fn words(status: StatusCode, text: &'static str) -> Response<FileBody> {
    let media = HeaderValue::from_static("text/plain; charset=utf-8");
    response(status, media, FileBody::text(text))
}

fn empty(status: StatusCode) -> Response<FileBody> {
    let mut response = Response::new(FileBody::text(""));
    *response.status_mut() = status;
    response
}

fn response(status: StatusCode, media: HeaderValue, body: FileBody) -> Response<FileBody> {
    let length = ContentLength(body.left());
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, media);
    response.headers_mut().typed_insert(length);
    response
}
