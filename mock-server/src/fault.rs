//! Faults: rules that make requests fail as they fail in the field, and what they do.
//!
//! A rule has a `match`, which says of which requests it takes note, and an `action`. All that a match names must hold;
//! one that names nothing is met by every request. `nth`, `every` and `times` count the requests that meet the rest of
//! the match, from 1. Rules are tried in order; the first that is met acts, and the later ones take no note.
//!
//! A match with `callback` is about attempts to call back, and its action is one of those that only they can meet.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::request::Request;

/// Of which requests a rule takes note.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Match {
    /// The id of the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<String>,
    /// The method, in capitals.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// The path as it is sent; a star at its end stands for any rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Members of the JSON body, each with its value: by JSON Pointer, or by name in the outermost object.
    #[serde(skip_serializing_if = "Map::is_empty")]
    members: Map<String, Value>,
    /// Only the request with this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    nth: Option<u64>,
    /// Each time after so many requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<u64>,
    /// The first so many requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    /// Attempts to call back instead of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) callback: Option<CallbackMatch>,
}

/// Of which attempts to call back a rule takes note; one that names nothing means all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CallbackMatch {
    /// The job's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job: Option<String>,
    /// Which message of the job, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<u32>,
    /// Which attempt at that message, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attempt: Option<u32>,
    /// Whether it is the job's last message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<bool>,
}

/// An attempt to call back that is about to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calling<'c> {
    pub(crate) job: &'c str,
    pub(crate) delivery: u32,
    pub(crate) attempt: u32,
    pub(crate) is_end: bool,
}

impl CallbackMatch {
    fn notes(&self, calling: Calling<'_>) -> bool {
        self.job.as_deref().is_none_or(|job| job == calling.job)
            && self.delivery.is_none_or(|n| n == calling.delivery)
            && self.attempt.is_none_or(|n| n == calling.attempt)
            && self.end.is_none_or(|is| is == calling.is_end)
    }
}

/// What a rule does: at most one of these, and a delay.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Action {
    /// This status, and the envelope of the contract's error `internal`; no body where the status has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// The rejection with this `code` of the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// The rejection of this name of the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Real milliseconds before anything else is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    /// The connection is reset.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) reset: bool,
    /// The answer's body ends after so many bytes, short of its announced length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cut_body_at: Option<usize>,
    /// The body is no JSON, though it says so.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) garbage: bool,
    /// There is no answer.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) hang: bool,
    /// The callback is sent, and when it is acknowledged, sent once more.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) duplicate: bool,
    /// The callback is not sent, and taken for acknowledged.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) drop: bool,
    /// The callback is sent after the job's next one.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) out_of_order: bool,
    /// The callback's body is this instead; `null` is sent as such.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(crate) payload: Option<Value>,
}

/// A member that is there, `null` or not.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde asks for"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// Of which requests it takes note.
    #[serde(rename = "match", default)]
    pub(crate) matching: Match,
    /// What it does.
    pub(crate) action: Action,
}

/// A rule with its name and its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// Its number in its world, from 1.
    pub(crate) id: u64,
    /// The rule.
    #[serde(flatten)]
    pub(crate) rule: Rule,
    /// Requests that it took note of.
    #[serde(default)]
    pub(crate) seen: u64,
    /// Requests that it acted on.
    #[serde(default)]
    pub(crate) hits: u64,
}

/// As many faults are kept as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} faults are kept at most (`max_faults`): delete some first")]
pub(crate) struct TooMany(pub(crate) usize);

/// What is done to a request, by which fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) id: u64,
    pub(crate) action: Arc<Action>,
}

impl Match {
    /// Whether the request is one that the rule counts.
    fn notes(&self, request: &Request<'_>, operation: Option<&str>, body: &Value) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        self.callback.is_none()
            && is(&self.operation, operation)
            && is(&self.method, Some(request.method.as_str()))
            && self.path.as_deref().is_none_or(|p| leads(p, request.path))
            && (self.members.is_empty() || has_members(body, &self.members))
    }

    /// Whether the count is one at which it acts.
    fn acts_at(&self, count: u64) -> bool {
        self.nth.is_none_or(|nth| count == nth)
            && self
                .every
                .is_none_or(|every| count.checked_rem(every) == Some(0))
            && self.times.is_none_or(|times| count <= times)
    }
}

/// Whether a pattern of a path (a star at its end stands for any rest) means a path.
pub(crate) fn leads(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == pattern,
    }
}

/// Whether a body has all these members with these values: by JSON Pointer, or by name in the outermost object.
pub(crate) fn has_members(body: &Value, members: &Map<String, Value>) -> bool {
    members.iter().all(|(name, value)| {
        let found = match name.starts_with('/') {
            true => body.pointer(name),
            false => body.get(name),
        };
        found == Some(value)
    })
}

#[derive(Debug, Default)]
struct List {
    faults: Vec<(Fault, Arc<Action>)>,
    /// Numbers given so far.
    last: u64,
}

/// The faults of a world.
#[derive(Debug)]
pub(crate) struct Faults {
    max: usize,
    /// How many there are: most worlds have none, and pay for looking at this number only.
    count: AtomicUsize,
    /// How many of them look at members of bodies.
    curious: AtomicUsize,
    list: Mutex<List>,
}

impl Faults {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            count: AtomicUsize::new(0),
            curious: AtomicUsize::new(0),
            list: Mutex::default(),
        }
    }

    /// How many there may be.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// The fault that a request meets. It is counted.
    pub(crate) fn hit(&self, request: &Request<'_>, operation: Option<&str>) -> Option<Hit> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        // Parsed before the lock is taken: a long body is nobody else's loss.
        let body = match self.curious.load(Ordering::Relaxed) {
            0 => Value::Null,
            _ => serde_json::from_slice(request.body).unwrap_or_default(),
        };
        self.first(|matching| matching.notes(request, operation, &body))
    }

    /// The fault that an attempt to call back meets. It is counted.
    pub(crate) fn hit_callback(&self, calling: Calling<'_>) -> Option<Hit> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.first(|matching| {
            let callback = matching.callback.as_ref();
            callback.is_some_and(|callback| callback.notes(calling))
        })
    }

    /// The first fault that takes note and acts.
    fn first(&self, notes: impl Fn(&Match) -> bool) -> Option<Hit> {
        self.lock().faults.iter_mut().find_map(|(fault, action)| {
            let matching = &fault.rule.matching;
            if !notes(matching) {
                return None;
            }
            fault.seen += 1;
            if !matching.acts_at(fault.seen) {
                return None;
            }
            fault.hits += 1;
            Some(Hit {
                id: fault.id,
                action: Arc::clone(action),
            })
        })
    }

    /// All of them, in order.
    pub(crate) fn all(&self) -> Vec<Fault> {
        self.lock().faults.iter().map(|(f, _)| f.clone()).collect()
    }

    /// Adds a rule behind all others.
    pub(crate) fn add(&self, rule: Rule) -> Result<Fault, TooMany> {
        let mut list = self.lock();
        if list.faults.len() >= self.max {
            return Err(TooMany(self.max));
        }
        let fault = list.add(rule);
        self.count(&list);
        Ok(fault)
    }

    /// Puts rules in the place of all others.
    pub(crate) fn replace(&self, rules: Vec<Rule>) -> Result<Vec<Fault>, TooMany> {
        if rules.len() > self.max {
            return Err(TooMany(self.max));
        }
        let mut list = self.lock();
        list.faults.clear();
        let faults = rules.into_iter().map(|rule| list.add(rule)).collect();
        self.count(&list);
        Ok(faults)
    }

    /// Puts faults with their names and histories in the place of all others.
    pub(crate) fn restore(&self, faults: Vec<Fault>) -> Result<(), TooMany> {
        if faults.len() > self.max {
            return Err(TooMany(self.max));
        }
        let mut list = self.lock();
        list.last = faults.iter().map(|f| f.id).fold(list.last, u64::max);
        let with_action = |fault: Fault| {
            let action = Arc::new(fault.rule.action.clone());
            (fault, action)
        };
        list.faults = faults.into_iter().map(with_action).collect();
        self.count(&list);
        Ok(())
    }

    /// Deletes one; whether there was one.
    pub(crate) fn delete(&self, id: u64) -> bool {
        let mut list = self.lock();
        let before = list.faults.len();
        list.faults.retain(|(fault, _)| fault.id != id);
        self.count(&list);
        list.faults.len() < before
    }

    /// Deletes all.
    pub(crate) fn clear(&self) {
        let mut list = self.lock();
        list.faults.clear();
        self.count(&list);
    }

    /// Notes how many there are now.
    fn count(&self, list: &List) {
        let is_curious = |(fault, _): &&(Fault, _)| !fault.rule.matching.members.is_empty();
        let curious = list.faults.iter().filter(is_curious).count();
        self.curious.store(curious, Ordering::Relaxed);
        self.count.store(list.faults.len(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        // No code that runs under the lock leaves the list half changed.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    fn add(&mut self, rule: Rule) -> Fault {
        self.last = self.last.saturating_add(1);
        let fault = Fault {
            id: self.last,
            rule,
            seen: 0,
            hits: 0,
        };
        let action = Arc::new(fault.rule.action.clone());
        self.faults.push((fault.clone(), action));
        fault
    }
}
