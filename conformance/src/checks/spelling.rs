//! One JSON object written in many ways that mean the same (RFC 8259 §2, §4, §7): order of the members, white space,
//! escapes in names and values.

use std::fmt::{self, Write as _};

use proptest::prelude::*;
use serde_json::Value;

use crate::api::Object;

/// A way of writing an object. All zeros is the shortest one.
#[derive(Debug, Clone)]
pub(super) struct Spelling {
    order: Vec<usize>,
    /// White space around the tokens, used in turn.
    spaces: Vec<u8>,
    /// How each character of a string is written, used in turn.
    escapes: Vec<u8>,
}

/// Ways of writing an object of so many members.
pub(super) fn strategy(members: usize) -> impl Strategy<Value = Spelling> + Send + Sync {
    let order = Just((0..members).collect::<Vec<_>>()).prop_shuffle();
    let spaces = prop::collection::vec(0..5_u8, 1..8);
    let escapes = prop::collection::vec(0..8_u8, 1..8);
    (order, spaces, escapes).prop_map(|(order, spaces, escapes)| Spelling {
        order,
        spaces,
        escapes,
    })
}

impl Spelling {
    /// The object as text.
    pub(super) fn write(&self, object: &Object) -> String {
        let mut pen = Pen {
            spelling: self,
            out: String::new(),
            space: 0,
            escape: 0,
        };
        let members: Vec<_> = object.iter().collect();
        pen.token('{');
        let mut is_first = true;
        for (name, value) in self.order.iter().filter_map(|at| members.get(*at)) {
            if !is_first {
                pen.token(',');
            }
            is_first = false;
            pen.text(name);
            pen.token(':');
            match value {
                Value::String(text) => pen.text(text),
                other => {
                    let _ = write!(pen.out, "{other}");
                }
            }
        }
        pen.token('}');
        pen.out
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_sorted = self.order.is_sorted();
        let parts = [
            (!is_sorted, "members in another order"),
            (self.spaces.iter().any(|s| *s > 0), "white space"),
            (self.escapes.iter().any(|e| *e > ESCAPED), "escapes"),
        ];
        let said: Vec<_> = parts
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, what)| *what)
            .collect();
        f.write_str(if said.is_empty() {
            "nothing particular"
        } else {
            ""
        })?;
        f.write_str(&said.join(", "))
    }
}

/// Above this number a character is escaped.
const ESCAPED: u8 = 4;

struct Pen<'s> {
    spelling: &'s Spelling,
    out: String,
    space: usize,
    escape: usize,
}

impl Pen<'_> {
    fn token(&mut self, token: char) {
        self.space();
        self.out.push(token);
        self.space();
    }

    fn space(&mut self) {
        let spaces = &self.spelling.spaces;
        let choice = spaces
            .get(self.space % spaces.len().max(1))
            .copied()
            .unwrap_or(0);
        self.space += 1;
        self.out
            .push_str(["", " ", "\n", "\t", "\r\n  "][usize::from(choice) % 5]);
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            let escapes = &self.spelling.escapes;
            let choice = escapes
                .get(self.escape % escapes.len().max(1))
                .copied()
                .unwrap_or(0);
            self.escape += 1;
            self.character(c, choice);
        }
        self.out.push('"');
    }

    fn character(&mut self, c: char, choice: u8) {
        let mut units = [0; 2];
        let must = matches!(c, '"' | '\\') || c < ' ';
        if choice <= ESCAPED && !must {
            self.out.push(c);
        } else if choice == 7 && c == '/' {
            self.out.push_str("\\/");
        } else {
            for unit in c.encode_utf16(&mut units) {
                let _ = match choice {
                    6 => write!(self.out, "\\u{unit:04X}"),
                    _ => write!(self.out, "\\u{unit:04x}"),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Spelling, strategy};

    fn object() -> Value {
        json!({"a": "录像/\"\\\u{1}😀", "bb": "3", "c c": 7, "d": null})
    }

    #[test]
    fn writes_what_was_chosen() {
        let spelling = Spelling {
            order: vec![1, 0],
            spaces: vec![1],
            escapes: vec![6, 0],
        };
        let object = json!({"ab": "x", "cd": "y"});
        let text = spelling.write(object.as_object().unwrap());
        assert_eq!(text, r#" { "\u0063d" : "\u0079" , "a\u0062" : "x" } "#);
    }

    proptest! {
        #[test]
        fn means_the_same(spelling in strategy(4)) {
            let object = object();
            let text = spelling.write(object.as_object().unwrap());
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), object);
        }
    }
}
