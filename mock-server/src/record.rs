//! The journal as data: for who reads it, and for snapshots.

use std::sync::Arc;

use http::Method;
use serde::{Deserialize, Serialize};
use smsload_spec::Violation;

use crate::clock::Moment;
use crate::exchange::{Ending, Exchange, Kept, Parts};
use crate::journal::{CallbackAttempt, Entry, Listing, What};
use crate::world::World;

/// Entries of a journal.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recorded {
    entries: Vec<Record>,
    /// The number of the last entry that was looked at.
    last: u64,
    /// Entries that had to make room.
    dropped: u64,
    /// What all entries cost in memory.
    #[serde(default)]
    bytes: usize,
    /// Whether there are more than are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) more: Option<bool>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    number: u64,
    micros: Moment,
    /// The wall time; for people.
    #[serde(default)]
    time: String,
    #[serde(flatten)]
    what: Form,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Form {
    Exchange(Box<ExchangeForm>),
    Callback(Arc<CallbackAttempt>),
}

#[derive(Debug, Serialize, Deserialize)]
struct ExchangeForm {
    method: String,
    path: String,
    #[serde(default)]
    query: String,
    /// `name: value`, in order.
    #[serde(default)]
    headers: Vec<String>,
    body: BodyForm,
    operation: Option<String>,
    outcome: Ending,
    error: Option<String>,
    fault: Option<u64>,
    #[serde(default)]
    violations: Vec<Violation>,
    /// How many there were; the list has the first 64.
    #[serde(default)]
    violation_count: usize,
    #[serde(default)]
    duplicates: Vec<String>,
    /// Nothing if a fault took the place of an answer.
    status: Option<u16>,
    answer: BodyForm,
}

#[derive(Debug, Serialize, Deserialize)]
struct BodyForm {
    /// Lossy where it is no UTF-8.
    text: String,
    length: usize,
    cut: bool,
}

impl From<Kept<'_>> for BodyForm {
    fn from(kept: Kept<'_>) -> Self {
        Self {
            text: String::from_utf8_lossy(kept.bytes).into_owned(),
            length: kept.length,
            cut: kept.is_cut(),
        }
    }
}

impl<'f> From<&'f BodyForm> for Kept<'f> {
    fn from(form: &'f BodyForm) -> Self {
        Self {
            bytes: form.text.as_bytes(),
            length: form.length,
        }
    }
}

impl Recorded {
    /// Entries of a world as data.
    pub(crate) fn of(listing: &Listing, world: &World) -> Self {
        let record = |entry: &Entry| Record {
            number: entry.number,
            micros: entry.at,
            time: world.clock.wall(entry.at).to_string(),
            what: match &entry.what {
                What::Exchange(exchange) => Form::Exchange(Box::new(form(exchange))),
                What::Callback(attempt) => Form::Callback(attempt.clone()),
            },
        };
        Self {
            entries: listing.entries.iter().map(record).collect(),
            last: listing.last,
            dropped: listing.dropped,
            bytes: listing.bytes,
            more: None,
        }
    }

    /// Data as entries.
    ///
    /// # Errors
    /// Which entry is none.
    pub(crate) fn listing(self) -> Result<Listing, String> {
        let entry = |record: Record| {
            let what = match record.what {
                Form::Callback(attempt) => What::Callback(attempt),
                Form::Exchange(form) => {
                    let number = record.number;
                    let exchange = exchange(*form)
                        .ok_or_else(|| format!("entry {number} of the journal has no method"))?;
                    What::Exchange(exchange)
                }
            };
            Ok(Entry {
                number: record.number,
                at: record.micros,
                what,
            })
        };
        Ok(Listing {
            entries: self
                .entries
                .into_iter()
                .map(entry)
                .collect::<Result<_, String>>()?,
            last: self.last,
            dropped: self.dropped,
            bytes: 0,
        })
    }
}

fn form(exchange: &Exchange) -> ExchangeForm {
    ExchangeForm {
        method: exchange.method.to_string(),
        path: exchange.path().to_owned(),
        query: exchange.query().to_owned(),
        headers: exchange.headers().lines().map(str::to_owned).collect(),
        body: exchange.request().into(),
        operation: exchange.operation().map(str::to_owned),
        outcome: exchange.ending,
        error: exchange.error().map(str::to_owned),
        fault: exchange.fault,
        violations: exchange.violations().to_vec(),
        violation_count: exchange.violation_count(),
        duplicates: exchange.duplicates().to_vec(),
        status: (exchange.status != 0).then_some(exchange.status),
        answer: exchange.answer().into(),
    }
}

fn exchange(form: ExchangeForm) -> Option<Exchange> {
    let mut headers = form.headers.join("\n");
    headers.push('\n');
    Some(Exchange::from(Parts {
        method: Method::from_bytes(form.method.as_bytes()).ok()?,
        path: &form.path,
        query: &form.query,
        headers: &headers,
        request: (&form.body).into(),
        operation: form.operation.as_deref(),
        ending: form.outcome,
        error: form.error.as_deref(),
        fault: form.fault,
        violation_count: form.violation_count.max(form.violations.len()),
        violations: form.violations,
        duplicates: form.duplicates,
        status: form.status.unwrap_or(0),
        answer: (&form.answer).into(),
    }))
}
