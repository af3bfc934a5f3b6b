//! Answers of an operation, and what they lead to: links and callbacks, whose runtime expressions are checked here.

use indexmap::IndexMap;
use openapiv3 as oas;
use serde_json::Value;

use crate::compile::Compiler;
use crate::lower::Direction;
use crate::model::{Body, Callback, Link, Parameter, ParameterIn, Response, Status, Style};
use crate::runtime::Address;
use crate::source::join;

impl Compiler<'_> {
    pub(crate) fn responses(&mut self, responses: &oas::Responses, pointer: &str) -> Vec<Response> {
        let mut all: Vec<(Status, String, oas::ReferenceOr<oas::Response>)> = responses
            .responses
            .iter()
            .map(|(status, response)| {
                let status_here = match status {
                    oas::StatusCode::Code(code) => Status::Code(*code),
                    oas::StatusCode::Range(digit) => Status::Range(*digit),
                };
                (status_here, status.to_string(), response.clone())
            })
            .collect();
        if let Some(default) = &responses.default {
            all.push((Status::Default, "default".to_owned(), default.clone()));
        }
        // The most specific first: codes, then ranges, then the default.
        all.sort_by_key(|(status, _, _)| match status {
            Status::Code(_) => 0,
            Status::Range(_) => 1,
            Status::Default => 2,
        });
        let mut out = Vec::new();
        for (status, key, response) in all {
            let at = self.target(&join(pointer, &key));
            let Some(response) = self.item(&response, &at) else {
                continue;
            };
            out.push(self.response(status, &response, at));
        }
        out
    }

    fn response(&mut self, status: Status, response: &oas::Response, at: String) -> Response {
        let content = join(&at, "content");
        let media = self.content(&response.content, &content, Direction::Response);
        let mut headers = Vec::new();
        for (name, header) in &response.headers {
            let pointer = self.target(&join(&join(&at, "headers"), name));
            let Some(header) = self.item(header, &pointer) else {
                continue;
            };
            let (schema, is_json) =
                self.parameter_schema(&header.format, &pointer, Direction::Response);
            headers.push(Parameter {
                name: name.clone(),
                place: ParameterIn::Header,
                header: ParameterIn::Header.header(name),
                required: header.required,
                allow_empty: false,
                style: Style::Simple,
                explode: false,
                schema,
                is_json,
                provenance: self.provenance(&pointer),
                pointer,
            });
        }
        Response {
            status,
            description: response.description.clone(),
            headers,
            body: Body {
                required: false,
                media,
                pointer: content,
            },
            links: self.links(&response.links, &join(&at, "links")),
            provenance: self.provenance(&at),
            pointer: at,
        }
    }

    fn links(
        &mut self,
        links: &IndexMap<String, oas::ReferenceOr<oas::Link>>,
        pointer: &str,
    ) -> Vec<Link> {
        let mut out = Vec::new();
        for (name, link) in links {
            let at = self.target(&join(pointer, name));
            let Some(link) = self.item(link, &at) else {
                continue;
            };
            let operation = match &link.operation {
                oas::LinkOperation::OperationId(id) => id.clone(),
                oas::LinkOperation::OperationRef(target) => {
                    let id = self
                        .document
                        .pointer(&crate::bundle::fragment(target))
                        .and_then(|o| o.get("operationId"))
                        .and_then(Value::as_str);
                    match id {
                        Some(id) => id.to_owned(),
                        None => {
                            self.error(
                                &at,
                                format!("`{target}` leads to no operation with an operationId"),
                            );
                            continue;
                        }
                    }
                }
            };
            for constant in link.parameters.values().chain(&link.request_body) {
                self.runtime_texts(constant, &at);
            }
            out.push(Link {
                name: name.clone(),
                operation,
                parameters: link.parameters.clone(),
                request_body: link.request_body.clone(),
                pointer: at,
            });
        }
        out
    }

    /// Every runtime expression in a constant must be one.
    fn runtime_texts(&mut self, constant: &Value, at: &str) {
        match constant {
            Value::String(text) if text.starts_with('$') || text.contains("{$") => {
                if let Err(message) = Address::parse(text) {
                    self.error(at, message);
                }
            }
            Value::Array(items) => items.iter().for_each(|v| self.runtime_texts(v, at)),
            Value::Object(map) => map.values().for_each(|v| self.runtime_texts(v, at)),
            // Any other constant stands for itself.
            _ => {}
        }
    }

    pub(crate) fn callbacks(
        &mut self,
        callbacks: &IndexMap<String, oas::Callback>,
        pointer: &str,
    ) -> Vec<Callback> {
        let mut out = Vec::new();
        for (name, callback) in callbacks {
            let at = join(pointer, name);
            for (expression, item) in callback.iter().filter(|(e, _)| !e.starts_with("x-")) {
                let here = join(&at, expression);
                let address = match Address::parse(expression) {
                    Ok(address) => address,
                    Err(message) => {
                        self.error(&here, message);
                        continue;
                    }
                };
                let operations = self.path_item(expression, item, &here, false);
                out.push(Callback {
                    name: name.clone(),
                    address,
                    operations,
                    pointer: here,
                });
            }
        }
        out
    }
}
