//! Downloads as they were watched: their progress over time, as the query and as callbacks told it. For charts; verdicts
//! are made elsewhere.
//!
//! Limits: [`DOWNLOADS`] are followed at once (those that were asked for most often stay), with [`POINTS`] points each.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use smsload_spec::{Contract, Job, Operation};

use crate::exchange::Exchange;
use crate::names::{Spot, find, pointer_to};
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
    query: Option<Names>,
    callback: Option<Names>,
    downloads: Vec<WatchedDownload>,
}

/// Where an id and a progress stand.
#[derive(Debug)]
struct Names {
    /// In the request of a query, or in the callback.
    id: Spot,
    /// In the answer, or in the callback.
    progress: Spot,
    scale: Scale,
}

impl Watching {
    pub(crate) fn new(contract: &Arc<Contract>, target: &Target) -> Self {
        Self {
            query: contract.operations().iter().find_map(|o| query(o, target)),
            callback: contract
                .operations()
                .iter()
                .find_map(|o| callback(o, target)),
            downloads: Vec::new(),
        }
    }

    /// Takes note of an exchange, if it is a query with an answer.
    pub(crate) fn sent(&mut self, exchange: &Exchange) {
        let Some(names) = &self.query else { return };
        let Some(answer) = exchange.answer() else {
            return;
        };
        // A cheap look first: most exchanges are no queries.
        let name = names.progress.name().as_bytes();
        if !answer.body.windows(name.len().max(1)).any(|w| w == name) {
            return;
        }
        let request = serde_json::from_slice::<Value>(&exchange.sent.body);
        let answer = serde_json::from_slice::<Value>(&answer.body);
        let (Ok(request), Ok(answer)) = (request, answer) else {
            return;
        };
        let at = (exchange.at + exchange.took).as_secs_f64();
        if let (Some(id), Some(percent)) = (names.id.text(&request), names.percent(&answer)) {
            self.add(id, |download| &mut download.by_query, Told { at, percent });
        }
    }

    /// Takes note of a callback.
    pub(crate) fn received(&mut self, receipt: &Receipt) {
        let Some(names) = &self.callback else { return };
        let Ok(body) = serde_json::from_slice::<Value>(&receipt.body) else {
            return;
        };
        let at = receipt.at.as_secs_f64();
        if let (Some(id), Some(percent)) = (names.id.text(&body), names.percent(&body)) {
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

    /// The downloads with most to show. A scale that is to be detected is a fraction if nothing above 1 was told.
    pub(crate) fn report(&self) -> Vec<WatchedDownload> {
        let mut shown: Vec<_> = self
            .downloads
            .iter()
            .filter(|d| count(d) > 1)
            .cloned()
            .collect();
        shown.sort_by_key(|d| std::cmp::Reverse(count(d)));
        shown.truncate(SHOWN);
        let scale = |names: &Option<Names>| names.as_ref().map_or(Scale::Percent, |n| n.scale);
        fit(&mut shown, |d| &mut d.by_query, scale(&self.query));
        fit(&mut shown, |d| &mut d.by_callback, scale(&self.callback));
        shown
    }
}

fn count(download: &WatchedDownload) -> usize {
    download.by_query.len() + download.by_callback.len()
}

fn fit(
    all: &mut [WatchedDownload],
    list: fn(&mut WatchedDownload) -> &mut Vec<Told>,
    scale: Scale,
) {
    let mut told: Vec<&mut Told> = all.iter_mut().flat_map(|d| list(d).iter_mut()).collect();
    let is_fraction = match scale {
        Scale::Percent => false,
        Scale::Fraction => true,
        Scale::Auto => told.iter().all(|t| t.percent <= 1.0),
    };
    for told in told.iter_mut().filter(|_| is_fraction) {
        told.percent *= 100.0;
    }
}

impl Names {
    /// The progress as it was told: a number, or a text that begins with one.
    fn percent(&self, body: &Value) -> Option<f64> {
        let told = match self.progress.value(body)? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim_end_matches('%').trim().parse().ok()?,
            _ => return None,
        };
        told.is_finite().then_some(told)
    }
}

fn query(operation: &Operation, target: &Target) -> Option<Names> {
    let Some(Job::Reads(read)) = &operation.job else {
        return None;
    };
    let own = &target.progress.query;
    let id = read.id.members_of("self").next()?;
    let named = own.progress.as_ref().map(|name| {
        if name.starts_with('/') {
            name.clone()
        } else {
            pointer_to("/data", name)
        }
    });
    let told = || {
        ["percent", "fraction"]
            .iter()
            .find_map(|member| find(&read.response, member, ""))
    };
    Some(Names {
        id: Spot {
            pointer: pointer_to("", id),
        },
        progress: Spot {
            pointer: named.or_else(told)?,
        },
        scale: own.scale,
    })
}

fn callback(operation: &Operation, target: &Target) -> Option<Names> {
    let told = operation.callbacks.iter().flat_map(|c| &c.operations);
    let tell = told
        .filter_map(|o| o.job.as_ref())
        .find_map(|job| match job {
            Job::Tells(tell) => Some(tell),
            _ => None,
        })?;
    let spot = |members: &[&str]| {
        let pointer = members.iter().find_map(|m| find(&tell.body, m, ""))?;
        Some(Spot { pointer })
    };
    Some(Names {
        id: spot(&["id"])?,
        progress: spot(&["percent", "fraction"])?,
        scale: target.progress.callback.scale,
    })
}
