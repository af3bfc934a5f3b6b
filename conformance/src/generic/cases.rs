//! The cases of an operation: every single change of a valid request, told apart by the contract. What breaks nothing is
//! a valid case; what breaks exactly one thing is an invalid one, named by member and keyword; the rest is not sent.

use std::collections::{BTreeSet, HashMap, HashSet};

use proptest::sample::subsequence;
use proptest::strategy::{Strategy, ValueTree};
use serde_json::Value;
use smsload_spec::{Contract, Operation, Part, Violation};

use super::message::{Arguments, Message, faults, write};
use super::values::{instead_of, numbers};
use crate::seed;

/// Valid cases for each place of a request.
const VALID: usize = 12;
/// Invalid cases for each thing that can be broken by a schema.
const BROKEN: usize = 2;
/// Invalid cases for each rule: around its boundary first, then far from it.
const RULE: usize = 6;
/// Changes of a case with several.
const MIXED: usize = 4;
/// Places of a request that are changed.
const PLACES: usize = 64;

/// A case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// What is particular about it.
    pub(super) about: String,
    pub(super) message: Message,
    /// What it breaks; nothing if it is valid.
    pub(super) fault: Option<Violation>,
    /// True if only a strict reader finds the fault: a format, or a number in place of a text.
    pub(super) is_lenient: bool,
}

/// One place of a request with another value, or without any.
#[derive(Debug, Clone)]
struct Change {
    /// What a reader calls it.
    place: String,
    slot: Slot,
    value: Option<Value>,
    arguments: Arguments,
}

/// A place of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Slot {
    /// A parameter, by its number.
    Parameter(usize),
    /// A part of the body, by its pointer.
    Body(String),
}

/// All cases around a valid request: first those with one change, then `count` with several that are valid each.
pub(super) fn around(
    contract: &Contract,
    operation: &Operation,
    base: &Arguments,
    (seed, count): (u64, u32),
) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut valid = Vec::new();
    let mut kept: HashMap<String, usize> = HashMap::new();
    let mut sent = HashSet::new();
    for change in changes(operation, base) {
        let Some(message) = write(operation, &change.arguments) else {
            continue;
        };
        if !sent.insert((message.path.clone(), message.request.clone())) {
            continue;
        }
        let found = faults(contract, operation, &message);
        let (key, most) = match found.as_slice() {
            [] => (change.place.clone(), VALID),
            [one] => {
                let most = if one.keyword == "rule" { RULE } else { BROKEN };
                (
                    format!("{}:{}:{}", one.pointer, one.keyword, one.rule),
                    most,
                )
            }
            // More than one thing: nobody could tell what it was rejected for.
            _ => continue,
        };
        // A number and a truth value in place of a text are cases of their own.
        let is_scalar = matches!(change.value, Some(Value::Number(_) | Value::Bool(_)));
        let key = format!("{key}:{}", is_scalar && !found.is_empty());
        let count = kept.entry(key).or_default();
        *count += 1;
        if *count > most {
            continue;
        }
        let fault = found.into_iter().next();
        if fault.is_none() {
            valid.push(change.clone());
        }
        let is_lenient = fault
            .as_ref()
            .is_some_and(|f| f.keyword == "format" || (f.keyword == "type" && is_scalar));
        let said = change
            .value
            .map_or("left out".to_owned(), |v| v.to_string());
        let said = crate::text::excerpt(said.as_bytes());
        let about = match &fault {
            None => format!("{} {said}", change.place),
            Some(fault) => format!("{} {said}: {}", change.place, fault.message),
        };
        cases.push(Case {
            about,
            message,
            fault,
            is_lenient,
        });
    }
    let combined = combined(contract, operation, base, &valid, (seed, count));
    let is_new =
        |case: &Case| sent.insert((case.message.path.clone(), case.message.request.clone()));
    cases.extend(combined.into_iter().filter(is_new));
    cases
}

/// Several valid changes at once, where the contract has nothing against them together.
fn combined(
    contract: &Contract,
    operation: &Operation,
    base: &Arguments,
    valid: &[Change],
    (seed, count): (u64, u32),
) -> Vec<Case> {
    if valid.len() < 2 {
        return Vec::new();
    }
    let some = subsequence(valid.to_vec(), 2..=valid.len().min(MIXED));
    let draw = |index| {
        let tree = some.new_tree(&mut seed::runner(seed, &operation.id, index));
        let changes = tree.ok()?.current();
        let mut arguments = base.clone();
        for change in &changes {
            apply(&mut arguments, change)?;
        }
        let message = write(operation, &arguments)?;
        let about = changes.iter().map(said).collect::<Vec<_>>().join(", ");
        faults(contract, operation, &message)
            .is_empty()
            .then_some(Case {
                about,
                message,
                fault: None,
                is_lenient: false,
            })
    };
    (0..count).filter_map(draw).collect()
}

fn apply(arguments: &mut Arguments, change: &Change) -> Option<()> {
    match &change.slot {
        Slot::Parameter(at) => arguments.parameters.get_mut(*at)?.clone_from(&change.value),
        // The body as a whole is changed by itself.
        Slot::Body(pointer) if pointer.is_empty() => return None,
        Slot::Body(pointer) => {
            let body = arguments.body.as_mut()?;
            match &change.value {
                Some(value) => body.pointer_mut(pointer)?.clone_from(value),
                None => *body = removed(body, pointer)?,
            }
        }
    }
    Some(())
}

fn said(change: &Change) -> String {
    let value = change.value.as_ref();
    let text = value.map_or("left out".to_owned(), Value::to_string);
    format!("{} {}", change.place, crate::text::excerpt(text.as_bytes()))
}

fn changes(operation: &Operation, base: &Arguments) -> Vec<Change> {
    let mut out = Vec::new();
    for (at, parameter) in operation.parameters.iter().enumerate() {
        let place = format!("`{}`", parameter.name);
        let mut bounds = BTreeSet::new();
        if let Some(schema) = &parameter.schema {
            numbers(schema.lowered(), &mut bounds);
        }
        let current = base.parameters.get(at).cloned().flatten();
        let with = |value: Option<Value>| {
            let mut arguments = base.clone();
            if let Some(slot) = arguments.parameters.get_mut(at) {
                slot.clone_from(&value);
            }
            Change {
                place: place.clone(),
                slot: Slot::Parameter(at),
                value,
                arguments,
            }
        };
        out.push(with(None));
        let like = current.unwrap_or_else(|| "a".into());
        let values = instead_of(&like, &bounds, &[]);
        out.extend(values.into_iter().map(|value| with(Some(value))));
    }
    if let Some(body) = &base.body {
        let schema = operation.request_schema().map(|s| s.lowered());
        let mut bounds = BTreeSet::new();
        schema.into_iter().for_each(|s| numbers(s, &mut bounds));
        let with =
            |place: String, pointer: &str, value: Option<Value>, body: Option<Value>| Change {
                place,
                slot: Slot::Body(pointer.to_owned()),
                value,
                arguments: Arguments {
                    body,
                    ..base.clone()
                },
            };
        out.push(with("the body".to_owned(), "", None, None));
        let mut places = Vec::new();
        walk(body, String::new(), &mut places);
        for pointer in places.iter().take(PLACES) {
            let place = if pointer.is_empty() {
                "the body".to_owned()
            } else {
                format!("`{}`", pointer.trim_start_matches('/').replace('/', "."))
            };
            if let Some(without) = removed(body, pointer) {
                out.push(with(place.clone(), pointer, None, Some(without)));
            }
            let Some(current) = body.pointer(pointer) else {
                continue;
            };
            for value in instead_of(current, &bounds, &beside(body, pointer)) {
                let mut changed = body.clone();
                if let Some(slot) = changed.pointer_mut(pointer) {
                    *slot = value.clone();
                }
                out.push(with(place.clone(), pointer, Some(value), Some(changed)));
            }
            if let Value::Object(_) = current {
                let mut changed = body.clone();
                if let Some(Value::Object(members)) = changed.pointer_mut(pointer) {
                    members.insert("x_unknown".to_owned(), 1.into());
                }
                let value = Some("with an unknown member".into());
                out.push(with(place, pointer, value, Some(changed)));
            }
        }
    }
    out
}

/// Every place of a value: itself first, then what it holds.
fn walk(value: &Value, pointer: String, out: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => items.iter().take(1).map(|v| ("0".to_owned(), v)).collect(),
        _ => Vec::new(),
    };
    let below: Vec<_> = inner
        .into_iter()
        .map(|(name, value)| (format!("{pointer}/{name}"), value))
        .collect();
    out.push(pointer);
    for (pointer, value) in below {
        walk(value, pointer, out);
    }
}

fn parent(pointer: &str) -> Option<(&str, String)> {
    let (above, name) = pointer.rsplit_once('/')?;
    Some((above, name.replace("~1", "/").replace("~0", "~")))
}

fn removed(body: &Value, pointer: &str) -> Option<Value> {
    let (above, name) = parent(pointer)?;
    let mut body = body.clone();
    body.pointer_mut(above)?
        .as_object_mut()?
        .shift_remove(&name)?;
    Some(body)
}

/// The other values of the same object: rules compare members with each other.
fn beside(body: &Value, pointer: &str) -> Vec<Value> {
    let Some((above, name)) = parent(pointer) else {
        return Vec::new();
    };
    let members = body.pointer(above).and_then(Value::as_object);
    members
        .into_iter()
        .flatten()
        .filter(|(other, _)| **other != name)
        .map(|(_, value)| value.clone())
        .collect()
}

/// True if a fault is in the path, where a server may say that it does not know the thing.
pub(super) fn is_in_path(fault: &Violation) -> bool {
    fault.part == Part::Path
}
