//! What a vendor claims: the target file, with nothing left unsaid. A capability that is declared absent is not asked for,
//! and shows in the standing; what every SMS must have cannot be declared away.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::target::{DEFAULT_DOWNLOADS, Target, Vendor};
use crate::target_file::{TargetFileError, text_of};

/// Capabilities that must be declared, one way or the other.
const CAPABILITIES: [&str; 6] = [
    "progress_query",
    "callbacks",
    "files",
    "authentication",
    "tenants",
    "simulated_recordings",
];

/// Fixtures that a certification needs, as the catalogue calls them and as the target file does.
const FIXTURES: [(&str, &str); 5] = [
    ("device", "device"),
    ("platform_id", "platform_id"),
    ("unknown_device", "unknown_device"),
    ("unknown_channel", "unknown_channel"),
    ("empty_window", "empty_window"),
];

/// Why a target file is no declaration.
#[derive(Debug, thiserror::Error)]
pub enum DeclarationError {
    /// It is no target file.
    #[error(transparent)]
    File(#[from] TargetFileError),
    /// It leaves something unsaid that a certification needs.
    #[error("{}", what.iter().map(|why| format!("{}: {why}", file.display())).collect::<Vec<_>>().join("\n"))]
    Unsaid {
        /// The file.
        file: PathBuf,
        /// What it leaves unsaid.
        what: Vec<String>,
    },
}

/// What a vendor claims, without secrets: the file `declaration.json` of a bundle.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// What the target file says; of its headers the names only.
    pub target: Target,
}

impl Declaration {
    /// Reads a target file as a declaration.
    ///
    /// # Errors
    /// It is no target file, or leaves something unsaid; everything at once.
    pub fn read(file: &Path) -> Result<Self, DeclarationError> {
        let text = text_of(file)?;
        let mut target = Target::parse(file, &text)?;
        target.limits.downloads.get_or_insert(DEFAULT_DOWNLOADS);
        // It was read above, so it is TOML.
        let table: toml::Table = toml::from_str(&text).unwrap_or_default();
        let declared = table.get("declared").and_then(toml::Value::as_table);
        let mut unsaid: Vec<String> = CAPABILITIES
            .iter()
            .filter(|name| declared.is_none_or(|table| !table.contains_key(**name)))
            .map(|name| format!("`declared.{name}` is not said; write true or false"))
            .collect();
        unsaid.extend(lacks(&target));
        if unsaid.is_empty() {
            Ok(Self { target })
        } else {
            Err(DeclarationError::Unsaid {
                file: file.to_owned(),
                what: unsaid,
            })
        }
    }

    /// Whose product it is.
    #[must_use]
    pub fn vendor(&self) -> Vendor {
        self.target.vendor.clone().unwrap_or_default()
    }
}

/// What a target lacks to be certified.
pub(super) fn lacks(target: &Target) -> Vec<String> {
    let mut lacks = Vec::new();
    match &target.vendor {
        None => lacks
            .push("`vendor` is missing; write a table with name, product and version".to_owned()),
        Some(vendor) => {
            let said = [
                ("name", &vendor.name),
                ("product", &vendor.product),
                ("version", &vendor.version),
            ];
            let empty = said.iter().filter(|(_, text)| text.trim().is_empty());
            lacks.extend(empty.map(|(member, _)| format!("`vendor.{member}` is empty")));
        }
    }
    let missing = FIXTURES
        .iter()
        .filter(|(name, _)| !target.fixtures.has(name));
    lacks.extend(missing.map(|(_, member)| {
        format!("`fixtures.{member}` is missing; a certification leaves nothing out that needs it")
    }));
    if target.tls.insecure {
        lacks.push("`tls.insecure` is set; a certification must know whom it speaks to".to_owned());
    }
    lacks
}

#[cfg(test)]
mod tests {
    use super::Declaration;

    fn read(text: &str) -> Result<Declaration, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("vendor.toml");
        std::fs::write(&file, text).unwrap();
        let name = format!("{}/", dir.path().display());
        Declaration::read(&file).map_err(|e| e.to_string().replace(&name, ""))
    }

    const WHOLE: &str = include_str!("../../tests/vendor.toml");

    #[test]
    fn nothing_may_be_left_unsaid() {
        assert!(read(WHOLE).is_ok());
        let bare = "base_url = 'http://127.0.0.1:1'\n[declared]\nfiles = true\n";
        insta::assert_snapshot!(read(bare).unwrap_err());
        let unread = read("base_url = 7").unwrap_err();
        assert!(unread.starts_with("vendor.toml:1: `base_url`"), "{unread}");
    }

    #[test]
    fn what_is_written_has_no_secret_and_is_read_again() {
        let declaration = read(WHOLE).unwrap();
        let text = serde_json::to_string_pretty(&declaration).unwrap();
        assert!(!text.contains("a-secret-value"), "{text}");
        let again: Declaration = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string_pretty(&again).unwrap(), text);
        assert_eq!(again.target.fixtures, declaration.target.fixtures);
        assert_eq!(again.target.limits, declaration.target.limits);
    }
}
