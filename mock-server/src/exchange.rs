//! A request and its answer as a journal keeps them: all texts in one piece, so that an entry takes two allocations,
//! whatever it holds; and none, once the journal is full: it takes over the memory of the one that had to make room.

use std::cell::Cell;
use std::sync::Arc;

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

thread_local! {
    /// An exchange that nobody needs.
    static SPARE: Cell<Option<Arc<Exchange>>> = const { Cell::new(None) };
}

/// Takes back an exchange that had to make room; the thread's next one is made of it.
pub(crate) fn take_back(exchange: Arc<Exchange>) {
    // While a thread ends there is no place for it, and it is thrown away.
    let _ = SPARE.try_with(|spare| spare.set(Some(exchange)));
}

/// How an exchange came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ending {
    /// A job was started.
    Started,
    /// A job was read.
    Read,
    /// An example was given.
    #[default]
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

/// A request and its answer.
#[derive(Debug, Clone, Default)]
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
    /// The first of them.
    pub(crate) violations: Vec<Violation>,
    /// How many there were.
    pub(crate) violation_count: usize,
    /// JSON Pointers of members that stood twice.
    pub(crate) duplicates: Vec<String>,
    /// 0 if there was no answer.
    pub(crate) status: u16,
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
    /// The exchange that a request and its answer are; of bodies so many bytes are kept.
    pub(crate) fn of(request: &Request<'_>, answer: &Answer<'_>, body: usize) -> Arc<Self> {
        let mut shared = SPARE.take().unwrap_or_default();
        // One that somebody still reads is left to them.
        if Arc::get_mut(&mut shared).is_none() {
            shared = Arc::default();
        }
        if let Some(exchange) = Arc::get_mut(&mut shared) {
            exchange.fill(request, answer, body);
        }
        shared
    }

    fn fill(&mut self, request: &Request<'_>, answer: &Answer<'_>, body: usize) {
        let (ending, error, violations) = match &answer.outcome {
            Outcome::Started => (Ending::Started, "", &[][..]),
            Outcome::Read => (Ending::Read, "", &[][..]),
            Outcome::Example => (Ending::Example, "", &[][..]),
            Outcome::Fault => (Ending::Fault, "", &[][..]),
            Outcome::Refused { error, violations } => (Ending::Refused, &**error, &violations[..]),
        };
        let operation = answer.operation.map_or("", |o| o.id.as_str());
        let begin = |bytes: &'_ [u8]| bytes.len().min(body);
        let (request_body, answer_body) = (
            &request.body[..begin(request.body)],
            &answer.body[..begin(&answer.body)],
        );
        let before = [request.path, request.query, operation, error].map(str::as_bytes);
        let bodies = [request_body, answer_body];
        self.method.clone_from(request.method);
        self.texts.write(before, bodies, request.headers);
        self.request_length = request.body.len();
        self.answer_length = answer.body.len();
        self.ending = ending;
        self.fault = answer.fault;
        self.violations = violations.iter().take(MAX_VIOLATIONS).cloned().collect();
        self.violation_count = violations.len();
        self.duplicates.clone_from(&answer.duplicates);
        self.status = if answer.is_answered() {
            answer.status.as_u16()
        } else {
            0
        };
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
    pub(crate) fn headers(&self) -> &str {
        self.texts.text(Texts::HEADERS)
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

    /// Bytes that all texts take.
    pub(crate) fn text_room(&self) -> usize {
        self.texts.bytes.capacity()
    }
}

impl From<Parts<'_>> for Exchange {
    fn from(parts: Parts<'_>) -> Self {
        let operation = parts.operation.unwrap_or_default();
        let error = parts.error.unwrap_or_default();
        let before = [parts.path, parts.query, operation, error].map(str::as_bytes);
        let bodies = [parts.request.bytes, parts.answer.bytes];
        let mut texts = Texts::default();
        texts.write_with_lines(before, bodies, parts.headers.len(), |out| {
            out.extend_from_slice(parts.headers.as_bytes());
        });
        Self {
            method: parts.method,
            texts,
            request_length: parts.request.length,
            answer_length: parts.answer.length,
            ending: parts.ending,
            fault: parts.fault,
            violations: parts.violations,
            violation_count: parts.violation_count,
            duplicates: parts.duplicates,
            status: parts.status,
        }
    }
}

/// Seven texts, one after the other.
#[derive(Debug, Clone, Default)]
struct Texts {
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: [usize; 7],
}

impl Texts {
    const PATH: usize = 0;
    const QUERY: usize = 1;
    const OPERATION: usize = 2;
    const ERROR: usize = 3;
    const REQUEST: usize = 4;
    const ANSWER: usize = 5;
    const HEADERS: usize = 6;

    /// Writes other texts in the place of these.
    fn write(&mut self, before: [&[u8]; 4], bodies: [&[u8]; 2], headers: &HeaderMap) {
        let length = headers.iter().map(|(name, value)| {
            let value = if SECRETS.contains(name) {
                MASK.len()
            } else {
                value.len()
            };
            name.as_str().len() + value + 3
        });
        self.write_with_lines(before, bodies, length.sum(), |out| {
            for (name, value) in headers {
                out.extend_from_slice(name.as_str().as_bytes());
                out.extend_from_slice(b": ");
                if SECRETS.contains(name) {
                    out.extend_from_slice(MASK.as_bytes());
                } else {
                    match std::str::from_utf8(value.as_bytes()) {
                        Ok(text) => out.extend_from_slice(text.as_bytes()),
                        Err(_) => out.extend_from_slice(
                            String::from_utf8_lossy(value.as_bytes()).as_bytes(),
                        ),
                    }
                }
                out.push(b'\n');
            }
        });
    }

    /// The headers, last, are so long, or a little longer where a value is no UTF-8.
    fn write_with_lines(
        &mut self,
        before: [&[u8]; 4],
        bodies: [&[u8]; 2],
        lines: usize,
        write_lines: impl FnOnce(&mut Vec<u8>),
    ) {
        let fixed = before.iter().chain(&bodies);
        let length: usize = fixed.clone().map(|part| part.len()).sum();
        let wanted = length + lines;
        self.bytes.clear();
        // Short texts must not keep the room of long ones.
        if self.bytes.capacity() > wanted * 2 {
            self.bytes = Vec::new();
        }
        self.bytes.reserve_exact(wanted);
        for (end, part) in self.ends.iter_mut().zip(fixed) {
            self.bytes.extend_from_slice(part);
            *end = self.bytes.len();
        }
        write_lines(&mut self.bytes);
        self.ends[Self::HEADERS] = self.bytes.len();
    }

    fn part(&self, which: usize) -> &[u8] {
        let start = which.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[which]]
    }

    fn text(&self, which: usize) -> &str {
        // Only bodies can be anything but UTF-8.
        std::str::from_utf8(self.part(which)).unwrap_or_default()
    }
}
