//! Faults, added and deleted.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::problem::{Problem, fault, problem};
use super::{Done, answer, nothing, ok};
use crate::fault::{Fault, Rule, TooMany};
use crate::world::World;

pub(super) fn list(world: &World) -> Done {
    faults(&world.faults.all())
}

fn faults(faults: &[Fault]) -> Done {
    ok(&json!({"faults": faults}))
}

pub(super) fn add(world: &World, body: &Value) -> Done {
    let rule: Rule = parsed(body)?;
    let fault = world.faults.add(rule).map_err(too_many)?;
    told(world, "added");
    answer(StatusCode::CREATED, &fault)
}

pub(super) fn replace(world: &World, body: &Value) -> Done {
    let rules: Vec<Rule> = parsed(body)?;
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
