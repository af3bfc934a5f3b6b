//! Whether a command printed what its document shows. `…` stands for anything; white space does not count, so that a
//! document may break long lines.

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// True if the whole of it is what is shown.
pub(crate) fn is_what_came(shown: &str, came: &str) -> bool {
    let (shown, came) = (squeezed(shown), squeezed(came));
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = came.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// True if the shown lines came in this order, whatever stands between them: a server goes on talking.
pub(crate) fn has_come(shown: &str, came: &str) -> bool {
    let mut lines = came.lines();
    shown
        .lines()
        .all(|shown| lines.any(|line| is_what_came(shown, line)))
}

#[test]
fn what_is_shown_is_compared() {
    for (shown, came, is_same) in [
        ("a b", "a  b\n", true),
        ("a\nb", "a b", true),
        ("a", "a b", false),
        ("a…", "a b", true),
        ("…b", "a b", true),
        ("…a…", "b", false),
        ("a…b…c", "a1b2c", true),
        ("a…b…c", "a1c2b", false),
        ("{\"n\":…}", "{\"n\":17}", true),
        ("", "x", false),
    ] {
        assert_eq!(is_what_came(shown, came), is_same, "{shown:?} and {came:?}");
    }
    assert!(has_come("a…\nc", "x\na1\nb\nc\n"));
    assert!(!has_come("c\na…", "x\na1\nb\nc\n"));
}
