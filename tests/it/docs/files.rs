//! Files that documents show: read by whatever will read them.

use std::path::Path;

use smsload_conformance::Target;
use smsload_mock::WorldFile;
use smsload_spec::{Contract, Document as Source, Load};

use super::document::{Block, all, root};

/// Files that are wrong on purpose: their documents show what is said of them.
const WRONG: [&str; 4] = ["wrong.yaml", "digits.yaml", "new.yaml", "token.toml"];

/// What is wrong with a file, by its own reader; nothing if it has none here.
fn wrong(path: &Path, language: &str, text: &str) -> Option<String> {
    let has = |start: &str| text.lines().any(|line| line.starts_with(start));
    match language {
        "toml" if text.contains("base_url") => Target::read(path).err().map(|e| e.to_string()),
        "toml" => toml::from_str::<toml::Table>(text)
            .err()
            .map(|e| e.to_string()),
        "yaml" if has("devices:") => WorldFile::read(path).err().map(|e| e.to_string()),
        "yaml" if has("openapi: 3") => {
            let load = Load {
                document: Source::File(path.to_owned()),
                overlays: Vec::new(),
            };
            Contract::load(&load).err().map(|e| e.to_string())
        }
        "yaml" => serde_yaml::from_str::<serde_yaml::Value>(text)
            .err()
            .map(|e| e.to_string()),
        "json" => serde_json::from_str::<serde_json::Value>(text)
            .err()
            .map(|e| e.to_string()),
        _ => None,
    }
}

#[test]
fn files_that_are_shown_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    for document in all() {
        for block in &document.blocks {
            let Block::Text {
                line,
                language,
                file,
                text,
            } = block
            else {
                continue;
            };
            let place = format!("{}:{line}", document.name);
            let name = file.as_deref().unwrap_or("fragment");
            let path = folder.path().join(name.rsplit('/').next().unwrap());
            std::fs::write(&path, text).unwrap();
            let why = wrong(&path, language, text);
            if WRONG.contains(&name) {
                assert!(why.is_some(), "{place}: {name} is right");
                continue;
            }
            found.extend(why.map(|why| format!("{place}: {why}")));
            // A file of this repository is shown as it is.
            let own = file.as_ref().map(|file| root().join(file));
            if let Some(own) = own.filter(|own| own.is_file()) {
                let own = std::fs::read_to_string(own).unwrap();
                let is_same = own.trim_end() == text.trim_end();
                if !is_same {
                    found.push(format!("{place}: {name} is another by now"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
