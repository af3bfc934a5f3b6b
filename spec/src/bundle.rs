//! One document out of several files: references to other files become references into `components`, so that all that
//! comes after sees a single tree. Cycles of schemas stay (they mean something); a reference that leads only to itself
//! is an error.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use indexmap::IndexMap;
use serde_json::Value;

use crate::check::{Checker, Reference};
use crate::diagnostic::{Diagnostic, Findings};
use crate::grammar::Object;
use crate::grammar_objects::{CALLBACK, OPENAPI, PATH_ITEM};
use crate::source::{Entry, FileId, Kind, Node, Sources, join};
use crate::yaml;

/// References to other files that are followed at most.
const MAX_IMPORTS: usize = 10_000;

pub(crate) struct Bundler<'a> {
    pub(crate) sources: &'a mut Sources,
    pub(crate) findings: &'a mut Findings,
    root: FileId,
    /// Files whose relative references count from the root document: the overlays.
    overlays: HashSet<FileId>,
    /// Other files, once read.
    files: HashMap<PathBuf, Option<(FileId, Node)>>,
    /// What was imported already: (file, fragment, section) and the reference that replaces it.
    imported: HashMap<(PathBuf, String, &'static str), String>,
    /// Pointers of the Schema Objects that were met.
    pub(crate) schemas: Vec<String>,
}

impl<'a> Bundler<'a> {
    pub(crate) fn new(
        sources: &'a mut Sources,
        findings: &'a mut Findings,
        root: FileId,
        overlays: HashSet<FileId>,
    ) -> Self {
        Self {
            sources,
            findings,
            root,
            overlays,
            files: HashMap::new(),
            imported: HashMap::new(),
            schemas: Vec::new(),
        }
    }

    /// Checks the tree against the grammar and brings in what it refers to.
    pub(crate) fn bundle(&mut self, tree: &mut Node) {
        let mut waiting = vec![(String::new(), &OPENAPI)];
        let mut local = Vec::new();
        while let Some((pointer, object)) = waiting.pop() {
            for reference in self.check(tree, &pointer, object) {
                // Neither a path item nor (in the model that is read) a callback can be a reference.
                if [PATH_ITEM.name, CALLBACK.name].contains(&reference.object.name) {
                    if self.inline(tree, &reference) {
                        waiting.push((reference.pointer, reference.object));
                    }
                } else if self.is_local(&reference) {
                    local.push(reference);
                } else if self.leads_back(&reference) {
                    let target = format!("#{}", fragment(&reference.target));
                    set_reference(tree, &reference.pointer, target.clone());
                    local.push(Reference {
                        target,
                        ..reference
                    });
                } else if let Some(next) = self.import(tree, &reference) {
                    waiting.push(next);
                }
            }
        }
        for reference in &local {
            self.resolve_local(tree, reference);
        }
    }

    fn check(&mut self, tree: &Node, pointer: &str, object: &'static Object) -> Vec<Reference> {
        let Some(node) = tree.pointer(pointer) else {
            return Vec::new();
        };
        let mut checker = Checker {
            findings: self.findings,
            references: Vec::new(),
            schemas: Vec::new(),
        };
        if pointer.is_empty() {
            checker.object(node, object, pointer);
        } else {
            checker.referable(node, object, pointer);
        }
        let Checker {
            references,
            schemas,
            ..
        } = checker;
        self.schemas.extend(schemas);
        references
    }

    fn is_local(&self, reference: &Reference) -> bool {
        let here = reference.span.file == self.root || self.overlays.contains(&reference.span.file);
        here && reference.target.starts_with('#')
    }

    /// True for a reference of another file that leads back into the root document.
    fn leads_back(&self, reference: &Reference) -> bool {
        let same = |a: &std::path::Path, b: &std::path::Path| matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
        let root = self.sources.file(self.root).path.as_deref();
        let target = self.target_file(reference);
        matches!((root, target), (Some(root), Some(target)) if same(root, &target))
    }

    /// The file that a reference names, relative to the file it stands in.
    fn target_file(&self, reference: &Reference) -> Option<PathBuf> {
        let (file, _) = reference
            .target
            .split_once('#')
            .unwrap_or((&reference.target, ""));
        let is_overlay = self.overlays.contains(&reference.span.file);
        let base = if is_overlay {
            self.root
        } else {
            reference.span.file
        };
        let from = self.sources.file(base).path.as_ref()?;
        if file.is_empty() {
            return Some(from.clone());
        }
        Some(
            from.parent()
                .map_or_else(|| file.into(), |dir| dir.join(file)),
        )
    }

    /// What a reference leads to is put where it stands.
    fn inline(&mut self, tree: &mut Node, reference: &Reference) -> bool {
        let target = if self.is_local(reference) {
            tree.pointer(&fragment(&reference.target)).cloned()
        } else {
            self.find(reference).map(|(_, node)| node)
        };
        let itself = target.as_ref().is_some_and(|t| {
            t.get("$ref")
                .and_then(Node::as_str)
                .is_some_and(|r| r == reference.target)
        });
        let (Some(target), false) = (target, itself) else {
            self.dangling(reference);
            return false;
        };
        if let Some(node) = tree.pointer_mut(&reference.pointer) {
            *node = target;
        }
        self.imported.len() < MAX_IMPORTS
    }

    /// Brings a thing of another file into `components`, and points the reference at it.
    fn import(
        &mut self,
        tree: &mut Node,
        reference: &Reference,
    ) -> Option<(String, &'static Object)> {
        let section = reference.object.section?;
        let (path, node) = self.find(reference)?;
        let key = (path.clone(), fragment(&reference.target), section);
        let known = self.imported.get(&key).cloned();
        let is_new = known.is_none();
        let replaced = known.unwrap_or_else(|| {
            let name = free_name(tree, section, &path, &key.1);
            let pointer = join(&join("/components", section), &name);
            insert(tree, section, name, node);
            pointer
        });
        set_reference(tree, &reference.pointer, format!("#{replaced}"));
        self.imported.insert(key, replaced.clone());
        if is_new && self.imported.len() >= MAX_IMPORTS {
            let message = format!("more than {MAX_IMPORTS} references to other files");
            self.findings
                .push(Diagnostic::error(reference.span, message));
            return None;
        }
        is_new.then_some((replaced, reference.object))
    }

    /// The file and the node that a reference to another file names.
    fn find(&mut self, reference: &Reference) -> Option<(PathBuf, Node)> {
        let (file, _) = reference
            .target
            .split_once('#')
            .unwrap_or((&reference.target, ""));
        if file.contains("://") {
            let message = format!(
                "`{}` is on the network; it is not fetched",
                reference.target
            );
            let help = "save the file beside this one and refer to it by its relative path";
            self.findings
                .push(Diagnostic::error(reference.span, message).help(help));
            return None;
        }
        let Some(path) = self.target_file(reference) else {
            self.dangling(reference);
            return None;
        };
        if !self.files.contains_key(&path) {
            let read = self.read(&path, reference);
            self.files.insert(path.clone(), read);
        }
        let (_, tree) = self.files.get(&path)?.as_ref()?;
        let found = tree.pointer(&fragment(&reference.target)).cloned();
        if found.is_none() {
            self.dangling(reference);
        }
        found.map(|node| (path, node))
    }

    fn read(&mut self, path: &std::path::Path, reference: &Reference) -> Option<(FileId, Node)> {
        match self.sources.read(path) {
            Ok(id) => yaml::parse(self.sources, id, self.findings).map(|node| (id, node)),
            Err(message) => {
                self.findings
                    .push(Diagnostic::error(reference.span, message));
                None
            }
        }
    }

    /// A reference inside the document must lead to a thing, not only to further references.
    fn resolve_local(&mut self, tree: &Node, reference: &Reference) {
        let mut seen = HashSet::new();
        let mut target = reference.target.clone();
        loop {
            let Some(node) = tree.pointer(&fragment(&target)) else {
                return self.dangling(reference);
            };
            if !seen.insert(target.clone()) {
                let message = format!("`{}` refers only to itself", reference.target);
                self.findings
                    .push(Diagnostic::error(reference.span, message));
                return;
            }
            match node.get("$ref").and_then(Node::as_str) {
                Some(next) => next.clone_into(&mut target),
                None => break,
            }
        }
        let expected = reference
            .object
            .section
            .map(|s| format!("#/components/{s}/"));
        let misplaced = expected.as_ref().is_some_and(|expected| {
            reference.target.starts_with("#/components/") && !reference.target.starts_with(expected)
        });
        if misplaced {
            let message = format!(
                "`{}` is no {} Object: one stands below `{}`",
                reference.target,
                reference.object.name,
                expected.unwrap_or_default()
            );
            self.findings
                .push(Diagnostic::error(reference.span, message));
        }
    }

    fn dangling(&mut self, reference: &Reference) {
        let message = format!("`{}` leads nowhere", reference.target);
        let finding = Diagnostic::error(reference.span, message);
        let help = format!(
            "a {} Object is expected at the other end",
            reference.object.name
        );
        self.findings
            .push(finding.label("nothing is there").help(help));
    }
}

/// The JSON Pointer of a reference, percent-decoded (RFC 6901 §6).
pub(crate) fn fragment(target: &str) -> String {
    let raw = target.split_once('#').map_or("", |(_, f)| f);
    percent_encoding::percent_decode_str(raw)
        .decode_utf8_lossy()
        .into_owned()
}

fn set_reference(tree: &mut Node, pointer: &str, target: String) {
    let holder = tree.pointer_mut(pointer).and_then(Node::as_map_mut);
    if let Some(entry) = holder.and_then(|m| m.get_mut("$ref")) {
        entry.node.kind = Kind::Scalar(Value::String(target));
    }
}

fn free_name(tree: &Node, section: &str, path: &std::path::Path, fragment: &str) -> String {
    let last = fragment
        .rsplit('/')
        .next()
        .filter(|s| !s.is_empty())
        .map(str::to_owned);
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned());
    let wanted: String = last
        .or(stem)
        .unwrap_or_default()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let taken = |name: &str| {
        tree.pointer(&join(&join("/components", section), name))
            .is_some()
    };
    let mut name = wanted.clone();
    let mut number = 2;
    while taken(&name) {
        name = format!("{wanted}_{number}");
        number += 1;
    }
    name
}

fn insert(tree: &mut Node, section: &str, name: String, node: Node) {
    let at = tree.span;
    let empty = || Entry {
        key: at,
        node: Node {
            span: at,
            kind: Kind::Map(IndexMap::new()),
        },
    };
    let section = tree
        .as_map_mut()
        .map(|root| root.entry("components".into()).or_insert_with(empty))
        .and_then(|e| e.node.as_map_mut())
        .map(|components| components.entry(section.into()).or_insert_with(empty))
        .and_then(|e| e.node.as_map_mut());
    if let Some(section) = section {
        let key = node.span;
        section.insert(name, Entry { key, node });
    }
}
