//! Files that are not what was announced, and answers about them that HTTP does not allow.

use http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderValue, RANGE};
use http::{Method, Response, StatusCode};

use percent_encoding::percent_decode_str;

use super::How::{File, FileAddress, FileContent};
use super::asked::Asked;
use super::{Group, Misbehaviour};
use crate::files::{Clip, Content, FileBody, not_found};
use crate::mock::Mock;
use crate::request::Request;

/// So long after its end a file is not what it should be, in microseconds of mock time.
const LATE: u64 = 10_000_000;
/// What all paths of files begin with.
const FILES: &str = "/__files/";
/// In the place of the key of an address.
const NO_KEY: &str = "/__files/0000000000000000/";

/// What was announced of a finished file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileFacts {
    pub(crate) seconds: u64,
    pub(crate) bytes: u64,
    pub(crate) tag: u64,
    /// Mock time since the end of the download.
    pub(crate) micros_since_end: u64,
}

/// A clip of other figures; the right content if there can be none of them.
fn clip(right: Content, seconds: u64, bytes: u64, tag: u64) -> Content {
    Clip::new(seconds, bytes, tag).map_or(right, Content::clip)
}

/// Says something else instead of giving a file that there is.
fn instead(response: &mut Response<FileBody>, status: StatusCode, text: &'static str) {
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    headers.remove(CONTENT_RANGE);
    *response.body_mut() = FileBody::text(text);
}

fn is_found(response: &Response<FileBody>) -> bool {
    response.status() != StatusCode::NOT_FOUND
}

fn is_head(request: &Request<'_>) -> bool {
    *request.method == Method::HEAD
}

/// The first bytes of a range, where the last ones were asked for.
fn prefix_for_suffix(request: &Request<'_>, response: &mut Response<FileBody>) {
    let range = request
        .headers
        .get(RANGE)
        .and_then(|range| range.to_str().ok());
    if response.status() == StatusCode::PARTIAL_CONTENT
        && range.is_some_and(|range| range.starts_with("bytes=-"))
    {
        let length = response.body().left();
        let name = response
            .headers()
            .get(CONTENT_RANGE)
            .and_then(|n| n.to_str().ok());
        let all = name.and_then(|name| Some(name.rsplit_once('/')?.1.to_owned()));
        response.body_mut().rewind();
        let name = format!("bytes 0-{}/{}", length - 1, all.unwrap_or_default());
        if let Ok(name) = name.parse() {
            response.headers_mut().insert(CONTENT_RANGE, name);
        }
    }
}

/// An address with a key that tells nothing apart.
fn without_key(address: String) -> String {
    match address.split_once(FILES) {
        Some((root, rest)) => match rest.split_once('/') {
            Some((_, name)) => format!("{root}{NO_KEY}{name}"),
            None => address,
        },
        None => address,
    }
}

/// Puts the right key into a path that has none.
fn find_key(mock: &Mock, asked: &mut Asked) {
    let name = asked.path.strip_prefix(NO_KEY);
    let Some(id) = name.and_then(|name| name.strip_suffix(".mp4")) else {
        return;
    };
    let id = percent_decode_str(id).decode_utf8_lossy();
    let right = mock.worlds().all().into_iter().find_map(|world| {
        let now = world.clock.now();
        let is_there = |kind| world.jobs.find(kind, &id, now).is_some();
        let (_, kind) = mock.kinds().find(|(kind, _)| is_there(*kind))?;
        Some(mock.addresses.of(&world.name, kind, &id))
    });
    if let Some((_, rest)) = right.as_deref().and_then(|url| url.split_once(FILES)) {
        asked.path = format!("{FILES}{rest}");
    }
}

pub(super) const GROUP: Group = Group {
    title: "Serves files wrongly",
    list: &[
        Misbehaviour {
            name: "file-missing",
            what: "Answers 404 at the address of a finished file.",
            catches: &["FILE-01", "FILE-07"],
            touches: &[
                "file get",
                "file again",
                "file later",
                "file head",
                "file range",
                "file suffix",
                "file beyond",
                "file head range",
            ],
            how: File(|_, response| *response = not_found()),
        },
        Misbehaviour {
            name: "file-forbidden",
            what: "Answers 403 at the address of a finished file.",
            catches: &["FILE-01"],
            touches: &[
                "file get",
                "file again",
                "file later",
                "file head",
                "file range",
                "file suffix",
                "file beyond",
                "file head range",
            ],
            how: File(|_, response| {
                if is_found(response) {
                    instead(response, StatusCode::FORBIDDEN, "");
                }
            }),
        },
        Misbehaviour {
            name: "file-one-byte-short",
            what: "Serves a file of one byte less than was announced.",
            catches: &["FILE-02"],
            touches: &[
                "file get",
                "file again",
                "file later",
                "file head",
                "file range",
                "file suffix",
                "file beyond",
                "file head range",
            ],
            how: FileContent(|right, facts, _| {
                Some(clip(
                    right,
                    facts.seconds,
                    facts.bytes.saturating_sub(1),
                    facts.tag,
                ))
            }),
        },
        Misbehaviour {
            name: "file-one-byte-long",
            what: "Serves a file of one byte more than was announced.",
            catches: &["FILE-02"],
            touches: &[
                "file get",
                "file again",
                "file later",
                "file head",
                "file range",
                "file suffix",
                "file beyond",
                "file head range",
            ],
            how: FileContent(|right, facts, _| {
                Some(clip(
                    right,
                    facts.seconds,
                    facts.bytes.saturating_add(1),
                    facts.tag,
                ))
            }),
        },
        Misbehaviour {
            name: "range-off-by-one",
            what: "Sends bytes that begin one before the range that the answer names.",
            catches: &["FILE-03"],
            touches: &["file range", "file suffix"],
            how: File(|_, response| {
                if response.status() == StatusCode::PARTIAL_CONTENT {
                    response.body_mut().step_back();
                }
            }),
        },
        Misbehaviour {
            name: "range-misnamed",
            what: "Names another range in `Content-Range` than it sends.",
            catches: &["FILE-03"],
            touches: &["file range", "file suffix"],
            how: File(|_, response| {
                if response.status() == StatusCode::PARTIAL_CONTENT {
                    let wrong = HeaderValue::from_static("bytes 0-0/1");
                    response.headers_mut().insert(CONTENT_RANGE, wrong);
                }
            }),
        },
        Misbehaviour {
            name: "range-beyond-end-is-empty",
            what: "Answers 200 with no bytes to a range beyond the end.",
            catches: &["FILE-03"],
            touches: &["file beyond"],
            how: File(|_, response| {
                if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
                    instead(response, StatusCode::OK, "");
                }
            }),
        },
        Misbehaviour {
            name: "suffix-as-prefix",
            what: "Sends the first bytes to whom asks for the last ones.",
            catches: &["FILE-03"],
            touches: &["file suffix"],
            how: File(prefix_for_suffix),
        },
        Misbehaviour {
            name: "head-obeys-ranges",
            what: "Answers 206 to a HEAD with a range.",
            catches: &["FILE-03"],
            touches: &["file head range"],
            how: File(|request, response| {
                if is_head(request) && request.headers.contains_key(RANGE) && is_found(response) {
                    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                }
            }),
        },
        Misbehaviour {
            name: "file-of-noise",
            what: "Serves a file that is of no container format.",
            catches: &["FILE-04"],
            touches: &[
                "file get",
                "file again",
                "file later",
                "file head",
                "file range",
                "file suffix",
                "file beyond",
                "file head range",
            ],
            how: FileContent(|_, facts, _| Some(Content::padding(facts.bytes, facts.tag))),
        },
        Misbehaviour {
            name: "file-too-long",
            what: "Serves a file that plays a minute longer than was announced.",
            catches: &["FILE-04"],
            touches: &[
                "file get",
                "file again",
                "file later",
                "file head",
                "file range",
                "file suffix",
                "file beyond",
                "file head range",
            ],
            how: FileContent(|right, facts, _| {
                Some(clip(right, facts.seconds + 60, facts.bytes, facts.tag))
            }),
        },
        Misbehaviour {
            name: "file-differs",
            what: "Serves other bytes each time.",
            catches: &["FILE-05"],
            touches: &[
                "file get",
                "file again",
                "file later",
                "file head",
                "file range",
                "file suffix",
                "file beyond",
                "file head range",
            ],
            how: FileContent(|right, facts, looks| {
                Some(clip(
                    right,
                    facts.seconds,
                    facts.bytes,
                    facts.tag.wrapping_add(looks + 1),
                ))
            }),
        },
        Misbehaviour {
            name: "head-of-another-length",
            what: "Tells one byte more in the `Content-Length` of a HEAD.",
            catches: &["FILE-06"],
            touches: &["file head", "file head range"],
            how: File(|request, response| {
                let length = response.headers().get(CONTENT_LENGTH);
                let length = length.and_then(|n| n.to_str().ok()?.parse::<u64>().ok());
                if is_head(request)
                    && is_found(response)
                    && let Some(length) = length
                {
                    let more = HeaderValue::from(length.saturating_add(1));
                    response.headers_mut().insert(CONTENT_LENGTH, more);
                }
            }),
        },
        Misbehaviour {
            name: "head-refused",
            what: "Answers 405 to a HEAD of a file.",
            catches: &["FILE-06"],
            touches: &["file head", "file head range"],
            how: File(|request, response| {
                if is_head(request) && is_found(response) {
                    instead(response, StatusCode::METHOD_NOT_ALLOWED, "");
                }
            }),
        },
        Misbehaviour {
            name: "file-comes-late",
            what: "Has no file for ten seconds after the end was told.",
            catches: &["FILE-07"],
            touches: &[
                "file get",
                "file again",
                "file head",
                "file range",
                "file suffix",
                "file beyond",
                "file head range",
            ],
            how: FileContent(|right, facts, _| (facts.micros_since_end >= LATE).then_some(right)),
        },
        Misbehaviour {
            name: "file-still-grows",
            what: "Serves half of the file for ten seconds after the end was told.",
            catches: &["FILE-07"],
            touches: &[
                "file get",
                "file again",
                "file head",
                "file range",
                "file suffix",
                "file beyond",
                "file head range",
            ],
            how: FileContent(|right, facts, _| {
                Some(if facts.micros_since_end >= LATE {
                    right
                } else {
                    right.first(facts.bytes / 2)
                })
            }),
        },
        Misbehaviour {
            name: "guessable-address",
            what: "Tells file addresses in which nothing but the id of the download differs.",
            catches: &["SECU-03"],
            touches: &["progress", "file address"],
            how: FileAddress(without_key, find_key),
        },
        Misbehaviour {
            name: "traversal",
            what: "Gives a file of the server where the file address goes on with `..`.",
            catches: &["SECU-06"],
            touches: &["file traversal"],
            how: File(|request, response| {
                let path = request.path.to_ascii_lowercase().replace("%2e", ".");
                if path.contains("..") {
                    instead(response, StatusCode::OK, "root:x:0:0:root:/root:/bin/sh\n");
                }
            }),
        },
    ],
};
