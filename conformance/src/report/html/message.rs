//! Exchanges of a failure, laid out for reading: what was sent, what came.

use serde_json::Value;

use crate::exchange::{Answer, Exchange, HeaderText, Received};
use crate::report::model::{Evidence, Requirement};
use crate::text::shown;

/// Characters of a body that a page shows.
const BODY: usize = 4_000;

/// An exchange, in lines.
pub(super) struct Message<'r> {
    pub(super) evidence: &'r Evidence,
    pub(super) curl: String,
    pub(super) sent: Vec<String>,
    pub(super) received: Vec<String>,
    /// Milliseconds.
    pub(super) took: String,
    /// Seconds since the run began.
    pub(super) at: String,
}

pub(super) fn messages(requirement: &Requirement) -> Vec<Message<'_>> {
    let failure = requirement.failure.iter();
    failure
        .flat_map(|f| &f.exchanges)
        .map(Message::of)
        .collect()
}

impl<'r> Message<'r> {
    fn of(evidence: &'r Evidence) -> Self {
        let exchange = &evidence.exchange;
        Self {
            evidence,
            curl: shown(&evidence.curl),
            sent: sent(exchange),
            received: match &exchange.received {
                Received::Answer(answer) => received(answer),
                Received::Lost(lost) => vec![lost.to_string()],
            },
            took: format!("{:.1}", exchange.took.as_secs_f64() * 1e3),
            at: format!("{:.3}", exchange.at.as_secs_f64()),
        }
    }
}

fn sent(exchange: &Exchange) -> Vec<String> {
    let sent = &exchange.sent;
    let mut lines = vec![format!("{} {}", sent.method, sent.url)];
    for (name, value) in &sent.headers {
        let value = match value {
            HeaderText::Plain(value) => value,
            HeaderText::Secret => "(secret)",
        };
        lines.push(format!("{name}: {value}"));
    }
    lines.push(String::new());
    let length = sent
        .digest
        .as_ref()
        .map_or(sent.body.len() as u64, |d| d.length);
    lines.extend(body(&sent.body, length));
    lines
}

fn received(answer: &Answer) -> Vec<String> {
    let mut lines = vec![format!("HTTP {}", answer.status)];
    for (name, value) in &answer.headers {
        lines.push(format!(
            "{name}: {}",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    lines.push(String::new());
    let length = answer
        .digest
        .as_ref()
        .map_or(answer.body.len() as u64, |d| d.length);
    lines.extend(body(&answer.body, length));
    lines
}

/// A body in lines: JSON with its members below each other, anything else as it came.
fn body(bytes: &[u8], length: u64) -> Vec<String> {
    let is_short = bytes.len() <= BODY;
    let value = serde_json::from_slice::<Value>(bytes)
        .ok()
        .filter(|_| is_short);
    let pretty = value.filter(|v| v.is_object() || v.is_array());
    // What stands twice in the body, or differs in spelling, must stay visible: then it is shown as it came.
    let pretty = pretty.filter(|v| serde_json::to_vec(v).is_ok_and(|compact| compact == bytes));
    let text = match pretty.map(|v| serde_json::to_string_pretty(&v)) {
        Some(Ok(text)) => text,
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    let mut lines: Vec<String> = Vec::new();
    let mut left = BODY;
    for line in text.lines() {
        let cut: String = line.chars().take(left).collect();
        left = left.saturating_sub(cut.chars().count());
        lines.push(cut);
        if left == 0 {
            lines.push(format!("… ({length} bytes)"));
            break;
        }
    }
    lines
}
