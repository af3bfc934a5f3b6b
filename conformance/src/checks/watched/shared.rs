//! PROG-08: two downloads at the same time do not share progress. Queries alternate; that one download is told what the
//! other one is told, between two looks at that, again and again, is no chance.

use super::prog::{NO_VALUE, Series, about};
use crate::api::Api;
use crate::case::Opinion;
use crate::progress::Reading;
use crate::scene::{Called, Found, Part, View, Watched};

pub(super) const LINES: &[Watched] = &[Watched {
    line: "PROG-08",
    parts: &[Part::Watch, Part::Long],
    judge: shared,
}];

/// Equal values between two looks that make up a proof, all of them different.
const PROOF: usize = 3;
/// How far apart two looks may be, as a part of the scale.
const CLOSE: f64 = 0.15;
/// So much of the scale a download that has just begun must have, to be suspected of having it from another one.
const BEGUN: f64 = 0.08;
/// Steps of a scale that count as one: values may be rounded.
const STEP: f64 = 0.011;

fn shared(api: &Api, view: &View) -> Vec<Found> {
    let (Some(one), Some(other)) = (view.first("PROG-02"), view.first("PROG-08")) else {
        return Vec::new();
    };
    if let Some(why) = one.refusal().or_else(|| other.refusal()) {
        return vec![Found::open(about(other), why)];
    }
    let name = format!("{} beside {}", about(other), one.name);
    if one.id == other.id {
        let why = "both have one id: the recorded window is too short for two downloads";
        return vec![Found::open(name, why)];
    }
    let (first, second) = (Series::of(api, view, one), Series::of(api, view, other));
    let opinion = if at_once(api, view, &second) || at_once(api, view, &first) {
        Opinion::fail(
            "progress of its own",
            "the end at the first query, without a file address, as only a download that is at its end has told before",
        )
    } else {
        compare(&first, &second)
    };
    let starts = [&one.start.exchange, &other.start.exchange];
    let queries = |series: &Series<'_>| -> Vec<_> {
        let asked = series
            .download
            .asked
            .iter()
            .map(|a| a.judged.exchange.clone());
        asked.take(3).collect()
    };
    let found = Found::new(name, opinion).by(starts);
    vec![found.by(&queries(&second)).by(&queries(&first))]
}

/// A download tells the end before anything else and has no file, though it is not at its end: a shorter one took
/// longer, or its own callbacks tell less afterwards.
fn at_once(api: &Api, view: &View, series: &Series<'_>) -> bool {
    let is_end = |r: &Reading| crate::progress::is_end(r, series.end);
    let Some(first) = series
        .readings
        .first()
        .filter(|r| is_end(r) && r.url.is_none())
    else {
        return false;
    };
    let views = std::iter::once(view).chain(view.before.as_deref());
    let mut watched = views.filter_map(|v| Some(Series::of(api, v, v.first("PROG-04")?)));
    let took_time = watched.any(|s| {
        let begins = s
            .readings
            .first()
            .is_some_and(|r| !crate::progress::is_end(r, s.end));
        // Where no end has an address, the lack of one proves nothing.
        begins && s.ends().any(|r| r.url.is_some())
    });
    let less =
        |called: &Called| called.reading.from > first.to && !view.is_call_end(&called.reading);
    took_time || series.download.called.iter().any(less)
}

fn compare(first: &Series<'_>, second: &Series<'_>) -> Opinion {
    let Some(end) = first.end else {
        return Opinion::Inconclusive(NO_VALUE.to_owned());
    };
    let looks: Vec<_> = first.numbers().collect();
    let (mut equal, mut met) = (Vec::new(), Vec::new());
    for (reading, value) in second.numbers() {
        let before = looks.iter().rev().find(|(r, _)| r.to <= reading.from);
        let after = looks.iter().find(|(r, _)| r.from >= reading.to);
        let (Some((_, low)), Some((_, high))) = (before, after) else {
            continue;
        };
        let (low, high) = (low / end, high / end);
        let value = value / end;
        if value < low - STEP || value > high + STEP {
            return Opinion::Pass;
        }
        met.push(value);
        let is_inside = low > 0.0 && high < 1.0;
        if is_inside && high - low <= CLOSE && equal.last() != Some(&value) {
            equal.push(value);
        }
    }
    let begun = second
        .numbers()
        .next()
        .map_or(0.0, |(_, value)| value / end);
    if equal.len() >= PROOF && begun >= BEGUN {
        let values: Vec<_> = equal.iter().map(|v| format!("{:.0}%", v * 100.0)).collect();
        return Opinion::fail(
            "progress of its own for each download",
            format!(
                "the second one told what the first one told at the same time, from {:.0}% on: {}",
                begun * 100.0,
                values.join(", ")
            ),
        );
    }
    let url = |series: &Series<'_>| series.ends().filter_map(|r| r.url.clone()).last();
    match (url(first), url(second)) {
        (Some(one), Some(other)) if one != other => Opinion::Seen(
            "the two were never seen at different progress; their file addresses differ".to_owned(),
        ),
        _ if met.is_empty() => Opinion::Inconclusive(NO_VALUE.to_owned()),
        _ => Opinion::Inconclusive(
            "the two were never seen at different progress; a longer recorded window would show more".to_owned(),
        ),
    }
}
