//! CALL: what comes to the callback address of a download, and when.

mod agree;
mod order;
mod others;

use serde_json::Value;

use super::prog::about;
use crate::api::Api;
use crate::case::Opinion;
use crate::progress::{self, DOWNLOAD_PROGRESS, FILE_URL, STREAM_ID};
use crate::receipt::Receipt;
use crate::scene::{Called, Download, Found, Part, View, Watched, conclusive};

pub(super) const LINES: &[Watched] = &[
    line("CALL-01", &[Part::Watch], |_, view| each(view, arrives)),
    line("CALL-02", WATCHED, |_, view| each(view, names)),
    line("CALL-03", WATCHED, foreign),
    line("CALL-04", WATCHED, |_, view| each(view, order::never_back)),
    line("CALL-05", WATCHED, |_, view| each(view, last)),
    line("CALL-06", &[Part::Watch, Part::Rejected], others::rejected),
    line(
        "CALL-08",
        &[Part::Watch, Part::Unreachable],
        others::unreachable,
    ),
    line("CALL-09", &[Part::Watch, Part::Spoilt], others::retried),
    line("CALL-11", &[Part::Watch, Part::Slow], others::beside),
    line("CALL-12", &[Part::Watch, Part::Spoilt], others::redirected),
    line("CALL-13", WATCHED, agree::agree),
    line("CALL-14", WATCHED, |_, view| each(view, |_, d| media(d))),
];

const WATCHED: &[Part] = &[Part::Watch, Part::Long];

const fn line(
    line: &'static str,
    parts: &'static [Part],
    judge: fn(&Api, &View) -> Vec<Found>,
) -> Watched {
    Watched { line, parts, judge }
}

/// Downloads whose callbacks were all taken at once, and that were watched until the end.
const TAKEN: [&str; 2] = ["PROG-04", "PROG-02"];

pub(super) const NO_CALLS: &str = "no callback arrived";

/// Every download that was watched with a callback address.
fn each(view: &View, judge: fn(&View, &Download) -> Found) -> Vec<Found> {
    let downloads = TAKEN.iter().flat_map(|line| view.of_line(line));
    let with_address = downloads.filter(|download| download.callback.is_some());
    let found = with_address.map(|download| match download.refusal() {
        Some(why) => Found::open(about(download), why).by([&download.start.exchange]),
        None => judge(view, download),
    });
    conclusive(found.collect())
}

/// What is found of a download, resting on these callbacks.
fn found<'c>(
    download: &Download,
    opinion: Opinion,
    called: impl IntoIterator<Item = &'c Called>,
) -> Found {
    let receipts: Vec<_> = called.into_iter().map(|c| c.receipt.clone()).collect();
    Found::new(about(download), opinion)
        .by([&download.start.exchange])
        .heard(&receipts)
}

fn silent(download: &Download) -> Found {
    found(download, Opinion::Inconclusive(NO_CALLS.to_owned()), [])
}

/// True if a callback to no given address is that of a download.
pub(super) fn is_of(called: &Called, download: &Download) -> bool {
    download.id.is_some() && called.reading.id == download.id
}

/// By the first download: later ones may have to wait for receivers that are slow, which is CALL-11's matter.
fn arrives(view: &View, download: &Download) -> Found {
    if download.line() != TAKEN[0] && download.called.is_empty() {
        return silent(download);
    }
    if let Some(first) = download.called.first() {
        return found(download, Opinion::Pass, [first]);
    }
    if let Some(stray) = view.strays.iter().find(|stray| is_of(stray, download)) {
        // It came, only not to the path: that is CALL-07's matter.
        return found(download, Opinion::Pass, [stray]);
    }
    let address = download.callback.as_deref().unwrap_or_default();
    let expected = "at least one callback within `limits.completion_seconds`";
    let got = format!(
        "none came to {address}; if the target reaches this machine by another address only, name that with --callback-url"
    );
    found(download, Opinion::fail(expected, got), [])
}

fn names(view: &View, download: &Download) -> Found {
    for called in &download.called {
        let wrong = progress::callback_body(&called.receipt)
            .map(|body| misnamed(&body, view.is_call_end(&called.reading)));
        match wrong {
            None => {
                let why = "the payload is neither JSON nor a form, so its names cannot be read";
                return found(download, Opinion::Inconclusive(why.to_owned()), [called]);
            }
            Some(Some(got)) => {
                let expected = format!("`{STREAM_ID}`, `{FILE_URL}` and `{DOWNLOAD_PROGRESS}`");
                return found(download, Opinion::fail(expected, got), [called]);
            }
            Some(None) => {}
        }
    }
    match download.called.last() {
        None => silent(download),
        Some(last) => found(download, Opinion::Pass, [last]),
    }
}

/// What is wrong with the names of a payload. Before the end the file address may be missing as well as empty.
fn misnamed(body: &Value, is_end: bool) -> Option<String> {
    let Some(members) = body.as_object() else {
        return Some(format!(
            "{} in place of an object",
            crate::oracle::kind_of(Some(body))
        ));
    };
    let like = |name: &str| {
        let plain = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
        let is_like = |member: &&String| plain(member) == plain(name);
        members.keys().find(is_like).cloned()
    };
    [STREAM_ID, DOWNLOAD_PROGRESS, FILE_URL]
        .into_iter()
        .filter(|name| !members.contains_key(*name))
        .find_map(|name| match like(name) {
            Some(other) => Some(format!("`{other}` in place of `{name}`")),
            None if name == FILE_URL && !is_end => None,
            None => Some(format!("no `{name}`")),
        })
}

fn foreign(_: &Api, view: &View) -> Vec<Found> {
    let called = view
        .all()
        .filter(|d| !d.called.is_empty() && d.id.is_some());
    let judged = called.map(|download| {
        let id = download.id.as_deref().unwrap_or_default();
        let told = |called: &Called| {
            let body = progress::callback_body(&called.receipt)?;
            body.get(STREAM_ID).map(|id| match id {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })
        };
        let mut has_id = false;
        for called in &download.called {
            let Some(told) = told(called) else { continue };
            has_id = true;
            if told != id {
                let expected = format!("`{STREAM_ID}` {id:?}");
                return found(
                    download,
                    Opinion::fail(expected, format!("{told:?}")),
                    [called],
                );
            }
        }
        let opinion = if has_id {
            Opinion::Pass
        } else {
            Opinion::Inconclusive(format!("no callback has `{STREAM_ID}`"))
        };
        found(download, opinion, download.called.first())
    });
    judged.collect()
}

fn last(view: &View, download: &Download) -> Found {
    let Some(last) = download.called_once().last() else {
        return silent(download);
    };
    let has_ended = download.told().any(|reading| view.is_query_end(reading));
    let is_end = view.is_call_end(&last.reading);
    let body = progress::callback_body(&last.receipt);
    if body.is_none_or(|body| misnamed(&body, is_end).is_some()) {
        let why = "the payload has other names, which is CALL-02's matter";
        return found(download, Opinion::Inconclusive(why.to_owned()), [last]);
    }
    // A long download may need more time than the first one has.
    let is_asked = !download.asked.is_empty() || download.line() != TAKEN[0];
    if !is_end && !has_ended && is_asked {
        let why = "the download was not at its end when it was last looked at";
        return found(download, Opinion::Inconclusive(why.to_owned()), [last]);
    }
    if view.call_end.is_none() && last.reading.told.number().is_some_and(|v| v > 0.0) {
        let why = "whether 1 is the end cannot be told; name the scale in the target file: [progress.callback] scale";
        return found(download, Opinion::Inconclusive(why.to_owned()), [last]);
    }
    let body = progress::callback_body(&last.receipt);
    let is_misnamed = body.is_none_or(|body| misnamed(&body, true).is_some());
    let expected = "the end, with a file address";
    let opinion = match (is_end, &last.reading.url) {
        (true, Some(_)) => Opinion::Pass,
        _ if is_misnamed => Opinion::Inconclusive(
            "the names of the last callback are not the page's, which is CALL-02's matter"
                .to_owned(),
        ),
        (true, None) => Opinion::fail(expected, "the end without a file address"),
        (false, _) => Opinion::fail(
            expected,
            format!("{} in the last callback", last.reading.told),
        ),
    };
    found(download, opinion, [last])
}

fn media(download: &Download) -> Found {
    let media = |receipt: &Receipt| {
        let value = receipt.headers.get(http::header::CONTENT_TYPE)?;
        let essence = value.to_str().ok()?.split(';').next()?;
        Some(essence.trim().to_ascii_lowercase())
    };
    let is_json =
        |text: &str| text == "application/json" || text == "text/json" || text.ends_with("+json");
    let odd = download.called.iter().find(|called| {
        let media = media(&called.receipt);
        !media.is_some_and(|media| is_json(&media))
    });
    match (odd, download.called.last()) {
        (Some(odd), _) => {
            let got =
                media(&odd.receipt).map_or("no Content-Type".to_owned(), |m| format!("{m:?}"));
            found(download, Opinion::fail("a JSON media type", got), [odd])
        }
        (None, Some(last)) => found(download, Opinion::Pass, [last]),
        (None, None) => silent(download),
    }
}
