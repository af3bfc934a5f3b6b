//! Downloads as they were watched: their progress over time, as the query and as callbacks told it. For charts; verdicts
//! are made elsewhere.
//!
//! Limits: [`DOWNLOADS`] are followed at once (those that were asked for most often stay), with [`POINTS`] points each.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use smsload_spec::{Contract, Job, Operation};

use crate::exchange::Exchange;
use crate::names::{Spot, pointer_to};
use crate::progress::{self, QuerySpots, ScaleSeen};
use crate::receipt::Receipt;
use crate::target::{Scale, Target};

const DOWNLOADS: usize = 64;
const POINTS: usize = 400;
/// Downloads that a report shows.
const SHOWN: usize = 12;
/// Characters of an id.
const ID: usize = 200;

/// A download as it was watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchedDownload {
    /// Its id.
    pub stream_id: String,
    /// What the progress query told.
    pub by_query: Vec<Told>,
    /// What callbacks told.
    pub by_callback: Vec<Told>,
}

/// A progress that was told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Seconds since the run began.
    pub at: f64,
    /// Percent.
    pub percent: f64,
}

/// Follows downloads.
#[derive(Debug)]
pub(crate) struct Watching {
    query: Option<Query>,
    /// What is declared of callbacks, and what was seen.
    declared: Scale,
    called: ScaleSeen,
    downloads: Vec<WatchedDownload>,
}

/// The progress query.
#[derive(Debug)]
struct Query {
    /// Its path on the target.
    path: String,
    /// Where a request names the download.
    id: Spot,
    spots: QuerySpots,
    seen: ScaleSeen,
}

impl Watching {
    pub(crate) fn new(contract: &Arc<Contract>, target: &Target) -> Self {
        let declared = &target.progress.query;
        let query = |operation: &Operation| {
            let Some(Job::Reads(read)) = &operation.job else {
                return None;
            };
            let path = declared.path.as_ref().unwrap_or(&operation.path);
            Some(Query {
                path: target.base_url.join(path).path().to_owned(),
                id: Spot {
                    pointer: pointer_to("", read.id.members_of("self").next()?),
                },
                spots: QuerySpots::of(read, declared),
                seen: ScaleSeen::default(),
            })
        };
        Self {
            query: contract.operations().iter().find_map(query),
            declared: target.progress.callback.scale,
            called: ScaleSeen::default(),
            downloads: Vec::new(),
        }
    }

    /// Takes note of an exchange, if it is a query with an answer.
    pub(crate) fn sent(&mut self, exchange: &Exchange) {
        let (Some(query), Some(answer)) = (&mut self.query, exchange.answer()) else {
            return;
        };
        if !exchange.sent.url.ends_with(&query.path) {
            return;
        }
        let request = serde_json::from_slice::<Value>(&exchange.sent.body);
        let answer = serde_json::from_slice::<Value>(&answer.body);
        let (Ok(request), Ok(answer)) = (request, answer) else {
            return;
        };
        let reading = query.spots.read(exchange, &answer);
        if let (Some(id), Some(percent)) = (query.id.text(&request), reading.told.number()) {
            query.seen.add(&reading);
            let at = reading.to.as_secs_f64();
            self.add(id, |download| &mut download.by_query, Told { at, percent });
        }
    }

    /// Takes note of a callback.
    pub(crate) fn received(&mut self, receipt: &Receipt) {
        let reading = progress::callback(receipt);
        if let (Some(id), Some(percent)) = (&reading.id, reading.told.number()) {
            self.called.add(&reading);
            let at = reading.to.as_secs_f64();
            self.add(
                id,
                |download| &mut download.by_callback,
                Told { at, percent },
            );
        }
    }

    fn add(&mut self, id: &str, list: fn(&mut WatchedDownload) -> &mut Vec<Told>, told: Told) {
        let id: String = id.chars().take(ID).collect();
        let at = self.downloads.iter().position(|d| d.stream_id == id);
        let at = match at {
            Some(at) => at,
            None => {
                if self.downloads.len() == DOWNLOADS {
                    let least = (0..DOWNLOADS).min_by_key(|n| count(&self.downloads[*n]));
                    self.downloads.remove(least.unwrap_or_default());
                }
                self.downloads.push(WatchedDownload {
                    stream_id: id,
                    by_query: Vec::new(),
                    by_callback: Vec::new(),
                });
                self.downloads.len() - 1
            }
        };
        let points = list(&mut self.downloads[at]);
        if points.len() == POINTS {
            // Every other one goes; the shape stays.
            let mut number = 0;
            points.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
        points.push(told);
    }

    /// The downloads with most to show.
    pub(crate) fn report(&self) -> Vec<WatchedDownload> {
        let all = self.downloads.iter().filter(|d| count(d) > 1);
        let mut shown: Vec<_> = all.cloned().collect();
        shown.sort_by_key(|d| std::cmp::Reverse(count(d)));
        shown.truncate(SHOWN);
        let query = self.query.as_ref();
        let asked = query.and_then(|q| q.seen.end(q.spots.scale));
        let called = self.called.end(self.declared);
        for download in &mut shown {
            to_percent(&mut download.by_query, asked);
            to_percent(&mut download.by_callback, called);
        }
        shown
    }
}

fn count(download: &WatchedDownload) -> usize {
    download.by_query.len() + download.by_callback.len()
}

/// From what the end is called to percent; where that is not known, they are percent already.
fn to_percent(told: &mut [Told], end: Option<f64>) {
    let factor = 100.0 / end.unwrap_or(100.0);
    told.iter_mut().for_each(|told| told.percent *= factor);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Told;

    proptest! {
        /// A chart is drawn alike by whoever reads the report.
        #[test]
        fn what_was_told_is_read_as_it_was_written(micros in 0..1_u64 << 50, fraction in 0.0..1.0_f64) {
            let at = std::time::Duration::from_micros(micros).as_secs_f64();
            let told = Told { at, percent: fraction * 100.0 };
            let json = serde_json::to_string(&told).unwrap();
            prop_assert_eq!(serde_json::from_str::<Told>(&json).unwrap(), told);
        }
    }
}
