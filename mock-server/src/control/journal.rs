//! The journal, read and held against expectations.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::faults::parsed;
use super::query::Query;
use super::{Done, ok};
use crate::exchange::{Ending, Exchange};
use crate::fault::{has_members, leads};
use crate::journal::{CallbackAttempt, Entry, What};
use crate::record::Recorded;
use crate::world::World;

/// Entries that meet a query.
pub(super) fn read(world: &World, query: &Query<'_>) -> Done {
    let outcome: Option<Ending> = query
        .text("outcome")
        .and_then(|name| serde_json::from_value(Value::from(name)).ok());
    let (operation, is_broken) = (query.text("operation"), query.flag("violations"));
    let (kind, job) = (query.text("kind"), query.text("job"));
    let is_plain = operation.is_none() && outcome.is_none() && is_broken.is_none();
    let since = query.number("since").unwrap_or(0);
    let mut listing = world.journal.list(since, |entry| match &entry.what {
        What::Exchange(_) if kind == Some("callback") || job.is_some() => false,
        What::Callback(_) if kind == Some("exchange") => false,
        What::Exchange(e) => {
            operation.is_none_or(|id| e.operation() == Some(id))
                && outcome.is_none_or(|outcome| e.ending == outcome)
                && is_broken.is_none_or(|is| e.violations().is_empty() != is)
        }
        What::Callback(attempt) => is_plain && job.is_none_or(|job| attempt.job == job),
    });
    let limit = query.limit();
    let is_cut = listing.entries.len() > limit;
    let is_latest = query.flag("latest") == Some(true);
    if is_latest {
        let too_many = listing.entries.len().saturating_sub(limit);
        listing.entries.drain(..too_many);
    }
    listing.entries.truncate(limit);
    if is_cut
        && !is_latest
        && let Some(entry) = listing.entries.last()
    {
        // Who goes on after `last` misses nothing.
        listing.last = entry.number;
    }
    let mut recorded = Recorded::of(&listing, world);
    recorded.more = Some(is_cut);
    ok(&recorded)
}

/// Which attempts to call back are expected.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Called {
    job: Option<String>,
    delivery: Option<u32>,
    attempt: Option<u32>,
    end: Option<bool>,
    then: Option<String>,
}

impl Called {
    fn fits(&self, attempt: &CallbackAttempt) -> bool {
        self.job.as_ref().is_none_or(|job| *job == attempt.job)
            && self.delivery.is_none_or(|n| n == attempt.delivery)
            && self.attempt.is_none_or(|n| n == attempt.attempt)
            && self.end.is_none_or(|is| is == attempt.end)
            && self.then.as_ref().is_none_or(|then| *then == attempt.then)
    }
}

/// How many exchanges, or attempts to call back, are expected, and which.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    operation: Option<String>,
    outcome: Option<Ending>,
    method: Option<String>,
    path: Option<String>,
    status: Option<u16>,
    error: Option<String>,
    #[serde(default)]
    members: Map<String, Value>,
    callback: Option<Called>,
    count: Option<u64>,
    min: Option<u64>,
    max: Option<u64>,
}

/// How an exchange stands to an expectation.
enum Fit {
    Yes,
    No,
    /// Its body was cut or is no JSON, so that its members are not known.
    Unknown,
}

impl Expectation {
    fn fits(&self, exchange: &Exchange) -> Fit {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let fits = is(&self.operation, exchange.operation())
            && is(&self.method, Some(exchange.method.as_str()))
            && is(&self.error, exchange.error())
            && self
                .path
                .as_deref()
                .is_none_or(|p| leads(p, exchange.path()))
            && self.outcome.is_none_or(|o| o == exchange.ending)
            && self.status.is_none_or(|s| s == exchange.status);
        self.fits_body(fits, exchange.request().bytes)
    }

    fn fits_attempt(&self, called: &Called, attempt: &CallbackAttempt) -> Fit {
        let is_status = self.status.is_none_or(|s| attempt.status == Some(s));
        let fits = is_status && called.fits(attempt);
        self.fits_body(fits, attempt.body.as_bytes())
    }

    fn fits_body(&self, fits_else: bool, body: &[u8]) -> Fit {
        if !fits_else {
            return Fit::No;
        }
        if self.members.is_empty() {
            return Fit::Yes;
        }
        match serde_json::from_slice(body) {
            Ok(body) if has_members(&body, &self.members) => Fit::Yes,
            Ok(_) => Fit::No,
            Err(_) => Fit::Unknown,
        }
    }

    fn judge(&self, entries: &[Entry]) -> Value {
        let (mut count, mut unreadable) = (0_u64, 0_u64);
        for entry in entries {
            let fit = match (&entry.what, &self.callback) {
                (What::Exchange(exchange), None) => self.fits(exchange),
                (What::Callback(attempt), Some(called)) => self.fits_attempt(called, attempt),
                _ => Fit::No,
            };
            match fit {
                Fit::Yes => count += 1,
                Fit::No => {}
                Fit::Unknown => unreadable += 1,
            }
        }
        let (is_met, expected) = self.is_met_by(count);
        json!({"ok": is_met, "count": count, "expected": expected, "unreadable": unreadable})
    }

    fn is_met_by(&self, count: u64) -> (bool, String) {
        match (self.count, self.min, self.max) {
            (Some(n), ..) => (count == n, format!("exactly {n}")),
            (_, Some(min), Some(max)) => {
                let is_met = (min..=max).contains(&count);
                (is_met, format!("from {min} to {max}"))
            }
            (_, None, Some(max)) => (count <= max, format!("at most {max}")),
            (_, min, None) => {
                let min = min.unwrap_or(1);
                (count >= min, format!("at least {min}"))
            }
        }
    }
}

/// What was asked, held against what was expected.
pub(super) fn verify(world: &World, body: &Value) -> Done {
    let expectations: Vec<Expectation> = parsed(body)?;
    let listing = world.journal.list(0, |_| true);
    let results: Vec<_> = expectations
        .iter()
        .map(|expectation| expectation.judge(&listing.entries))
        .collect();
    let is_met = results.iter().all(|result| result["ok"] == true);
    ok(&json!({"ok": is_met, "results": results, "dropped": listing.dropped}))
}
