//! Known failures: requirements that a target is known to break, each with a reason and a day until which that is
//! tolerated. A file of them (TOML) is for gates that must not be red for what is being worked on:
//!
//! ```toml
//! [[failure]]
//! id = "TIME-06/clipped-values"
//! reason = "29 February is clipped; ticket 4711"
//! expires = 2027-01-31
//! ```

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// A requirement, or a part of one, that is known to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFailure {
    /// `TIME-06`, or `TIME-06/clipped-values` for a part.
    pub id: String,
    /// Why it is tolerated.
    pub reason: String,
    /// The last day on which it is.
    pub expires: Date,
}

impl KnownFailure {
    /// True from the day after its last one.
    #[must_use]
    pub fn is_expired(&self, today: Date) -> bool {
        self.expires < today
    }
}

/// Why a file of known failures cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnownFailuresError {
    /// It cannot be read.
    #[error("{}: cannot be read ({source}); check its name and its permissions", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not what such a file must be.
    #[error("{}:{line}: {why}", file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    failure: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    reason: String,
    #[serde(deserialize_with = "day")]
    expires: Date,
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Day {
        Toml(toml::value::Datetime),
        Text(String),
    }
    let wrong = || serde::de::Error::custom("`expires` is no day; write YYYY-MM-DD");
    let text = match Day::deserialize(deserializer).map_err(|_| wrong())? {
        Day::Toml(date) => date.to_string(),
        Day::Text(text) => text,
    };
    // A time of the day would be read over.
    let is_day = text.len() == "YYYY-MM-DD".len();
    text.parse().ok().filter(|_| is_day).ok_or_else(wrong)
}

impl KnownFailure {
    /// Reads a file of known failures.
    ///
    /// # Errors
    /// It cannot be read, or is wrong; the error says where.
    pub fn read(file: &Path) -> Result<Vec<Self>, KnownFailuresError> {
        let text =
            std::fs::read_to_string(file).map_err(|source| KnownFailuresError::Unreadable {
                file: file.to_owned(),
                source,
            })?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Vec<Self>, KnownFailuresError> {
        let wrong = |offset: usize, why: String| KnownFailuresError::Wrong {
            file: file.to_owned(),
            line: text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1,
            why,
        };
        let listed: Listed = toml::from_str(text).map_err(|error| {
            let why = error.message().trim_end().replace('\n', "; ");
            wrong(error.span().map_or(0, |span| span.start), why)
        })?;
        let mut known: Vec<Self> = Vec::new();
        for entry in listed.failure {
            let offset = entry.span().start;
            let Entry {
                id,
                reason,
                expires,
            } = entry.into_inner();
            if reason.trim().is_empty() {
                let why = format!("`reason` of {id} is empty; say why it is tolerated");
                return Err(wrong(offset, why));
            }
            if known.iter().any(|other| other.id == id) {
                return Err(wrong(offset, format!("{id} stands here twice")));
            }
            known.push(Self {
                id,
                reason,
                expires,
            });
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::KnownFailure;

    fn parse(text: &str) -> Result<Vec<KnownFailure>, String> {
        KnownFailure::parse(Path::new("known.toml"), text).map_err(|e| e.to_string())
    }

    #[test]
    fn are_read_with_their_last_day() {
        let text = "[[failure]]\nid = 'TIME-06'\nreason = 'r'\nexpires = 2027-01-31\n\
                    [[failure]]\nid = 'TIME-05'\nreason = 'r'\nexpires = '2027-02-01'\n";
        let known = parse(text).unwrap();
        let day = |text: &str| text.parse().unwrap();
        assert!(!known[0].is_expired(day("2027-01-31")));
        assert!(known[0].is_expired(day("2027-02-01")));
        assert!(!known[1].is_expired(day("2027-02-01")));
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn errors_name_the_line() {
        let good = "[[failure]]\nid = 'A'\nreason = 'r'\nexpires = 2027-01-31\n";
        for (text, expected) in [
            (
                good.replace("2027-01-31", "'soon'"),
                "known.toml:4: `expires` is no day",
            ),
            (
                good.replace("2027-01-31", "2027-01-31T00:00:00"),
                "known.toml:4: `expires`",
            ),
            (
                good.replace("'r'", "' '"),
                "known.toml:1: `reason` of A is empty",
            ),
            (
                good.replace("id", "ids"),
                "known.toml:2: unknown field `ids`",
            ),
            (good.repeat(2), "known.toml:5: A stands here twice"),
            (good.replace("[[", "["), "known.toml:1: "),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(expected), "{error}\n  lacks\n{expected}");
        }
    }
}
