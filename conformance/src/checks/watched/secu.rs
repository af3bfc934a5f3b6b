//! SECU-03 and SECU-06: file addresses that can be guessed, and what is given where one is bent.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::prog::about;
use crate::api::Api;
use crate::case::Opinion;
use crate::exchange::Exchange;
use crate::scene::{Download, Found, Part, View, Watched};

pub(super) const LINES: &[Watched] = &[
    Watched {
        line: "SECU-03",
        parts: &[Part::Secrets],
        judge: guessed,
    },
    Watched {
        line: "SECU-06",
        parts: &[Part::Secrets],
        judge: |_, view| bent(view),
    },
];

/// Letters and digits in which two texts must differ, so that one cannot be guessed from the other.
const SECRET: usize = 10;
/// Stands for what is known.
const KNOWN: char = '\u{1}';

fn guessed(api: &Api, view: &View) -> Vec<Found> {
    let own: Vec<_> = view.of_line("SECU-03").collect();
    let with_address: Vec<_> = own.iter().filter_map(|d| Some((*d, address(d)?))).collect();
    let [(one, first), (other, second), ..] = with_address.as_slice() else {
        let why = own.first().and_then(|d| d.refusal());
        let why = why.unwrap_or("two file addresses are needed, and were not told".to_owned());
        return vec![Found::open("the file addresses of own downloads", why)];
    };
    let name = format!("the file addresses of {} and {}", one.name, other.name);
    let starts = [&one.start.exchange, &other.start.exchange];
    let rests = (rest(api, one, first), rest(api, other, second));
    let ids = (
        one.id.clone().unwrap_or_default(),
        other.id.clone().unwrap_or_default(),
    );
    let is_id_secret = is_secret(&unmask(api, one, &ids.0), &unmask(api, other, &ids.1));
    let opinion = if first == second {
        Opinion::Inconclusive("both downloads have one address".to_owned())
    } else if is_secret(&rests.0, &rests.1) || (is_id_secret && rests.0 == rests.1) {
        Opinion::Pass
    } else {
        Opinion::fail(
            "addresses of which one does not give the other away",
            format!("{first:?} and {second:?}, which differ by what is known or counted only"),
        )
    };
    vec![Found::new(name, opinion).by(starts)]
}

/// The last address that was told.
fn address(download: &Download) -> Option<String> {
    let asked = download.told().rev().find_map(|r| r.url.clone());
    asked.or_else(|| {
        download
            .called
            .iter()
            .rev()
            .find_map(|c| c.reading.url.clone())
    })
}

/// An address without what a stranger knows or can guess: the id, and everything that was asked for.
fn rest(api: &Api, download: &Download, address: &str) -> String {
    let id = download.id.clone().unwrap_or_default();
    let without_id = masked(address, &id);
    unmask(api, download, &without_id)
}

/// A text without the values of the request, in the ways in which they may be written.
fn unmask(api: &Api, download: &Download, text: &str) -> String {
    let sent: serde_json::Value =
        serde_json::from_slice(&download.start.exchange.sent.body).unwrap_or_default();
    let names = &api.names;
    let values = [&names.device, &names.channel, &names.start, &names.end];
    values.iter().fold(text.to_owned(), |text, name| {
        let value = sent
            .get(name.as_str())
            .and_then(|v| v.as_str())
            .unwrap_or_default();
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        masked(&masked(&text, value), &digits)
    })
}

fn masked(text: &str, value: &str) -> String {
    if value.len() < 4 {
        return text.to_owned();
    }
    let mark = KNOWN.to_string();
    let escaped = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let partly = value.replace(':', "%3A");
    let lower = escaped.to_lowercase();
    [
        value,
        &escaped,
        &partly,
        &lower,
        &value.replace(':', "_"),
        &value.replace(':', "-"),
    ]
    .iter()
    .fold(text.to_owned(), |text, way| text.replace(way, &mark))
}

/// True if two texts differ in so many letters and digits that one does not give the other away. Numbers that are near
/// each other are counted on.
fn is_secret(one: &str, other: &str) -> bool {
    let start = one
        .bytes()
        .zip(other.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let end = one
        .bytes()
        .rev()
        .zip(other.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let middle = |text: &str| {
        let to = text.len().saturating_sub(end).max(start);
        text.as_bytes()
            .get(start..to)
            .unwrap_or_default()
            .iter()
            .filter(|b| b.is_ascii_alphanumeric())
            .count()
    };
    middle(one).min(middle(other)) >= SECRET
}

/// What only a file of the system says.
const SIGNS: [&[u8]; 5] = [
    b"root:x:0:",
    b"root:*:0:",
    b"root::0:",
    b"; for 16-bit app support",
    b"[boot loader]",
];

fn bent(view: &View) -> Vec<Found> {
    let own: Vec<_> = view.of_line("SECU-03").collect();
    let tried = own
        .iter()
        .flat_map(|d| d.files.iter().map(move |e| (*d, e)));
    let judged: Vec<_> = tried
        .map(|(download, exchange)| one(download, exchange))
        .collect();
    if judged.is_empty() {
        let why = own.first().and_then(|d| d.refusal());
        let why = why.unwrap_or("no file address was told that could be bent".to_owned());
        return vec![Found::open("the file address of an own download", why)];
    }
    judged
}

fn one(download: &Download, exchange: &Arc<Exchange>) -> Found {
    let about = format!("{}, asked for {}", about(download), exchange.sent.url);
    let Some(answer) = exchange.answer() else {
        // A server may drop whoever asks for such a thing.
        return Found::new(about, Opinion::Pass).by([exchange]);
    };
    let is_sign = |sign: &&[u8]| answer.body.windows(sign.len()).any(|w| w == *sign);
    let opinion = match SIGNS.iter().find(|sign| is_sign(sign)) {
        Some(sign) => Opinion::fail(
            "nothing of any other file",
            format!(
                "HTTP {} with {:?}",
                answer.status,
                String::from_utf8_lossy(sign)
            ),
        ),
        None => Opinion::Pass,
    };
    Found::new(about, opinion).by([exchange])
}

#[cfg(test)]
mod tests {
    use super::{is_secret, masked};

    #[test]
    fn what_differs_little_or_by_counting_is_no_secret() {
        for (one, other, expected) in [
            ("/f/1.mp4", "/f/2.mp4", false),
            ("/f/1200000079", "/f/1200000080", false),
            ("/f/0123456789abcdef.mp4", "/f/fedcba9876543210.mp4", true),
            ("/f/x", "/f/x", false),
            ("/f/a1b2", "/f/c3d4", false),
        ] {
            assert_eq!(is_secret(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn what_is_known_is_masked_however_it_is_written() {
        for way in [
            "download:12:34",
            "download%3A12%3A34",
            "download%3a12%3a34",
            "download_12_34",
        ] {
            assert_eq!(
                masked(&format!("/f/{way}.mp4"), "download:12:34"),
                "/f/\u{1}.mp4",
                "{way}"
            );
        }
    }
}
