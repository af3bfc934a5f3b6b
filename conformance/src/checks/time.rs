//! TIME: order, form and values of the two times.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::{ToSpan, civil};
use proptest::prelude::*;

use super::Check;
use super::expect::{NOT_FOUND, rejected_or_nothing, rejects, rejects_also, text};
use crate::api::{Api, start};
use crate::case::{Case, Judge, Plan};
use crate::request::{Kind, Request};
use crate::window::Window;

pub(super) const CHECKS: &[Check] = &[
    Check::new("TIME-01", reversed),
    Check::new("TIME-02", own_example),
    Check::new("TIME-03", empty),
    Check::new("TIME-04", no_time),
    Check::new("TIME-05", near_misses),
    Check::new("TIME-06", impossible),
    Check::new("TIME-06/clipped-values", clipped),
    Check::new("TIME-07", future),
    Check::new("TIME-08", without_recording),
];

/// The page's example request, as the page prints it.
const OWN_EXAMPLE: &str = r#"{"device_unicode":"55","platfrom_id":"2","source_type":"1","channel":"1","start_time":"2025-04-04T21:36:17","end_time":"2024-06-21T10:16:23","callback":"http://xxxxxx"}"#;

/// The recorded window with other texts for its ends.
fn ends(api: &Api, about: String, start_time: &str, end_time: &str, also: &'static [u16]) -> Case {
    let mut body = api.body(api.fixtures.recorded);
    body.insert(api.names.start.clone(), start_time.into());
    body.insert(api.names.end.clone(), end_time.into());
    rejects_also(about, start(&body), also)
}

fn between(api: &Api, about: &str, from: DateTime, to: DateTime) -> Case {
    ends(
        api,
        format!("{about}: {from} to {to}"),
        &from.to_string(),
        &to.to_string(),
        NOT_FOUND,
    )
}

/// Every pair of times within the recorded window, the later one first.
fn reversed(api: &Arc<Api>) -> Plan {
    let recorded = api.fixtures.recorded;
    let (first, last) = (recorded.start(), recorded.end());
    let about = "the start is after the end";
    let mut table = vec![
        between(api, about, recorded.at(1), first),
        between(api, about, last, recorded.at(recorded.seconds() - 1)),
        between(api, about, last, first),
    ];
    table.extend(
        first
            .checked_sub(1.year())
            .map(|before| between(api, about, first, before)),
    );
    let api = Arc::clone(api);
    let random = recorded
        .parts()
        .prop_map(move |window| between(&api, about, window.end(), window.start()))
        .sboxed();
    Plan::random(table, random)
}

fn own_example(_: &Arc<Api>) -> Plan {
    let request = Request::json(Kind::Start, OWN_EXAMPLE);
    Plan::table(vec![rejects_also(
        "the page's own example",
        request,
        NOT_FOUND,
    )])
}

fn empty(api: &Arc<Api>) -> Plan {
    let recorded = api.fixtures.recorded;
    let case = move |api: &Api, at: u32| {
        let time = recorded.at(at);
        between(api, "the start is the end", time, time)
    };
    let n = recorded.seconds();
    let table = vec![case(api, n / 2), case(api, 0), case(api, n)];
    let api = Arc::clone(api);
    Plan::random(table, (0..=n).prop_map(move |at| case(&api, at)).sboxed())
}

/// One end with a text that is no valid time, the other one as it was.
fn one_end(api: &Api, is_start: bool, text: &str) -> Case {
    let name = if is_start {
        &api.names.start
    } else {
        &api.names.end
    };
    let body = api.body_with(api.fixtures.recorded, name, text);
    rejects(format!("`{name}` is {text:?}"), start(&body))
}

fn both_ends(api: &Arc<Api>, texts: impl Iterator<Item = String>) -> Vec<Case> {
    texts
        .flat_map(|text| [true, false].map(|is_start| one_end(api, is_start, &text)))
        .collect()
}

/// Words and punctuation. No word that some parser takes for a time ("now", "may", a single letter).
fn no_time(api: &Arc<Api>) -> Plan {
    let words = ["not-a-time", "录像", "--T::", "null", "T", "{}"];
    let table = both_ends(api, words.iter().map(|word| (*word).to_owned()));
    let api = Arc::clone(api);
    let text = text("x[bcdfghjklmnpqrstvwxz]{4,12}|[-:/.;#?!]{2,10}|[一-龥]{2,8}");
    let random = (any::<bool>(), text)
        .prop_map(move |(is_start, text)| one_end(&api, is_start, &text))
        .sboxed();
    Plan::random(table, random)
}

fn near_misses(api: &Arc<Api>) -> Plan {
    let mut table = Vec::new();
    for (is_start, time) in [
        (true, api.fixtures.recorded.start()),
        (false, api.fixtures.recorded.end()),
    ] {
        table.extend(
            misses(time)
                .into_iter()
                .map(|text| one_end(api, is_start, &text)),
        );
    }
    Plan::table(table)
}

/// Ways of writing a time that are almost the page's.
fn misses(time: DateTime) -> Vec<String> {
    let text = time.to_string();
    let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
    let short = clock.rsplit_once(':').map_or(clock, |(short, _)| short);
    let wide = |c: char| match c.to_digit(10) {
        Some(digit) => char::from_u32(u32::from('０') + digit).unwrap_or(c),
        None => c,
    };
    let epoch = time
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map(|zoned| zoned.timestamp().as_second());
    vec![
        format!("{text}Z"),
        format!("{text}+08:00"),
        format!("{text}.5"),
        format!("{date} {clock}"),
        format!("{date}t{clock}"),
        format!("{}T{clock}", date.replace('-', "/")),
        format!("{date}T{short}"),
        date.to_owned(),
        format!("{}-{}-{}T{clock}", time.year(), time.month(), time.day()),
        format!("{date}T{}:{}:{}", time.hour(), time.minute(), time.second()),
        epoch.unwrap_or(1_743_774_977).to_string(),
        text.chars().map(wide).collect(),
        format!(" {text}"),
        format!("{text} "),
    ]
    .into_iter()
    // A time without one-digit fields is written the same either way.
    .filter(|miss| *miss != text)
    .collect()
}

/// A value that a lenient reader carries over to a later time: the end, with the start inside the recording. One that
/// it takes for an earlier time: the start. So a lenient reading overlaps the recording, and "no recording" cannot
/// hide the fault.
fn impossible(api: &Arc<Api>) -> Plan {
    let (first, last) = (api.fixtures.recorded.start(), api.fixtures.recorded.end());
    let (from, to) = (Text::of(first), Text::of(first));
    let end = |text: Text| one_end_from(api, false, first, &text.to_string());
    let start = |text: Text| one_end_from(api, true, last, &text.to_string());
    Plan::table(vec![
        start(Text { month: 0, ..from }),
        end(Text { month: 13, ..to }),
        start(Text { day: 0, ..from }),
        end(Text { day: 32, ..to }),
        end(Text { hour: 25, ..to }),
        end(Text { minute: 60, ..to }),
    ])
}

/// Values that common parsers clip or carry over.
fn clipped(api: &Arc<Api>) -> Plan {
    let (first, last) = (api.fixtures.recorded.start(), api.fixtures.recorded.end());
    let to = Text::of(first);
    let mut table = vec![
        one_end_from(
            api,
            false,
            first,
            &Text {
                hour: 24,
                minute: 0,
                second: 0,
                ..to
            }
            .to_string(),
        ),
        one_end_from(api, false, first, &Text { second: 60, ..to }.to_string()),
    ];
    // Days that do not exist, each the last before the recording.
    for (month, day) in [(2, 29), (2, 30), (4, 31)] {
        let year = (0..8).map(|n| first.year() - n).find(|year| {
            let is_leap = civil::Date::new(*year, 2, 29).is_ok();
            let after = civil::Date::new(*year, month + 1, 2);
            (day != 29 || !is_leap) && after.is_ok_and(|after| after <= first.date())
        });
        table.extend(year.map(|year| {
            let text = Text {
                year,
                month,
                day,
                ..to
            }
            .to_string();
            one_end_from(api, true, last, &text)
        }));
    }
    Plan::table(table)
}

/// One end with a text, the other one at a time.
fn one_end_from(api: &Api, is_start: bool, other: DateTime, text: &str) -> Case {
    let name = if is_start {
        &api.names.start
    } else {
        &api.names.end
    };
    let about = format!("`{name}` is {text:?}");
    let other = other.to_string();
    let (from, to) = if is_start {
        (text, other.as_str())
    } else {
        (other.as_str(), text)
    };
    ends(api, about, from, to, &[])
}

/// The fields of a time, whatever their values.
#[derive(Clone, Copy)]
struct Text {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
}

impl Text {
    fn of(time: DateTime) -> Self {
        Self {
            year: time.year(),
            month: time.month(),
            day: time.day(),
            hour: time.hour(),
            minute: time.minute(),
            second: time.second(),
        }
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )
    }
}

/// A window that must be rejected, or hold nothing.
fn holds_nothing(api: &Api, about: &str, window: Window) -> Case {
    let judge: Judge = Arc::new(|api, answers| {
        answers
            .last()
            .map_or(super::expect::nothing(), |a| rejected_or_nothing(api, a))
    });
    let request = start(&api.body(window));
    Case {
        judge,
        ..rejects(format!("{about}: {window}"), request)
    }
}

fn future(api: &Arc<Api>) -> Plan {
    // A fixed time rather than one from the clock: the same seed gives the same cases on any day.
    let start = civil::date(2099, 1, 1).at(0, 0, 0, 0);
    let window = Window::new(start, start + 10.minutes()).ok();
    let case = window.map(|window| holds_nothing(api, "a window in the future", window));
    Plan::table(case.into_iter().collect())
}

fn without_recording(api: &Arc<Api>) -> Plan {
    let window = api.fixtures.empty_window;
    let case = window.map(|window| holds_nothing(api, "a window without recordings", window));
    Plan::table(case.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use smsload_spec::local_date_time;

    use super::{OWN_EXAMPLE, Text, misses};

    #[test]
    fn the_pages_example_is_the_pages() {
        let page = include_str!("../../tests/it/page-example.json");
        let page: serde_json::Value = serde_json::from_str(page).unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(OWN_EXAMPLE).unwrap(),
            page
        );
    }

    #[test]
    fn near_misses_are_no_times_of_the_page() {
        let time = local_date_time("2025-04-04T21:36:17").unwrap();
        let misses = misses(time);
        assert_eq!(misses.len(), 13);
        for miss in &misses {
            let is_fraction = miss.contains('.');
            assert!(is_fraction || local_date_time(miss).is_none(), "{miss}");
        }
        let odd = Text {
            month: 13,
            ..Text::of(time)
        };
        assert_eq!(odd.to_string(), "2025-13-04T21:36:17");
    }
}
