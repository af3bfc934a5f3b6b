//! Which lines of the catalogue a run is about.

use std::str::FromStr;

use smsload_spec::{Profile, Requirement, Requirements};

use crate::result::Line;

/// A line that is run only when it is asked for by id, or by this tag.
const OPT_IN: &str = "opt-in";

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) profiles: Vec<Profile>,
    /// Whatever their profile.
    pub(crate) only: Vec<String>,
    pub(crate) skip: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) shard: Option<Shard>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            profiles: vec![Profile::Full],
            only: Vec::new(),
            skip: Vec::new(),
            tags: Vec::new(),
            shard: None,
        }
    }
}

impl Selection {
    /// True for a line that is wanted. A line of a document without a catalogue has no requirement; such lines belong to
    /// every profile but security.
    pub(crate) fn selects(&self, requirement: Option<&Requirement>, line: &Line) -> bool {
        let is_named = |ids: &[String]| ids.iter().any(|id| names(id, &line.id));
        let tags = requirement.map_or(&[][..], |r| &r.tags);
        let has_tag = self.tags.is_empty() || self.tags.iter().any(|tag| tags.contains(tag));
        let is_wanted = if self.only.is_empty() {
            self.is_of_profile(requirement) && self.may_run(tags)
        } else {
            is_named(&self.only)
        };
        let is_in_shard = self.shard.is_none_or(|shard| shard.holds(&line.id));
        is_wanted && has_tag && is_in_shard && !is_named(&self.skip)
    }

    fn is_of_profile(&self, requirement: Option<&Requirement>) -> bool {
        self.profiles.iter().any(|profile| match requirement {
            Some(requirement) => requirement.profiles.contains(profile),
            None => *profile != Profile::Security,
        })
    }

    fn may_run(&self, tags: &[String]) -> bool {
        let is_opt_in = tags.iter().any(|tag| tag == OPT_IN);
        !is_opt_in || self.tags.iter().any(|tag| tag == OPT_IN)
    }

    /// The first id that names none of these lines.
    pub(crate) fn unknown_id(&self, known: &[&str]) -> Option<&str> {
        let is_unknown = |id: &&String| !known.iter().any(|line| names(id, line));
        let mut ids = self.only.iter().chain(&self.skip);
        ids.find(is_unknown).map(String::as_str)
    }

    /// The first tag that no requirement has.
    pub(crate) fn unknown_tag(&self) -> Option<&str> {
        let known = known_tags();
        let mut tags = self.tags.iter().map(String::as_str);
        tags.find(|tag| !known.contains(tag))
    }
}

/// The tags of the catalogue, in order.
pub(crate) fn known_tags() -> Vec<&'static str> {
    let all = Requirements::bundled().list.iter();
    let mut tags: Vec<_> = all.flat_map(|r| &r.tags).map(String::as_str).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// True if an id names a line: the line itself, its requirement, or its group.
pub(crate) fn names(id: &str, line: &str) -> bool {
    line.strip_prefix(id)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '-']))
}

/// One of several parts of the catalogue, which together are the whole. A requirement and its parts stay together, and
/// stay where they are when others are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    index: u32,
    count: u32,
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// Why a text is no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no shard; write I/N with I from 1 to N, such as 2/3")]
pub struct ShardError(String);

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err(ShardError(text.to_owned())),
        }
    }
}

impl Shard {
    fn holds(self, line: &str) -> bool {
        let requirement = line.split('/').next().unwrap_or(line);
        // FNV-1a with a last mixing, so that the low bits depend on all: the same on every machine and in every version.
        let hash = requirement.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
        });
        let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        mixed % u64::from(self.count) == u64::from(self.index - 1)
    }
}

#[cfg(test)]
mod tests {
    use smsload_spec::Requirements;

    use super::{Selection, Shard, known_tags};
    use crate::run::all_lines;

    fn selected(selection: &Selection) -> Vec<String> {
        all_lines(Requirements::bundled())
            .filter(|(r, line)| selection.selects(Some(r), line))
            .map(|(_, line)| line.id)
            .collect()
    }

    #[test]
    fn shards_together_are_the_whole_and_of_like_size() {
        let whole = selected(&Selection::default());
        for count in [1, 2, 3, 7] {
            let mut all = Vec::new();
            for index in 1..=count {
                let shard = format!("{index}/{count}").parse::<Shard>().unwrap();
                let part = selected(&Selection {
                    shard: Some(shard),
                    ..Selection::default()
                });
                assert!(
                    part.len() * 3 * count > whole.len(),
                    "{shard:?}: {}",
                    part.len()
                );
                all.extend(part);
            }
            all.sort();
            let mut expected = whole.clone();
            expected.sort();
            assert_eq!(all, expected);
        }
        for wrong in ["", "1", "0/2", "3/2", "a/b", "1/0", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn tags_narrow_and_what_is_opt_in_is_named() {
        let with = |tags: &[&str], only: &[&str]| {
            selected(&Selection {
                tags: tags.iter().map(ToString::to_string).collect(),
                only: only.iter().map(ToString::to_string).collect(),
                ..Selection::default()
            })
        };
        assert!(known_tags().contains(&"time"));
        assert!(
            with(&["time"], &[])
                .iter()
                .all(|id| !id.starts_with("BODY"))
        );
        assert!(!with(&[], &[]).contains(&"ROBU-08".to_owned()));
        assert_eq!(with(&["opt-in"], &[]), ["ROBU-08"]);
        assert_eq!(with(&[], &["ROBU-08"]), ["ROBU-08"]);
        assert_eq!(with(&[], &["SECU-0"]), Vec::<String>::new());
    }
}
