//! A request and its answer as a journal keeps them: all texts in one piece of memory, which lies beside that of the
//! exchanges before and after it ([`Room`]), so that an entry is made and thrown away without asking for memory.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, Method};
use smsload_spec::Violation;

use crate::request::{Answer, Outcome, Request};

/// Headers whose values are never kept.
pub(crate) const SECRETS: [HeaderName; 5] = [
    AUTHORIZATION,
    COOKIE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("token"),
    HeaderName::from_static("linker-sign"),
];
/// What stands for the value of a secret.
pub(crate) const MASK: &str = "(not kept)";
/// Violations of one request that are kept; the others are counted.
const MAX_VIOLATIONS: usize = 64;

/// How an exchange came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ending {
    /// A job was started.
    Started,
    /// A job was read.
    Read,
    /// An example was given.
    Example,
    /// The request was refused.
    Refused,
    /// A fault took the place of an answer.
    Fault,
}

/// A body, or its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept<'e> {
    pub(crate) bytes: &'e [u8],
    /// The length of the whole.
    pub(crate) length: usize,
}

impl Kept<'_> {
    pub(crate) fn is_cut(&self) -> bool {
        self.bytes.len() < self.length
    }
}

/// A request and its answer. A copy shares what is large.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) method: Method,
    texts: Texts,
    /// The length of the request's whole body.
    request_length: usize,
    /// The length of the answer's whole body.
    answer_length: usize,
    pub(crate) ending: Ending,
    /// The id of the fault that was hit.
    pub(crate) fault: Option<u64>,
    flaws: Option<Arc<Flaws>>,
    /// 0 if there was no answer.
    pub(crate) status: u16,
}

/// What there is to say against a request; mostly nothing.
#[derive(Debug)]
struct Flaws {
    /// The first of them.
    violations: Vec<Violation>,
    /// How many there were.
    violation_count: usize,
    /// JSON Pointers of members that stood twice.
    duplicates: Vec<String>,
}

impl Flaws {
    fn of(violations: &[Violation], duplicates: &[String]) -> Self {
        Self {
            violations: violations.iter().take(MAX_VIOLATIONS).cloned().collect(),
            violation_count: violations.len(),
            duplicates: duplicates.to_vec(),
        }
    }

    /// In memory of their own, if there are any.
    fn kept(self) -> Option<Arc<Self>> {
        let is_any = self.violation_count > 0 || !self.duplicates.is_empty();
        is_any.then(|| Arc::new(self))
    }
}

/// What an [`Exchange`] is made of, where it does not come from a request.
#[derive(Debug)]
pub(crate) struct Parts<'p> {
    pub(crate) method: Method,
    pub(crate) path: &'p str,
    pub(crate) query: &'p str,
    /// `name: value`, a line for each.
    pub(crate) headers: &'p str,
    pub(crate) request: Kept<'p>,
    pub(crate) operation: Option<&'p str>,
    pub(crate) ending: Ending,
    pub(crate) error: Option<&'p str>,
    pub(crate) fault: Option<u64>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) violation_count: usize,
    pub(crate) duplicates: Vec<String>,
    pub(crate) status: u16,
    pub(crate) answer: Kept<'p>,
}

impl Exchange {
    /// The exchange that a request and its answer are, without its texts.
    pub(crate) fn of(request: &Request<'_>, answer: &Answer<'_>) -> Self {
        let (ending, violations) = match &answer.outcome {
            Outcome::Started => (Ending::Started, &[][..]),
            Outcome::Read => (Ending::Read, &[][..]),
            Outcome::Example => (Ending::Example, &[][..]),
            Outcome::Fault => (Ending::Fault, &[][..]),
            Outcome::Refused { violations, .. } => (Ending::Refused, &violations[..]),
        };
        Self {
            method: request.method.clone(),
            texts: Texts::default(),
            request_length: request.body.len(),
            answer_length: answer.body.len(),
            ending,
            fault: answer.fault,
            flaws: Flaws::of(violations, &answer.duplicates).kept(),
            status: if answer.is_answered() {
                answer.status.as_u16()
            } else {
                0
            },
        }
    }

    /// Writes the texts; of bodies so many bytes are kept.
    pub(crate) fn write(
        &mut self,
        room: &mut Room,
        request: &Request<'_>,
        answer: &Answer<'_>,
        body: usize,
    ) {
        let error = match &answer.outcome {
            Outcome::Refused { error, .. } => &**error,
            _ => "",
        };
        let operation = answer.operation.map_or("", |o| o.id.as_str());
        let before = [request.path, request.query, operation, error].map(str::as_bytes);
        let begin = |bytes: &[u8]| bytes.len().min(body);
        let bodies = [
            &request.body[..begin(request.body)],
            &answer.body[..begin(&answer.body)],
        ];
        self.texts = Texts::new(room, before, bodies, request.headers);
    }

    /// The first violations.
    pub(crate) fn violations(&self) -> &[Violation] {
        self.flaws.as_ref().map_or(&[], |flaws| &flaws.violations)
    }

    /// How many violations there were.
    pub(crate) fn violation_count(&self) -> usize {
        self.flaws.as_ref().map_or(0, |flaws| flaws.violation_count)
    }

    /// JSON Pointers of members that stood twice.
    pub(crate) fn duplicates(&self) -> &[String] {
        self.flaws.as_ref().map_or(&[], |flaws| &flaws.duplicates)
    }

    /// The path, as it was sent.
    pub(crate) fn path(&self) -> &str {
        self.texts.text(Texts::PATH)
    }

    /// The query, as it was sent.
    pub(crate) fn query(&self) -> &str {
        self.texts.text(Texts::QUERY)
    }

    /// `name: value`, a line for each header; lossy where a value is no UTF-8.
    pub(crate) fn headers(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.texts.part(Texts::HEADERS))
    }

    /// The operation's id.
    pub(crate) fn operation(&self) -> Option<&str> {
        Some(self.texts.text(Texts::OPERATION)).filter(|id| !id.is_empty())
    }

    /// The name of the error.
    pub(crate) fn error(&self) -> Option<&str> {
        Some(self.texts.text(Texts::ERROR)).filter(|error| !error.is_empty())
    }

    /// The request's body.
    pub(crate) fn request(&self) -> Kept<'_> {
        Kept {
            bytes: self.texts.part(Texts::REQUEST),
            length: self.request_length,
        }
    }

    /// The answer's body.
    pub(crate) fn answer(&self) -> Kept<'_> {
        Kept {
            bytes: self.texts.part(Texts::ANSWER),
            length: self.answer_length,
        }
    }

    /// Bytes of all texts.
    pub(crate) fn text_length(&self) -> usize {
        self.texts.bytes.len()
    }
}

impl From<Parts<'_>> for Exchange {
    fn from(parts: Parts<'_>) -> Self {
        let operation = parts.operation.unwrap_or_default();
        let error = parts.error.unwrap_or_default();
        let before = [parts.path, parts.query, operation, error].map(str::as_bytes);
        let bodies = [parts.request.bytes, parts.answer.bytes];
        let flaws = Flaws {
            violations: parts.violations,
            violation_count: parts.violation_count,
            duplicates: parts.duplicates,
        };
        let lines = parts.headers.as_bytes();
        Self {
            method: parts.method,
            texts: Texts::with_lines(&mut Room::default(), before, bodies, lines.len(), |out| {
                out.extend_from_slice(lines);
            }),
            request_length: parts.request.length,
            answer_length: parts.answer.length,
            ending: parts.ending,
            fault: parts.fault,
            flaws: flaws.kept(),
            status: parts.status,
        }
    }
}

/// Where the texts of one journal's exchanges are written, in pieces that many of them share. A piece is freed with the
/// last of its exchanges, which is soon, since the oldest always go first. Pieces grow with what is written, so that at
/// most about as much memory again is taken as there are texts.
#[derive(Debug, Default)]
pub(crate) struct Room {
    rest: BytesMut,
    /// Bytes of the present piece.
    piece: usize,
}

impl Room {
    const LEAST: usize = 1024;
    const MOST: usize = 64 * 1024;

    /// Sees to it that so many bytes more have a place.
    fn make(&mut self, bytes: usize) {
        if self.rest.capacity() < bytes {
            self.piece = (self.piece * 2).clamp(Self::LEAST, Self::MOST);
            self.rest = BytesMut::with_capacity(self.piece.max(bytes));
        }
    }
}

/// Seven texts, one after the other.
#[derive(Debug, Clone, Default)]
struct Texts {
    bytes: Bytes,
    /// Where each of them ends.
    ends: [u32; 7],
}

impl Texts {
    const PATH: usize = 0;
    const QUERY: usize = 1;
    const OPERATION: usize = 2;
    const ERROR: usize = 3;
    const REQUEST: usize = 4;
    const ANSWER: usize = 5;
    const HEADERS: usize = 6;

    fn new(room: &mut Room, before: [&[u8]; 4], bodies: [&[u8]; 2], headers: &HeaderMap) -> Self {
        // A mask may be longer than what it stands for.
        let length = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len().max(MASK.len()) + 3);
        Self::with_lines(room, before, bodies, length.sum(), |out| {
            for (name, value) in headers {
                out.extend_from_slice(name.as_str().as_bytes());
                out.extend_from_slice(b": ");
                out.extend_from_slice(match SECRETS.contains(name) {
                    true => MASK.as_bytes(),
                    false => value.as_bytes(),
                });
                out.extend_from_slice(b"\n");
            }
        })
    }

    /// The headers, last, take so much at most.
    fn with_lines(
        room: &mut Room,
        before: [&[u8]; 4],
        bodies: [&[u8]; 2],
        lines: usize,
        write_lines: impl FnOnce(&mut BytesMut),
    ) -> Self {
        let fixed = before.iter().chain(&bodies);
        let length: usize = fixed.clone().map(|part| part.len()).sum();
        room.make(length + lines);
        let bytes = &mut room.rest;
        // More than that is no exchange of one that reads only so many bytes.
        let end = |bytes: &BytesMut| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mut ends = [0; 7];
        for (at, part) in ends.iter_mut().zip(fixed) {
            bytes.extend_from_slice(part);
            *at = end(bytes);
        }
        write_lines(bytes);
        ends[Self::HEADERS] = end(bytes);
        Self {
            bytes: bytes.split().freeze(),
            ends,
        }
    }

    fn part(&self, which: usize) -> &[u8] {
        let start = which.checked_sub(1).map_or(0, |before| self.ends[before]);
        let place = start as usize..self.ends[which] as usize;
        self.bytes.get(place).unwrap_or_default()
    }

    fn text(&self, which: usize) -> &str {
        // Only bodies and headers can be anything but UTF-8.
        std::str::from_utf8(self.part(which)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{Room, Texts};

    fn texts(room: &mut Room, n: usize) -> Texts {
        let (path, body) = (format!("/{n}"), vec![b'x'; n]);
        let mut headers = HeaderMap::new();
        headers.insert("token", HeaderValue::from_static("never kept"));
        headers.insert("x", HeaderValue::from_bytes(&[b'a', 0xff]).unwrap());
        let before = [path.as_bytes(), b"q=1", b"", b"error"];
        Texts::new(room, before, [&body, b"answer"], &headers)
    }

    #[test]
    fn what_is_written_later_changes_nothing_before() {
        let mut room = Room::default();
        let all: Vec<_> = (0..600).map(|n| texts(&mut room, n)).collect();
        for (n, texts) in all.iter().enumerate() {
            assert_eq!(texts.text(Texts::PATH), format!("/{n}"));
            assert_eq!(texts.text(Texts::QUERY), "q=1");
            assert_eq!(texts.text(Texts::OPERATION), "");
            assert_eq!(texts.text(Texts::ERROR), "error");
            assert_eq!(texts.part(Texts::REQUEST).len(), n);
            assert_eq!(texts.text(Texts::ANSWER), "answer");
            assert_eq!(texts.part(Texts::HEADERS), b"token: (not kept)\nx: a\xff\n");
        }
    }

    #[test]
    fn little_room_is_taken_for_little_and_pieces_are_shared() {
        let mut room = Room::default();
        drop(texts(&mut room, 10));
        assert!(room.piece <= Room::LEAST, "{}", room.piece);
        for _ in 0..10_000 {
            drop(texts(&mut room, 100));
            assert!(room.piece <= Room::MOST);
        }
        // One that fits into no piece has one of its own.
        let long = texts(&mut room, Room::MOST * 2);
        assert_eq!(long.part(Texts::REQUEST).len(), Room::MOST * 2);
        assert!(room.piece <= Room::MOST);
    }
}
