//! Faults, added and deleted.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::problem::{Problem, fault, problem};
use super::{Done, answer, nothing, ok};
use crate::fault::{Fault, Rule, TooMany};
use crate::mock::Mock;
use crate::world::World;

pub(super) fn list(world: &World) -> Done {
    faults(&world.faults.all())
}

fn faults(faults: &[Fault]) -> Done {
    ok(&json!({"faults": faults}))
}

pub(super) fn add(mock: &Mock, world: &World, body: &Value) -> Done {
    let rule: Rule = parsed(body)?;
    usable(mock, &[(String::new(), &rule)])?;
    let fault = world.faults.add(rule).map_err(too_many)?;
    told(world, "added");
    answer(StatusCode::CREATED, &fault)
}

pub(super) fn replace(mock: &Mock, world: &World, body: &Value) -> Done {
    let rules: Vec<Rule> = parsed(body)?;
    let placed = rules
        .iter()
        .enumerate()
        .map(|(at, rule)| (format!("/{at}"), rule));
    usable(mock, &placed.collect::<Vec<_>>())?;
    let replaced = world.faults.replace(rules).map_err(too_many)?;
    told(world, "replaced");
    faults(&replaced)
}

pub(super) fn clear(world: &World) -> Done {
    world.faults.clear();
    told(world, "deleted");
    Ok(nothing())
}

pub(super) fn delete(world: &World, id: &str) -> Done {
    let is_gone = id.parse().is_ok_and(|id| world.faults.delete(id));
    if is_gone {
        told(world, "deleted");
        return Ok(nothing());
    }
    let message = format!("this world has no fault {id}");
    Err(problem(StatusCode::NOT_FOUND, message))
}

/// Tells those who listen that there are other faults than before.
fn told(world: &World, change: &str) {
    world.tell("faults", || json!({"change": change}));
}

pub(super) fn too_many(error: TooMany) -> Problem {
    problem(StatusCode::CONFLICT, error.to_string())
}

/// A body in its type; the description of the interface has said already that it fits.
pub(super) fn parsed<T: DeserializeOwned>(body: &Value) -> Result<T, Problem> {
    T::deserialize(body)
        .map_err(|error| Problem::faults(vec![fault("body", "", &error.to_string())]))
}

/// What the contract does not have cannot be met: told when a rule is made, not when it should act.
fn usable(mock: &Mock, rules: &[(String, &Rule)]) -> Result<(), Problem> {
    let contract = mock.contract();
    let mut faults = Vec::new();
    let mut wrong = |at: &str, member: &str, what: &str, name: &str| {
        let pointer = format!("{at}{member}");
        let message = format!("the contract has no {what} `{name}`");
        faults.push(fault("body", &pointer, &message));
    };
    for (at, rule) in rules {
        if let Some(id) = &rule.matching.operation
            && contract.operation(id).is_none()
        {
            wrong(at, "/match/operation", "operation", id);
        }
        if let Some(name) = &rule.action.error
            && contract.error(name).is_none()
        {
            wrong(at, "/action/error", "error", name);
        }
        if let Some(code) = &rule.action.code
            && contract.errors().all(|e| e.code != *code)
        {
            wrong(at, "/action/code", "error with the code", code);
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::faults(faults))
    }
}
