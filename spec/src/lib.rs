//! The contract of a service, read once and compiled: which operation is this, what is wrong with this request, what is
//! wrong with this answer.
//!
//! A contract is an OpenAPI 3.0 document with a few extensions (see `docs/extensions.md`), optionally changed by
//! overlays. [`Contract::load`] reads it, finds everything that is wrong with it at once, each finding with file, line
//! and column, and compiles the rest; after that nothing is parsed, compiled or resolved again.
//!
//! ```
//! use http::{HeaderMap, HeaderValue, Method};
//! use smsload_spec::{Contract, RequestParts, Route};
//!
//! let contract = Contract::bundled();
//! let Route::Found(found) = contract.route(&Method::POST, "/api/smsload/playback/v1/download") else {
//!     unreachable!("the page's operation");
//! };
//! let mut headers = HeaderMap::new();
//! headers.insert("content-type", HeaderValue::from_static("application/json"));
//! let judged = contract.request(&found, &RequestParts { query: "", headers: &headers, body: b"{}" });
//! assert_eq!(judged.violations[0].message, "`device_unicode` is missing");
//! ```
//!
//! Other files of data, YAML or JSON, are read with the same care by [`Data`]: a JSON Schema, and every fault with its
//! place.
//!
//! Limits: OpenAPI 3.0 only; bodies are judged as JSON; `security`, `xml` and `encoding` have no effect (a warning says
//! so wherever they stand).

mod bundle;
mod check;
mod compile;
mod compile_job;
mod compile_response;
mod compile_schema;
mod compile_trial;
mod contract;
mod data;
mod diagnostic;
mod expression;
mod expression_check;
mod expression_names;
mod expression_value;
mod formats;
mod generate;
mod grammar;
mod grammar_objects;
mod job;
mod json;
mod judge;
mod lint;
mod lower;
mod members;
mod model;
mod overlay;
mod parameters;
mod provenance;
mod quick;
mod requirements;
mod route;
mod rules;
mod runtime;
mod sample;
mod schema;
mod source;
mod template;
mod violation;
mod words;
mod yaml;

pub use contract::{Contract, Document, Load, Match, OPENAPI_YAML, Route};
pub use data::Data;
pub use diagnostic::{Diagnostic, Finding, Problems, Severity};
pub use expression::{Expression, Members, Scope, Uses, gb_code};
pub use expression_value::{from_cel, to_cel};
pub use formats::{local_date_time, local_seconds};
pub use job::{Job, JobRead, JobStart, JobTell, JobView, Recorded};
pub use judge::{Judged, RequestParts};
pub use lower::Direction;
pub use members::Member;
pub use model::{
    Body, Callback, ErrorKind, Link, Media, Operation, Parameter, ParameterIn, Rejection, Response,
    Status, Style, is_json,
};
pub use provenance::Provenance;
pub use quick::Quick;
pub use requirements::{
    Clause, Group, Level, Profile, REQUIREMENTS_YAML, Requirement, Requirements, Text,
};
pub use rules::{Rule, RuleSite, Step};
pub use runtime::{Address, Exchange, Runtime, Source, fill};
pub use schema::Schema;
pub use source::{FileId, Place, SourceFile, Sources, Span};
pub use template::{Constant, Template, TemplateMember};
pub use violation::{Part, Violation};
