//! Counting: each message that went over the wire, held against the contract once more.

use std::collections::HashSet;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use smsload_spec::{
    Contract, Job, Judged, Match, Operation, ParameterIn, Part, RequestParts, Route, Violation,
};

use super::points::{Node, Points};
use super::{Coverage, Covered, Kind};
use crate::exchange::{Exchange, HeaderText};
use crate::receipt::Receipt;
use crate::target::Target;

/// What stands for a secret header, whose value is not recorded.
const UNKNOWN: &str = "secret";

/// Counts what is touched.
#[derive(Debug)]
pub(crate) struct Counter {
    contract: Arc<Contract>,
    /// What stands before the paths of the contract in addresses of the target.
    prefix: String,
    /// The path of the query on the target, and in the contract, where they differ.
    renamed: Option<(String, String)>,
    operations: Vec<Counted>,
}

#[derive(Debug)]
struct Counted {
    /// The numbers of the operation, of its callback and of the callback's operation.
    operation: usize,
    callback: Option<(usize, usize)>,
    valid: u64,
    invalid: u64,
    points: Points,
}

impl Counter {
    pub(crate) fn new(contract: &Arc<Contract>, target: &Target) -> Self {
        let mut all = contract.operations().iter();
        let query = all.find(|o| matches!(o.job, Some(Job::Reads(_))));
        let query = query.map(|o| o.path.clone());
        let mut operations = Vec::new();
        for (number, operation) in contract.operations().iter().enumerate() {
            let mut push = |callback, points| {
                operations.push(Counted {
                    operation: number,
                    callback,
                    valid: 0,
                    invalid: 0,
                    points,
                });
            };
            push(None, Points::of(contract, operation));
            for (which, callback) in operation.callbacks.iter().enumerate() {
                for (of, told) in callback.operations.iter().enumerate() {
                    push(Some((which, of)), Points::of(contract, told));
                }
            }
        }
        Self {
            contract: Arc::clone(contract),
            prefix: target
                .base_url
                .join("")
                .path()
                .trim_end_matches('/')
                .to_owned(),
            renamed: target.progress.query.path.clone().zip(query),
            operations,
        }
    }

    /// Counts a request. Gives the operation that it is for.
    pub(crate) fn sent(&mut self, exchange: &Exchange) -> Option<String> {
        let contract = Arc::clone(&self.contract);
        let sent = &exchange.sent;
        let url = url::Url::parse(&sent.url).ok()?;
        let path = url.path().strip_prefix(self.prefix.as_str())?;
        let path = match &self.renamed {
            Some((own, known)) if own == path => known,
            _ => path,
        };
        let method = Method::from_bytes(sent.method.as_bytes()).ok()?;
        let Route::Found(found) = contract.route(&method, path) else {
            return None;
        };
        let (headers, secret) = headers(&sent.headers);
        let parts = RequestParts {
            query: url.query().unwrap_or_default(),
            headers: &headers,
            body: &sent.body,
        };
        let mut judged = contract.request(&found, &parts);
        // Of a secret only its presence is known.
        judged
            .violations
            .retain(|v| v.part != Part::Header || !secret.contains(&name(v).to_ascii_lowercase()));
        let all = contract.operations();
        let is_it = |c: &&mut Counted| {
            c.callback.is_none() && std::ptr::eq(&all[c.operation], found.operation)
        };
        if let Some(counted) = self.operations.iter_mut().find(is_it) {
            counted.count(&judged, &parts);
        }
        if judged.violations.is_empty() {
            self.linked(&contract, exchange, found.operation);
        }
        Some(found.operation.id.clone())
    }

    /// A link is touched by a valid request whose values came from where the link says.
    fn linked(&mut self, contract: &Contract, exchange: &Exchange, to: &Operation) {
        for captured in &exchange.sent.captured {
            let expression = format!("$response.body#{}", captured.pointer);
            for counted in self.operations.iter_mut().filter(|c| c.callback.is_none()) {
                let from = &contract.operations()[counted.operation];
                let links = from.responses.iter().flat_map(|r| &r.links);
                for link in links.filter(|l| l.operation == to.id && takes(l, &expression)) {
                    let mut points = counted.points.list.iter_mut();
                    if let Some(point) = points.find(|p| p.pointer == link.pointer) {
                        point.valid += 1;
                    }
                }
            }
        }
    }

    /// Counts a callback.
    pub(crate) fn received(&mut self, receipt: &Receipt) {
        let contract = Arc::clone(&self.contract);
        let method = Method::from_bytes(receipt.method.as_bytes()).ok();
        let told = |c: &Counted| {
            let (which, of) = c.callback?;
            contract.operations()[c.operation]
                .callbacks
                .get(which)?
                .operations
                .get(of)
        };
        // Where several callbacks have the same method, the address alone tells them apart, and it is the caller's.
        let mut counted = self.operations.iter_mut();
        let Some((counted, operation)) = counted.find_map(|c| {
            let operation = told(c).filter(|o| Some(&o.method) == method.as_ref())?;
            Some((c, operation))
        }) else {
            return;
        };
        let found = Match {
            operation,
            path_parameters: Vec::new(),
        };
        let parts = RequestParts {
            query: "",
            headers: &receipt.headers,
            body: &receipt.body,
        };
        counted.count(&contract.request(&found, &parts), &parts);
    }

    /// What was counted so far.
    pub(crate) fn coverage(&self) -> Coverage {
        let covered = |counted: &Counted| {
            let operation = &self.contract.operations()[counted.operation];
            let callback = counted.callback.and_then(|(which, of)| {
                let callback = operation.callbacks.get(which)?;
                Some((callback.name.clone(), callback.operations.get(of)?))
            });
            let (kind, path, operation) = match callback {
                Some((name, told)) => (Kind::Callback, name, told),
                None => (Kind::Operation, operation.path.clone(), operation),
            };
            Covered {
                id: operation.id.clone(),
                kind,
                method: operation.method.to_string(),
                path,
                valid: counted.valid,
                invalid: counted.invalid,
                points: counted.points.list.clone(),
            }
        };
        Coverage {
            operations: self.operations.iter().map(covered).collect(),
            ..Coverage::default()
        }
        .conclude()
    }
}

impl Counted {
    fn count(&mut self, judged: &Judged, parts: &RequestParts<'_>) {
        if judged.violations.is_empty() {
            self.valid += 1;
            self.parameters(parts);
            if let Some(body) = &judged.body {
                let mut touched = Vec::new();
                touch(&self.points.root, body, &mut touched);
                // A point in several items of a list is touched by one message once.
                touched.sort_unstable();
                touched.dedup();
                for number in touched {
                    self.points.list[number].valid += 1;
                }
            }
            return;
        }
        self.invalid += 1;
        let broken: HashSet<usize> = judged
            .violations
            .iter()
            .flat_map(|violation| self.at_fault(violation))
            .collect();
        for number in broken {
            self.points.list[number].invalid += 1;
        }
    }

    fn parameters(&mut self, parts: &RequestParts<'_>) {
        let query: HashSet<String> = parts
            .query
            .split('&')
            .filter_map(|pair| pair.split('=').next())
            .map(str::to_ascii_lowercase)
            .collect();
        for ((place, name), number) in &self.points.parameters {
            let is_there = match place {
                // The path led here, so it has them all.
                ParameterIn::Path => true,
                ParameterIn::Query => query.contains(name),
                ParameterIn::Header => parts.headers.contains_key(name.as_str()),
                ParameterIn::Cookie => parts.headers.contains_key("cookie"),
            };
            if is_there {
                self.points.list[*number].valid += 1;
            }
        }
    }

    /// The keyword or rule that a violation breaks, and the members at fault.
    fn at_fault(&self, violation: &Violation) -> Vec<usize> {
        let points = &self.points;
        let member = if violation.keyword == "required" {
            name(violation)
        } else {
            ""
        };
        let place = match violation.part {
            Part::Path => Some(ParameterIn::Path),
            Part::Query => Some(ParameterIn::Query),
            Part::Header => Some(ParameterIn::Header),
            Part::Cookie => Some(ParameterIn::Cookie),
            Part::Status | Part::Body => None,
        };
        if let Some(place) = place {
            let key = (place, name(violation).to_ascii_lowercase());
            return points.parameters.get(&key).copied().into_iter().collect();
        }
        let key = (violation.rule.clone(), member.to_owned());
        let mut out: Vec<_> = points.broken.get(&key).copied().into_iter().collect();
        out.extend(points.members.get(&pattern(&violation.pointer)));
        if violation.keyword == "rule" {
            let named = violation.members.iter();
            let pointers = named.map(|m| crate::names::pointer_to(&pattern(&violation.pointer), m));
            out.extend(pointers.filter_map(|p| points.members.get(&p)));
        }
        out
    }
}

fn touch(node: &Node, value: &Value, out: &mut Vec<usize>) {
    out.extend(&node.touched);
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                if let Some(node) = node.members.get(name) {
                    touch(node, inner, out);
                }
            }
        }
        Value::Array(items) => {
            if let Some(node) = &node.items {
                items.iter().for_each(|item| touch(node, item, out));
            }
        }
        _ => {}
    }
}

/// The last token of a violation's pointer.
fn name(violation: &Violation) -> &str {
    violation.pointer.rsplit('/').next().unwrap_or_default()
}

/// A pointer with the numbers of items made alike.
fn pattern(pointer: &str) -> String {
    let is_number = |token: &str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit());
    let alike = |token| if is_number(token) { "*" } else { token };
    pointer.split('/').map(alike).collect::<Vec<_>>().join("/")
}

fn takes(link: &smsload_spec::Link, expression: &str) -> bool {
    fn has(value: &Value, expression: &str) -> bool {
        match value {
            Value::String(text) => text.contains(expression),
            Value::Array(items) => items.iter().any(|v| has(v, expression)),
            Value::Object(map) => map.values().any(|v| has(v, expression)),
            _ => false,
        }
    }
    let body = link.request_body.iter();
    link.parameters
        .values()
        .chain(body)
        .any(|v| has(v, expression))
}

fn headers(sent: &[(String, HeaderText)]) -> (HeaderMap, HashSet<String>) {
    let (mut headers, mut secret) = (HeaderMap::new(), HashSet::new());
    for (name, value) in sent {
        let text = match value {
            HeaderText::Plain(text) => text.as_str(),
            HeaderText::Secret => {
                secret.insert(name.to_ascii_lowercase());
                UNKNOWN
            }
        };
        let name = HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(text)) {
            headers.append(name, value);
        }
    }
    (headers, secret)
}
