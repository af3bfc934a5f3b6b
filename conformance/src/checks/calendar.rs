//! ACC-08 and TIME-09: times that calendars make hard, and a window of years.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{DateTime, date};
use proptest::prelude::*;

use super::Check;
use super::expect::{accepts, reports};
use crate::api::{Api, start};
use crate::case::{Case, Plan};
use crate::window::Window;

pub(super) const CHECKS: &[Check] = &[
    Check::new("ACC-08", leap_days),
    Check::new("TIME-09", years),
];

/// Windows around leap days and year ends: each is a download.
const MOST: u32 = 24;

/// A window that begins some seconds before a time and ends some after it.
fn around(api: &Api, time: DateTime, before: i64, after: i64) -> Option<Case> {
    let from = time.checked_sub(before.seconds()).ok()?;
    let to = time.checked_add(after.seconds()).ok()?;
    let window = Window::new(from, to).ok()?;
    let about = format!("the window {window}");
    // The same ten days later, which is a day like any other: what a target has against that is not the calendar.
    let later = Window::new(from + 10.days(), to + 10.days()).ok()?;
    Some(accepts(api, later, about, start(&api.body(window))))
}

fn leap_days(api: &Arc<Api>) -> Plan {
    let midnight = |year, month, day| date(year, month, day).at(0, 0, 0, 0);
    let borders = [
        (midnight(2024, 2, 29), 5, 5),
        (midnight(2024, 2, 29), 0, 60),
        (midnight(2024, 3, 1), 60, 0),
        (midnight(2024, 3, 1), 1, 1),
        (midnight(2000, 2, 29), 0, 60),
        (midnight(2024, 1, 1), 5, 5),
        (midnight(2025, 1, 1), 1, 0),
    ];
    let table = borders
        .into_iter()
        .filter_map(|(time, before, after)| around(api, time, before, after))
        .collect();
    let api = Arc::clone(api);
    let times = prop_oneof![
        (0..7_i16).prop_map(move |n| midnight(2000 + 4 * n, 2, 29)),
        (0..7_i16).prop_map(move |n| midnight(2000 + 4 * n, 3, 1)),
        (2000..2026_i16).prop_map(move |year| midnight(year, 1, 1)),
    ];
    let random = (times, 0..3600_i64, 1..3600_i64).prop_filter_map(
        "times have a window around them",
        move |(time, before, after)| around(&api, time, before, after),
    );
    Plan {
        most: Some(MOST),
        ..Plan::random(table, random.sboxed())
    }
}

/// Windows that end with the recorded one and begin years before it.
fn years(api: &Arc<Api>) -> Plan {
    let recorded = api.fixtures.recorded;
    let table = [3, 30].into_iter().filter_map(|years: i64| {
        let from = recorded.start().checked_sub(years.years()).ok()?;
        let window = Window::new(from, recorded.end()).ok()?;
        let about = format!("a window of {years} years");
        Some(reports(about, start(&api.body(window))))
    });
    Plan::table(table.collect())
}
