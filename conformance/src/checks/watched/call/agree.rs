//! CALL-13: callback and query agree. Both are readings of one progress at different times; a contradiction is what no
//! time between them explains.

use std::time::Duration;

use super::{TAKEN, found};
use crate::api::Api;
use crate::case::Opinion;
use crate::progress::{Reading, Told};
use crate::scene::{Called, Download, Found, View};

/// By so much of the scale two readings may differ: one of them may be rounded.
const STEP: f64 = 0.011;
/// Callbacks on the way that must all be late, before it is no matter of delivery.
const LATE: usize = 3;
/// So much of a download's time.
const PART: f64 = 0.15;
/// What a callback may be later than the last one, which is told in time.
const SLACK: Duration = Duration::from_millis(100);

pub(super) fn agree(_: &Api, view: &View) -> Vec<Found> {
    let downloads = TAKEN.iter().flat_map(|line| view.of_line(line));
    let with_address = downloads.filter(|download| download.callback.is_some());
    with_address
        .map(|download| match download.refusal() {
            Some(why) => Found::open(super::about(download), why),
            None if download.called.is_empty() => super::silent(download),
            None if download.told().next().is_none() => {
                let why = "no query told anything of it".to_owned();
                found(download, Opinion::Inconclusive(why), [])
            }
            None => judge(view, download),
        })
        .collect()
}

fn judge(view: &View, download: &Download) -> Found {
    let faults = [other_id, other_end, other_address, ahead, behind];
    let found_fault = faults.iter().find_map(|fault| fault(view, download));
    found_fault.unwrap_or_else(|| found(download, Opinion::Pass, download.called.last()))
}

fn contradiction(
    download: &Download,
    query: &Reading,
    called: &Called,
    words: [String; 2],
) -> Found {
    let [expected, got] = words;
    let asked = download.asked.iter().map(|a| &a.judged.exchange);
    let asked = asked.filter(|e| e.id == query.by);
    found(download, Opinion::fail(expected, got), [called]).by(asked)
}

fn other_id(_: &View, download: &Download) -> Option<Found> {
    let (query, id) = download.told().find_map(|r| Some((r, r.id.as_ref()?)))?;
    let other = |called: &&Called| called.reading.id.as_ref().is_some_and(|other| other != id);
    let called = download.called.iter().find(other)?;
    let got = format!(
        "{:?} in a callback",
        called.reading.id.as_deref().unwrap_or_default()
    );
    Some(contradiction(
        download,
        query,
        called,
        [format!("the id {id:?} of the query"), got],
    ))
}

fn other_end(view: &View, download: &Download) -> Option<Found> {
    let query = download.told().last()?;
    let called = download.called_once().last()?;
    match (view.is_query_end(query), view.is_call_end(&called.reading)) {
        (true, false) if called.reading.told != Told::Nothing => {
            let got = format!("{} in the last callback", called.reading.told);
            let expected = "the end, as the query tells it".to_owned();
            Some(contradiction(download, query, called, [expected, got]))
        }
        (false, true) if query.from > called.reading.to => {
            let got = format!("{} by the query later", query.told);
            let expected = "the end, as the callback tells it".to_owned();
            Some(contradiction(download, query, called, [expected, got]))
        }
        _ => None,
    }
}

/// Where the query itself tells several addresses, none of them can be held against a callback.
fn other_address(_: &View, download: &Download) -> Option<Found> {
    let told: Vec<_> = download.told().filter(|r| r.url.is_some()).collect();
    let query = *told.last()?;
    if told.iter().any(|other| other.url != query.url) {
        return None;
    }
    let other = |called: &&Called| called.reading.url.is_some() && called.reading.url != query.url;
    let called = download.called.iter().find(other)?;
    let text = |reading: &Reading| format!("{:?}", reading.url.as_deref().unwrap_or_default());
    let got = format!("{} in a callback", text(&called.reading));
    Some(contradiction(
        download,
        query,
        called,
        [format!("{}, as the query tells it", text(query)), got],
    ))
}

/// A callback that tells more than a query that was sent afterwards.
fn ahead(view: &View, download: &Download) -> Option<Found> {
    let (call_end, query_end) = (view.call_end?, view.query_end?);
    for called in &download.called {
        let Some(value) = called.reading.told.number() else {
            continue;
        };
        let mut later = download.told().filter(|r| r.from >= called.reading.to);
        let less = later.find(|r| {
            r.told
                .number()
                .is_some_and(|q| q / query_end + STEP < value / call_end)
        });
        if let Some(query) = less {
            let expected = format!("no less than {} by a later query", called.reading.told);
            return Some(contradiction(
                download,
                query,
                called,
                [expected, query.told.to_string()],
            ));
        }
    }
    None
}

/// Callbacks on the way that all come late, and by much, while the last one comes in time.
fn behind(view: &View, download: &Download) -> Option<Found> {
    let (call_end, query_end) = (view.call_end?, view.query_end?);
    let start = &download.start.exchange;
    let query = download.told().find(|r| view.is_query_end(r))?;
    let whole = query.to.saturating_sub(start.at + start.took);
    let last = download
        .called
        .iter()
        .find(|c| view.is_call_end(&c.reading))?;
    let end_late = last.reading.from.saturating_sub(query.to);
    // How long before a callback a query had told as much.
    let late = |called: &Called| {
        let value = called.reading.told.number()? / call_end;
        let told = download
            .told()
            .find(|r| r.told.number().is_some_and(|q| q / query_end >= value))?;
        let is_on_the_way = value > 0.0 && value < 1.0;
        is_on_the_way.then(|| called.reading.from.saturating_sub(told.to))
    };
    let lates: Vec<_> = download
        .called_once()
        .filter_map(|c| Some((c, late(c)?)))
        .collect();
    let (called, least) = lates.iter().min_by_key(|(_, late)| *late).copied()?;
    let is_much = least.as_secs_f64() > whole.as_secs_f64() * PART && least > end_late * 2 + SLACK;
    (lates.len() >= LATE && is_much).then(|| {
        let got = format!(
            "each of {} callbacks at least {} ms later, and the last one {} ms later",
            lates.len(),
            least.as_millis(),
            end_late.as_millis()
        );
        contradiction(
            download,
            query,
            called,
            [
                "the progress that a query tells at the time".to_owned(),
                got,
            ],
        )
    })
}
