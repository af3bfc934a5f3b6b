//! A valid request of an operation to start from: the document's own examples first, then values made from its schemas.

use serde_json::Value;
use smsload_spec::{Contract, Operation, ParameterIn};

use super::message::{Arguments, faults, write};

/// Valid requests, the best one first: examples, then with all members, then with the required ones alone.
pub(super) fn requests(contract: &Contract, operation: &Operation) -> Vec<Arguments> {
    let mut out = Vec::new();
    let media = operation.request_body.as_ref().and_then(|body| body.json());
    let mut bodies: Vec<Option<Value>> = Vec::new();
    if let Some(media) = media {
        bodies.extend(media.examples.values().cloned().map(Some));
        if let Some(schema) = &media.schema {
            bodies.push(Some(contract.sample(schema, true)));
            bodies.push(Some(contract.sample(schema, false)));
        }
    } else {
        bodies.push(None);
    }
    for body in bodies {
        for is_full in [true, false] {
            let arguments = Arguments {
                parameters: parameters(contract, operation, is_full),
                body: body.clone(),
                captured: Vec::new(),
            };
            if !out.contains(&arguments) && is_valid(contract, operation, &arguments) {
                out.push(arguments);
            }
        }
    }
    out
}

/// True if the contract has nothing against it.
pub(super) fn is_valid(contract: &Contract, operation: &Operation, arguments: &Arguments) -> bool {
    write(operation, arguments)
        .is_some_and(|message| faults(contract, operation, &message).is_empty())
}

fn parameters(contract: &Contract, operation: &Operation, is_full: bool) -> Vec<Option<Value>> {
    operation
        .parameters
        .iter()
        .map(|parameter| {
            let is_meant = parameter.required || is_full || parameter.place == ParameterIn::Path;
            let schema = parameter.schema.as_ref().filter(|_| is_meant)?;
            let value = contract.sample(schema, is_full);
            // A path has no place for nothing.
            let is_empty = value.as_str() == Some("") && parameter.place == ParameterIn::Path;
            Some(if is_empty { "a".into() } else { value })
        })
        .collect()
}

/// Why there is nothing to start from.
pub(super) const NONE: &str =
    "no valid request could be made from the document; give the operation an example";
