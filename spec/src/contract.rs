//! A contract: a document, read, checked and compiled once, and asked as often as one likes.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use http::Method;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use crate::bundle::Bundler;
use crate::compile::Compiler;
use crate::diagnostic::{Diagnostic, Findings, Problems};
use crate::expression::Members;
use crate::model::{ErrorKind, Operation, Rejection};
use crate::overlay;
use crate::route::Router;
use crate::schema::Schema;
use crate::source::{FileId, Node, Place, Sources};
use crate::yaml;

/// The document as it is embedded.
pub const OPENAPI_YAML: &str = include_str!("../openapi.yaml");

static BUNDLED: LazyLock<Arc<Contract>> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the embedded document is compiled by a test"
    )]
    Arc::new(Contract::load(&Load::default()).expect("the embedded contract compiles"))
});

/// Where a document comes from.
#[derive(Debug, Clone, Default)]
pub enum Document {
    /// The one that is embedded.
    #[default]
    Bundled,
    /// A file, YAML or JSON; references to other files are relative to it.
    File(PathBuf),
    /// A text.
    Text {
        /// What it is called in diagnostics.
        name: String,
        /// The text, YAML or JSON.
        text: String,
    },
}

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// The document.
    pub document: Document,
    /// Overlays, applied in this order before anything is compiled.
    pub overlays: Vec<PathBuf>,
}

/// A compiled contract.
#[derive(Debug)]
pub struct Contract {
    pub(crate) document: Value,
    pub(crate) tree: Node,
    pub(crate) warnings: Problems,
    pub(crate) operations: Vec<Operation>,
    pub(crate) router: Router,
    pub(crate) errors: IndexMap<Arc<str>, ErrorKind>,
    pub(crate) catch_all: Option<Arc<str>>,
    pub(crate) rejection: Option<Rejection>,
}

impl Contract {
    /// The embedded contract.
    #[must_use]
    pub fn bundled() -> Arc<Self> {
        Arc::clone(&BUNDLED)
    }

    /// Reads, checks and compiles a document.
    ///
    /// # Errors
    /// Everything that is wrong with it, and with its overlays, at once, each finding with its place.
    pub fn load(load: &Load) -> Result<Self, Problems> {
        let mut sources = Sources::default();
        let mut findings = Findings::default();
        match read(load, &mut sources, &mut findings) {
            Err(message) => {
                findings.push(Diagnostic::error(None, message));
                let mut problems = findings.into_problems(sources);
                problems.unreadable = true;
                Err(problems)
            }
            Ok(None) => Err(findings.into_problems(sources)),
            Ok(Some((tree, schemas))) => compile(tree, &schemas, sources, findings),
        }
    }

    /// What has no effect, though the document says it.
    #[must_use]
    pub fn warnings(&self) -> &Problems {
        &self.warnings
    }

    /// `info.title`.
    #[must_use]
    pub fn title(&self) -> &str {
        self.document
            .pointer("/info/title")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// `info.version`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.document
            .pointer("/info/version")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The document after overlays, in one piece: references to other files lead into `components`.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// All operations, in the order of the document.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of an id.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|o| o.id == id)
    }

    /// How a rejection is written, if the document says it.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// The errors that the document names.
    pub fn errors(&self) -> impl Iterator<Item = &ErrorKind> {
        self.errors.values()
    }

    /// The error of a name.
    #[must_use]
    pub fn error(&self, name: &str) -> Option<&ErrorKind> {
        self.errors.get(name)
    }

    /// The error that a broken keyword is.
    pub(crate) fn error_of_keyword(&self, keyword: &str) -> Option<Arc<str>> {
        let named = |e: &&ErrorKind| e.keywords.iter().any(|k| k == keyword);
        self.errors
            .values()
            .find(named)
            .map(|e| Arc::clone(&e.name))
            .or_else(|| self.catch_all.clone())
    }

    /// The body of a rejection, if the document says how one is written.
    #[must_use]
    pub fn reject(&self, error: &ErrorKind, message: &str) -> Option<Value> {
        let value = serde_json::json!({
            "name": &*error.name,
            "code": error.code,
            "message": message,
            "status": error.status,
        });
        let scope: &[(&str, &dyn Members)] = &[("error", &value)];
        // The template was tried when the document was loaded; its variables are texts and a number, as there.
        self.rejection.as_ref()?.body.evaluate(scope).ok()
    }

    /// Where something of the document was written; the nearest thing around it, if it was not.
    #[must_use]
    pub fn place(&self, pointer: &str) -> Option<Place> {
        let mut pointer = pointer;
        loop {
            if let Some(node) = self.tree.pointer(pointer) {
                return Some(self.warnings.sources.place(node.span));
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }

    /// A value that fits a schema, with or without the members that may be left out; the same every time.
    #[must_use]
    pub fn sample(&self, schema: &Schema, optional: bool) -> Value {
        crate::sample::value(&self.document, &schema.pointer, schema.direction, optional)
    }

    /// A value that fits a schema, another for every number; the [sample](Contract::sample) where none is found.
    #[must_use]
    pub fn generate(&self, schema: &Schema, number: u64) -> Value {
        let made = |n| crate::generate::value(&self.document, &schema.pointer, schema.direction, n);
        (0..GENERATIONS)
            .map(|attempt| made(number.wrapping_mul(GENERATIONS).wrapping_add(attempt)))
            .find(|value| schema.is_valid(value))
            .unwrap_or_else(|| self.sample(schema, true))
    }
}

/// Values that are tried before a sample is taken instead.
const GENERATIONS: u64 = 32;

type Read = Option<(Node, Vec<String>)>;

/// Reads the document and what it refers to, applies the overlays, and checks the grammar.
fn read(load: &Load, sources: &mut Sources, findings: &mut Findings) -> Result<Read, String> {
    let root = match &load.document {
        Document::Bundled => sources.add("bundled contract".into(), None, OPENAPI_YAML.into()),
        Document::File(path) => sources.read(path)?,
        Document::Text { name, text } => sources.add(name.clone(), None, text.as_str().into()),
    };
    let Some(mut tree) = yaml::parse(sources, root, findings) else {
        return Ok(None);
    };
    if !is_supported(&tree, findings) {
        return Ok(None);
    }
    let mut overlays = HashSet::new();
    for path in &load.overlays {
        let id = sources.read(path)?;
        overlays.insert(id);
        if let Some(overlay) = yaml::parse(sources, id, findings) {
            overlay::apply(&mut tree, &overlay, findings);
        }
    }
    if findings.has_errors() {
        return Ok(None);
    }
    let schemas = bundle(&mut tree, root, overlays, sources, findings);
    Ok((!findings.has_errors()).then_some((tree, schemas)))
}

fn bundle(
    tree: &mut Node,
    root: FileId,
    overlays: HashSet<FileId>,
    sources: &mut Sources,
    findings: &mut Findings,
) -> Vec<String> {
    let mut bundler = Bundler::new(sources, findings, root, overlays);
    bundler.bundle(tree);
    bundler.schemas
}

fn is_supported(tree: &Node, findings: &mut Findings) -> bool {
    let Some(version) = tree.get("openapi") else {
        let finding = Diagnostic::error(
            None,
            "this is no OpenAPI document: it lacks `openapi: 3.0.3`",
        );
        let help = match tree.get("swagger") {
            Some(_) => "Swagger 2.0 is not read; convert the document to OpenAPI 3.0 first",
            None => "the first line of one is `openapi: 3.0.3`",
        };
        findings.push(finding.help(help));
        return false;
    };
    let text = version.as_str().unwrap_or_default();
    if text.starts_with("3.0.") {
        return true;
    }
    let (message, help) = if text.is_empty() {
        (
            "the version of OpenAPI is a text with three parts".to_owned(),
            "write `openapi: 3.0.3`",
        )
    } else {
        let help = "3.1 gives schemas another meaning; write the document for 3.0.3";
        (
            format!("OpenAPI {text} is not read here; OpenAPI 3.0 is"),
            help,
        )
    };
    findings.push(Diagnostic::error(version.span, message).help(help));
    false
}

fn compile(
    tree: Node,
    schemas: &[String],
    sources: Sources,
    mut findings: Findings,
) -> Result<Contract, Problems> {
    let document = tree.to_value();
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(&document, &mut track);
    let model = match openapiv3::OpenAPI::deserialize(deserializer) {
        Ok(model) => model,
        Err(error) => {
            let message = format!("this document cannot be read, at {}: {error}", track.path());
            findings.push(Diagnostic::error(tree.span, message));
            return Err(findings.into_problems(sources));
        }
    };
    let mut compiler = Compiler {
        document: &document,
        tree: &tree,
        findings: &mut findings,
        errors: IndexMap::new(),
        schemas: std::collections::HashMap::new(),
        rules: std::collections::HashMap::new(),
        examples: Vec::new(),
    };
    compiler.errors = compiler.error_table();
    compiler.lint_schemas(schemas);
    let rejection = compiler.rejection();
    let operations = compiler.operations(&model);
    compiler.lint_operations(&operations);
    let router = Router::build(&operations, &mut compiler);
    let errors = std::mem::take(&mut compiler.errors);
    if !compiler.findings.has_errors() {
        compiler.examples_fit();
    }
    if findings.has_errors() {
        return Err(findings.into_problems(sources));
    }
    let is_catch_all = |e: &&ErrorKind| e.keywords.iter().any(|k| k == "*");
    let catch_all = errors
        .values()
        .find(is_catch_all)
        .map(|e| Arc::clone(&e.name));
    let warnings = findings.into_problems(sources);
    Ok(Contract {
        document,
        tree,
        warnings,
        operations,
        router,
        errors,
        catch_all,
        rejection,
    })
}

/// Which operation a request is for.
#[derive(Debug)]
pub enum Route<'c> {
    /// This one.
    Found(Match<'c>),
    /// The path is known, the method is not.
    MethodNotAllowed {
        /// The methods that there are, as the header `Allow` lists them.
        allow: &'c str,
    },
    /// The path is not known.
    NotFound,
}

/// An operation, and the parameters that its path gave.
#[derive(Debug, Clone)]
pub struct Match<'c> {
    /// The operation.
    pub operation: &'c Operation,
    /// Path parameters, percent-decoded.
    pub path_parameters: Vec<(String, String)>,
}

impl Contract {
    /// The operation for a method and a path (without query; percent-encoding as it was sent).
    #[must_use]
    pub fn route(&self, method: &Method, path: &str) -> Route<'_> {
        self.router.find(&self.operations, method, path)
    }
}
