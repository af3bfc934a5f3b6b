//! Names that somebody may have meant.

/// Names that are told at most.
const AT_MOST: usize = 5;
/// Below this likeness a name is another one.
const LIKE: f64 = 0.6;

/// Those of some names that are near to another, the nearest first.
pub(super) fn near(name: &str, names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let likeness = |one: &str| {
        if !name.is_empty() && one.contains(name) {
            1.0
        } else {
            strsim::normalized_damerau_levenshtein(name, one)
        }
    };
    let mut found: Vec<_> = names.map(|one| (likeness(one), one)).collect();
    found.retain(|(like, _)| *like >= LIKE);
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    found
        .into_iter()
        .take(AT_MOST)
        .map(|(_, one)| one)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn likeness_and_parts_count() {
        let names = [
            "no-message",
            "numeric-code",
            "numeric-size",
            "zero-duration",
        ];
        let near = |name| near(name, names.into_iter());
        assert_eq!(near("no-mesage"), ["no-message"]);
        assert_eq!(near("numeric"), ["numeric-code", "numeric-size"]);
        assert!(near("").is_empty() && near("天气").is_empty());
    }
}
