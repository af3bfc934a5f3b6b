//! From a document to a [`Contract`](crate::Contract): operations out of the `openapiv3` model, schemas and extensions
//! out of the tree, everything compiled once. What is wrong is collected, never thrown.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use indexmap::IndexMap;
use openapiv3 as oas;
use serde_json::Value;

use crate::compile_job::Fit;
use crate::diagnostic::{Diagnostic, Findings};
use crate::lower::{Direction, resolve};
use crate::model::{Body, ErrorKind, Media, Operation, Parameter, ParameterIn, Style};
use crate::provenance::Provenance;
use crate::rules::Rule;
use crate::schema::Schema;
use crate::source::{Node, Span, join, join_index};
use crate::violation::Part;

pub(crate) struct Compiler<'a> {
    pub(crate) document: &'a Value,
    pub(crate) tree: &'a Node,
    pub(crate) findings: &'a mut Findings,
    pub(crate) errors: IndexMap<Arc<str>, ErrorKind>,
    pub(crate) schemas: HashMap<(String, Direction), Option<Arc<Schema>>>,
    pub(crate) rules: HashMap<String, Vec<Arc<Rule>>>,
    /// Examples of bodies: pointer of the media type, name, value, schema.
    pub(crate) examples: Vec<(String, String, Value, Arc<Schema>)>,
}

impl Compiler<'_> {
    /// Where a pointer was written; the nearest thing around it, if it was not.
    pub(crate) fn span(&self, pointer: &str) -> Span {
        let mut pointer = pointer;
        loop {
            if let Some(node) = self.tree.pointer(pointer) {
                return node.span;
            }
            match pointer.rfind('/') {
                Some(at) => pointer = &pointer[..at],
                None => return self.tree.span,
            }
        }
    }

    pub(crate) fn error(&mut self, pointer: &str, message: impl Into<String>) {
        self.findings
            .push(Diagnostic::error(self.span(pointer), message));
    }

    pub(crate) fn warning(&mut self, pointer: &str, message: impl Into<String>) {
        self.findings
            .push(Diagnostic::warning(self.span(pointer), message));
    }

    /// The pointer of the thing at a pointer, references followed.
    pub(crate) fn target(&self, pointer: &str) -> String {
        let value = self.document.pointer(pointer).unwrap_or(&Value::Null);
        resolve(self.document, value)
            .1
            .unwrap_or_else(|| pointer.to_owned())
    }

    pub(crate) fn provenance(&mut self, pointer: &str) -> Option<Provenance> {
        let at = join(pointer, "x-provenance");
        let word = self.document.pointer(&at)?;
        let provenance = word.as_str().and_then(Provenance::parse);
        if provenance.is_none() {
            self.error(
                &at,
                "x-provenance is one of: documented, sibling, derived, assumed",
            );
        }
        provenance
    }

    /// All operations of the document, in its order.
    pub(crate) fn operations(&mut self, model: &oas::OpenAPI) -> Vec<Operation> {
        let mut out = Vec::new();
        for (path, item) in &model.paths.paths {
            // The bundler has put path items where they are referred to.
            let Some(item) = item.as_item() else { continue };
            let pointer = join("/paths", path);
            out.extend(self.path_item(path, item, &pointer, true));
        }
        out
    }

    pub(crate) fn path_item(
        &mut self,
        path: &str,
        item: &oas::PathItem,
        pointer: &str,
        fits_template: bool,
    ) -> Vec<Operation> {
        let shared = join(pointer, "parameters");
        let mut out = Vec::new();
        for (method, operation) in item.iter() {
            let at = join(pointer, method);
            let mut parameters = self.parameters(&operation.parameters, &join(&at, "parameters"));
            for common in self.parameters(&item.parameters, &shared) {
                let known = |p: &Parameter| p.name == common.name && p.place == common.place;
                if !parameters.iter().any(known) {
                    parameters.push(common);
                }
            }
            if fits_template {
                self.path_parameters(path, &parameters, &at);
            }
            out.extend(self.operation(path, method, operation, parameters, at));
        }
        out
    }

    fn operation(
        &mut self,
        path: &str,
        method: &str,
        operation: &oas::Operation,
        parameters: Vec<Parameter>,
        at: String,
    ) -> Option<Operation> {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).ok()?;
        let id = operation
            .operation_id
            .clone()
            .unwrap_or_else(|| format!("{method} {path}"));
        let request_body = operation.request_body.as_ref().and_then(|body| {
            let pointer = self.target(&join(&at, "requestBody"));
            let body = self.item(body, &pointer)?;
            Some(Body {
                required: body.required,
                media: self.content(
                    &body.content,
                    &join(&pointer, "content"),
                    Direction::Request,
                ),
                pointer,
            })
        });
        if request_body.is_some() && [Method::GET, Method::HEAD, Method::DELETE].contains(&method) {
            self.warning(
                &at,
                format!("a {method} request has no defined body (RFC 9110 §9.3)"),
            );
        }
        let responses = self.responses(&operation.responses, &join(&at, "responses"));
        let callbacks = self.callbacks(&operation.callbacks, &join(&at, "callbacks"));
        let mut compiled = Operation {
            id,
            method,
            path: path.to_owned(),
            summary: operation.summary.clone(),
            parameters,
            request_body,
            responses,
            callbacks,
            job: None,
            provenance: self.provenance(&at),
            pointer: at,
        };
        compiled.job = self.job(&compiled);
        Some(compiled)
    }

    /// A thing of the model, or the thing that it refers to, read from the document.
    pub(crate) fn item<T: serde::de::DeserializeOwned + Clone>(
        &mut self,
        item: &oas::ReferenceOr<T>,
        target: &str,
    ) -> Option<T> {
        if let Some(item) = item.as_item() {
            return Some(item.clone());
        }
        let value = self.document.pointer(target)?;
        match T::deserialize(value) {
            Ok(item) => Some(item),
            Err(error) => {
                self.error(target, format!("this cannot be read: {error}"));
                None
            }
        }
    }

    fn parameters(
        &mut self,
        list: &[oas::ReferenceOr<oas::Parameter>],
        pointer: &str,
    ) -> Vec<Parameter> {
        let mut out: Vec<Parameter> = Vec::new();
        for (index, parameter) in list.iter().enumerate() {
            let at = join_index(pointer, index);
            let target = self.target(&at);
            let Some(parameter) = self.item(parameter, &target) else {
                continue;
            };
            let (place, style, allow_empty) = match &parameter {
                oas::Parameter::Query {
                    style,
                    allow_empty_value,
                    ..
                } => {
                    let style = match style {
                        oas::QueryStyle::Form => Style::Form,
                        oas::QueryStyle::SpaceDelimited => Style::SpaceDelimited,
                        oas::QueryStyle::PipeDelimited => Style::PipeDelimited,
                        oas::QueryStyle::DeepObject => Style::DeepObject,
                    };
                    (
                        ParameterIn::Query,
                        style,
                        allow_empty_value.unwrap_or(false),
                    )
                }
                oas::Parameter::Path { style, .. } => {
                    let style = match style {
                        oas::PathStyle::Matrix => Style::Matrix,
                        oas::PathStyle::Label => Style::Label,
                        oas::PathStyle::Simple => Style::Simple,
                    };
                    (ParameterIn::Path, style, false)
                }
                oas::Parameter::Header { .. } => (ParameterIn::Header, Style::Simple, false),
                oas::Parameter::Cookie { .. } => (ParameterIn::Cookie, Style::Form, false),
            };
            let data = parameter.parameter_data_ref();
            if out.iter().any(|p| p.name == data.name && p.place == place) {
                self.error(
                    &at,
                    format!("the parameter `{}` stands twice here", data.name),
                );
            }
            let ignored = ["accept", "content-type", "authorization"];
            if place == ParameterIn::Header && ignored.contains(&data.name.to_lowercase().as_str())
            {
                let message = format!("OpenAPI ignores a header parameter `{}`", data.name);
                self.warning(&at, message);
                continue;
            }
            if place == ParameterIn::Path && !data.required {
                self.error(
                    &at,
                    format!("the path parameter `{}` must be required", data.name),
                );
            }
            let (schema, is_json) =
                self.parameter_schema(&data.format, &target, Direction::Request);
            out.push(Parameter {
                name: data.name.clone(),
                place,
                header: place.header(&data.name),
                required: data.required,
                allow_empty,
                style,
                explode: data.explode.unwrap_or(style == Style::Form),
                schema,
                is_json,
                provenance: self.provenance(&target),
                pointer: target,
            });
        }
        out
    }

    pub(crate) fn parameter_schema(
        &mut self,
        format: &oas::ParameterSchemaOrContent,
        pointer: &str,
        direction: Direction,
    ) -> (Option<Arc<Schema>>, bool) {
        match format {
            oas::ParameterSchemaOrContent::Schema(_) => {
                (self.schema(&join(pointer, "schema"), direction), false)
            }
            oas::ParameterSchemaOrContent::Content(content) => {
                let media = self.content(content, &join(pointer, "content"), direction);
                let is_json = media.first().is_some_and(Media::is_json);
                (media.into_iter().next().and_then(|m| m.schema), is_json)
            }
        }
    }

    fn path_parameters(&mut self, path: &str, parameters: &[Parameter], at: &str) {
        let named = |p: &&Parameter| p.place == ParameterIn::Path;
        for parameter in parameters.iter().filter(named) {
            if !path.contains(&format!("{{{}}}", parameter.name)) {
                let message = format!(
                    "the path `{path}` has no place for `{{{}}}`",
                    parameter.name
                );
                self.error(&parameter.pointer.clone(), message);
            }
        }
        for name in path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(n, _)| n)
        {
            if !parameters.iter().filter(named).any(|p| p.name == name) {
                let message = format!("the path parameter `{name}` is not described");
                self.error(at, message);
            }
        }
    }

    pub(crate) fn content(
        &mut self,
        content: &IndexMap<String, oas::MediaType>,
        pointer: &str,
        direction: Direction,
    ) -> Vec<Media> {
        let mut out = Vec::new();
        for (name, media) in content {
            let at = join(pointer, name);
            let essence = name
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            let schema = media
                .schema
                .as_ref()
                .and_then(|_| self.schema(&join(&at, "schema"), direction));
            let mut examples = IndexMap::new();
            if let Some(example) = &media.example {
                examples.insert("example".to_owned(), example.clone());
            }
            for (name, example) in &media.examples {
                let target = self.target(&join(&join(&at, "examples"), name));
                let value = self.item(example, &target).and_then(|e| e.value);
                examples.extend(value.map(|v| (name.clone(), v)));
            }
            if !media.encoding.is_empty() {
                self.warning(&join(&at, "encoding"), "`encoding` has no effect here");
            }
            let media = Media {
                media_type: essence,
                schema,
                examples,
                pointer: at,
            };
            if media.schema.is_some() && !media.is_json() {
                let message = format!(
                    "bodies of {} are not checked against their schema",
                    media.media_type
                );
                self.warning(&media.pointer, message);
            }
            if let Some(schema) = media.schema.as_ref().filter(|_| media.is_json()) {
                for (name, example) in &media.examples {
                    let at = media.pointer.clone();
                    self.examples
                        .push((at, name.clone(), example.clone(), Arc::clone(schema)));
                }
            }
            out.push(media);
        }
        out
    }

    /// Holds every example against its schema; a document with errors has other worries.
    pub(crate) fn examples_fit(&mut self) {
        for (media, name, example, schema) in std::mem::take(&mut self.examples) {
            let found = schema.judge(&example, Part::Body, "the example", &|_| None);
            if let Some(first) = found.first() {
                let named = join(&join(&media, "examples"), &name);
                let is_named = self.tree.pointer(&named).is_some();
                let at = if is_named {
                    named
                } else {
                    join(&media, "example")
                };
                self.warning(
                    &at,
                    format!("this example breaks its schema: {}", first.message),
                );
            }
        }
    }

    /// The value that a fitting instance of an operation's body has, for trying expressions on it.
    pub(crate) fn instance(&self, schema: &Schema, fit: Fit) -> Value {
        crate::sample::value(
            self.document,
            &schema.pointer,
            schema.direction,
            fit == Fit::Full,
        )
    }
}
