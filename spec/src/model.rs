//! The compiled contract as its users see it: operations with their parameters, bodies, answers, links, callbacks and
//! jobs. Built once by [`Contract::load`](crate::Contract::load); nothing here is parsed or compiled per request.

use std::sync::Arc;

use http::{HeaderName, Method};
use indexmap::IndexMap;
use serde_json::Value;

use crate::job::Job;
use crate::provenance::Provenance;
use crate::runtime::Address;
use crate::schema::Schema;

/// One operation: a method on a path template.
#[derive(Debug)]
pub struct Operation {
    /// `operationId`, or `METHOD /path` where the document gives none.
    pub id: String,
    /// The method.
    pub method: Method,
    /// The path template, `/things/{id}`.
    pub path: String,
    /// `summary`.
    pub summary: Option<String>,
    /// Parameters of the operation and of its path, references resolved.
    pub parameters: Vec<Parameter>,
    /// What the request carries.
    pub request_body: Option<Body>,
    /// Answers, by status; the most specific first.
    pub responses: Vec<Response>,
    /// Requests that the server sends in turn.
    pub callbacks: Vec<Callback>,
    /// What it has to do with a long-running job (`x-job`).
    pub job: Option<Job>,
    /// Where its statements come from (`x-provenance`).
    pub provenance: Option<Provenance>,
    /// JSON Pointer of the operation in the document.
    pub pointer: String,
}

impl Operation {
    /// The answer that the document describes for a status: the exact one, else its range, else `default`.
    #[must_use]
    pub fn response(&self, status: u16) -> Option<&Response> {
        self.responses.iter().find(|r| r.status.covers(status))
    }

    /// The schema of a JSON request body.
    #[must_use]
    pub fn request_schema(&self) -> Option<&Arc<Schema>> {
        self.request_body.as_ref()?.json()?.schema.as_ref()
    }
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterIn {
    /// A segment of the path.
    Path,
    /// The query.
    Query,
    /// A header; names are compared without letter case.
    Header,
    /// A cookie.
    Cookie,
}

/// How a value is written into a parameter (OpenAPI 3.0.3 §4.7.12.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `;name=value`.
    Matrix,
    /// `.value`.
    Label,
    /// `name=value`.
    Form,
    /// `a,b`.
    Simple,
    /// `a b`.
    SpaceDelimited,
    /// `a|b`.
    PipeDelimited,
    /// `name[member]=value`.
    DeepObject,
}

/// One parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: ParameterIn,
    /// Its name as one of headers, if it stands there and can be one.
    pub(crate) header: Option<HeaderName>,
    /// Whether it may be left out.
    pub required: bool,
    /// Whether `?name=` without a value is allowed.
    pub allow_empty: bool,
    /// How its value is written.
    pub style: Style,
    /// Whether lists and objects are written member by member.
    pub explode: bool,
    /// What its value must be.
    pub schema: Option<Arc<Schema>>,
    /// True if the value is itself a JSON text (`content: application/json`).
    pub is_json: bool,
    /// Where the statement comes from.
    pub provenance: Option<Provenance>,
    /// JSON Pointer in the document.
    pub pointer: String,
}

/// What a request or an answer carries.
#[derive(Debug)]
pub struct Body {
    /// Whether a request must have one; always false for an answer.
    pub required: bool,
    /// The representations, as the document orders them.
    pub media: Vec<Media>,
    /// JSON Pointer in the document.
    pub pointer: String,
}

impl Body {
    /// The JSON representation, if there is one.
    #[must_use]
    pub fn json(&self) -> Option<&Media> {
        self.media.iter().find(|m| m.is_json())
    }
}

/// One representation of a body.
#[derive(Debug)]
pub struct Media {
    /// The media type or range, lower case, without parameters: `application/json`, `text/*`.
    pub media_type: String,
    /// What the body must be.
    pub schema: Option<Arc<Schema>>,
    /// Named examples; the single `example` of OpenAPI is named `example`.
    pub examples: IndexMap<String, Value>,
    /// JSON Pointer in the document.
    pub pointer: String,
}

impl Media {
    /// True for `application/json` and `…+json`.
    #[must_use]
    pub fn is_json(&self) -> bool {
        is_json(&self.media_type)
    }

    /// True if a media type (lower case, without parameters) is this one or falls into this range.
    #[must_use]
    pub fn covers(&self, essence: &str) -> bool {
        match self.media_type.strip_suffix("/*") {
            Some("*") => true,
            Some(family) => essence.split('/').next() == Some(family),
            None => self.media_type == essence,
        }
    }
}

/// True for `application/json` and `…+json`, given lower case and without parameters.
#[must_use]
pub fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence.ends_with("+json")
}

/// The statuses that an answer is described for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// One status.
    Code(u16),
    /// A hundred, by its first digit: `4XX`.
    Range(u16),
    /// All others.
    Default,
}

impl Status {
    /// True if the status is meant.
    #[must_use]
    pub fn covers(self, status: u16) -> bool {
        match self {
            Self::Code(code) => code == status,
            Self::Range(digit) => status / 100 == digit,
            Self::Default => true,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Range(digit) => write!(f, "{digit}XX"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// One described answer.
#[derive(Debug)]
pub struct Response {
    /// For which statuses.
    pub status: Status,
    /// `description`.
    pub description: String,
    /// Headers that it carries; names without letter case.
    pub headers: Vec<Parameter>,
    /// What it carries.
    pub body: Body,
    /// What can be done next.
    pub links: Vec<Link>,
    /// Where the statement comes from.
    pub provenance: Option<Provenance>,
    /// JSON Pointer in the document.
    pub pointer: String,
}

/// A link of an answer to another operation.
#[derive(Debug)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// The id of the operation that it leads to.
    pub operation: String,
    /// Parameters of that operation: constants, or texts with runtime expressions.
    pub parameters: IndexMap<String, Value>,
    /// Body of that operation: a constant whose texts may be runtime expressions.
    pub request_body: Option<Value>,
    /// JSON Pointer in the document.
    pub pointer: String,
}

/// Requests that the server sends to an address given by a request.
#[derive(Debug)]
pub struct Callback {
    /// Its name.
    pub name: String,
    /// Where it is sent: a runtime expression.
    pub address: Address,
    /// What is sent.
    pub operations: Vec<Operation>,
    /// JSON Pointer in the document.
    pub pointer: String,
}

/// How a rejection is written (`x-rejection`), and the table of errors (`x-errors`).
#[derive(Debug)]
pub struct Rejection {
    /// The status of every rejection; the errors' own statuses are the other form that is legal.
    pub status: u16,
    /// The body, made from `error.code`, `error.message` and `error.name`.
    pub body: crate::template::Template,
    /// Where it comes from.
    pub provenance: Option<Provenance>,
}

/// One kind of error of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorKind {
    /// Its name: `bad-time-range`.
    pub name: Arc<str>,
    /// The `code` that tells it.
    pub code: String,
    /// The error status that fits it.
    pub status: u16,
    /// What it means, in a sentence.
    pub message: String,
    /// The keywords whose violation it is; `*` means all that no other error names.
    pub keywords: Vec<String>,
}
