//! Which operation a path is for: path templates compiled once into a tree.

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::compile::Compiler;
use crate::contract::{Match, Route};
use crate::diagnostic::Diagnostic;
use crate::model::Operation;

/// The operations of one path template.
#[derive(Debug, Default, Clone)]
struct Methods {
    /// Methods and the indices of their operations.
    list: Vec<(Method, usize)>,
    /// The value of `Allow`.
    allow: String,
}

/// All path templates of a document.
#[derive(Debug, Default)]
pub(crate) struct Router {
    tree: matchit::Router<usize>,
    methods: Vec<Methods>,
    /// Paths of the servers, which may stand before each path.
    prefixes: Vec<String>,
}

impl Router {
    pub(crate) fn build(operations: &[Operation], compiler: &mut Compiler<'_>) -> Self {
        let mut router = Self {
            prefixes: prefixes(compiler.document),
            ..Self::default()
        };
        let mut paths: Vec<&str> = Vec::new();
        for (index, operation) in operations.iter().enumerate() {
            let known = paths.iter().position(|p| *p == operation.path);
            let at = known.unwrap_or_else(|| {
                paths.push(&operation.path);
                router.methods.push(Methods::default());
                router.methods.len() - 1
            });
            if known.is_none()
                && let Err(error) = router.tree.insert(operation.path.clone(), at)
            {
                let message = match error {
                    matchit::InsertError::Conflict { with, .. } => {
                        format!("`{}` and `{with}` mean the same paths", operation.path)
                    }
                    other => format!("`{}` is no path template: {other}", operation.path),
                };
                let span = compiler.span(&operation.pointer);
                compiler.findings.push(Diagnostic::error(span, message));
            }
            router.methods[at]
                .list
                .push((operation.method.clone(), index));
        }
        for methods in &mut router.methods {
            methods.allow = methods
                .list
                .iter()
                .map(|(m, _)| m.as_str())
                .collect::<Vec<_>>()
                .join(", ");
        }
        router
    }

    pub(crate) fn find<'c>(
        &'c self,
        operations: &'c [Operation],
        method: &Method,
        path: &str,
    ) -> Route<'c> {
        let stripped = self
            .prefixes
            .iter()
            .filter_map(|p| path.strip_prefix(p.as_str()));
        let found = std::iter::once(path)
            .chain(stripped)
            .find_map(|p| self.tree.at(p).ok());
        let Some(found) = found else {
            return Route::NotFound;
        };
        let methods = &self.methods[*found.value];
        match methods.list.iter().find(|(m, _)| m == method) {
            None => Route::MethodNotAllowed {
                allow: &methods.allow,
            },
            Some((_, index)) => {
                let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
                let parameters = found.params.iter().map(|(n, v)| (n.to_owned(), decode(v)));
                Route::Found(Match {
                    operation: &operations[*index],
                    path_parameters: parameters.collect(),
                })
            }
        }
    }
}

fn prefixes(document: &Value) -> Vec<String> {
    let servers = document.get("servers").and_then(Value::as_array);
    servers
        .into_iter()
        .flatten()
        .filter_map(|s| s.get("url").and_then(Value::as_str))
        .filter_map(|url| {
            let path = match url.split_once("://") {
                Some((_, rest)) => &rest[rest.find('/')?..],
                None => url,
            };
            let path = path.trim_end_matches('/');
            (path.starts_with('/') && !path.contains('{')).then(|| path.to_owned())
        })
        .collect()
}
