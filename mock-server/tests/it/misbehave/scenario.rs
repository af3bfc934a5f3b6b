//! Requests in order, and what a mock answers to them. No sockets; the clock is moved by hand; every scenario has a mock
//! of its own.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use smsload_mock::{Clock, Mock, Outcome, Request, Settings};

use crate::support::{PROGRESS, now};

/// Requests in order, under a name.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Send(Sent),
    /// Mock seconds pass.
    Wait(u64),
    /// The progress of the nth download that was started.
    Ask(usize),
    /// The same, asked by a tenant.
    AskAs(usize, &'static str),
}

#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// An answer as it is compared with another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Came {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    delay: Duration,
    pub(super) outcome: &'static str,
}

impl Came {
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.status, &self.headers, &self.body, self.delay)
            == (other.status, &other.headers, &other.body, other.delay)
    }

    pub(super) fn text(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        format!("{} {:?} {body}", self.status, self.headers)
    }

    fn id(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        Some(body.pointer("/data/stream_id")?.as_str()?.to_owned())
    }
}

impl Scenario {
    /// What a mock answers. Progress is asked for by the ids that were given to `ids`, in their order.
    pub(super) fn run(&self, settings: &Settings, ids: Option<&[String]>) -> Vec<Came> {
        let clock = Arc::new(Clock::stopped_at(now()));
        let mock = Mock::new(Settings {
            clock: Arc::clone(&clock),
            ..settings.clone()
        })
        .unwrap();
        let (mut came, mut own) = (Vec::new(), Vec::new());
        for step in &self.steps {
            let sent = match step {
                Step::Wait(seconds) => {
                    clock.advance(Duration::from_secs(*seconds));
                    continue;
                }
                Step::Send(sent) => sent.clone(),
                Step::Ask(n) => ask(&ids.unwrap_or(&own)[*n]),
                Step::AskAs(n, tenant) => ask(&ids.unwrap_or(&own)[*n]).with("tenant-id", tenant),
            };
            let answer = sent.to(&mock);
            own.extend(answer.id().filter(|_| answer.outcome == "accepted"));
            came.push(answer);
        }
        came
    }

    /// The ids that a correct mock gives.
    pub(super) fn ids(came: &[Came]) -> Vec<String> {
        came.iter()
            .filter(|c| c.outcome == "accepted")
            .filter_map(Came::id)
            .collect()
    }
}

impl Sent {
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    fn to(&self, mock: &Mock) -> Came {
        let answer = mock.answer(&Request {
            method: &self.method,
            path: self.path,
            query: "",
            headers: &self.headers,
            body: &self.body,
        });
        Came {
            status: answer.status.as_u16(),
            delay: answer.effect.delay,
            headers: answer.headers,
            body: answer.body.to_vec(),
            outcome: match answer.outcome {
                Outcome::Started => "accepted",
                Outcome::Read => "progress",
                Outcome::Example => "example",
                Outcome::Fault => "fault",
                Outcome::Refused { .. } => "rejected",
            },
        }
    }
}

/// A query of progress.
fn ask(id: &str) -> Sent {
    post(PROGRESS, json!({"stream_id": id}).to_string())
}

/// A POST of JSON.
pub(super) fn post(path: &'static str, body: impl AsRef<[u8]>) -> Sent {
    let sent = Sent {
        method: Method::POST,
        path,
        headers: HeaderMap::new(),
        body: body.as_ref().to_vec(),
    };
    sent.with("content-type", "application/json")
}
