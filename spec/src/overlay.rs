//! OpenAPI Overlay 1.0: a file of changes to a document (update and remove, chosen by JSONPath, RFC 9535), so that a
//! vendor's deviation is data and the contract itself stays as it is.
//!
//! Changes are applied in order. An update is merged: objects member by member, a list gets what is added at its end,
//! everything else is replaced. What was changed is known to stand in the overlay's file.

use serde_json_path::JsonPath;

use crate::diagnostic::{Diagnostic, Findings};
use crate::source::{Kind, Node};

/// Applies one overlay to a document. Everything that is wrong with the overlay is pushed to `findings`.
pub(crate) fn apply(tree: &mut Node, overlay: &Node, findings: &mut Findings) {
    if !header_is_right(overlay, findings) {
        return;
    }
    let Some(Kind::List(actions)) = overlay.get("actions").map(|n| &n.kind) else {
        let message = "an overlay has a list `actions`";
        findings.push(Diagnostic::error(overlay.span, message));
        return;
    };
    for action in actions {
        if let Err(finding) = act(tree, action) {
            findings.push(finding);
        }
    }
}

fn header_is_right(overlay: &Node, findings: &mut Findings) -> bool {
    let before = findings.has_errors();
    match overlay.get("overlay").and_then(Node::as_str) {
        Some(version) if version.starts_with("1.") => {}
        Some(version) => {
            let message = format!("overlay version {version} is not read here; 1.0.0 is");
            findings.push(Diagnostic::error(
                overlay.get("overlay").map(|n| n.span),
                message,
            ));
        }
        None => {
            let message = "an overlay begins with `overlay: 1.0.0`";
            findings.push(Diagnostic::error(overlay.span, message));
        }
    }
    let known = ["overlay", "info", "extends", "actions"];
    for (name, entry) in overlay.as_map().into_iter().flatten() {
        if !known.contains(&name.as_str()) && !name.starts_with("x-") {
            let message = format!("an overlay has no member `{name}`");
            findings.push(Diagnostic::error(entry.key, message));
        }
    }
    before || !findings.has_errors()
}

fn act(tree: &mut Node, action: &Node) -> Result<(), Diagnostic> {
    let unknown = action.as_map().into_iter().flatten().find(|(name, _)| {
        !["target", "description", "update", "remove"].contains(&name.as_str())
            && !name.starts_with("x-")
    });
    if let Some((name, entry)) = unknown {
        let message = format!("an action has no member `{name}`");
        return Err(Diagnostic::error(entry.key, message)
            .help("an action has `target` and `update` or `remove`"));
    }
    let Some(target) = action.get("target") else {
        return Err(Diagnostic::error(
            action.span,
            "an action names its `target`, a JSONPath",
        ));
    };
    let text = target.as_str().unwrap_or_default();
    let path = JsonPath::parse(text).map_err(|e| {
        Diagnostic::error(
            target.span,
            format!("`{text}` is not a JSONPath: {}", e.message()),
        )
    })?;
    let value = tree.to_value();
    let pointers: Vec<String> = path
        .query_located(&value)
        .locations()
        .map(serde_json_path::NormalizedPath::to_json_pointer)
        .collect();
    if pointers.is_empty() {
        return Err(
            Diagnostic::error(target.span, format!("`{text}` matches nothing"))
                .label("nothing of the document is meant by this")
                .help("look at the document with `smsload spec resolve`"),
        );
    }
    let remove = action
        .get("remove")
        .is_some_and(|n| matches!(&n.kind, Kind::Scalar(serde_json::Value::Bool(true))));
    match (remove, action.get("update")) {
        (true, _) => take_away(tree, pointers),
        (false, Some(update)) => {
            for pointer in &pointers {
                if let Some(node) = tree.pointer_mut(pointer) {
                    let is_list = matches!(node.kind, Kind::List(_));
                    match &mut node.kind {
                        // Overlay 1.0 §4.4.3: an update of a list is one more entry of it.
                        Kind::List(list) if is_list => list.push(update.clone()),
                        _ => merge(node, update),
                    }
                }
            }
        }
        (false, None) => {
            let message = "an action has an `update`, or `remove: true`";
            return Err(Diagnostic::error(action.span, message));
        }
    }
    Ok(())
}

fn merge(into: &mut Node, update: &Node) {
    match (&mut into.kind, &update.kind) {
        (Kind::Map(map), Kind::Map(changes)) => {
            for (name, change) in changes {
                match map.get_mut(name) {
                    Some(entry) => merge(&mut entry.node, &change.node),
                    None => {
                        map.insert(name.clone(), change.clone());
                    }
                }
            }
        }
        (Kind::List(list), Kind::List(more)) => list.extend(more.iter().cloned()),
        _ => *into = update.clone(),
    }
}

fn take_away(tree: &mut Node, mut pointers: Vec<String>) {
    // From the end, so that the indices before stay right.
    pointers.reverse();
    for pointer in pointers {
        let Some((parent, last)) = pointer.rsplit_once('/') else {
            continue;
        };
        let token = crate::source::unescape(last);
        match tree.pointer_mut(parent).map(|n| &mut n.kind) {
            Some(Kind::Map(map)) => {
                map.shift_remove(token.as_ref());
            }
            Some(Kind::List(list)) => {
                if let Ok(index) = token.parse::<usize>()
                    && index < list.len()
                {
                    list.remove(index);
                }
            }
            _ => {}
        }
    }
}
