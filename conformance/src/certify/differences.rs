//! Where one JSON document is not like another: what a vendor's contract has changed of the bundled one.

use serde_json::Value;

/// Places that are told at most.
const MOST: usize = 20;

/// Where two documents differ, as JSON Pointers: the outermost places first, and no more of them than a person reads.
pub(super) fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(one, other, &mut String::new(), &mut found);
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    found
}

fn walk(one: &Value, other: &Value, path: &mut String, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let added = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(added) {
                let length = path.len();
                path.push('/');
                path.push_str(&key.replace('~', "~0").replace('/', "~1"));
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => walk(a, b, path, found),
                    (None, _) => found.push(format!("{path} was added")),
                    (_, None) => found.push(format!("{path} was removed")),
                }
                path.truncate(length);
            }
        }
        _ if one != other => found.push(format!("{path} was changed")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differences;

    #[test]
    fn tells_where() {
        let one = json!({"a": {"b/c": 1, "d": [1]}, "e": 1});
        let other = json!({"a": {"b/c": 2, "d": [1]}, "f": 1});
        let told = differences(&one, &other);
        assert_eq!(
            told,
            ["/a/b~1c was changed", "/e was removed", "/f was added"]
        );
        assert!(differences(&one, &one).is_empty());
    }
}
