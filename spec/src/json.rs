//! A JSON text into a value, with the members that stand twice: `serde_json` alone keeps the last of them silently.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use crate::source::{join, join_index};

/// Duplicates that are reported at most; one hostile body must not fill a report.
const MAX_DUPLICATES: usize = 16;

/// Bytes that a member mostly takes.
const USUAL_MEMBER: usize = 32;
/// Members for which there is room from the start.
const USUAL_MEMBERS: usize = 8;
/// Members up to which a look at each costs less than a hash.
const FEW_MEMBERS: usize = 16;

/// A member of an object.
pub(crate) fn member<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    if members.len() > FEW_MEMBERS {
        return members.get(name);
    }
    members
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, value)| value)
}

/// The value at a JSON Pointer (RFC 6901).
pub(crate) fn at<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    // One step without escapes is the usual one.
    match (value, pointer.strip_prefix('/')) {
        (Value::Object(members), Some(name)) if !name.contains(['/', '~']) => member(members, name),
        _ => value.pointer(pointer),
    }
}

/// Reads a JSON text (RFC 8259): exactly one value in UTF-8, at most 128 levels deep.
///
/// # Errors
/// Where and why it is none, in our own words.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Value, Vec<String>), String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|e| format!("is not UTF-8 (byte {})", e.valid_up_to()))?;
    // RFC 8259 §8.1: a parser may ignore a leading byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut duplicates = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Seed {
        pointer: &Path::Root(text.len()),
        duplicates: &mut duplicates,
    };
    let value = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|e| reason(&e, text))?;
    Ok((value, duplicates))
}

fn reason(error: &serde_json::Error, text: &str) -> String {
    use serde_json::error::Category;
    let at = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        Category::Eof if text.trim().is_empty() => "is empty".to_owned(),
        Category::Eof => "ends before the JSON is complete".to_owned(),
        _ if error.to_string().starts_with("recursion limit") => {
            "is nested deeper than 128 levels".to_owned()
        }
        _ => format!("is not valid JSON ({at})"),
    }
}

/// The way to a value while it is read; a pointer is only written out for a duplicate.
enum Path<'a> {
    /// The outermost value; so many bytes are left to be read.
    Root(usize),
    Member(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn pointer(&self) -> String {
        match self {
            Self::Root(_) => String::new(),
            Self::Member(parent, name) => join(&parent.pointer(), name),
            Self::Index(parent, index) => join_index(&parent.pointer(), *index),
        }
    }
}

struct Seed<'a, 'd> {
    pointer: &'a Path<'a>,
    duplicates: &'d mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Value, E> {
        Number::from_f64(v)
            .map(Value::Number)
            .ok_or_else(|| E::custom("no finite number"))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let path = Path::Index(self.pointer, items.len());
            let seed = Seed {
                pointer: &path,
                duplicates: self.duplicates,
            };
            match access.next_element_seed(seed)? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        // What is asked for is mostly an object of a few members; objects within it may be very many and empty.
        let mut members = match self.pointer {
            Path::Root(length) => Map::with_capacity((length / USUAL_MEMBER).min(USUAL_MEMBERS)),
            _ => Map::new(),
        };
        while let Some(name) = access.next_key::<String>()? {
            let path = Path::Member(self.pointer, &name);
            let seed = Seed {
                pointer: &path,
                duplicates: self.duplicates,
            };
            let value = access.next_value_seed(seed)?;
            match members.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(mut place) => {
                    if self.duplicates.len() < MAX_DUPLICATES {
                        let path = Path::Member(self.pointer, place.key());
                        self.duplicates.push(path.pointer());
                    }
                    place.insert(value);
                }
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{at, parse};

    #[test]
    fn tells_duplicates_by_their_place() {
        let (value, duplicates) =
            parse(br#"{"a": 1, "b": [{"c": 1, "c": 2}], "\u0061": 3}"#).unwrap();
        assert_eq!(value, json!({"a": 3, "b": [{"c": 2}]}));
        assert_eq!(duplicates, ["/b/0/c", "/a"]);
    }

    #[test]
    fn says_what_is_wrong_in_its_own_words() {
        let why = |bytes: &[u8]| parse(bytes).unwrap_err();
        assert_eq!(why(b""), "is empty");
        assert_eq!(why(b" \n"), "is empty");
        assert_eq!(why(b"{\"a\": "), "ends before the JSON is complete");
        assert_eq!(why(b"{'a': 1}"), "is not valid JSON (line 1, column 2)");
        assert_eq!(why(b"{} {}"), "is not valid JSON (line 1, column 4)");
        assert_eq!(why(b"\"\xff\""), "is not UTF-8 (byte 1)");
        assert_eq!(
            why("[".repeat(100_000).as_bytes()),
            "is nested deeper than 128 levels"
        );
    }

    #[test]
    fn members_are_found_in_small_and_large_objects() {
        for count in [0, 1, 16, 17, 40] {
            let body: Value = (0..count).map(|n| (format!("m{n}"), json!(n))).collect();
            for n in 0..=count {
                let pointer = format!("/m{n}");
                assert_eq!(
                    at(&body, &pointer),
                    body.pointer(&pointer),
                    "{pointer} of {count}"
                );
            }
        }
        let body = json!({"a/b": 1, "c": [2], "": 3, "~": 4});
        for pointer in ["", "/", "/a~1b", "/c", "/c/0", "/~0", "/no", "c"] {
            assert_eq!(at(&body, pointer), body.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn reads_what_is_legal() {
        assert_eq!(parse("\u{feff}{}".as_bytes()).unwrap().0, json!({}));
        assert_eq!(parse(br#""\ud83d\ude00""#).unwrap().0, json!("😀"));
        assert!(parse(br#""\ud83d""#).is_err());
    }
}
