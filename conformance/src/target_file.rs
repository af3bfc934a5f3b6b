//! Target files: a [`Target`] written in TOML. Unknown members are refused. Everything that is wrong is told at once,
//! each fault with file, line and member; `target.schema.json` says the same for editors.

mod member;

use std::path::{Path, PathBuf};

use serde_path_to_error::Segment;
use toml::Spanned;
use toml::de::DeTable;

use self::member::{find, line_of, mend};
use crate::target::Target;

/// The JSON Schema (Draft 7) of a target file.
pub const TARGET_SCHEMA: &str = include_str!("../target.schema.json");

/// A target file to start from: every member, with what it is for.
pub const TARGET_EXAMPLE: &str = include_str!("../target.example.toml");

/// Faults that are told of one file.
const MOST: usize = 50;

/// Why a target file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetFileError {
    /// It cannot be read.
    #[error("{}: cannot be read ({source}); check its name and its permissions", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not what a target file must be.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<TargetFault>),
}

/// One thing that is wrong with a target file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {}{why}", file.display(), member.as_ref().map(|m| format!("`{m}`: ")).unwrap_or_default())]
pub struct TargetFault {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The member at fault, `fixtures.recorded`, if it is known.
    pub member: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

impl Target {
    /// Reads a target file. Relative names in it are taken from its folder.
    ///
    /// # Errors
    /// It cannot be read, or is wrong; the error says where.
    pub fn read(file: &Path) -> Result<Self, TargetFileError> {
        Self::parse(file, &text_of(file)?)
    }

    /// Reads the text of a target file; `file` is what errors call it, and its folder is where relative names start.
    ///
    /// # Errors
    /// It is wrong; the error says where.
    pub fn parse(file: &Path, text: &str) -> Result<Self, TargetFileError> {
        let reader = Reader { file, text };
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let faults = errors.iter().map(|e| reader.fault(e, None)).collect();
            return Err(TargetFileError::Wrong(faults));
        }
        let (target, mut faults) = reader.read(&table);
        let target = target.map(|target| target.within(folder(file)));
        for (member, why) in target.iter().flat_map(Target::faults) {
            let line = find(table.get_ref(), &member).map_or(1, |span| line_of(text, span.start));
            faults.push(reader.said(line, Some(member), why));
        }
        faults.sort_by_key(|fault| fault.line);
        match target {
            Some(target) if faults.is_empty() => Ok(target),
            _ => Err(TargetFileError::Wrong(faults)),
        }
    }
}

/// The text of a target file.
pub(crate) fn text_of(file: &Path) -> Result<String, TargetFileError> {
    std::fs::read_to_string(file).map_err(|source| TargetFileError::Unreadable {
        file: file.to_owned(),
        source,
    })
}

/// The absolute folder of a file, so that it means the same wherever a command is run.
fn folder(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new("")).join(".");
    std::path::absolute(&folder).unwrap_or(folder)
}

struct Reader<'r> {
    file: &'r Path,
    text: &'r str,
}

impl Reader<'_> {
    /// Reads the table as often as it takes to meet every fault: a member that is wrong is mended or left out the next
    /// time. The target is there if that led to one, and right if there is no fault.
    fn read(&self, table: &Spanned<DeTable<'_>>) -> (Option<Target>, Vec<TargetFault>) {
        let mut rest = table.clone();
        let mut faults = Vec::new();
        while faults.len() < MOST {
            let deserializer = toml::Deserializer::from(rest.clone());
            let error = match serde_path_to_error::deserialize(deserializer) {
                Ok(target) => return (Some(target), faults),
                Err(error) => error,
            };
            let path = error.path().to_string();
            let fault = self.fault(error.inner(), (path != ".").then_some(path));
            let keys = error.path().iter().map_while(|segment| match segment {
                Segment::Map { key } => Some(key.as_str()),
                _ => None,
            });
            let is_mended = mend(rest.get_mut(), &keys.collect::<Vec<_>>(), &fault.why);
            faults.push(fault);
            if !is_mended {
                break;
            }
        }
        (None, faults)
    }

    fn fault(&self, error: &toml::de::Error, member: Option<String>) -> TargetFault {
        let line = line_of(self.text, error.span().map_or(0, |span| span.start));
        let why = error.message().trim_end().replace('\n', "; ");
        self.said(line, member, why)
    }

    fn said(&self, line: usize, member: Option<String>, why: String) -> TargetFault {
        TargetFault {
            file: self.file.to_owned(),
            line,
            member,
            why,
        }
    }
}

#[cfg(test)]
mod tests;
