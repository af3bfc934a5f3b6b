//! FILE-03: what comes in answer to byte ranges.

use std::sync::Arc;

use super::file::{Given, first, found, given, is_whole, range_of, what};
use crate::case::Opinion;
use crate::exchange::{Answer, Exchange};
use crate::file::range::{Asked, Named};
use crate::scene::{Download, Found, Part, Watched, declared_length};

pub(super) const LINES: &[Watched] = &[Watched {
    line: "FILE-03",
    parts: &[Part::Watch],
    judge: |_, view| vec![first(view, ranges)],
}];

fn ranges(download: &Download, files: &[Arc<Exchange>]) -> Found {
    let open = |why: &str| {
        found(
            download,
            Opinion::Inconclusive(why.to_owned()),
            files.last(),
        )
    };
    let Some(file) = given(files).next() else {
        return open("the file was not given");
    };
    let Some(length) = file.length else {
        return open("the length of the file is not told");
    };
    let asked = files.iter().filter(|e| !is_whole(e));
    let asked = asked.filter_map(|e| Some((e, Asked::parse(range_of(e)?)?)));
    let (mut ignored, mut count) = (0, 0);
    for (exchange, asked) in asked {
        let opinion = if exchange.sent.method == "HEAD" {
            to_head(exchange)
        } else {
            to_get(exchange, asked, length, &file)
        };
        count += 1;
        match opinion {
            Opinion::Pass => {}
            Opinion::Seen(_) => ignored += 1,
            other => return found(download, other, [file.exchange, exchange]),
        }
    }
    let last = files.iter().rfind(|e| !is_whole(e));
    match count {
        0 => open("no range was asked for"),
        _ if ignored > 0 => {
            let seen = format!(
                "{ignored} of {count} ranges were ignored, and answered with the whole file"
            );
            found(download, Opinion::Seen(seen), last)
        }
        _ => found(download, Opinion::Pass, last),
    }
}

/// RFC 9110 §14.2: a range in any other method than GET is ignored.
fn to_head(exchange: &Exchange) -> Opinion {
    match exchange.answer() {
        // Whoever has no HEAD is FILE-06's matter.
        Some(answer) if !matches!(answer.status, 206 | 416) => Opinion::Pass,
        _ => Opinion::fail("HEAD ignores ranges: HTTP 200", what(exchange)),
    }
}

fn to_get(exchange: &Exchange, asked: Asked, length: u64, file: &Given<'_>) -> Opinion {
    let within = asked.within(length);
    let Some(answer) = exchange.answer() else {
        return Opinion::fail("an answer", what(exchange));
    };
    match (answer.status, within) {
        (200, _) => whole(asked, answer, length),
        (416, None) => Opinion::Pass,
        (206, Some(range)) => part(answer, asked, range, length, file),
        (_, None) => Opinion::fail(format!("{asked}: HTTP 416"), what(exchange)),
        (429 | 503, _) => Opinion::Inconclusive(what(exchange)),
        (_, Some(_)) => Opinion::fail(
            format!("{asked}: HTTP 206, or 200 with the whole file"),
            what(exchange),
        ),
    }
}

/// To ignore a range is legal, if the whole file comes.
fn whole(asked: Asked, answer: &Answer, length: u64) -> Opinion {
    let read = answer.digest.as_ref();
    let got = match read {
        Some(digest) if digest.is_whole => Some(digest.length),
        _ => declared_length(answer),
    };
    match got {
        Some(got) if got != length => Opinion::fail(
            format!("{asked}: HTTP 206 or 416, or 200 with all {length} bytes"),
            format!("HTTP 200 with {got} bytes"),
        ),
        _ => Opinion::Seen("ignored".to_owned()),
    }
}

fn part(
    answer: &Answer,
    asked: Asked,
    (first, last): (u64, u64),
    length: u64,
    file: &Given<'_>,
) -> Opinion {
    let expected = format!("{asked}: HTTP 206 with bytes {first}-{last} of {length}");
    let header = answer.headers.get(http::header::CONTENT_RANGE);
    let named = header.and_then(|h| Named::parse(h.to_str().ok()?));
    let (Some(named), Some(digest)) = (named, &answer.digest) else {
        let got = header.map_or("no `Content-Range`".to_owned(), |h| {
            format!("`Content-Range: {h:?}`")
        });
        return Opinion::fail(expected, got);
    };
    // Fewer bytes than were asked for may be sent (RFC 9110 §15.3.7), but not others.
    let is_meant = named.first == first && named.last <= last;
    if !is_meant || named.length.is_some_and(|n| n != length) {
        let all = named.length.map_or("*".to_owned(), |n| n.to_string());
        return Opinion::fail(
            expected,
            format!(
                "`Content-Range: bytes {}-{}/{all}`",
                named.first, named.last
            ),
        );
    }
    let size = named.last - named.first + 1;
    let is_right_size = if digest.is_whole {
        digest.length == size
    } else {
        declared_length(answer).is_none_or(|n| n == size)
    };
    if !is_right_size {
        return Opinion::fail(
            expected,
            format!("{} bytes for a range of {size}", digest.length),
        );
    }
    match differing(named.first, answer, file) {
        Some(at) => Opinion::fail(
            expected,
            format!("other bytes than the whole file has, from byte {at} on"),
        ),
        None => Opinion::Pass,
    }
}

/// Where a part differs from what was kept of the whole.
fn differing(offset: u64, answer: &Answer, file: &Given<'_>) -> Option<u64> {
    let of = |answer: &Answer| {
        answer
            .digest
            .as_ref()
            .map_or(Vec::new(), |d| d.slices.clone())
    };
    for part in of(answer) {
        let start = offset + part.offset;
        let end = start + part.bytes.len() as u64;
        for kept in of(file.answer) {
            let from = start.max(kept.offset);
            let to = end.min(kept.offset + kept.bytes.len() as u64);
            let at = |n: u64, begin: u64| usize::try_from(n - begin).unwrap_or(usize::MAX);
            let differs = (from..to)
                .find(|n| part.bytes.get(at(*n, start)) != kept.bytes.get(at(*n, kept.offset)));
            if differs.is_some() {
                return differs;
            }
        }
    }
    None
}
