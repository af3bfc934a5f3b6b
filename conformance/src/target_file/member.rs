//! Members of a TOML table by their path: where they stand, and how to go on without a wrong one.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// Stand in for what is missing or wrong and has to be there, so that what else is wrong can be told too: the table, the
/// member, and a value in TOML.
const STAND_INS: [(&[&str], &str, &str); 4] = [
    (&[], "base_url", "'http://127.0.0.1'"),
    (&["fixtures"], "device", "'-'"),
    (&["fixtures"], "channel", "'--'"),
    (
        &["fixtures"],
        "recorded",
        "{ start = '2000-01-01T00:00:00', end = '2000-01-01T00:00:02' }",
    ),
];

/// The line of an offset, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// Where a member stands, `limits.concurrency`; or the nearest table around it that is there.
pub(super) fn find(table: &DeTable<'_>, path: &str) -> Option<Range<usize>> {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(first, rest)| (first, Some(rest)));
    // Names of headers know no letter case.
    let (key, value) = table
        .iter()
        .find(|(key, _)| key.get_ref().eq_ignore_ascii_case(first))?;
    let inner = match (value.get_ref(), rest) {
        (DeValue::Table(table), Some(rest)) => find(table, rest),
        _ => None,
    };
    inner.or_else(|| Some(key.span()))
}

/// Takes the member of a fault away, or puts something in its place if it has to be there. False if there is nothing to
/// do.
pub(super) fn mend(root: &mut DeTable<'_>, path: &[&str], why: &str) -> bool {
    let missing = why
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'));
    if missing.is_some_and(|name| stand_in(root, path, name)) {
        return true;
    }
    let Some((last, parents)) = path.split_last() else {
        return false;
    };
    stand_in(root, parents, last)
        || descend(root, parents).is_some_and(|table| table.remove(*last).is_some())
}

fn stand_in(root: &mut DeTable<'_>, parents: &[&str], name: &str) -> bool {
    let known = STAND_INS
        .iter()
        .find(|(table, member, _)| *table == parents && *member == name);
    let Some((_, member, text)) = known else {
        return false;
    };
    match (descend(root, parents), DeValue::parse(text)) {
        (Some(table), Ok(value)) => {
            table.remove(*member);
            let key = Spanned::new(0..0, DeString::Borrowed(member));
            table.insert(key, value);
            true
        }
        _ => false,
    }
}

fn descend<'t, 'i>(root: &'t mut DeTable<'i>, path: &[&str]) -> Option<&'t mut DeTable<'i>> {
    path.iter()
        .try_fold(root, |table, key| match table.get_mut(*key)?.get_mut() {
            DeValue::Table(inner) => Some(inner),
            _ => None,
        })
}
