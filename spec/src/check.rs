//! A tree held against the grammar of OpenAPI 3.0: every fault with its place, and every reference that was met.

use crate::diagnostic::{Diagnostic, Findings};
use crate::grammar::{self, Object, Others, Shape};
use crate::grammar_objects::ONLY_LATER;
use crate::source::{Kind, Node, Span, join, join_index};

/// The extensions that mean something here.
pub(crate) const EXTENSIONS: &[&str] = &[
    "x-validations",
    "x-job",
    "x-provenance",
    "x-rejection",
    "x-errors",
];

/// A Reference Object that was met.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// Pointer of the object that holds `$ref`.
    pub(crate) pointer: String,
    /// What must be at the other end.
    pub(crate) object: &'static Object,
    /// The text of `$ref`.
    pub(crate) target: String,
    /// Where that text was written.
    pub(crate) span: Span,
}

/// Holds a node against an object of the grammar, or against a Reference Object where `reference` allows one.
pub(crate) struct Checker<'a> {
    pub(crate) findings: &'a mut Findings,
    pub(crate) references: Vec<Reference>,
    /// Pointers of the Schema Objects that were met.
    pub(crate) schemas: Vec<String>,
}

impl Checker<'_> {
    /// Checks a node that must be one object of the table, or a reference to one.
    pub(crate) fn referable(&mut self, node: &Node, object: &'static Object, pointer: &str) {
        let Some(entry) = node.as_map().and_then(|m| m.get("$ref")) else {
            return self.object(node, object, pointer);
        };
        let Some(target) = entry.node.as_str() else {
            let message = format!("`$ref` must be a string, and is {}", entry.node.type_name());
            self.findings
                .push(Diagnostic::error(entry.node.span, message));
            return;
        };
        self.references.push(Reference {
            pointer: pointer.to_owned(),
            object,
            target: target.to_owned(),
            span: entry.node.span,
        });
        // OpenAPI 3.0.3 §4.7.23: everything beside $ref is ignored.
        for (name, sibling) in node
            .as_map()
            .into_iter()
            .flatten()
            .filter(|(n, _)| *n != "$ref")
        {
            let message = format!("`{name}` stands beside `$ref`, and has no effect there");
            let finding = Diagnostic::warning(sibling.key, message);
            self.findings
                .push(finding.help("wrap the reference: `allOf: [{$ref: …}]`"));
        }
    }

    /// Checks a node that must be one object of the table.
    pub(crate) fn object(&mut self, node: &Node, object: &'static Object, pointer: &str) {
        let Some(map) = node.as_map() else {
            let message = format!(
                "{} Object expected, and this is {}",
                object.name,
                node.type_name()
            );
            self.findings.push(Diagnostic::error(node.span, message));
            return;
        };
        if object.name == "Schema" {
            self.schemas.push(pointer.to_owned());
        }
        for member in object
            .members
            .iter()
            .filter(|m| m.required && !map.contains_key(m.name))
        {
            let message = format!(
                "the {} Object lacks its member `{}`",
                object.name, member.name
            );
            self.findings
                .push(Diagnostic::error(first_line(node.span), message));
        }
        for (name, entry) in map {
            let below = join(pointer, name);
            match object
                .member(name)
                .map(|m| m.shape)
                .or_else(|| grammar::other(object, name))
            {
                _ if name.starts_with("x-") => self.extension(name, entry.key),
                Some(shape) => self.shape(&entry.node, shape, &below),
                None => self.unknown(object, name, entry.key),
            }
        }
    }

    fn shape(&mut self, node: &Node, shape: Shape, pointer: &str) {
        match (shape, &node.kind) {
            (Shape::Any, _) => {}
            (Shape::Object(object), _) => self.object(node, object, pointer),
            (Shape::Ref(object), _) => self.referable(node, object, pointer),
            (Shape::Map(inner), Kind::Map(map)) => {
                for (name, entry) in map {
                    self.shape(&entry.node, *inner, &join(pointer, name));
                }
            }
            (Shape::List(inner), Kind::List(list)) => {
                for (index, item) in list.iter().enumerate() {
                    self.shape(item, *inner, &join_index(pointer, index));
                }
            }
            (Shape::FlagOr(_), Kind::Scalar(v)) if v.is_boolean() => {}
            (Shape::FlagOr(inner), _) => self.shape(node, *inner, pointer),
            (Shape::Text, Kind::Scalar(v)) if v.is_string() => {}
            (Shape::Flag, Kind::Scalar(v)) if v.is_boolean() => {}
            (Shape::Count, Kind::Scalar(v)) if v.is_u64() => {}
            (Shape::Number, Kind::Scalar(v)) if v.is_number() => {}
            (Shape::Word(words), Kind::Scalar(v)) => {
                if !v.as_str().is_some_and(|v| words.contains(&v)) {
                    let message = format!("{v} is not one of: {}", words.join(", "));
                    let word = v.as_str().unwrap_or_default();
                    self.push_near(node.span, message, word, words.iter().copied());
                }
            }
            _ => {
                let message = format!(
                    "{} expected, and this is {}",
                    expected(shape),
                    node.type_name()
                );
                let mut finding = Diagnostic::error(node.span, message);
                if matches!(shape, Shape::Text) {
                    finding = finding.help("put quotes around it");
                }
                self.findings.push(finding);
            }
        }
    }

    fn extension(&mut self, name: &str, key: Span) {
        if EXTENSIONS.contains(&name) {
            return;
        }
        if let Some(near) = nearest(name, EXTENSIONS.iter().copied()) {
            let message = format!("the extension `{name}` is not known here, and has no effect");
            let finding = Diagnostic::warning(key, message);
            self.findings
                .push(finding.help(format!("did you mean `{near}`?")));
        }
    }

    fn unknown(&mut self, object: &Object, name: &str, key: Span) {
        let message = match object.others {
            Others::Paths => format!("the path `{name}` must begin with a slash"),
            Others::Statuses => {
                format!("`{name}` is no response: a status (200), a range (2XX) or `default`")
            }
            _ => format!("the {} Object has no member `{name}`", object.name),
        };
        if object.name == "Schema" && ONLY_LATER.contains(&name) {
            let help = "OpenAPI 3.0 schemas do not have this keyword; it came with 3.1";
            self.findings
                .push(Diagnostic::error(key, message).help(help));
            return;
        }
        self.push_near(key, message, name, object.members.iter().map(|m| m.name));
    }

    fn push_near<'w>(
        &mut self,
        span: Span,
        message: String,
        word: &str,
        words: impl Iterator<Item = &'w str>,
    ) {
        let mut finding = Diagnostic::error(span, message);
        if let Some(near) = nearest(word, words) {
            finding = finding.help(format!("did you mean `{near}`?"));
        }
        self.findings.push(finding);
    }
}

/// The word that somebody may have meant, if one is near enough.
pub(crate) fn nearest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    words
        .map(|w| {
            (
                strsim::damerau_levenshtein(&word.to_lowercase(), &w.to_lowercase()),
                w,
            )
        })
        .filter(|(distance, w)| *distance <= 1 + w.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, w)| w)
}

fn expected(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "a string",
        Shape::Flag => "true or false",
        Shape::Count => "a whole number, 0 or more,",
        Shape::Number => "a number",
        Shape::List(_) => "a list",
        _ => "an object",
    }
}

/// A span cut to little, so that a missing member does not underline a page.
fn first_line(span: Span) -> Span {
    Span {
        len: span.len.min(1),
        ..span
    }
}
