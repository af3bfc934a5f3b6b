//! Links between documents, and options that they name.

use std::collections::BTreeSet;

use super::document::{Document, all, root};
use crate::support::smsload;

/// The anchor that code hosts give a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

fn wrong_link(documents: &[Document], from: &Document, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, wanted) = link.split_once('#').unwrap_or((link, ""));
    let folder = from.name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        if part != ".." {
            parts.push(part);
        } else if parts.pop().is_none() {
            return Some("it leaves the repository".to_owned());
        }
    }
    let name = if path.is_empty() {
        from.name.clone()
    } else {
        parts.join("/")
    };
    if !root().join(&name).exists() {
        return Some(format!("there is no {name}"));
    }
    if wanted.is_empty() {
        return None;
    }
    let target = documents.iter().find(|document| document.name == name)?;
    let has_it = target
        .headings
        .iter()
        .any(|heading| anchor(heading) == wanted);
    (!has_it).then(|| format!("{name} has no heading for #{wanted}"))
}

#[test]
fn every_link_leads_somewhere() {
    let documents = all();
    let mut wrong = Vec::new();
    for document in &documents {
        for (line, link) in &document.links {
            let why = wrong_link(&documents, document, link);
            wrong.extend(why.map(|why| format!("{}:{line}: {link}: {why}", document.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn wrong_links_are_found() {
    let documents = all();
    let readme = documents.iter().find(|d| d.name == "README.md").unwrap();
    for link in [
        "docs/no-such.md",
        "../elsewhere",
        "#no-such-heading",
        "docs/reports.md#no",
    ] {
        assert!(wrong_link(&documents, readme, link).is_some(), "{link}");
    }
    assert_eq!(
        wrong_link(&documents, readme, "docs/reports.md#what-counts-where"),
        None
    );
}

/// Every option that a document names is one of `smsload`, or of a tool that it names beside it.
#[test]
fn every_option_exists() {
    const COMMANDS: [&[&str]; 16] = [
        &["mock"],
        &["proxy"],
        &["verify"],
        &["verify", "init"],
        &["replay"],
        &["serve"],
        &["serve", "jobs", "list"],
        &["serve", "jobs", "cancel"],
        &["spec", "lint"],
        &["spec", "show"],
        &["spec", "resolve"],
        &["certify"],
        &["certify", "keygen"],
        &["certify", "check"],
        &["certify", "compare"],
        &["completions"],
    ];
    let mut known = BTreeSet::new();
    for command in COMMANDS {
        let help = smsload(&[command, &["--help"]].concat()).out;
        let words = help.split(|c: char| !c.is_alphanumeric() && c != '-');
        known.extend(
            words
                .filter(|word| word.starts_with("--"))
                .map(str::to_owned),
        );
    }
    let foreign = [
        "cargo ",
        "docker",
        "curl",
        "--upgrade",
        "--test ",
        "perf ",
        "python",
        "valgrind",
    ];
    let mut wrong = Vec::new();
    for document in all() {
        for (line, code) in &document.codes {
            if foreign.iter().any(|tool| code.contains(tool)) {
                continue;
            }
            let words = code.split(|c: char| !c.is_alphanumeric() && c != '-');
            for option in words.filter(|word| word.len() > 3 && word.starts_with("--")) {
                if !known.contains(option) {
                    wrong.push(format!("{}:{line}: {option}", document.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "no such options:\n{}", wrong.join("\n"));
}
