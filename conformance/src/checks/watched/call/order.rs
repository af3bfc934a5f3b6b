//! CALL-04: callbacks never go back. A delivery that is repeated is no step back; but values that come again one after
//! the other, at the pace of progress, are.

use std::time::Duration;

use super::found;
use crate::case::Opinion;
use crate::scene::{Called, Download, Found, View};

/// Values in a row that come again and so are no repetition of one delivery.
const AGAIN: usize = 2;

pub(super) fn never_back(_: &View, download: &Download) -> Found {
    let called: Vec<(&Called, f64)> = download
        .called
        .iter()
        .filter_map(|called| Some((called, called.reading.told.number()?)))
        .collect();
    let mut highest: Option<(&Called, f64)> = None;
    for (at, (one, value)) in called.iter().enumerate() {
        match highest.filter(|(_, highest)| value < highest) {
            Some((before, _)) if !is_repeated(&called[..at], one) || is_pace(&called, at) => {
                let opinion = Opinion::fail(
                    format!("no less than {}, which came before", before.reading.told),
                    format!("{} after {}", one.reading.told, before.reading.told),
                );
                return found(download, opinion, [before, *one]);
            }
            Some(_) => {}
            None => highest = Some((one, *value)),
        }
    }
    match highest {
        None => super::silent(download),
        Some((last, _)) => found(download, Opinion::Pass, [last]),
    }
}

fn is_repeated(before: &[(&Called, f64)], one: &Called) -> bool {
    let is_same = |other: &Called| {
        let (a, b) = (&other.reading, &one.reading);
        (&a.told, &a.url, &a.id) == (&b.told, &b.url, &b.id)
    };
    before.iter().any(|(other, _)| is_same(other))
}

/// True if the values from here on come again in their order, as far apart in time as they did the first time.
fn is_pace(called: &[(&Called, f64)], at: usize) -> bool {
    let run = called[at..].windows(2).take_while(|pair| {
        let (_, next) = (pair[0], pair[1]);
        pair[0].1 < pair[1].1 && is_repeated(&called[..at], next.0)
    });
    let length = run.count() + 1;
    if length < AGAIN {
        return false;
    }
    let first = |value: f64| {
        let mut before = called[..at].iter();
        #[expect(clippy::float_cmp, reason = "the same text gives the same number")]
        before
            .find(|(_, v)| *v == value)
            .map(|(c, _)| c.reading.from)
    };
    let (from, to) = (called[at], called[at + length - 1]);
    let again = to.0.reading.from.saturating_sub(from.0.reading.from);
    let once = first(to.1).zip(first(from.1));
    let once = once.map_or(Duration::MAX, |(to, from)| to.saturating_sub(from));
    again * 2 >= once
}
