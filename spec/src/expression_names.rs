//! What an expression names: found by a walk over its tree.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{EntryExpr, Expr, IdedExpr};

use crate::expression::Uses;

/// Walks the tree for `variable.member` and for variables used whole. `bound` holds the names that macros bind.
pub(crate) fn collect_uses(
    node: &IdedExpr,
    bound: &mut Vec<String>,
    uses: &mut BTreeMap<String, Uses>,
) {
    match &node.expr {
        Expr::Ident(name) if !bound.contains(name) => {
            uses.insert(name.clone(), Uses::Whole);
        }
        Expr::Select(select) => match &select.operand.expr {
            Expr::Ident(name) if !bound.contains(name) => {
                let slot = uses
                    .entry(name.clone())
                    .or_insert_with(|| Uses::Members(BTreeSet::new()));
                if let Uses::Members(members) = slot {
                    members.insert(select.field.clone());
                }
            }
            _ => collect_uses(&select.operand, bound, uses),
        },
        Expr::Comprehension(c) => {
            collect_uses(&c.iter_range, bound, uses);
            let depth = bound.len();
            bound.push(c.iter_var.clone());
            bound.push(c.accu_var.clone());
            bound.extend(c.iter_var2.clone());
            for part in [&c.accu_init, &c.loop_cond, &c.loop_step, &c.result] {
                collect_uses(part, bound, uses);
            }
            bound.truncate(depth);
        }
        _ => {
            for child in children(node) {
                collect_uses(child, bound, uses);
            }
        }
    }
}

/// The parts of a node, except those of a comprehension, which binds names.
pub(crate) fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Call(call) => call.target.iter().map(|t| &**t).chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .flat_map(|e| entry_parts(&e.expr))
            .collect(),
        Expr::Struct(s) => s
            .entries
            .iter()
            .flat_map(|e| entry_parts(&e.expr))
            .collect(),
        Expr::Select(select) => vec![&select.operand],
        _ => Vec::new(),
    }
}

fn entry_parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}
