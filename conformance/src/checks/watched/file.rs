//! FILE-01, 02, 04, 05, 06 and 07: the file behind the address that was told.

use std::sync::Arc;

use http::HeaderName;
use http::header;

use super::prog::{Series, about, is_unknown};
use crate::api::Api;
use crate::case::Opinion;
use crate::exchange::{Answer, Exchange, HeaderText, Lost, Received};
use crate::file::container::Container;
use crate::scene::{Download, Found, Part, View, Watched, declared_length};

pub(super) const LINES: &[Watched] = &[
    Watched {
        line: "FILE-01",
        parts: &[Part::Watch],
        judge: |_, view| vec![first(view, answers)],
    },
    Watched {
        line: "FILE-02",
        parts: &[Part::Watch],
        judge: |api, view| vec![first(view, |d, files| length(api, d, files))],
    },
    Watched {
        line: "FILE-04",
        parts: &[Part::Watch],
        judge: |api, view| vec![first(view, |d, files| plays(api, d, files))],
    },
    Watched {
        line: "FILE-05",
        parts: &[Part::Watch],
        judge: |_, view| vec![first(view, same)],
    },
    Watched {
        line: "FILE-06",
        parts: &[Part::Watch],
        judge: |_, view| vec![first(view, head)],
    },
    Watched {
        line: "FILE-07",
        parts: &[Part::Watch, Part::Long],
        judge: at_once,
    },
];

/// What a request for a file was.
pub(super) fn range_of(exchange: &Exchange) -> Option<&str> {
    let mut headers = exchange.sent.headers.iter();
    headers.find_map(|(name, value)| match value {
        HeaderText::Plain(text) if name == "range" => Some(text.as_str()),
        _ => None,
    })
}

pub(super) fn is_whole(exchange: &Exchange) -> bool {
    exchange.sent.method == "GET" && range_of(exchange).is_none()
}

/// A file that was given in one piece, as far as it was read.
#[derive(Clone, Copy)]
pub(super) struct Given<'e> {
    pub(super) exchange: &'e Arc<Exchange>,
    pub(super) answer: &'e Answer,
    /// Its whole length, if it is known.
    pub(super) length: Option<u64>,
}

pub(super) fn given(files: &[Arc<Exchange>]) -> impl DoubleEndedIterator<Item = Given<'_>> {
    let whole = files.iter().filter(|e| is_whole(e));
    whole.filter_map(|exchange| {
        let answer = exchange.answer().filter(|answer| answer.status == 200)?;
        let digest = answer.digest.as_ref()?;
        let length = if digest.is_whole {
            Some(digest.length)
        } else {
            declared_length(answer)
        };
        Some(Given {
            exchange,
            answer,
            length,
        })
    })
}

/// The file of the first download, if it can be judged.
pub(super) fn first(view: &View, judge: impl Fn(&Download, &[Arc<Exchange>]) -> Found) -> Found {
    let Some(download) = view.first("PROG-04") else {
        return Found::open("the file", "no download was watched");
    };
    if let Some(why) = download.refusal() {
        return Found::open(about(download), why).by([&download.start.exchange]);
    }
    match unread(download) {
        Some(why) => Found::open(file(download), why).by(download.files.first()),
        None => judge(download, &download.files),
    }
}

fn file(download: &Download) -> String {
    format!("the file of the download {}", download.name)
}

pub(super) fn found<'e>(
    download: &Download,
    opinion: Opinion,
    exchanges: impl IntoIterator<Item = &'e Arc<Exchange>>,
) -> Found {
    Found::new(file(download), opinion)
        .by([&download.start.exchange])
        .by(exchanges)
}

/// Why nothing can be said of a file: it was not asked for, or could not be asked for from here.
fn unread(download: &Download) -> Option<String> {
    let files = &download.files;
    let is_forgotten = download.asked.iter().any(|a| is_unknown(&a.judged.outcome));
    match files.first().map(|e| &e.received) {
        None => {
            Some("no file address was told with the end, so there was nothing to read".to_owned())
        }
        Some(Received::Lost(Lost::NotReached(why))) => Some(format!(
            "the host of the file address cannot be reached from here ({why})"
        )),
        // That it is forgotten is PROG-04's matter.
        Some(_) if is_forgotten && given(files).next().is_none() => {
            Some("the target knew the download no more when its file was asked for".to_owned())
        }
        _ => None,
    }
}

pub(super) fn what(exchange: &Exchange) -> String {
    match &exchange.received {
        Received::Answer(answer) => format!("HTTP {}", answer.status),
        Received::Lost(lost) => lost.to_string(),
    }
}

fn answers(download: &Download, files: &[Arc<Exchange>]) -> Found {
    if let Some(given) = given(files).next() {
        return found(download, Opinion::Pass, [given.exchange]);
    }
    let last = files.iter().rfind(|e| is_whole(e));
    let got = last.map_or("nothing".to_owned(), |e| what(e));
    found(download, Opinion::fail("HTTP 200 to a GET", got), last)
}

const NOT_GIVEN: &str = "the file was not given";

fn length(api: &Api, download: &Download, files: &[Arc<Exchange>]) -> Found {
    let told = download
        .text(&api.answer.size)
        .and_then(|t| t.parse::<u64>().ok());
    let last = given(files).next_back();
    let (Some(last), Some(told)) = (last, told) else {
        let name = api.answer.size.name();
        let why = last.map_or(NOT_GIVEN.to_owned(), |_| format!("`{name}` cannot be read"));
        return found(download, Opinion::Inconclusive(why), files.last());
    };
    let opinion = match last.length {
        _ if told == 0 => Opinion::Seen("the size is told as 0, which may mean unknown".to_owned()),
        None => Opinion::Inconclusive("the file is too long to be read here".to_owned()),
        Some(length) if length == told => Opinion::Pass,
        Some(length) => Opinion::fail(format!("{told} bytes"), format!("{length} bytes")),
    };
    found(download, opinion, [last.exchange])
}

fn plays(api: &Api, download: &Download, files: &[Arc<Exchange>]) -> Found {
    let Some(last) = given(files).next_back() else {
        return found(download, Opinion::Inconclusive(NOT_GIVEN.to_owned()), []);
    };
    let slices = last.answer.digest.as_ref().map_or(&[][..], |d| &d.slices);
    let expected = "an MP4 or an MPEG program stream";
    let seconds = match Container::of(slices) {
        Container::Mp4(Some(seconds)) | Container::MpegPs(Some(seconds)) => seconds,
        Container::Mp4(None) | Container::MpegPs(None) => {
            let seen = "a known container, whose duration cannot be read".to_owned();
            return found(download, Opinion::Seen(seen), [last.exchange]);
        }
        Container::Other(name) => {
            let seen = format!("the file is {name}; its duration is not read");
            return found(download, Opinion::Seen(seen), [last.exchange]);
        }
        Container::Unknown => {
            let opinion = Opinion::fail(expected, "no container that is known");
            return found(download, opinion, [last.exchange]);
        }
    };
    let told = download
        .text(&api.answer.duration)
        .and_then(|t| t.parse::<f64>().ok());
    let Some(told) = told else {
        let why = format!("`{}` cannot be read", api.answer.duration.name());
        return found(download, Opinion::Inconclusive(why), [last.exchange]);
    };
    // Rounding to seconds, and the last frame, whose end no time tells.
    let tolerance = f64::from(api.tolerance) + 1.0;
    let opinion = if (seconds - told).abs() <= tolerance {
        Opinion::Pass
    } else {
        Opinion::fail(
            format!("{told} s, give or take {} s", api.tolerance),
            format!("{seconds:.1} s"),
        )
    };
    found(download, opinion, [last.exchange])
}

fn same(download: &Download, files: &[Arc<Exchange>]) -> Found {
    let reads: Vec<_> = given(files)
        .filter_map(|g| Some((g, g.answer.digest.as_ref()?)))
        .collect();
    let [.., (one, first), (other, second)] = reads.as_slice() else {
        let why = "the file was not given twice".to_owned();
        return found(download, Opinion::Inconclusive(why), files.last());
    };
    let opinion = if first.length != second.length {
        // A file that grows is FILE-07's matter.
        Opinion::fail(
            format!("{} bytes again", first.length),
            format!("{} bytes", second.length),
        )
    } else if first.sha256 == second.sha256 {
        Opinion::Pass
    } else {
        Opinion::fail(
            format!("the same bytes (SHA-256 {})", first.sha256),
            format!("others (SHA-256 {})", second.sha256),
        )
    };
    found(download, opinion, [one.exchange, other.exchange])
}

/// Header fields that must not contradict each other.
const FIELDS: [HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::ETAG,
    header::LAST_MODIFIED,
    header::ACCEPT_RANGES,
];

fn head(download: &Download, files: &[Arc<Exchange>]) -> Found {
    let gets: Vec<_> = given(files).collect();
    let is_head = |e: &&Arc<Exchange>| e.sent.method == "HEAD" && range_of(e).is_none();
    let (Some(get), Some(head)) = (gets.first(), files.iter().find(is_head)) else {
        return found(
            download,
            Opinion::Inconclusive(NOT_GIVEN.to_owned()),
            files.last(),
        );
    };
    let exchanges = [get.exchange, head];
    let Some(answer) = head.answer() else {
        let opinion = Opinion::fail("HTTP 200, as to a GET", what(head));
        return found(download, opinion, exchanges);
    };
    if answer.status != get.answer.status {
        let opinion = Opinion::fail("HTTP 200, as to a GET", what(head));
        return found(download, opinion, exchanges);
    }
    let other = FIELDS.iter().find_map(|field| {
        // What differs between two GETs is no field to compare by.
        let mut values = gets.iter().map(|g| g.answer.headers.get(field));
        let value = values.next().flatten()?;
        let is_steady = values.all(|v| v == Some(value));
        let told = answer.headers.get(field)?;
        (is_steady && told != value).then_some((field, value, told))
    });
    let opinion = other.map_or(Opinion::Pass, |(field, value, told)| {
        let text =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Opinion::fail(
            format!("`{field}: {}`, as to a GET", text(value)),
            format!("`{field}: {}`", text(told)),
        )
    });
    found(download, opinion, exchanges)
}

fn at_once(api: &Api, view: &View) -> Vec<Found> {
    let downloads = ["PROG-04", "PROG-02"]
        .iter()
        .flat_map(|line| view.of_line(line));
    downloads
        .map(|download| match download.refusal() {
            Some(why) => Found::open(about(download), why),
            None => whole_at_once(api, view, download),
        })
        .collect()
}

/// Statuses that mean that something is not there yet.
const NOT_YET: [u16; 7] = [202, 204, 404, 409, 410, 423, 425];

fn whole_at_once(api: &Api, view: &View, download: &Download) -> Found {
    if let Some(late) = late_address(api, view, download) {
        return late;
    }
    if let Some(why) = unread(download) {
        return Found::open(file(download), why).by(download.files.first());
    }
    let whole: Vec<_> = download.files.iter().filter(|e| is_whole(e)).collect();
    let Some(first) = whole.first() else {
        return Found::open(file(download), NOT_GIVEN);
    };
    let expected = "the whole file at once, since the end was told";
    let last = given(&download.files).next_back();
    let Some(answer) = first.answer() else {
        return found(download, Opinion::fail(expected, what(first)), [*first]);
    };
    if answer.status != 200 {
        let is_gap = NOT_YET.contains(&answer.status) || answer.status >= 500 || last.is_some();
        let opinion = if is_gap {
            Opinion::fail(expected, what(first))
        } else {
            Opinion::Inconclusive(format!("{} to a GET", what(first)))
        };
        return found(
            download,
            opinion,
            [*first].into_iter().chain(last.map(|l| l.exchange)),
        );
    }
    let size = |given: Given<'_>| given.length;
    let begin = given(&download.files).next().and_then(size);
    let end = last.and_then(size);
    let opinion = match (begin, end) {
        (Some(begin), Some(end)) if begin < end => {
            Opinion::fail(expected, format!("{begin} bytes, and {end} bytes later"))
        }
        (Some(_), Some(_)) => Opinion::Pass,
        _ => Opinion::Inconclusive("the length of the file is not told".to_owned()),
    };
    found(
        download,
        opinion,
        [*first].into_iter().chain(last.map(|l| l.exchange)),
    )
}

/// The end was told again and again without an address, which came later: there was nothing to read at the end.
fn late_address(api: &Api, view: &View, download: &Download) -> Option<Found> {
    let series = Series::of(api, view, download);
    let ends: Vec<_> = series.ends().collect();
    let without = ends.iter().take_while(|r| r.url.is_none()).count();
    let told = ends.get(without)?;
    let first = ends.first().filter(|_| without > 1)?;
    // Callbacks may have told it in time.
    let is_early = |r: &crate::progress::Reading| r.url.is_some() && r.to <= first.to;
    if download.called.iter().any(|c| is_early(&c.reading)) {
        return None;
    }
    let late = told.from.saturating_sub(first.to).as_millis();
    let opinion = Opinion::fail(
        "the whole file at once, since the end was told",
        format!("a file address only {late} ms later"),
    );
    let asked = download.asked.iter().map(|a| &a.judged.exchange);
    let shown = asked.filter(|e| e.id == first.by || e.id == told.by);
    Some(found(download, opinion, shown))
}
