//! A file of data, YAML or JSON, held against a JSON Schema: every fault at once, each with its place.
//!
//! It is for files that are not contracts but shall be read with the same care: places, duplicate keys, "did you mean".
//! What a schema cannot say the reader finds itself, and adds ([`Data::push`]) before it asks for all
//! ([`Data::finish`]).

use std::path::Path;

use jsonschema::{Draft, ValidationError};
use serde_json::Value;

use crate::check::nearest;
use crate::diagnostic::{Diagnostic, Findings, Problems};
use crate::schema;
use crate::source::{FileId, Node, Place, Sources, Span};
use crate::words::{self, Worded};
use crate::yaml;

/// A file of data, and what is wrong with it so far.
///
/// ```
/// use serde_json::json;
/// use smsload_spec::{Data, Diagnostic};
///
/// let schema = json!({"properties": {"name": {"type": "string"}}, "additionalProperties": false});
/// let mut data = Data::text("a.yaml", "name: 1\nnmae: x\n", &schema).map_err(|p| p.to_string())?;
/// let found = Diagnostic::warning(data.span("/name"), "a name of one digit");
/// data.push(found);
/// let problems = data.finish().unwrap_err().to_string();
/// assert!(problems.contains("a.yaml:1:7: `name` must be a string, and is a number"));
/// assert!(problems.contains("a.yaml:2:1: `nmae` is not a member here"));
/// assert!(problems.contains("did you mean `name`?"));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug)]
pub struct Data {
    sources: Sources,
    tree: Node,
    value: Value,
    findings: Findings,
}

impl Data {
    /// Reads a file from disk. The schema is one of Draft 7, without references to other documents.
    ///
    /// # Errors
    /// If it cannot be read as YAML or JSON. What breaks the schema is told by [`Data::finish`].
    pub fn file(path: &Path, schema: &Value) -> Result<Self, Problems> {
        let mut sources = Sources::default();
        match sources.read(path) {
            Ok(file) => Self::read(sources, file, schema),
            Err(message) => {
                let mut findings = Findings::default();
                findings.push(Diagnostic::error(None, message));
                let mut problems = findings.into_problems(sources);
                problems.unreadable = true;
                Err(problems)
            }
        }
    }

    /// Reads a text; `name` is what it is called in diagnostics.
    ///
    /// # Errors
    /// As for [`Data::file`].
    pub fn text(name: &str, text: &str, schema: &Value) -> Result<Self, Problems> {
        let mut sources = Sources::default();
        let file = sources.add(name.to_owned(), None, text.into());
        Self::read(sources, file, schema)
    }

    fn read(sources: Sources, file: FileId, schema: &Value) -> Result<Self, Problems> {
        let mut findings = Findings::default();
        let Some(tree) = yaml::parse(&sources, file, &mut findings) else {
            return Err(findings.into_problems(sources));
        };
        let value = tree.to_value();
        let mut data = Self {
            sources,
            tree,
            value,
            findings,
        };
        data.judge(schema);
        Ok(data)
    }

    fn judge(&mut self, schema: &Value) {
        let validator = match schema::options(Draft::Draft7).build(schema) {
            Ok(validator) => validator,
            Err(error) => {
                let message = format!("the schema of this file cannot be used: {error}");
                return self.findings.push(Diagnostic::error(None, message));
            }
        };
        let errors: Vec<ValidationError<'_>> = validator.iter_errors(&self.value).collect();
        for word in words::describe(errors.iter(), "the file", true) {
            self.findings.push(self.diagnostic(schema, word));
        }
    }

    fn diagnostic(&self, schema: &Value, word: Worded) -> Diagnostic {
        let span = match word.keyword {
            "additionalProperties" => self.key(&word.pointer),
            _ => None,
        };
        let help = self.help(schema, &word);
        let finding = Diagnostic::error(span.or_else(|| self.span(&word.pointer)), word.message);
        match help {
            Some(help) => finding.help(help),
            None => finding,
        }
    }

    fn help(&self, schema: &Value, word: &Worded) -> Option<String> {
        match word.keyword {
            "additionalProperties" => {
                let (_, member) = word.pointer.rsplit_once('/')?;
                let (above, _) = word.schema_path.rsplit_once('/')?;
                let known = schema.pointer(above)?.get("properties")?.as_object()?;
                let known: Vec<&str> = known.keys().map(String::as_str).collect();
                Some(match nearest(member, known.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("members here are `{}`", known.join("`, `")),
                })
            }
            "type" if word.message.contains("must be a string, and is a") => {
                let value = self.value.pointer(&word.pointer)?;
                let is_plain = value.is_number() || value.is_boolean();
                is_plain.then(|| "put it in quotes".to_owned())
            }
            _ => None,
        }
    }

    /// The whole value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Where the value at a JSON Pointer was written; of what is not there, the nearest thing around it.
    #[must_use]
    pub fn span(&self, pointer: &str) -> Option<Span> {
        let mut pointer = pointer;
        loop {
            if let Some(node) = self.tree.pointer(pointer) {
                return Some(node.span);
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }

    /// Where the key of a member was written.
    fn key(&self, pointer: &str) -> Option<Span> {
        let (above, member) = pointer.rsplit_once('/')?;
        let member = crate::source::unescape(member);
        let entry = self.tree.pointer(above)?.as_map()?.get(member.as_ref())?;
        Some(entry.key)
    }

    /// File, line and column of the value at a JSON Pointer.
    #[must_use]
    pub fn place(&self, pointer: &str) -> Option<Place> {
        self.span(pointer).map(|span| self.sources.place(span))
    }

    /// One more thing that is wrong.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.findings.push(diagnostic);
    }

    /// Everything that is wrong.
    ///
    /// # Errors
    /// All findings, in the order of their places, if one of them is an error.
    pub fn finish(self) -> Result<(), Problems> {
        if self.findings.has_errors() {
            return Err(self.findings.into_problems(self.sources));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::{Data, Diagnostic};

    #[test]
    fn what_is_missing_is_shown_where_it_should_be() {
        let schema = json!({"properties": {"list": {"items": {"required": ["id"]}}}});
        let data = Data::text("d.yaml", "list:\n  - id: x\n  - {}\n", &schema).unwrap();
        assert_eq!(data.place("/list/1/id/deeper").unwrap().line, 3);
        assert_eq!(data.value()["list"][0]["id"], "x");
        let problems = data.finish().unwrap_err();
        assert_eq!(problems.findings()[0].message, "`list.1.id` is missing");
        assert_eq!(problems.findings()[0].place.as_ref().unwrap().line, 3);
    }

    #[test]
    fn findings_come_in_the_order_of_their_places() {
        let schema = json!({"properties": {"b": {"type": "string"}}});
        let mut data = Data::text("d.yaml", "a: 1\nb: 2\nc: 3\n", &schema).unwrap();
        for (pointer, message) in [("/c", "third"), ("/a", "first")] {
            let diagnostic = Diagnostic::error(data.span(pointer), message);
            data.push(diagnostic);
        }
        let problems = data.finish().unwrap_err();
        let lines: Vec<_> = problems
            .findings()
            .iter()
            .map(|f| f.place.as_ref().unwrap().line)
            .collect();
        assert_eq!(lines, [1, 2, 3]);
    }

    #[test]
    fn what_cannot_be_read_is_told_at_once() {
        let none = json!({});
        let problems = Data::file(Path::new("no/such/file.yaml"), &none).unwrap_err();
        assert!(problems.unreadable && problems.to_string().contains("no/such/file.yaml"));
        let problems = Data::text("d.yaml", "a: 1\na: 2\n", &none).unwrap_err();
        assert!(problems.to_string().contains("d.yaml:2:1"), "{problems}");
        let data = Data::text("d.yaml", "a: 1\n", &json!({"type": 3})).unwrap();
        assert!(data.finish().is_err());
        let sound = Data::text("d.json", "{\"a\": 1}", &none).unwrap();
        assert!(sound.finish().is_ok());
    }
}
