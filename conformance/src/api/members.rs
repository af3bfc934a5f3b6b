//! What a schema says of the members of a request body: which there are, which are required, what they are called.

use std::collections::HashMap;

use serde_json::Value;
use smsload_spec::{Contract, Schema};

/// A part of a lowered schema, with the reference at its root followed.
pub(super) fn resolve<'s>(schema: &'s Schema, pointer: &str) -> Option<&'s Value> {
    let mut root = schema.lowered();
    while let Some(reference) = root.get("$ref").and_then(Value::as_str) {
        root = schema.lowered().pointer(reference.strip_prefix('#')?)?;
    }
    root.pointer(pointer)
}

pub(super) fn required(schema: &Schema) -> Vec<String> {
    let names = resolve(schema, "/required").and_then(Value::as_array);
    names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

pub(super) fn known(schema: &Schema) -> Vec<String> {
    let names = resolve(schema, "/properties").and_then(Value::as_object);
    names
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

pub(super) fn titles(contract: &Contract, schema: &Schema) -> HashMap<String, String> {
    let pointer = format!("{}/properties", schema.pointer());
    let members = contract
        .document()
        .pointer(&pointer)
        .and_then(Value::as_object);
    let title = |(name, member): (&String, &Value)| {
        let text = member.get("description")?.as_str()?;
        let title = text.split([',', '，', '·', ';', '.']).next()?.trim();
        (!title.is_empty()).then(|| (name.clone(), title.to_owned()))
    };
    members.into_iter().flatten().filter_map(title).collect()
}
