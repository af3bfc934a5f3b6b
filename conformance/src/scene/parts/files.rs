//! The file of a download: read at once when the end is told, then by parts, then once more.

use std::time::Duration;

use http::Method;
use tokio::time::Instant;
use url::Url;

use crate::client::Fetch;
use crate::exchange::{Answer, Captured, Exchange};
use crate::file::{EDGE, MOST, range};
use crate::scene::stage::{Stage, Started};

/// Between two looks for a file that is not there, at first.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes that are read of a file that is only glanced at.
const GLANCE: u64 = EDGE as u64;
/// The longest part that is asked for.
const PART: u64 = 2 * EDGE as u64;

/// The address of a file, and which answer told it.
#[derive(Debug, Clone)]
struct Address {
    url: Url,
    captured: Option<Captured>,
}

fn get(stage: &Stage<'_>, address: &Address, most: u64) -> Fetch {
    Fetch {
        id: String::new(),
        url: address.url.clone(),
        captured: address.captured.clone(),
        method: Method::GET,
        range: None,
        most,
        time: stage.completion(),
        seed: stage.seed,
    }
}

/// The address of a file; one without scheme and host is looked for on the target.
pub(super) fn address(stage: &Stage<'_>, text: &str) -> Option<Url> {
    stage.session.base().join(text).ok()
}

/// Reads a file in every way, within the time in which it is kept.
pub(super) async fn read(stage: &Stage<'_>, started: &Started, url: Option<String>) {
    let until = Instant::now() + stage.keeping();
    let Some(url) = told(stage, started, url, until).await else {
        return;
    };
    let Some(length) = whole(stage, started, &url, until).await else {
        return;
    };
    let head = Fetch {
        method: Method::HEAD,
        ..get(stage, &url, 0)
    };
    stage.fetch(started, head.clone()).await;
    if stage.judges("FILE-03") {
        for asked in range::asked(length, stage.seed) {
            let part = Fetch {
                range: Some(asked),
                ..get(stage, &url, PART)
            };
            stage.fetch(started, part).await;
        }
        let range = Some(range::Asked::Between(0, 0));
        stage.fetch(started, Fetch { range, ..head }).await;
    }
    tokio::time::sleep_until(until).await;
    stage.fetch(started, get(stage, &url, MOST)).await;
}

/// Looks at the begin of a file at once, and again at the end of the time in which it is kept.
pub(super) async fn glance(stage: &Stage<'_>, started: &Started, url: Option<String>) {
    let until = Instant::now() + stage.keeping();
    let Some(url) = told(stage, started, url, until).await else {
        return;
    };
    stage.fetch(started, get(stage, &url, GLANCE)).await;
    tokio::time::sleep_until(until).await;
    stage.fetch(started, get(stage, &url, GLANCE)).await;
}

/// The address, as soon as one is told.
async fn told(
    stage: &Stage<'_>,
    started: &Started,
    url: Option<String>,
    until: Instant,
) -> Option<Address> {
    let mut url = url;
    while url.is_none() && Instant::now() < until {
        tokio::time::sleep(PAUSE / 10).await;
        let asked = started.readings().into_iter().rev().find_map(|r| r.url);
        let called = || {
            let receipts = started.place.as_ref()?.receipts();
            receipts
                .iter()
                .rev()
                .find_map(|r| crate::progress::callback(r).url)
        };
        url = asked.or_else(called);
    }
    let text = url?;
    let readings = started.readings();
    let told = readings.iter().find(|r| r.url.as_ref() == Some(&text));
    let query = stage.session.api.query.as_ref();
    let pointer = query.and_then(|query| query.spots.url_pointer());
    Some(Address {
        url: address(stage, &text)?,
        captured: told.zip(pointer).map(|(reading, pointer)| Captured {
            from: reading.by.clone(),
            pointer: pointer.to_owned(),
            at: "url".to_owned(),
        }),
    })
}

/// Reads the whole file, again and again until it is there; its length.
async fn whole(stage: &Stage<'_>, started: &Started, url: &Address, until: Instant) -> Option<u64> {
    let mut pause = PAUSE;
    loop {
        let exchange = stage.fetch(started, get(stage, url, MOST)).await;
        if let Some(length) = length(&exchange) {
            return Some(length);
        }
        if Instant::now() + pause > until {
            return None;
        }
        tokio::time::sleep(pause).await;
        pause = pause * 3 / 2;
    }
}

/// The length of a file that was given.
fn length(exchange: &Exchange) -> Option<u64> {
    let answer = exchange.answer().filter(|answer| answer.status == 200)?;
    let digest = answer.digest.as_ref()?;
    if digest.is_whole {
        Some(digest.length)
    } else {
        declared(answer)
    }
}

/// What `Content-Length` says.
pub(crate) fn declared(answer: &Answer) -> Option<u64> {
    let value = answer.headers.get(http::header::CONTENT_LENGTH)?;
    value.to_str().ok()?.trim().parse().ok()
}
