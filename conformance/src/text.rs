//! Text of a target on its way to a person, in whatever form: what would act there (controls of a terminal), or be read as
//! something else (characters that turn or hide others), is escaped. What is left is legal in XML, too.

use std::fmt::Write as _;

/// Characters of an excerpt.
const EXCERPT: usize = 400;

/// True for a character that a terminal shows as what it is: no control character, no bidirectional or invisible one, and none that is no
/// character.
pub(crate) fn is_printable(c: char) -> bool {
    let hides = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !hides
}

/// The text with everything escaped that is not printable.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_printable(c) {
            out.push(c);
        } else {
            let _ = write!(out, "{}", c.escape_default());
        }
    }
    out
}

/// A text of a target as it can be shown at a terminal: what does not print, or would act there, is escaped.
#[must_use]
pub fn printable(text: &str) -> String {
    shown(text)
}

/// The beginning of a body, shown.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = shown(&text.chars().take(EXCERPT).collect::<String>());
    if text.chars().nth(EXCERPT).is_some() {
        let _ = write!(out, "… ({} bytes)", bytes.len());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{excerpt, shown};

    #[test]
    fn nothing_acts_on_a_terminal() {
        assert_eq!(
            shown("a\u{1b}[31m\r\n录像\u{202e}x"),
            "a\\u{1b}[31m\\r\\n录像\\u{202e}x"
        );
        assert!(excerpt(&[b'x'; 1000]).ends_with("x… (1000 bytes)"));
        assert_eq!(excerpt(b"\xff"), "\u{fffd}");
    }
}
