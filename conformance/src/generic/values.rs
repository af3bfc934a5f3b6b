//! Values to try: what stands in a request already, its neighbours, and what no schema says but programs meet. Which
//! of them are valid, and what the others break, the contract decides.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::DateTime;
use serde_json::{Value, json};

/// Lengths and counts that are tried, at most.
const LONGEST: i64 = 70_000;

/// The numbers that stand in a schema: its bounds, most of them.
pub(super) fn numbers(schema: &Value, out: &mut BTreeSet<i64>) {
    match schema {
        Value::Number(number) => out.extend(number.as_i64()),
        Value::Array(items) => items.iter().for_each(|item| numbers(item, out)),
        Value::Object(members) => members.values().for_each(|member| numbers(member, out)),
        _ => {}
    }
}

/// What may stand in the place of a value. `bounds` are the numbers of the schema, `others` the values beside it.
pub(super) fn instead_of(value: &Value, bounds: &BTreeSet<i64>, others: &[Value]) -> Vec<Value> {
    let near: BTreeSet<i64> = bounds
        .iter()
        .flat_map(|n| [n.saturating_sub(1), *n, n.saturating_add(1)])
        .collect();
    let mut out = Vec::new();
    // The boundary of a rule lies where two members meet.
    for other in others.iter().filter(|other| same_kind(other, value)) {
        out.push(other.clone());
        out.extend(neighbours(other));
    }
    match value {
        Value::String(text) => {
            for n in near.iter().filter(|n| (0..=LONGEST).contains(n)) {
                out.push(resized(text, usize::try_from(*n).unwrap_or(0)).into());
            }
        }
        Value::Number(_) => out.extend(near.iter().map(|n| json!(n))),
        Value::Array(items) => {
            for n in near.iter().filter(|n| (0..=LONGEST).contains(n)) {
                let count = usize::try_from(*n).unwrap_or(0);
                let items = items.iter().cycle().take(count);
                out.push(Value::Array(items.cloned().collect()));
            }
        }
        _ => {}
    }
    out.extend(neighbours(value));
    out.extend([
        Value::Null,
        json!(7),
        json!(true),
        json!({}),
        json!([]),
        json!([[]]),
        json!("\u{1}odd value"),
        json!(""),
        json!(" "),
        json!(-1),
        json!(0.5),
        json!("2025-02-30"),
        json!("2025-02-30T00:00:00Z"),
    ]);
    if let Value::String(text) = value {
        out.push(text.to_uppercase().into());
        out.push(format!("{text}x").into());
        out.push(format!("{text}录").into());
    }
    out
}

fn same_kind(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// The next values on either side: of numbers, and of texts that are times.
fn neighbours(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(n) => [1, -1, 1000, -1000]
                .iter()
                .map(|step| json!(n.saturating_add(*step)))
                .collect(),
            None => number
                .as_f64()
                .map(|n| vec![json!(n + 0.5), json!(n - 0.5)])
                .unwrap_or_default(),
        },
        Value::String(text) => times(text),
        _ => Vec::new(),
    }
}

/// A second, a day and a year before and after a time, written as it was.
fn times(text: &str) -> Vec<Value> {
    if let Ok(day) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let near = [1.day(), -1.days(), 1.year(), -1.years()].map(|span| day.checked_add(span));
        return near
            .into_iter()
            .flatten()
            .map(|d| d.to_string().into())
            .collect();
    }
    let (Some(time), Some(rest)) = (text.get(..19), text.get(19..)) else {
        return Vec::new();
    };
    let Ok(time) = time.parse::<DateTime>() else {
        return Vec::new();
    };
    let spans = [
        1.second(),
        -1.seconds(),
        1.day(),
        -1.days(),
        1.year(),
        -1.years(),
    ];
    spans
        .into_iter()
        .filter_map(|span| time.checked_add(span).ok())
        .map(|time| format!("{time}{rest}").into())
        .collect()
}

/// The text cut or lengthened to so many characters, by its own last one.
fn resized(text: &str, length: usize) -> String {
    let last = text.chars().next_back().unwrap_or('a');
    text.chars()
        .chain(std::iter::repeat(last))
        .take(length)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::{instead_of, numbers};

    #[test]
    fn lie_on_both_sides_of_every_bound() {
        let mut bounds = BTreeSet::new();
        numbers(&json!({"maxLength": 3, "minimum": -2}), &mut bounds);
        let texts = instead_of(&json!("ab"), &bounds, &[]);
        for expected in ["ab", "abb", "abbb"] {
            assert!(texts.contains(&json!(expected)), "{expected}");
        }
        let other = [json!("2024-03-01T00:00:00Z")];
        let times = instead_of(&json!("2025-01-01T00:00:00Z"), &bounds, &other);
        for expected in [
            "2024-03-01T00:00:00Z",
            "2024-02-29T23:59:59Z",
            "2024-12-31T23:59:59Z",
        ] {
            assert!(times.contains(&json!(expected)), "{expected}");
        }
        assert!(instead_of(&json!(9), &bounds, &[]).contains(&json!(-3)));
    }
}
