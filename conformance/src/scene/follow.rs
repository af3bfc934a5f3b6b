//! Following a download: asking for its progress, at short intervals first and growing ones later, and again at short
//! ones where the end is near, so that the moment at which the end is told is met; and waiting for callbacks meanwhile.

use std::time::Duration;

use tokio::time::Instant;

use super::stage::{Stage, Started};
use crate::progress::{self, Reading};
use crate::receiver::tells_end;

/// Between two queries, at least and at most.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_secs(1);
/// An interval grows with the time: it is this part of it.
const PART: u32 = 16;
/// How many intervals are to fit into the time that is left, by what was seen so far.
const NEAR: u32 = 8;

/// What was told of a download so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// When a query told the end.
    pub(crate) query_end: Option<Instant>,
    /// When a callback told the end.
    pub(crate) call_end: Option<Instant>,
    /// The address of the file, if one was told together with an end.
    pub(crate) url: Option<String>,
}

impl Facts {
    fn is_told(&self) -> bool {
        self.query_end.is_some() || self.call_end.is_some()
    }
}

/// Someone who follows a download.
pub(crate) struct Follower<'f> {
    stage: &'f Stage<'f>,
    started: &'f Started,
    pub(crate) facts: Facts,
    calls: usize,
    /// When progress was seen to move, and from where: time and value.
    moved: Option<(Instant, f64)>,
    first: Option<(Instant, f64)>,
    /// Queries in a row that were refused, of a download that was known before.
    refused: u32,
}

/// After so many of them nothing more is to be expected.
const REFUSED: u32 = 24;

impl<'f> Follower<'f> {
    pub(crate) fn new(stage: &'f Stage<'f>, started: &'f Started) -> Self {
        Self {
            stage,
            started,
            facts: Facts::default(),
            calls: 0,
            moved: None,
            first: None,
            refused: 0,
        }
    }

    fn has_query(&self) -> bool {
        self.stage.session.api.query.is_some()
    }

    /// Until the end is told, by query or by callback, or the time is over. How long it took.
    pub(crate) async fn until_told(&mut self) -> Option<Duration> {
        let deadline = self.started.at + self.stage.completion();
        while self.started.is_taken() && !self.facts.is_told() && self.goes_on(deadline) {
            self.look(self.interval(), deadline).await;
        }
        let ends = [self.facts.query_end, self.facts.call_end];
        let end = ends.into_iter().flatten().min()?;
        Some(end.saturating_duration_since(self.started.sent))
    }

    /// Until both query and callbacks told the end, as far as there are such; then for as long as it must stay there.
    pub(crate) async fn keep(&mut self, keeping: Duration) {
        let deadline = self.started.at + self.stage.completion();
        while self.lacks_an_end() && self.goes_on(deadline) {
            self.look(self.interval(), deadline).await;
        }
        if !self.facts.is_told() {
            return;
        }
        let begun = Instant::now();
        let until = begun + keeping;
        while self.goes_on(until) {
            let interval = (begun.elapsed() / PART * 2).clamp(Duration::from_millis(10), LONGEST);
            self.look(interval, until).await;
        }
        // The last word is what it comes to.
        self.look(Duration::ZERO, Instant::now()).await;
    }

    /// Until a callback came, or the time is over.
    pub(crate) async fn until_called(&mut self) {
        let deadline = self.started.at + self.stage.completion();
        if let Some(place) = self
            .started
            .place
            .as_ref()
            .filter(|_| self.started.is_taken())
        {
            let _ = tokio::time::timeout_at(deadline, place.more_than(0)).await;
        }
    }

    fn lacks_an_end(&self) -> bool {
        let is_asked = self.has_query() && self.facts.query_end.is_none();
        let is_called = self.started.place.is_some() && self.facts.call_end.is_none();
        self.started.is_taken() && (is_asked || is_called)
    }

    fn goes_on(&self, deadline: Instant) -> bool {
        let is_heard = self.has_query() || self.started.place.is_some();
        let is_known = self.refused < REFUSED;
        is_heard && is_known && Instant::now() < deadline && self.stage.session.gone().is_none()
    }

    /// Waits for an interval or for a callback, then looks what is told.
    async fn look(&mut self, interval: Duration, deadline: Instant) {
        let next = (Instant::now() + interval).min(deadline);
        match &self.started.place {
            Some(place) => {
                let _ = tokio::time::timeout_at(next, place.more_than(self.calls)).await;
            }
            None => tokio::time::sleep_until(next).await,
        }
        self.hear();
        // Who was woken by a callback asks as well: what it says can be compared.
        if let Some(reading) = self.stage.ask(self.started).await {
            self.take(&reading);
            self.refused = 0;
        } else if self.first.is_some() {
            self.refused += 1;
        }
    }

    fn hear(&mut self) {
        let Some(place) = &self.started.place else {
            return;
        };
        let receipts = place.receipts();
        for receipt in receipts.iter().skip(self.calls) {
            if tells_end(&receipt.body) {
                self.facts.call_end.get_or_insert_with(Instant::now);
                let url = progress::callback(receipt).url;
                self.facts.url = self.facts.url.take().or(url);
            }
        }
        self.calls = receipts.len();
    }

    fn take(&mut self, reading: &Reading) {
        let now = Instant::now();
        if progress::is_end(reading, self.stage.end()) {
            self.facts.query_end.get_or_insert(now);
            self.facts.url = self.facts.url.take().or_else(|| reading.url.clone());
        }
        let Some(value) = reading.told.number() else {
            return;
        };
        if self.moved.is_none_or(|(_, before)| value > before) {
            self.moved = Some((now, value));
        }
        self.first.get_or_insert((now, value));
    }

    /// The time until the next query.
    fn interval(&self) -> Duration {
        let growing = (self.started.at.elapsed() / PART).clamp(SHORTEST, LONGEST);
        let (Some((then, was)), Some((moved, is)), Some(end)) =
            (self.first, self.moved, self.stage.end())
        else {
            return growing;
        };
        let gone = (is - was) / (end - was).max(f64::EPSILON);
        if gone <= 0.0 {
            return growing;
        }
        let left = moved
            .saturating_duration_since(then)
            .mul_f64((1.0 / gone - 1.0).clamp(0.0, 1e3));
        // Where it stands still, the estimate is no good.
        let near = left.max(moved.elapsed()) / NEAR;
        near.clamp(SHORTEST, growing)
    }
}
