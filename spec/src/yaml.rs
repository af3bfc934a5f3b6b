//! One text, YAML or JSON, into a tree of [`Node`]s. See [`crate::source`] for the two readings that are joined here.

use std::collections::HashMap;

use granit_parser::{Event, Parser};
use indexmap::IndexMap;
use indexmap::map::Entry as Slot;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Findings};
use crate::source::{Entry, FileId, Kind, Node, Sources, Span, type_name};

/// Levels of nesting that are read.
const MAX_DEPTH: usize = 128;
/// Nodes that are kept after aliases are expanded.
const MAX_NODES: usize = 1_000_000;

/// Reads a file's text into a tree. What is wrong is pushed to `findings`; `None` means that no tree came of it.
pub(crate) fn parse(sources: &Sources, file: FileId, findings: &mut Findings) -> Option<Node> {
    let source = sources.file(file);
    let places = compose(&source.text, file, sources, findings)?;
    let is_json = source
        .path
        .as_ref()
        .is_some_and(|p| p.extension().is_some_and(|e| e == "json"));
    let value = if is_json {
        read_json(sources, file)
    } else {
        read_yaml(sources, file)
    };
    match value {
        Ok(value) => join(places, value, findings),
        Err(diagnostic) => {
            findings.push(diagnostic);
            None
        }
    }
}

fn read_json(sources: &Sources, file: FileId) -> Result<Value, Diagnostic> {
    serde_json::from_str(&sources.file(file).text).map_err(|e| {
        let start = sources.offset(file, e.line(), e.column());
        let words = e.to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        Diagnostic::error(
            Span {
                file,
                start,
                len: 1,
            },
            format!("not valid JSON: {words}"),
        )
    })
}

fn read_yaml(sources: &Sources, file: FileId) -> Result<Value, Diagnostic> {
    serde_yaml::from_str(&sources.file(file).text).map_err(|e| {
        let span = e.location().map(|l| Span {
            file,
            start: l.index(),
            len: 1,
        });
        let words = e.to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        let finding = Diagnostic::error(span, format!("not valid YAML: {words}"));
        // The 20 digits of a GB/T 28181 code are more than a number can have.
        if words.contains("number out of range") {
            return finding.help("if these digits are a code, and no number, put them in quotes");
        }
        finding
    })
}

/// A node that is being built: what has been read of it so far.
enum Open {
    List(Span, usize, Vec<Node>),
    Map(Span, usize, IndexMap<String, Entry>, Option<(String, Span)>),
}

/// Builds the tree of places from the events of the parser. Scalars keep their text; [`join`] gives them their values.
struct Composer<'a> {
    findings: &'a mut Findings,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
    failed: bool,
}

fn compose(text: &str, file: FileId, sources: &Sources, findings: &mut Findings) -> Option<Node> {
    let mut composer = Composer {
        findings,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
        failed: false,
    };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or(0..0);
                let span = Span {
                    file,
                    start: range.start,
                    len: range.len(),
                };
                composer.event(event, span);
                if composer.nodes > MAX_NODES || composer.open.len() > MAX_DEPTH {
                    let message = format!(
                        "the document is larger than what is read: {MAX_DEPTH} levels, {MAX_NODES} nodes"
                    );
                    composer.findings.push(Diagnostic::error(span, message));
                    return None;
                }
            }
            Err(error) => {
                let marker = error.marker();
                let start = marker
                    .byte_offset()
                    .unwrap_or_else(|| sources.offset(file, marker.line(), marker.col() + 1));
                let mut finding = Diagnostic::error(
                    Span {
                        file,
                        start,
                        len: 1,
                    },
                    format!("cannot be read: {}", error.info()),
                );
                let upto = &text[..start.min(text.len())];
                let line = &text[upto.rfind('\n').map_or(0, |at| at + 1)..];
                if line.starts_with(|c: char| c.is_whitespace())
                    && line.trim_start_matches(' ').starts_with('\t')
                {
                    finding = finding.help("YAML is indented with spaces; replace the tab");
                }
                composer.findings.push(finding);
                return None;
            }
        }
    }
    let (root, failed) = (composer.root, composer.failed);
    if root.is_none() && !failed {
        let span = Span {
            file,
            start: 0,
            len: 0,
        };
        findings.push(Diagnostic::error(span, "the document is empty"));
    }
    root.filter(|_| !failed)
}

impl Composer<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, _, anchor, _) => {
                let node = Node {
                    span,
                    kind: Kind::Scalar(Value::String(text.into_owned())),
                };
                self.close(node, anchor);
            }
            Event::SequenceStart(_, anchor, _) => self.open.push(Open::List(span, anchor, vec![])),
            Event::MappingStart(_, anchor, _) => {
                self.open
                    .push(Open::Map(span, anchor, IndexMap::new(), None));
            }
            Event::SequenceEnd => {
                if let Some(Open::List(start, anchor, list)) = self.open.pop() {
                    let span = cover(start, span);
                    self.close(
                        Node {
                            span,
                            kind: Kind::List(list),
                        },
                        anchor,
                    );
                }
            }
            Event::MappingEnd => {
                if let Some(Open::Map(start, anchor, map, _)) = self.open.pop() {
                    let span = cover(start, span);
                    self.close(
                        Node {
                            span,
                            kind: Kind::Map(map),
                        },
                        anchor,
                    );
                }
            }
            Event::Alias(id) => {
                if let Some(node) = self.anchors.get(&id).cloned() {
                    self.nodes += count(&node);
                    self.close(node, 0);
                }
            }
            Event::DocumentStart(..) if self.root.is_some() => {
                self.fail(span, "a file holds one document; here a second one begins");
            }
            _ => {}
        }
    }

    /// A node is complete: it becomes a key, a value, an item or the root.
    fn close(&mut self, node: Node, anchor: usize) {
        self.nodes += 1;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, _, list)) => list.push(node),
            Some(Open::Map(_, _, map, pending)) => match pending.take() {
                None => match node.kind {
                    Kind::Scalar(Value::String(key)) => *pending = Some((key, node.span)),
                    _ => self.fail(node.span, "a key must be a plain string"),
                },
                Some((key, at)) => match map.entry(key) {
                    Slot::Vacant(slot) => {
                        slot.insert(Entry { key: at, node });
                    }
                    Slot::Occupied(slot) => {
                        let message =
                            format!("the key `{}` stands twice in this object", slot.key());
                        self.fail(at, message);
                    }
                },
            },
        }
    }

    fn fail(&mut self, span: Span, message: impl Into<String>) {
        self.failed = true;
        self.findings.push(Diagnostic::error(span, message));
    }
}

fn cover(start: Span, end: Span) -> Span {
    Span {
        len: (end.start + end.len).saturating_sub(start.start),
        ..start
    }
}

fn count(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 1,
        Kind::List(list) => 1 + list.iter().map(count).sum::<usize>(),
        Kind::Map(map) => 1 + map.values().map(|e| count(&e.node)).sum::<usize>(),
    }
}

/// Gives the places their values. The two readers must have seen the same document.
fn join(node: Node, value: Value, findings: &mut Findings) -> Option<Node> {
    let span = node.span;
    let disagree = |findings: &mut Findings, what: &str| {
        findings.push(
            Diagnostic::error(span, format!("this can be read in two ways ({what})"))
                .help("write it without tags, merge keys and other rare YAML"),
        );
        None
    };
    let kind = match (node.kind, value) {
        (Kind::Scalar(_), value @ (Value::Array(_) | Value::Object(_))) => {
            return disagree(findings, type_name(&value));
        }
        (Kind::Scalar(_), value) => Kind::Scalar(value),
        (Kind::List(nodes), Value::Array(values)) if nodes.len() == values.len() => {
            let joined: Vec<_> = nodes
                .into_iter()
                .zip(values)
                .map(|(n, v)| join(n, v, findings))
                .collect();
            Kind::List(joined.into_iter().collect::<Option<_>>()?)
        }
        (Kind::Map(entries), Value::Object(mut values)) if entries.len() == values.len() => {
            let mut map = IndexMap::with_capacity(entries.len());
            let mut whole = true;
            for (key, entry) in entries {
                let Some(value) = values.get_mut(&key).map(Value::take) else {
                    return disagree(findings, &key);
                };
                match join(entry.node, value, findings) {
                    Some(node) => {
                        map.insert(
                            key,
                            Entry {
                                key: entry.key,
                                node,
                            },
                        );
                    }
                    None => whole = false,
                }
            }
            if !whole {
                return None;
            }
            Kind::Map(map)
        }
        (_, value) => return disagree(findings, type_name(&value)),
    };
    Some(Node { span, kind })
}
