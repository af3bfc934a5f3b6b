//! A request body as the members that an operation knows.
//!
//! The body is UTF-8 text with one JSON object (RFC 8259). Known members keep their value if it is a
//! string; any other kind is remembered by name, so that the answer can say what was found. Unknown
//! members are read over without being stored. Nesting is bounded before the parser runs, so that no
//! body can exhaust the stack; a byte order mark at the start is refused like any other stray text.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::rejection::Rejection;

/// The value of a known member.
#[derive(Debug)]
enum Value {
    Text(String),
    Null,
    /// Neither a string nor null; its kind in words.
    Other(&'static str),
}

/// The known members of a body.
#[derive(Debug, Default)]
pub(crate) struct Members {
    values: HashMap<&'static str, Value>,
    duplicate: Option<Rejection>,
}

impl Members {
    /// Reads a body whose known members are `known`.
    ///
    /// # Errors
    /// If the body is no JSON object, is nested deeper than `max_depth`, or has two members of one name.
    pub(crate) fn read(
        body: &[u8],
        known: &'static [&'static str],
        max_depth: usize,
    ) -> Result<Self, Rejection> {
        let text = std::str::from_utf8(body).map_err(|_| Rejection::NotJson)?;
        if nesting_exceeds(text, max_depth) {
            return Err(Rejection::TooDeep(max_depth));
        }
        let mut parser = serde_json::Deserializer::from_str(text);
        // The only data error this visitor knows is that the value is no object.
        let members = Known(known).deserialize(&mut parser).map_err(|error| {
            if error.is_data() {
                Rejection::NotAnObject
            } else {
                Rejection::NotJson
            }
        })?;
        parser.end().map_err(|_| Rejection::NotJson)?;
        match members.duplicate {
            Some(rejection) => Err(rejection),
            None => Ok(members),
        }
    }

    /// The text of a member that must be there: a string, neither empty nor blank.
    pub(crate) fn required(&mut self, member: &'static str) -> Result<String, Rejection> {
        match self.values.remove(member) {
            None => Err(Rejection::Missing(member)),
            Some(Value::Null) => Err(Rejection::NotAString {
                member,
                found: "null",
            }),
            Some(Value::Other(found)) => Err(Rejection::NotAString { member, found }),
            Some(Value::Text(text)) if is_blank(&text) => Err(Rejection::Blank(member)),
            Some(Value::Text(text)) => Ok(text),
        }
    }

    /// The text of a member that may be left out; null, empty and blank count as left out.
    pub(crate) fn optional(&mut self, member: &'static str) -> Result<Option<String>, Rejection> {
        match self.values.remove(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Other(found)) => Err(Rejection::NotAString { member, found }),
            Some(Value::Text(text)) => Ok(Some(text).filter(|text| !is_blank(text))),
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// Whether brackets are nested deeper than `max`; brackets within strings do not count.
fn nesting_exceeds(text: &str, max: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > max {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Reads an object into [`Members`], given the names that are known.
struct Known(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Known {
    type Value = Members;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Known {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        let mut unknown: HashSet<String> = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if let Some(&known) = self.0.iter().find(|known| **known == name) {
                if members
                    .values
                    .insert(known, map.next_value_seed(AnyValue)?)
                    .is_some()
                {
                    members.duplicate = Some(Rejection::Duplicate(known));
                }
            } else {
                map.next_value::<IgnoredAny>()?;
                if !unknown.insert(name) {
                    members.duplicate.get_or_insert(Rejection::DuplicateUnknown);
                }
            }
        }
        Ok(members)
    }
}

/// Reads one value of any kind.
struct AnyValue;

impl<'de> DeserializeSeed<'de> for AnyValue {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other("a boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other("an object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Members, Rejection> {
        Members::read(body.as_bytes(), &["channel", "callback"], 64)
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for body in [
            "",
            " ",
            "{",
            "{\"channel\":",
            "{}x",
            "{},",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":NaN}",
            "{}{}",
            "\u{feff}{}",
            "{/**/}",
            "{\"channel\":\"\\ud800\"}",
            "{\"channel\":\"\0\"}",
        ] {
            assert_eq!(read(body).unwrap_err(), Rejection::NotJson, "{body:?}");
        }
        for body in ["null", "true", "3", "\"channel\"", "[]", "[{}]"] {
            assert_eq!(read(body).unwrap_err(), Rejection::NotAnObject, "{body:?}");
        }
        let invalid = Members::read(b"{\"a\":\"\xff\"}", &["channel"], 64);
        assert_eq!(invalid.unwrap_err(), Rejection::NotJson);
    }

    #[test]
    fn names_and_values_may_be_escaped() {
        let mut members = read(r#" {"ch\u0061nnel" : "\u0033", "x": [{"channel": 1}]} "#).unwrap();
        assert_eq!(members.required("channel").unwrap(), "3");
        assert_eq!(members.optional("callback").unwrap(), None);
    }

    #[test]
    fn another_kind_than_a_string_is_named() {
        for (value, found) in [
            ("null", "null"),
            ("true", "a boolean"),
            ("3", "a number"),
            ("-3", "a number"),
            ("3.0", "a number"),
            ("[\"3\"]", "an array"),
            ("{\"a\":[]}", "an object"),
        ] {
            let error = read(&format!("{{\"channel\":{value}}}"))
                .unwrap()
                .required("channel");
            assert_eq!(
                error,
                Err(Rejection::NotAString {
                    member: "channel",
                    found
                })
            );
        }
    }

    #[test]
    fn absent_empty_and_blank_are_missing_where_required_and_fine_where_not() {
        let required = |body| read(body).unwrap().required("channel").unwrap_err();
        assert_eq!(required("{}"), Rejection::Missing("channel"));
        for body in [
            "{\"channel\":\"\"}",
            "{\"channel\":\" \\t\"}",
            "{\"channel\":\"\u{3000}\"}",
        ] {
            assert_eq!(required(body), Rejection::Blank("channel"), "{body}");
        }
        for body in [
            "{}",
            "{\"callback\":null}",
            "{\"callback\":\"\"}",
            "{\"callback\":\" \"}",
        ] {
            assert_eq!(read(body).unwrap().optional("callback"), Ok(None), "{body}");
        }
        assert!(
            read("{\"callback\":1}")
                .unwrap()
                .optional("callback")
                .is_err()
        );
    }

    #[test]
    fn no_member_may_appear_twice() {
        let known = read(r#"{"channel":"1","x":0,"x":0,"ch\u0061nnel":"1"}"#).unwrap_err();
        assert_eq!(known, Rejection::Duplicate("channel"));
        assert_eq!(
            read(r#"{"x":0,"x":1}"#).unwrap_err(),
            Rejection::DuplicateUnknown
        );
    }

    #[test]
    fn nesting_is_bounded_and_brackets_in_strings_do_not_count() {
        let nested =
            |levels: usize| format!("{{\"x\":{}0{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(63)).is_ok());
        assert_eq!(read(&nested(64)).unwrap_err(), Rejection::TooDeep(64));
        assert!(read(&format!("{{\"x\":\"\\\"{}\"}}", "[".repeat(1000))).is_ok());
    }

    #[test]
    fn without_a_bound_on_nesting_nothing_overflows_either() {
        for member in ["channel", "x"] {
            let deep = "[".repeat(100_000) + &"]".repeat(100_000);
            let body = format!("{{\"{member}\":{deep}}}");
            assert!(Members::read(body.as_bytes(), &["channel"], usize::MAX).is_ok());
        }
    }
}
