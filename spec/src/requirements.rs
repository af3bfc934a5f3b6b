//! The requirement catalogue: everything that a verdict can be about. `requirements.yaml` is the data; its header says
//! what the fields mean. An id never changes.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::provenance::Provenance;

/// The catalogue as it is embedded.
pub const REQUIREMENTS_YAML: &str = include_str!("../requirements.yaml");

static BUNDLED: LazyLock<Requirements> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the embedded catalogue is read by a test"
    )]
    Requirements::parse(REQUIREMENTS_YAML).expect("the embedded catalogue can be read")
});

/// How much weight a failure has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A failure means that the implementation does not conform.
    Must,
    /// A failure is a warning.
    Should,
    /// What happens is reported; no outcome is demanded.
    Info,
}

impl Level {
    /// The word, as it stands in documents and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Info => "info",
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A selection of requirements that is run together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The quick gate.
    Core,
    /// Everything but security.
    Full,
    /// Security, only when asked for by name.
    Security,
}

impl Profile {
    /// The word, as it stands in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Full => "full",
            Self::Security => "security",
        }
    }
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// Requirements that share the prefix of their ids.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The prefix.
    pub id: String,
    /// Its name.
    pub title: Text,
    /// What it is about.
    pub about: Text,
}

/// A part of a requirement that has a level or a provenance of its own; reported as `ID/key`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its name within the requirement.
    pub key: String,
    /// How much weight a failure has.
    pub level: Level,
    /// Where it comes from.
    pub provenance: Provenance,
    /// What is demanded.
    pub statement: Text,
    /// Why nothing checks it, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_tested: Option<Text>,
}

/// One requirement.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Its id, which never changes.
    pub id: String,
    /// How much weight a failure has.
    pub level: Level,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The member or section of the page, or the clause of a standard, that it rests on.
    pub source: String,
    /// What is demanded.
    pub statement: Text,
    /// The profiles it belongs to.
    pub profiles: Vec<Profile>,
    /// What it is about.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What the target file must name for it.
    #[serde(default)]
    pub fixture: Vec<String>,
    /// What the target must declare for it.
    #[serde(default)]
    pub needs: Vec<String>,
    /// True if its check is a generated property.
    #[serde(default)]
    pub property: bool,
    /// Why nothing checks it, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_tested: Option<Text>,
    /// Parts of another level or provenance.
    #[serde(default)]
    pub clauses: Vec<Clause>,
}

/// The catalogue.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// Version of the form of the file.
    pub version: u32,
    /// The groups, in order.
    pub groups: Vec<Group>,
    /// The requirements, in order.
    #[serde(rename = "requirements")]
    pub list: Vec<Requirement>,
}

impl Requirements {
    /// The embedded catalogue.
    #[must_use]
    pub fn bundled() -> &'static Self {
        &BUNDLED
    }

    /// Reads a catalogue.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, serde_yaml::Error> {
        serde_yaml::from_str(text)
    }

    /// The requirement of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.list.iter().find(|r| r.id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Level, Profile, Requirements};
    use crate::provenance::Provenance;

    #[test]
    fn the_catalogue_is_sound() {
        let catalogue = Requirements::bundled();
        let mut ids = HashSet::new();
        for r in &catalogue.list {
            assert!(ids.insert(&r.id), "{} stands twice", r.id);
            let (group, number) = r.id.split_once('-').unwrap();
            assert!(catalogue.groups.iter().any(|g| g.id == group), "{}", r.id);
            assert!(
                number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit()),
                "{}",
                r.id
            );
            assert!(
                !r.statement.en.is_empty() && !r.statement.zh.is_empty(),
                "{}",
                r.id
            );
            assert!(!r.source.is_empty() && !r.profiles.is_empty(), "{}", r.id);
            let is_core = r.profiles.contains(&Profile::Core);
            assert!(
                !is_core || r.profiles.contains(&Profile::Full),
                "{}: core is part of full",
                r.id
            );
            let mut parts: Vec<_> = r.clauses.iter().map(|c| (c.level, c.provenance)).collect();
            parts.push((r.level, r.provenance));
            assert!(
                !parts.contains(&(Level::Must, Provenance::Assumed)),
                "{}: an assumption is never a must",
                r.id
            );
        }
        assert_eq!(catalogue.list.len(), 96);
    }
}
