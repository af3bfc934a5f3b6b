//! PROG-02, PROG-03, PROG-04 and PROG-07: progress by the query; by callbacks where the target declares no query.

use std::time::Duration;

use crate::api::Api;
use crate::case::Opinion;
use crate::exchange::Exchange;
use crate::oracle::Outcome;
use crate::progress::{Reading, Told};
use crate::scene::{Download, Found, Part, View, Watched, conclusive};

pub(super) const LINES: &[Watched] = &[
    Watched {
        line: "PROG-02",
        parts: &[Part::Watch, Part::Long, Part::Burst],
        judge: |api, view| each(api, view, never_back),
    },
    Watched {
        line: "PROG-03",
        parts: &[Part::Watch, Part::Long],
        judge: |api, view| each(api, view, in_range),
    },
    Watched {
        line: "PROG-03/plain-number",
        parts: &[Part::Watch, Part::Long],
        judge: |api, view| each(api, view, plain),
    },
    Watched {
        line: "PROG-04",
        parts: &[Part::Watch, Part::Long],
        judge: ends,
    },
    Watched {
        line: "PROG-07",
        parts: &[Part::Watch, Part::Long],
        judge: |api, view| each(api, view, has_address),
    },
    Watched {
        line: "PROG-07/absolute-address",
        parts: &[Part::Watch, Part::Long],
        judge: |api, view| each(api, view, absolute),
    },
    Watched {
        line: "PROG-07/stable-address",
        parts: &[Part::Watch, Part::Long],
        judge: |api, view| each(api, view, stable),
    },
];

/// For verdicts that rest on a value which was not there.
pub(super) const NO_VALUE: &str = "no progress value was found; name it in the target file: [progress.query] progress = \"MEMBER\"";

/// What was told of a download over time.
pub(super) struct Series<'v> {
    pub(super) download: &'v Download,
    pub(super) readings: Vec<&'v Reading>,
    pub(super) end: Option<f64>,
    is_asked: bool,
}

impl<'v> Series<'v> {
    pub(super) fn of(api: &Api, view: &'v View, download: &'v Download) -> Self {
        let is_asked = api.query.is_some();
        let (readings, end) = if is_asked {
            (download.told().collect(), view.query_end)
        } else {
            let called = download.called_once().map(|called| &called.reading);
            (called.collect(), view.call_end)
        };
        Self {
            download,
            readings,
            end,
            is_asked,
        }
    }

    /// Readings that tell the end.
    pub(super) fn ends(&self) -> impl Iterator<Item = &'v Reading> + '_ {
        let is_end = |reading: &Reading| crate::progress::is_end(reading, self.end);
        self.readings.iter().copied().filter(move |r| is_end(r))
    }

    /// Readings with a number.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (&'v Reading, f64)> + '_ {
        let number = |r: &'v Reading| Some((r, r.told.number()?));
        self.readings.iter().copied().filter_map(number)
    }

    /// A finding that rests on these readings.
    fn found<'r>(
        &self,
        opinion: Opinion,
        readings: impl IntoIterator<Item = &'r Reading>,
    ) -> Found {
        let names: Vec<&str> = readings.into_iter().map(|r| r.by.as_str()).collect();
        let is_named = |id: &str| names.contains(&id);
        let asked = self.download.asked.iter().map(|a| &a.judged.exchange);
        let called = self.download.called.iter().map(|c| &c.receipt);
        Found::new(about(self.download), opinion)
            .by([&self.download.start.exchange])
            .by(asked.filter(|e| is_named(&e.id)))
            .heard(called.filter(|r| is_named(&r.id)))
    }
}

/// Which download it is.
pub(super) fn about(download: &Download) -> String {
    format!("the download {}", download.name)
}

/// Every download that was watched, if it was accepted.
fn each(api: &Api, view: &View, judge: fn(&Series<'_>) -> Found) -> Vec<Found> {
    let watched = [
        "PROG-04", "PROG-03", "PROG-02", "PROG-08", "PROG-09", "CALL-08",
    ];
    let downloads = watched.iter().flat_map(|line| view.of_line(line));
    let with_calls = downloads.filter(|d| api.query.is_some() || d.callback.is_some());
    let found = with_calls.map(|download| match download.refusal() {
        Some(why) => Found::open(about(download), why).by([&download.start.exchange]),
        None => judge(&Series::of(api, view, download)),
    });
    conclusive(found.collect())
}

fn never_back(series: &Series<'_>) -> Found {
    let mut highest: Option<(&Reading, f64)> = None;
    let mut count = 0;
    for (reading, value) in series.numbers() {
        count += 1;
        if let Some((before, _)) = highest.filter(|(_, highest)| value < *highest) {
            let opinion = Opinion::fail(
                format!("no less than {}, which was told before", before.told),
                format!("{} after {}", reading.told, before.told),
            );
            return series.found(opinion, [before, reading]);
        }
        highest = Some((reading, value));
    }
    let readings = [series.numbers().next(), series.numbers().last()];
    let readings = readings.into_iter().flatten().map(|(reading, _)| reading);
    match count {
        0 => Found::open(about(series.download), NO_VALUE),
        1 => Found::open(about(series.download), "one value is no course"),
        _ => series.found(Opinion::Pass, readings),
    }
}

fn in_range(series: &Series<'_>) -> Found {
    let end = series.end.unwrap_or(1.0);
    let wrong = series.numbers().find(|(_, v)| *v < 0.0 || *v > end);
    if let Some((reading, value)) = wrong {
        let opinion = Opinion::fail(format!("a value from 0 to {end}"), value.to_string());
        return series.found(opinion, [reading]);
    }
    let Some((last, _)) = series.numbers().last() else {
        return Found::open(about(series.download), NO_VALUE);
    };
    let scale = match series.end {
        None => "0 or 1",
        Some(1.0) => "fractions",
        Some(_) => "percent",
    };
    let dress = if last.is_text { "strings" } else { "numbers" };
    let way = if series.is_asked {
        "query"
    } else {
        "callbacks"
    };
    let seen = format!("the {way} told progress in {scale}, as {dress}");
    series.found(Opinion::Seen(seen), [last])
}

fn plain(series: &Series<'_>) -> Found {
    let is_odd = |told: &Told| match told {
        Told::Number { is_plain, .. } => !is_plain,
        Told::Word(_) => true,
        Told::Nothing => false,
    };
    let mut told = series.readings.iter().copied();
    if let Some(odd) = told.clone().find(|r| is_odd(&r.told)) {
        let got = match &odd.told {
            Told::Number { value, .. } => format!("{value} with something beside it"),
            other => other.to_string(),
        };
        return series.found(Opinion::fail("a plain number", got), [odd]);
    }
    match told.rfind(|r| r.told != Told::Nothing) {
        Some(last) => series.found(Opinion::Pass, [last]),
        None => Found::open(about(series.download), NO_VALUE),
    }
}

/// The first download has its time; each that reached the end stays there.
fn ends(api: &Api, view: &View) -> Vec<Found> {
    let seconds = api.limits.completion_seconds;
    let lasting = each(api, view, stays);
    let reached = view.of_line("PROG-04").map(|download| {
        let series = Series::of(api, view, download);
        if let Some(why) = download.refusal() {
            return Found::open(about(download), why).by([&download.start.exchange]);
        }
        if let Some(end) = series.ends().next() {
            return series.found(Opinion::Pass, [end]);
        }
        unended(&series, Duration::from_secs(seconds.into()))
    });
    conclusive(reached.chain(lasting).collect())
}

/// A download of which the end was not told.
fn unended(series: &Series<'_>, completion: Duration) -> Found {
    let download = series.download;
    let Some((last, _)) = series.numbers().last() else {
        return Found::open(about(download), NO_VALUE);
    };
    if series.end.is_none() && series.numbers().any(|(_, value)| value > 0.0) {
        let why = "whether 1 is the end cannot be told; name the scale in the target file: [progress.query] scale";
        return Found::open(about(download), why);
    }
    let start = &download.start.exchange;
    let asked = download.asked.last().map(|a| &a.judged.exchange);
    let until = asked.map_or(Duration::MAX, |e| e.at + e.took);
    if until.saturating_sub(start.at + start.took) < completion * 9 / 10 {
        return Found::open(about(download), "it was not watched to the end of its time");
    }
    let seconds = completion.as_secs();
    let opinion = Opinion::fail(
        format!("the end within {seconds} s (`limits.completion_seconds`)"),
        format!("{} was the last that was told", last.told),
    );
    series.found(opinion, [last])
}

fn stays(series: &Series<'_>) -> Found {
    let download = series.download;
    let Some(end) = series.ends().next() else {
        return lost(series);
    };
    let later = series.readings.iter().skip_while(|r| r.by != end.by);
    let is_end = |r: &Reading| crate::progress::is_end(r, series.end);
    if let Some(back) = later
        .clone()
        .find(|r| !is_end(r) && r.told != Told::Nothing)
    {
        let opinion = Opinion::fail(
            format!("{} for as long as it is kept", end.told),
            format!("{} later", back.told),
        );
        return series.found(opinion, [end, *back]);
    }
    let after = download
        .asked
        .iter()
        .skip_while(|a| a.judged.exchange.id != end.by);
    let forgotten = after.clone().find(|a| is_unknown(&a.judged.outcome));
    if let Some(forgotten) = forgotten {
        let exchange = &forgotten.judged.exchange;
        let opinion = Opinion::fail(
            format!(
                "{} for as long as it is kept (`limits.keep_seconds`)",
                end.told
            ),
            format!(
                "{} {} later",
                forgotten.judged.outcome,
                later_by(end, exchange)
            ),
        );
        return series.found(opinion, [end]).by([exchange]);
    }
    match series.readings.last() {
        Some(last) if last.by != end.by => series.found(Opinion::Pass, [end, *last]),
        _ => Found::open(about(download), "it was not looked at after its end"),
    }
}

/// A download that was known, and is not any more though its end was not told.
fn lost(series: &Series<'_>) -> Found {
    let asked = &series.download.asked;
    let known = asked.iter().rposition(|a| a.reading.is_some());
    let after = known.map(|at| (&asked[at], &asked[at + 1..]));
    let unknown = after.and_then(|(known, after)| {
        let unknown = after.iter().find(|a| is_unknown(&a.judged.outcome))?;
        Some((known.reading.as_ref()?, unknown))
    });
    let Some((known, unknown)) = unknown else {
        return Found::open(about(series.download), "the end was not told");
    };
    let opinion = Opinion::fail(
        format!("the end, some time after {}", known.told),
        unknown.judged.outcome.to_string(),
    );
    series
        .found(opinion, [known])
        .by([&unknown.judged.exchange])
}

pub(super) fn is_unknown(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Rejected(_) => true,
        Outcome::ProvesNothing(rejected) => rejected.status == 404,
        _ => false,
    }
}

fn later_by(end: &Reading, exchange: &Exchange) -> String {
    format!("{} ms", exchange.at.saturating_sub(end.to).as_millis())
}

/// What is told last counts: an address may come a moment after the end.
fn has_address(series: &Series<'_>) -> Found {
    let ends: Vec<_> = series.ends().collect();
    match ends.as_slice() {
        [] => Found::open(about(series.download), "the end was not told"),
        [.., last] if last.url.is_some() => series.found(Opinion::Pass, [*last]),
        [one] if series.is_asked => {
            let why = "the end was told once, and without an address; it may come later";
            series.found(Opinion::Inconclusive(why.to_owned()), [*one])
        }
        [first, .., last] => {
            let expected = "a file address once the progress is at the end";
            let got = "the end, and no file address";
            series.found(Opinion::fail(expected, got), [*first, *last])
        }
        [one] => series.found(Opinion::fail("a file address at the end", "none"), [*one]),
    }
}

fn absolute(series: &Series<'_>) -> Found {
    let told = series.readings.iter().copied();
    let mut told = told.filter_map(|r| Some((r, r.url.as_deref()?)));
    let is_absolute = |text: &str| {
        let scheme = text
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        let is_http = scheme.is_some_and(|scheme| matches!(scheme.as_str(), "http" | "https"));
        is_http && url::Url::parse(text).is_ok_and(|url| url.has_host())
    };
    match told.next_back() {
        None => Found::open(about(series.download), NO_ADDRESS),
        Some((reading, url)) if is_absolute(url) => series.found(Opinion::Pass, [reading]),
        Some((reading, url)) => {
            let opinion = Opinion::fail("an absolute http or https address", format!("{url:?}"));
            series.found(opinion, [reading])
        }
    }
}

const NO_ADDRESS: &str = "no file address was told";

fn stable(series: &Series<'_>) -> Found {
    let mut after = series
        .readings
        .iter()
        .copied()
        .skip_while(|r| r.url.is_none());
    let Some(first) = after.next() else {
        return Found::open(about(series.download), NO_ADDRESS);
    };
    let shown = |r: &Reading| r.url.clone().unwrap_or_default();
    match after.clone().find(|r| r.url != first.url) {
        Some(other) => {
            let opinion =
                Opinion::fail(format!("{:?}", shown(first)), format!("{:?}", shown(other)));
            series.found(opinion, [first, other])
        }
        None if after.next().is_none() => {
            Found::open(about(series.download), "the address was told once only")
        }
        None => series.found(Opinion::Pass, [first]),
    }
}
