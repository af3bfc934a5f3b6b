//! What is wrong with a control request, as `application/problem+json` (RFC 9457).

use http::StatusCode;
use http::header::{ALLOW, HeaderValue};
use serde_json::{Value, json};
use smsload_spec::{Part, Violation};

use crate::request::{Answer, Outcome};

const MEDIA: HeaderValue = HeaderValue::from_static("application/problem+json");
/// Faults that are told at most.
const TOLD: usize = 100;

/// What is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    faults: Vec<Value>,
    /// The methods that the path has, where it lacks the one that was asked for.
    pub(super) allow: Option<HeaderValue>,
}

/// Something that no single member is to blame for.
pub(super) fn problem(status: StatusCode, detail: impl Into<String>) -> Problem {
    Problem {
        status,
        detail: detail.into(),
        faults: Vec::new(),
        allow: None,
    }
}

/// One fault of a request.
pub(super) fn fault(part: &str, member: &str, message: &str) -> Value {
    json!({"part": part, "member": member, "message": message})
}

impl Problem {
    /// A request with these faults.
    pub(super) fn faults(faults: Vec<Value>) -> Self {
        let detail = match faults.len() {
            1 => "the request has a fault".to_owned(),
            n => format!("the request has {n} faults"),
        };
        Self {
            faults,
            ..problem(StatusCode::BAD_REQUEST, detail)
        }
    }

    /// The same with further faults.
    pub(super) fn and(self, mut more: Vec<Value>) -> Self {
        let mut faults = self.faults;
        faults.append(&mut more);
        Self {
            status: self.status,
            ..Self::faults(faults)
        }
    }

    /// A request that is not as `control.yaml` says.
    pub(super) fn of(violations: &[Violation], unknown: &[String], duplicates: &[String]) -> Self {
        let mut faults: Vec<_> = violations.iter().map(broken).collect();
        faults.extend(unknown.iter().map(|name| {
            let message = format!("`{name}` is not a query parameter here");
            fault("query", name, &message)
        }));
        faults.extend(duplicates.iter().map(|pointer| {
            let message = format!("`{pointer}` stands twice");
            fault("body", pointer, &message)
        }));
        let is_media = |v: &Violation| v.keyword == "content-type";
        let mut problem = Self::faults(faults);
        if violations.iter().any(is_media) {
            problem.status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        }
        problem
    }

    pub(super) fn answer(self) -> Answer<'static> {
        let mut faults = self.faults;
        faults.truncate(TOLD);
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "faults": faults,
        });
        let mut answer = Answer::json(self.status, MEDIA, &body, Outcome::Example);
        answer
            .headers
            .extend(self.allow.map(|allow| (ALLOW, allow)));
        answer
    }
}

/// A member by its pointer in the body, a parameter by its name.
fn broken(violation: &Violation) -> Value {
    let part = match violation.part {
        Part::Path => "path",
        Part::Query => "query",
        Part::Header | Part::Cookie => "header",
        Part::Body | Part::Status => "body",
    };
    let member = match violation.part {
        Part::Body => violation.pointer.as_str(),
        _ => violation.pointer.trim_start_matches('/'),
    };
    fault(part, member, &violation.message)
}
