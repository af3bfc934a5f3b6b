//! What a misbehaviour sees when it changes an answer, and what it remembers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde_json::Value;
use smsload_spec::{RequestParts, Route, local_date_time, local_seconds};

use super::asked::Asked;
use crate::mock::Mock;
use crate::request::{Answer, Request};
use crate::simulation::ZONE;

/// Names that are remembered at most; then all are forgotten.
const REMEMBERED: usize = 10_000;

/// What a mock that misbehaves remembers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) answered: AtomicU64,
    pub(super) refused: AtomicU64,
    counts: Mutex<HashMap<String, u64>>,
    firsts: Mutex<HashMap<String, String>>,
}

impl Memory {
    /// How often this was called with a name before.
    pub(super) fn count(&self, name: &str) -> u64 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= REMEMBERED {
            counts.clear();
        }
        let count = counts.entry(name.to_owned()).or_default();
        *count += 1;
        *count - 1
    }
}

/// The exchange whose answer is about to be changed.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) mock: &'a Mock,
    pub(super) request: &'a Request<'a>,
    /// How many requests were answered before this one.
    pub(super) answered: u64,
    /// How many requests were refused before this one.
    pub(super) refused: u64,
    memory: &'a Memory,
}

impl<'a> Seen<'a> {
    pub(super) fn new(
        mock: &'a Mock,
        request: &'a Request<'a>,
        memory: &'a Memory,
        is_refused: bool,
    ) -> Self {
        let refused = u64::from(is_refused);
        Self {
            mock,
            request,
            answered: memory.answered.fetch_add(1, Ordering::Relaxed),
            refused: memory.refused.fetch_add(refused, Ordering::Relaxed),
            memory,
        }
    }

    /// The body of the request; null if it is no JSON.
    pub(super) fn body(&self) -> Value {
        serde_json::from_slice(self.request.body).unwrap_or_default()
    }

    /// A text of the body of the request.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.body().get(name)?.as_str().map(str::to_owned)
    }

    /// The window that is asked for, if both ends are times.
    pub(super) fn window(&self) -> Option<(DateTime, DateTime)> {
        let time = |name| local_date_time(&self.text(name)?);
        Some((time("start_time")?, time("end_time")?))
    }

    /// Its length in seconds; 0 if it has none.
    pub(super) fn seconds(&self) -> u64 {
        let length = |(start, end)| local_seconds(end) - local_seconds(start);
        let seconds = self.window().map_or(0, length);
        u64::try_from(seconds).unwrap_or(0)
    }

    /// Whether a name stands twice in an object of the body.
    pub(super) fn has_duplicates(&self) -> bool {
        let contract = self.mock.contract();
        let Route::Found(found) = contract.route(self.request.method, self.request.path) else {
            return false;
        };
        let Request {
            query,
            headers,
            body,
            ..
        } = *self.request;
        let parts = RequestParts {
            query,
            headers,
            body,
        };
        !contract.request(&found, &parts).duplicates.is_empty()
    }

    /// The local time of the platform.
    pub(super) fn now(&self) -> DateTime {
        let clock = self.mock.clock();
        let zone = TimeZone::get(ZONE).unwrap_or_else(|_| TimeZone::fixed(Offset::constant(8)));
        zone.to_datetime(clock.wall(clock.now()))
    }

    /// What a mock that does everything right answers to the same request with another body.
    pub(super) fn ask(&self, body: &Value) -> Answer<'a> {
        let mut asked = Asked::of(self.request);
        asked.body = body.to_string().into_bytes();
        self.mock.behave(&asked.request())
    }

    /// The first text that was ever kept under a name: this one, if there was none.
    pub(super) fn first(&self, name: &str, text: &str) -> String {
        let firsts = &self.memory.firsts;
        let mut firsts = firsts.lock().unwrap_or_else(PoisonError::into_inner);
        if firsts.len() >= REMEMBERED {
            firsts.clear();
        }
        let first = firsts.entry(name.to_owned());
        first.or_insert_with(|| text.to_owned()).clone()
    }
}

/// The progress that a query is about to be told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// Percent, from 0 to 100.
    pub(super) percent: u64,
    /// How often this download was asked for before.
    pub(super) asked: u64,
    /// How often it was asked for before since its end.
    pub(super) asked_at_end: u64,
}
