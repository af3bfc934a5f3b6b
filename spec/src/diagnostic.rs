//! What is wrong with a document, collected: every finding with its place, all of them at once.

use std::fmt;
use std::sync::Arc;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, ThemeCharacters};

use crate::source::{Place, Sources, Span};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The document means what it says, but a part of it has no effect here.
    Warning,
    /// The document cannot be used.
    Error,
}

/// One finding.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence that names the thing at fault.
    pub message: String,
    /// Where, if it has a place in a file.
    pub span: Option<Span>,
    /// A few words shown under the offending text.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    #[must_use]
    pub fn error(span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span: span.into(),
            label: None,
            help: None,
        }
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(span: impl Into<Option<Span>>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(span, message)
        }
    }

    /// The same, with words under the offending text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// All findings of one reading, with the texts they point into.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    /// The files.
    pub sources: Arc<Sources>,
    /// The findings, in the order of their places.
    pub list: Vec<Diagnostic>,
    /// True if a file could not be read at all: missing, not permitted, too large, not UTF-8.
    pub unreadable: bool,
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// A finding reduced to what a machine reads.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where, if it has a place in a file.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Problems {
    /// True if at least one finding is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many findings of one severity there are.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|d| d.severity == severity).count()
    }

    /// The findings as data.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let finding = |d: &Diagnostic| Finding {
            severity: d.severity,
            message: d.message.clone(),
            place: d.span.map(|s| self.sources.place(s)),
            help: d.help.clone(),
        };
        self.list.iter().map(finding).collect()
    }

    /// The findings as people read them: file, line, column, the offending line, what to do. Colour only if asked for.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut theme = if colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        theme.characters = ThemeCharacters::unicode();
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(100)
            .with_links(false);
        let mut out = String::new();
        for diagnostic in &self.list {
            // Writing to a String cannot fail; a rendering that did would only lose its own text.
            let _ = handler.render_report(&mut out, &self.report(diagnostic));
        }
        out
    }

    fn report(&self, diagnostic: &Diagnostic) -> Rendered {
        let place = diagnostic.span.map(|s| self.sources.place(s));
        let source = diagnostic.span.map(|s| {
            let file = self.sources.file(s.file);
            NamedSource::new(&file.name, Arc::clone(&file.text))
        });
        let label = diagnostic.span.map(|s| {
            let text = &self.sources.file(s.file).text;
            let start = s.start.min(text.len());
            // The first line is enough to find a thing by; an object may go on for pages.
            let line = text.as_bytes()[start..]
                .iter()
                .take_while(|b| **b != b'\n')
                .count();
            LabeledSpan::new(diagnostic.label.clone(), start, s.len.min(line))
        });
        Rendered {
            // The place leads, so that a terminal or an editor can jump there.
            message: match place {
                Some(place) => format!("{place}: {}", diagnostic.message),
                None => diagnostic.message.clone(),
            },
            severity: diagnostic.severity,
            help: diagnostic.help.clone(),
            source,
            label,
        }
    }
}

/// A finding in the shape that the renderer asks for.
#[derive(Debug)]
struct Rendered {
    message: String,
    severity: Severity,
    help: Option<String>,
    source: Option<NamedSource<Arc<str>>>,
    label: Option<LabeledSpan>,
}

impl fmt::Display for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Rendered {}

impl miette::Diagnostic for Rendered {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|s| s as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.label
            .clone()
            .map(|l| Box::new(std::iter::once(l)) as Box<dyn Iterator<Item = _>>)
    }
}

/// A collector passed down while a document is read.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
}

impl Findings {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        // The same place read on two ways (a schema used twice) says the same thing once.
        let same = |d: &Diagnostic| d.message == diagnostic.message && d.span == diagnostic.span;
        if !self.list.iter().any(same) {
            self.list.push(diagnostic);
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// The findings in the order of their places, errors and warnings mixed as they stand in the file.
    pub(crate) fn into_problems(mut self, sources: Sources) -> Problems {
        self.list.sort_by_key(|d| d.span.map(|s| (s.file, s.start)));
        Problems {
            sources: Arc::new(sources),
            list: self.list,
            unreadable: false,
        }
    }
}
