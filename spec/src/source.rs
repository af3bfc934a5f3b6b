//! Files of a contract, read into one tree whose every node knows where it was written.
//!
//! Values come from `serde_yaml` (or `serde_json` for JSON); places come from a second reading by a parser that keeps
//! positions and sees duplicate keys, which the first keeps silent about. The two trees are joined node by node; where
//! they disagree, that is an error of the document, never a guess.
//!
//! Limits: 16 MiB a file, 128 levels, one million nodes after aliases are expanded.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

/// The largest file that is read, in bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// One of the files that a contract was read from; an index into [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub(crate) u32);

/// A range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: usize,
    /// Number of bytes.
    pub len: usize,
}

/// One file: the name it is spoken of by, and its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The name shown to people: the path as it was given, or `bundled contract`.
    pub name: String,
    /// Where it lies, if it lies anywhere; references to other files are relative to it.
    pub path: Option<PathBuf>,
    /// The whole text.
    pub text: Arc<str>,
}

/// All files that a contract was read from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

/// A place that a person can go to: file, line and column, both counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Place {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Sources {
    /// Adds a text that is already in memory.
    pub fn add(&mut self, name: String, path: Option<PathBuf>, text: Arc<str>) -> FileId {
        self.files.push(SourceFile { name, path, text });
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// Reads a file from disk.
    ///
    /// # Errors
    /// A sentence that names the file and says what to do, if it cannot be read, is too large or is not UTF-8.
    pub fn read(&mut self, path: &Path) -> Result<FileId, String> {
        let shown = path.display();
        let about = std::fs::metadata(path).map_err(|e| format!("cannot read {shown}: {e}"))?;
        if about.len() > MAX_FILE_BYTES {
            return Err(format!(
                "cannot read {shown}: it has {} bytes, more than the {MAX_FILE_BYTES} that are read",
                about.len()
            ));
        }
        let bytes = std::fs::read(path).map_err(|e| format!("cannot read {shown}: {e}"))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            format!("cannot read {shown}: it is not UTF-8 (byte {at}); save it as UTF-8")
        })?;
        Ok(self.add(shown.to_string(), Some(path.to_owned()), text.into()))
    }

    /// The file of an id.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(i, f)| (FileId(u32::try_from(i).unwrap_or(u32::MAX)), f))
    }

    /// Line and column of the start of a span.
    #[must_use]
    pub fn place(&self, span: Span) -> Place {
        let file = self.file(span.file);
        let upto = &file.text[..floor_char(&file.text, span.start)];
        let line_start = upto.rfind('\n').map_or(0, |i| i + 1);
        Place {
            file: file.name.clone(),
            line: upto.bytes().filter(|b| *b == b'\n').count() + 1,
            column: upto[line_start..].chars().count() + 1,
        }
    }

    /// The byte offset of a line and column, both from 1, as parsers report them.
    pub(crate) fn offset(&self, file: FileId, line: usize, column: usize) -> usize {
        let text = &self.file(file).text;
        let start: usize = text
            .split_inclusive('\n')
            .take(line.saturating_sub(1))
            .map(str::len)
            .sum();
        let rest = &text[start.min(text.len())..];
        let in_line = rest
            .char_indices()
            .nth(column.saturating_sub(1))
            .map_or(0, |(i, _)| i);
        start + in_line
    }
}

fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A node of the tree: a value with the place where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Where it was written.
    pub(crate) span: Span,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A string, number, boolean or null.
    Scalar(Value),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping with string keys, in the order they were written.
    Map(IndexMap<String, Entry>),
}

/// One member of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Where the key was written.
    pub(crate) key: Span,
    /// The value.
    pub(crate) node: Node,
}

impl Node {
    /// The member of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|e| &e.node)
    }

    /// The mapping, if it is one.
    pub(crate) fn as_map(&self) -> Option<&IndexMap<String, Entry>> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The mapping, to be changed, if it is one.
    pub(crate) fn as_map_mut(&mut self) -> Option<&mut IndexMap<String, Entry>> {
        match &mut self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(Value::String(s)) => Some(s),
            _ => None,
        }
    }

    /// The node that a JSON Pointer (RFC 6901) names below this one.
    pub(crate) fn pointer(&self, pointer: &str) -> Option<&Node> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer
            .strip_prefix('/')?
            .split('/')
            .try_fold(self, |node, raw| {
                let token = unescape(raw);
                match &node.kind {
                    Kind::Map(map) => map.get(token.as_ref()).map(|e| &e.node),
                    Kind::List(list) => list.get(token.parse::<usize>().ok()?),
                    Kind::Scalar(_) => None,
                }
            })
    }

    /// The same as [`Node::pointer`], to be changed.
    pub(crate) fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Node> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer
            .strip_prefix('/')?
            .split('/')
            .try_fold(self, |node, raw| {
                let token = unescape(raw);
                match &mut node.kind {
                    Kind::Map(map) => map.get_mut(token.as_ref()).map(|e| &mut e.node),
                    Kind::List(list) => list.get_mut(token.parse::<usize>().ok()?),
                    Kind::Scalar(_) => None,
                }
            })
    }

    /// The plain value, without places.
    pub(crate) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(v) => v.clone(),
            Kind::List(l) => Value::Array(l.iter().map(Node::to_value).collect()),
            Kind::Map(m) => Value::Object(
                m.iter()
                    .map(|(k, e)| (k.clone(), e.node.to_value()))
                    .collect(),
            ),
        }
    }

    /// What it is, in a word, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(v) => type_name(v),
            Kind::List(_) => "a list",
            Kind::Map(_) => "an object",
        }
    }
}

/// The JSON type of a value, in words for messages.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Appends a token to a JSON Pointer, escaped (RFC 6901 §3).
pub(crate) fn join(pointer: &str, token: &str) -> String {
    let mut out = String::with_capacity(pointer.len() + token.len() + 1);
    out.push_str(pointer);
    out.push('/');
    for c in token.chars() {
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c => out.push(c),
        }
    }
    out
}

/// Appends an index to a JSON Pointer.
pub(crate) fn join_index(pointer: &str, index: usize) -> String {
    let mut out = String::from(pointer);
    // Writing to a String cannot fail.
    let _ = write!(out, "/{index}");
    out
}

/// One token of a JSON Pointer, unescaped.
pub(crate) fn unescape(token: &str) -> std::borrow::Cow<'_, str> {
    if token.contains('~') {
        token.replace("~1", "/").replace("~0", "~").into()
    } else {
        token.into()
    }
}
