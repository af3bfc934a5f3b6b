//! What is known of the downloads of a scene: rebuilt from the recorded exchanges and receipts by their names alone, so
//! that a recording can be judged again without the target.
//!
//! | name | is |
//! | --- | --- |
//! | `PROG-04#0` | the request that started a download; `PROG-04#0.s1` the same again, since the target was busy |
//! | `PROG-04#0.q17` | the eighteenth progress query for it |
//! | `PROG-04#0.f3` | the fourth request for its file |
//! | `PROG-04#0.r2` | the third callback that came to its address |
//!
//! `PROG-04#again0` is a download of the repetition.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::api::Api;
use crate::checks;
use crate::exchange::{Exchange, Lost, Received};
use crate::live::is_look;
use crate::oracle::Outcome;
use crate::progress::{self, Reading, ScaleSeen};
use crate::receipt::Receipt;
use crate::request::Kind;

/// An exchange with what it means.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) outcome: Outcome,
    pub(crate) body: Option<Value>,
}

/// A query, and what it told if it was accepted.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) judged: Judged,
    pub(crate) reading: Option<Reading>,
}

/// A callback, and what it told.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    pub(crate) receipt: Arc<Receipt>,
    pub(crate) reading: Reading,
}

/// What is known of a download.
#[derive(Debug, Clone)]
pub(crate) struct Download {
    pub(crate) name: String,
    pub(crate) start: Judged,
    /// Its id, if it was accepted and has one.
    pub(crate) id: Option<String>,
    /// The callback address that it was given.
    pub(crate) callback: Option<String>,
    pub(crate) asked: Vec<Asked>,
    /// In order of arrival.
    pub(crate) called: Vec<Called>,
    pub(crate) files: Vec<Arc<Exchange>>,
}

/// Everything that is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    downloads: BTreeMap<String, Download>,
    /// Callbacks to addresses that nobody was given.
    pub(crate) strays: Vec<Called>,
    /// What the end is called in answers to queries.
    pub(crate) query_end: Option<f64>,
    /// What the end is called in callbacks.
    pub(crate) call_end: Option<f64>,
    /// Of a repetition: what it repeats.
    pub(crate) before: Option<Arc<View>>,
}

/// The part of a name that tells the exchanges of one download apart, with its number.
fn parts(id: &str) -> (&str, Option<(char, usize)>) {
    let part = id.rsplit_once('.').and_then(|(name, part)| {
        let kind = part.chars().next()?;
        let number = part.get(kind.len_utf8()..)?.parse().ok()?;
        Some((name, (kind, number)))
    });
    match part {
        Some((name, part)) => (name, Some(part)),
        None => (id, None),
    }
}

/// True for a request for a file, and for one that only watches how many downloads run: neither is an answer of the
/// contract's that checks look at in passing.
pub(crate) fn is_of_file(id: &str) -> bool {
    is_look(id) || matches!(parts(id).1, Some(('f', _)))
}

/// The exchanges of a recording that a round consists of.
pub(super) fn of_round<'e>(
    all: &'e [Arc<Exchange>],
    tag: &'static str,
) -> impl Iterator<Item = &'e Arc<Exchange>> {
    all.iter().filter(move |exchange| {
        let (name, _) = parts(&exchange.id);
        let Some((line, number)) = name.split_once('#') else {
            return false;
        };
        let number = match tag {
            "" => Some(number),
            tag => number.strip_prefix(tag),
        };
        // `.live0` leaves a name that is no number.
        number.is_some_and(|n| n.parse::<usize>().is_ok()) && checks::watched(line).is_some()
    })
}

impl View {
    /// Looks at a recording.
    pub(crate) fn of(api: &Api, exchanges: &[Arc<Exchange>], receipts: &[Arc<Receipt>]) -> Self {
        // What failed on the runner's own side says nothing of the target.
        let is_own = |e: &&Arc<Exchange>| matches!(e.received, Received::Lost(Lost::Local(_)));
        let foreign = exchanges.iter().filter(|e| !is_own(e));
        let mut ordered: Vec<_> = foreign.map(|e| (parts(&e.id), e)).collect();
        ordered.sort_by_key(|(parts, _)| *parts);
        let mut view = Self::default();
        for ((name, part), exchange) in &ordered {
            if matches!(part, None | Some(('s', _))) {
                view.begin(api, name, exchange);
            }
        }
        for ((name, part), exchange) in ordered {
            let Some(download) = view.downloads.get_mut(name) else {
                continue;
            };
            match part {
                Some(('q', _)) => download.asked.extend(ask(api, exchange)),
                Some(('f', _)) => download.files.push(Arc::clone(exchange)),
                _ => {}
            }
        }
        let mut receipts: Vec<_> = receipts.iter().collect();
        receipts.sort_by_key(|r| (r.at, parts(&r.id).1));
        for receipt in receipts {
            let called = Called {
                receipt: Arc::clone(receipt),
                reading: progress::callback(receipt),
            };
            match view.downloads.get_mut(&receipt.case) {
                Some(download) => download.called.push(called),
                None if receipt.case.is_empty() => view.strays.push(called),
                None => {}
            }
        }
        view.scales(api);
        view
    }

    fn begin(&mut self, api: &Api, name: &str, exchange: &Arc<Exchange>) {
        let (outcome, body) = api.start.judge(exchange);
        let id = body
            .as_ref()
            .filter(|_| outcome.is_taken())
            .and_then(|body| api.answer.id.text(body))
            .filter(|id| !id.is_empty())
            .map(str::to_owned);
        let sent: Value = serde_json::from_slice(&exchange.sent.body).unwrap_or_default();
        let member = api.callback.as_deref().and_then(|name| sent.get(name));
        let callback = member.and_then(Value::as_str).map(str::to_owned);
        let download = Download {
            name: name.to_owned(),
            start: Judged {
                exchange: Arc::clone(exchange),
                outcome,
                body,
            },
            id,
            callback,
            asked: Vec::new(),
            called: Vec::new(),
            files: Vec::new(),
        };
        self.downloads.insert(name.to_owned(), download);
    }

    fn scales(&mut self, api: &Api) {
        let (mut queries, mut calls) = (ScaleSeen::default(), ScaleSeen::default());
        for download in self.downloads.values() {
            download.told().for_each(|reading| queries.add(reading));
            let readings = download.called.iter().map(|c| &c.reading);
            readings.for_each(|reading| calls.add(reading));
        }
        let declared = api.query.as_ref().map(|query| query.spots.scale);
        self.query_end = declared.and_then(|declared| queries.end(declared));
        self.call_end = calls.end(api.callback_scale);
    }

    /// The downloads of a line: `CALL-07` means `CALL-07#0`, `CALL-07#1` and so on.
    pub(crate) fn of_line<'v>(&'v self, line: &'v str) -> impl Iterator<Item = &'v Download> {
        self.all().filter(move |download| download.line() == line)
    }

    /// The first download of a line.
    pub(crate) fn first<'v>(&'v self, line: &'v str) -> Option<&'v Download> {
        self.of_line(line).next()
    }

    /// A download of a line by its number.
    pub(crate) fn numbered(&self, line: &str, number: usize) -> Option<&Download> {
        let name = |tag: &str| format!("{line}#{tag}{number}");
        let found = self.downloads.get(&name(""));
        found.or_else(|| self.downloads.get(&name("again")))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Download> {
        self.downloads.values()
    }

    /// True if a query told the end.
    pub(crate) fn is_query_end(&self, reading: &Reading) -> bool {
        progress::is_end(reading, self.query_end)
    }

    /// True if a callback told the end.
    pub(crate) fn is_call_end(&self, reading: &Reading) -> bool {
        progress::is_end(reading, self.call_end)
    }
}

fn ask(api: &Api, exchange: &Arc<Exchange>) -> Option<Asked> {
    let query = api.query.as_ref()?;
    let (outcome, body) = api.oracle(Kind::Query).judge(exchange);
    let taken = body.as_ref().filter(|_| outcome.is_taken());
    let reading = taken.map(|body| query.spots.read(exchange, body));
    Some(Asked {
        judged: Judged {
            exchange: Arc::clone(exchange),
            outcome,
            body,
        },
        reading,
    })
}

impl Download {
    /// The line that it was started for.
    pub(crate) fn line(&self) -> &str {
        self.name.split_once('#').map_or("", |(line, _)| line)
    }

    /// What queries told, in order.
    pub(crate) fn told(&self) -> impl DoubleEndedIterator<Item = &Reading> {
        self.asked.iter().filter_map(|asked| asked.reading.as_ref())
    }

    /// Callbacks without those that say the same as an earlier one: a delivery may be repeated.
    pub(crate) fn called_once(&self) -> impl Iterator<Item = &Called> {
        self.called.iter().enumerate().filter_map(|(at, called)| {
            let is_same = |earlier: &Called| earlier.receipt.body == called.receipt.body;
            (!self.called[..at].iter().any(is_same)).then_some(called)
        })
    }

    /// The answer's text at a place of the contract.
    pub(crate) fn text(&self, spot: &crate::names::Spot) -> Option<&str> {
        spot.text(self.start.body.as_ref()?)
    }

    /// Why it says nothing, if it was not accepted.
    pub(crate) fn refusal(&self) -> Option<String> {
        let outcome = &self.start.outcome;
        (!outcome.is_taken()).then(|| match &self.callback {
            Some(address) => format!(
                "the request with the callback address {address} was not accepted: {outcome}; \
                 where the target may not call that address, name another one with --callback-listen and --callback-url"
            ),
            None => format!("the request was not accepted: {outcome}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(parts("PROG-04#0"), ("PROG-04#0", None));
        assert_eq!(parts("PROG-04#0.q17"), ("PROG-04#0", Some(('q', 17))));
        assert_eq!(
            parts("CALL-07/normalised-forms#again1.r0").1,
            Some(('r', 0))
        );
        assert_eq!(parts("x.y").1, None);
    }
}
