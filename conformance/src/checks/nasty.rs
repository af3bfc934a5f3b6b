//! Texts that programs stumble over. None of them does harm where it is taken at its word: no command, no address.

/// Each with what it is.
pub(super) fn texts() -> Vec<(&'static str, String)> {
    let mut texts: Vec<(&'static str, String)> = TEXTS
        .iter()
        .map(|(about, text)| (*about, (*text).to_owned()))
        .collect();
    texts.push(("40,000 letters", "a".repeat(40_000)));
    texts.push(("12,000 signs of four bytes", "😀".repeat(12_000)));
    texts.push(("400 digits", "9".repeat(400)));
    texts.push((
        "1,000 combining marks",
        format!("a{}", "\u{301}".repeat(1_000)),
    ));
    texts
}

const TEXTS: [(&str, &str); 34] = [
    ("nothing", ""),
    ("a blank", " "),
    ("NUL", "\0"),
    ("NUL in the middle", "a\0b"),
    (
        "control characters",
        "\u{1}\u{7}\u{8}\u{b}\u{1b}[31m\u{7f}\u{85}",
    ),
    ("a line break", "a\r\nb"),
    ("a line separator", "a\u{2028}b\u{2029}c"),
    ("text from right to left", "\u{202e}txet"),
    ("invisible characters", "a\u{200b}\u{200d}\u{feff}b"),
    ("a byte order mark", "\u{feff}a"),
    ("no characters", "\u{fffe}\u{ffff}\u{10ffff}"),
    ("private characters", "\u{e000}\u{f8ff}"),
    ("a family of signs", "👨‍👩‍👧‍👦🏳️‍🌈"),
    ("Cyrillic letters that look Latin", "сhаnnеl"),
    ("wide digits", "３４０２００００"),
    ("Arabic digits", "٣٤٠٢"),
    ("letters whose case is long", "İıßŉǰΐﬃ"),
    ("one character that is a sentence", "﷽"),
    ("a quotation mark", "\""),
    ("a backslash", "\\"),
    ("an apostrophe", "' OR '1'='1"),
    ("markup", "<b>&amp;</b><!--"),
    ("a template", "{{7*7}}${7*7}#{7*7}%{7*7}"),
    ("formats", "%s%d%n%x%p{}{0}"),
    ("a path", "../../../../etc/hostname"),
    ("a Windows path", "..\\..\\nul"),
    ("escapes of a URL", "%00%0a%2e%2e%2f%ff"),
    ("a word of programs", "null"),
    ("no number", "NaN"),
    ("a negative zero", "-0"),
    ("a number beyond all", "1e309"),
    ("a hexadecimal number", "0x7fffffffffffffff"),
    ("a number beyond 64 bits", "18446744073709551616"),
    ("JSON in a text", "{\"a\":[1,{\"b\":null}]}"),
];
