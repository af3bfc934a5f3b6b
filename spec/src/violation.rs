//! What is wrong with a request or an answer: every violation with its place, its rule and words for a person.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The part of a message that a violation is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The status of an answer.
    Status,
    /// A segment of the path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
    /// The body.
    Body,
}

/// One way in which a message breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The part of the message.
    pub part: Part,
    /// JSON Pointer into the body, or `/name` of a parameter. For a missing member: where it should be.
    pub pointer: String,
    /// The keyword of the schema, `rule`, or one of: `json` (no JSON), `body` (missing), `content-type`, `duplicate`
    /// (a member stands twice), `status`, `unknown`.
    pub keyword: String,
    /// What is wrong, naming the member. It never shows the value of a header or a cookie.
    pub message: String,
    /// The members at fault, by their names: one for a keyword, all that a rule names for a rule.
    pub members: Vec<String>,
    /// The error of the contract's table that this is (`x-errors`), if it has one.
    pub error: Option<Arc<str>>,
    /// JSON Pointer of what was broken, in the document; [`Contract::place`](crate::Contract::place) gives its line.
    pub rule: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}
