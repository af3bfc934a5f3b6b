//! Ways in which a contract was broken, each once, with how often.
//!
//! Only breaches of the contract count: schemas, rules, parameters, media types, and paths or methods that it does not
//! have. A refusal for another reason (a device that is unknown, a table that is full) is no breach.
//!
//! What is kept is bounded, since callers choose paths and member names: after [`Violations::MAX_DISTINCT`] different
//! breaches further new ones are only counted.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Method;
use http::header::ALLOW;
use indexmap::IndexMap;
use smsload_spec::{Contract, Part, Place, Violation};

use crate::observe::Observe;
use crate::request::{Answer, Outcome, Request};

/// Bytes of a client's path that are shown.
const MAX_PATH: usize = 200;

/// Who broke the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client, by a request.
    Request,
    /// The server, by an answer.
    Answer,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Answer => "answer",
        })
    }
}

/// One way in which the contract was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The id of the operation, or method and path where there is none.
    pub operation: String,
    /// Who broke it.
    pub side: Side,
    /// What was wrong the first time.
    pub message: String,
    /// Where the rule stands.
    pub place: Option<Place>,
    /// How often.
    pub count: u64,
}

impl std::fmt::Display for Breach {
    /// One line without control characters, whatever a caller's names hold.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: ", self.operation, self.side)?;
        write!(f, "{}", printable(&self.message))?;
        if self.count != 1 {
            write!(f, " ({} times)", self.count)?;
        }
        match &self.place {
            Some(place) => write!(f, " [{}:{}]", place.file, place.line),
            None => Ok(()),
        }
    }
}

/// Two violations are the same way of breaking the contract if all of this is the same.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    operation: String,
    side: Side,
    rule: String,
    keyword: String,
    pointer: String,
}

#[derive(Debug, Default)]
struct Counted {
    breaches: IndexMap<Key, Breach>,
    /// Violations that found no place in the table.
    beyond: u64,
}

/// Counts violations. As an [`Observe`] of a mock it counts those of its clients.
#[derive(Debug, Default)]
pub struct Violations(Mutex<Counted>);

impl Violations {
    /// Different breaches that are kept.
    pub const MAX_DISTINCT: usize = 1_000;

    /// Counts one violation of an operation: its id, or method and path where there is none.
    pub fn note(&self, contract: &Contract, operation: &str, side: Side, violation: &Violation) {
        let key = Key {
            operation: operation.to_owned(),
            side,
            rule: violation.rule.clone(),
            keyword: violation.keyword.clone(),
            pointer: violation.pointer.clone(),
        };
        let mut counted = self.lock();
        if let Some(breach) = counted.breaches.get_mut(&key) {
            breach.count += 1;
        } else if counted.breaches.len() < Self::MAX_DISTINCT {
            let breach = breach(contract, operation, side, violation);
            counted.breaches.insert(key, breach);
        } else {
            counted.beyond += 1;
        }
    }

    /// Every way in which the contract was broken, in the order of their first times.
    #[must_use]
    pub fn list(&self) -> Vec<Breach> {
        self.lock().breaches.values().cloned().collect()
    }

    /// How many violations there were, those included that are not listed.
    #[must_use]
    pub fn total(&self) -> u64 {
        let counted = self.lock();
        counted.breaches.values().map(|b| b.count).sum::<u64>() + counted.beyond
    }

    /// How many violations are not listed, because too many different ones came before them.
    #[must_use]
    pub fn beyond(&self) -> u64 {
        self.lock().beyond
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        // No code that runs under the lock leaves the table half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observe for Violations {
    fn answered(&self, contract: &Contract, request: &Request<'_>, answer: &Answer<'_>) {
        let Outcome::Refused { violations, .. } = &answer.outcome else {
            return;
        };
        let Some(operation) = answer.operation else {
            let allow = answer.headers.get(ALLOW).and_then(|v| v.to_str().ok());
            let violation = unrouted(allow);
            let name = unrouted_name(request.method, request.path);
            return self.note(contract, &name, Side::Request, &violation);
        };
        for violation in violations {
            self.note(contract, &operation.id, Side::Request, violation);
        }
    }
}

/// A violation, told once.
pub(crate) fn breach(
    contract: &Contract,
    operation: &str,
    side: Side,
    violation: &Violation,
) -> Breach {
    Breach {
        operation: operation.to_owned(),
        side,
        message: violation.message.clone(),
        place: contract.place(&violation.rule),
        count: 1,
    }
}

/// What a request breaks that no operation is meant by; with the methods that its path has, if it has any.
pub(crate) fn unrouted(allow: Option<&str>) -> Violation {
    let (part, keyword, message) = match allow {
        Some(allow) => {
            let message = format!("the contract has other methods for this path: {allow}");
            (Part::Path, "method", message)
        }
        None => (
            Part::Path,
            "path",
            "the contract has no such path".to_owned(),
        ),
    };
    Violation {
        part,
        pointer: String::new(),
        keyword: keyword.to_owned(),
        message,
        members: Vec::new(),
        error: None,
        rule: "/paths".to_owned(),
    }
}

/// What stands for an operation's id where there is no operation.
pub(crate) fn unrouted_name(method: &Method, path: &str) -> String {
    let end = path.floor_char_boundary(MAX_PATH);
    let rest = if end < path.len() { "…" } else { "" };
    format!("{method} {}{rest}", &path[..end])
}

/// A text without control characters: names of members may hold any.
fn printable(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use smsload_spec::Contract;

    use super::{Side, Violations, unrouted};

    #[test]
    fn the_same_is_counted_and_the_place_is_the_documents() {
        let (contract, violations) = (Contract::bundled(), Violations::default());
        for side in [Side::Request, Side::Request, Side::Answer] {
            violations.note(&contract, "GET /x", side, &unrouted(None));
        }
        let list = violations.list();
        assert_eq!((list.len(), violations.total()), (2, 3));
        let shown = list[0].to_string();
        let expected = "GET /x request: the contract has no such path (2 times) [bundled contract:";
        assert!(shown.starts_with(expected), "{shown}");
    }

    #[test]
    fn it_is_bounded_and_shows_no_control_characters() {
        let (contract, violations) = (Contract::bundled(), Violations::default());
        let mut violation = unrouted(None);
        violation.message = "\u{1b}[2Jgone\n".to_owned();
        for n in 0..Violations::MAX_DISTINCT + 5 {
            violation.pointer = n.to_string();
            violations.note(&contract, "o", Side::Request, &violation);
        }
        assert_eq!(violations.list().len(), Violations::MAX_DISTINCT);
        assert_eq!(violations.beyond(), 5);
        assert!(!violations.list()[0].to_string().contains(char::is_control));
    }
}
