//! CALL-06, CALL-08, CALL-09, CALL-11 and CALL-12: callbacks after a rejection, and receivers that are not as they
//! should be.

use std::time::Duration;

use super::{found, silent};
use crate::api::Api;
use crate::case::Opinion;
use crate::checks::watched::prog::{Series, about};
use crate::exchange::Lost;
use crate::oracle::{Fault, Outcome};
use crate::receipt::{Door, Receipt, Reply};
use crate::scene::{Called, Download, Found, SLOW, View};

/// So much later than another answer is a delay.
const DELAY: Duration = Duration::from_secs(2);

/// The download that shows that callbacks arrive at all.
fn control(view: &View) -> Result<&Download, Vec<Found>> {
    let Some(control) = view.first("PROG-04") else {
        return Err(Vec::new());
    };
    match control.refusal() {
        Some(why) => Err(vec![Found::open(about(control), why)]),
        None if control.called.is_empty() => Err(vec![silent(control)]),
        None => Ok(control),
    }
}

pub(super) fn rejected(_: &Api, view: &View) -> Vec<Found> {
    if let Err(open) = control(view) {
        return open;
    }
    let requests = view.of_line("CALL-06").map(|request| {
        let outcome = &request.start.outcome;
        let is_rejected = matches!(outcome, Outcome::Rejected(_));
        if let Some(first) = request.called.first().filter(|_| is_rejected) {
            let expected = "no callback for a request that was rejected";
            return found(request, Opinion::fail(expected, "a callback"), [first]);
        }
        let opinion = match outcome {
            Outcome::Rejected(_) => Opinion::Pass,
            other => Opinion::Inconclusive(format!("the request was not rejected: {other}")),
        };
        found(request, opinion, [])
    });
    requests.collect()
}

pub(super) fn unreachable(api: &Api, view: &View) -> Vec<Found> {
    let Some(control) = view.numbered("CALL-08", 0) else {
        return Vec::new();
    };
    if let Some(why) = control.refusal() {
        return vec![Found::open(about(control), why)];
    }
    let others = view.of_line("CALL-08").filter(|d| d.name != control.name);
    others
        .map(|download| {
            let exchanges = [&control.start.exchange, &download.start.exchange];
            let address = download.callback.as_deref().unwrap_or_default();
            let name = format!("the callback address {address}, where nobody answers");
            Found::new(name, unreached(api, view, control, download)).by(exchanges)
        })
        .collect()
}

fn unreached(api: &Api, view: &View, control: &Download, download: &Download) -> Opinion {
    let outcome = &download.start.outcome;
    let address = download.callback.as_deref().unwrap_or_default();
    let is_closed = !address.contains("192.0.2.1");
    if !outcome.is_taken() {
        return match outcome {
            // An address that is for documentation only may be refused as such.
            Outcome::Rejected(_) if !is_closed => {
                Opinion::Inconclusive(format!("the address was refused: {outcome}"))
            }
            Outcome::Busy(_)
            | Outcome::ProvesNothing(_)
            | Outcome::Failure(Fault::Lost(Lost::NotReached(_))) => {
                Opinion::Inconclusive(outcome.to_string())
            }
            _ => Opinion::fail(
                "acceptance, whether somebody answers there or not",
                outcome.to_string(),
            ),
        };
    }
    let usual = api_time(view, control);
    let took = download.start.exchange.took;
    // On a busy machine any answer may take a second longer than another.
    if took >= (usual + DELAY).max(4 * usual) {
        return Opinion::fail(
            format!(
                "an answer as soon as with an address where somebody is ({} ms)",
                usual.as_millis()
            ),
            format!("an answer after {} ms", took.as_millis()),
        );
    }
    if api.query.is_none() {
        return Opinion::Seen(
            "whether the download goes on cannot be seen without a query".to_owned(),
        );
    }
    let ended = |d: &Download| Some(Series::of(api, view, d).ends().next()?.to);
    // What was asked for at the same time came to its end long ago: then it is no matter of waiting.
    let soon = Duration::from_secs(api.limits.completion_seconds.into()) / 2;
    let start = &control.start.exchange;
    let is_soon = ended(control).is_some_and(|end| end <= start.at + start.took + soon);
    match (ended(download).is_some(), is_soon) {
        (true, _) => Opinion::Pass,
        (false, false) => {
            Opinion::Inconclusive("another download did not come to its end soon either".to_owned())
        }
        (false, true) => {
            let last = download.told().last().map(|r| r.told.to_string());
            Opinion::fail(
                "a download that comes to its end like others",
                format!(
                    "{} was the last that was told of it",
                    last.unwrap_or("nothing".to_owned())
                ),
            )
        }
    }
}

/// The longest that an answer took to a request with an address where somebody is.
fn api_time(view: &View, control: &Download) -> Duration {
    let lines = ["PROG-04", "PROG-02", "PROG-08", "PROG-09"];
    let others = lines.iter().flat_map(|line| view.of_line(line));
    let times = others
        .filter(|d| d.start.outcome.is_taken())
        .map(|d| d.start.exchange.took);
    times
        .chain([control.start.exchange.took])
        .max()
        .unwrap_or_default()
}

pub(super) fn retried(api: &Api, view: &View) -> Vec<Found> {
    view.of_line("CALL-09")
        .map(|d| again(api, view, d))
        .collect()
}

fn again(api: &Api, view: &View, download: &Download) -> Found {
    if let Some(why) = download.refusal() {
        return Found::open(about(download), why);
    }
    let is_spoilt =
        |r: &Receipt| matches!(r.reply, Reply::Status(500) | Reply::Hang | Reply::Reset);
    let Some(at) = download.called.iter().position(|c| is_spoilt(&c.receipt)) else {
        let why = "no callback told the end, so none was answered badly".to_owned();
        return found(download, Opinion::Inconclusive(why), []);
    };
    let spoilt = &download.called[at];
    let what = match spoilt.receipt.reply {
        Reply::Status(_) => "was answered with 500",
        Reply::Reset => "met a reset connection",
        _ => "was not answered",
    };
    let is_end = |c: &&Called| view.is_call_end(&c.reading) || c.reading.url.is_some();
    match download.called[at + 1..].iter().find(is_end) {
        Some(again) => found(download, Opinion::Pass, [spoilt, again]),
        None => {
            let seconds = 2 * api.limits.completion_seconds;
            let expected = format!("the callback that {what} once more within {seconds} s");
            let got = "it did not come again; a target that waits longer needs a larger `limits.completion_seconds`";
            found(download, Opinion::fail(expected, got), [spoilt])
        }
    }
}

/// From the end, or from the start where there is no query, until the callback that tells the end.
fn lateness(api: &Api, view: &View, download: &Download) -> Option<Duration> {
    let called = download
        .called
        .iter()
        .find(|c| view.is_call_end(&c.reading))?;
    let start = &download.start.exchange;
    let from = if api.query.is_some() {
        download.told().find(|r| view.is_query_end(r))?.to
    } else {
        start.at + start.took
    };
    Some(called.reading.from.saturating_sub(from))
}

pub(super) fn beside(api: &Api, view: &View) -> Vec<Found> {
    let control = match control(view) {
        Ok(control) => control,
        Err(open) => return open,
    };
    let (Some(slow), Some(fast)) = (view.numbered("CALL-11", 0), view.numbered("CALL-11", 1))
    else {
        return Vec::new();
    };
    if let Some(why) = slow.refusal().or_else(|| fast.refusal()) {
        return vec![Found::open(about(fast), why)];
    }
    let open = |why: &str| vec![found(fast, Opinion::Inconclusive(why.to_owned()), [])];
    let Some(usual) = lateness(api, view, control) else {
        return open("without a slow receiver the end was not called");
    };
    // The slow receiver must have had something while the other one waited.
    let from = fast.start.exchange.at;
    let is_held = |c: &&Called| c.receipt.at <= from && from <= c.receipt.at + SLOW;
    let Some(held) = slow.called.iter().find(is_held) else {
        return open("the slow receiver had nothing to be slow with");
    };
    let seconds = SLOW.as_secs();
    let expected = format!(
        "the end as soon as without a slow receiver ({} ms after it was reached)",
        usual.as_millis()
    );
    let opinion = match lateness(api, view, fast) {
        Some(late) if late >= usual + SLOW * 7 / 10 => Opinion::fail(
            expected,
            format!(
                "{} ms after it, while another receiver took {seconds} s",
                late.as_millis()
            ),
        ),
        Some(_) => Opinion::Pass,
        None => Opinion::Inconclusive("the end was not called".to_owned()),
    };
    vec![found(
        fast,
        opinion,
        [held].into_iter().chain(fast.called.last()),
    )]
}

pub(super) fn redirected(_: &Api, view: &View) -> Vec<Found> {
    let judged = view.of_line("CALL-12").map(|download| {
        if let Some(why) = download.refusal() {
            return Found::open(about(download), why);
        }
        let is_sent = |c: &&Called| matches!(c.receipt.reply, Reply::Redirect(..));
        let Some(sent) = download.called.iter().find(is_sent) else {
            return silent(download);
        };
        let followed = download
            .called
            .iter()
            .find(|c| c.receipt.door == Door::Back);
        match followed {
            Some(followed) => {
                let expected = "no request to where the redirect leads";
                let got = format!("{} came there", followed.receipt.method);
                found(download, Opinion::fail(expected, got), [sent, followed])
            }
            None => found(download, Opinion::Pass, [sent]),
        }
    });
    judged.collect()
}
