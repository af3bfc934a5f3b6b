//! CALL-07: a callback address arrives as it was given, byte by byte. What is compared is all that follows the path's
//! secret part; what stands before it is how the target reaches the runner.

use super::call::{NO_CALLS, is_of};
use super::prog::about;
use crate::api::Api;
use crate::case::Opinion;
use crate::receiver::TOKEN_LENGTH;
use crate::scene::{Called, Download, Found, Part, View, Watched};

pub(super) const LINES: &[Watched] = &[
    Watched {
        line: "CALL-07",
        parts: &[Part::Watch, Part::Addresses],
        judge: |_, view| unchanged(view, "CALL-07"),
    },
    Watched {
        line: "CALL-07/normalised-forms",
        parts: &[Part::Watch, Part::Addresses],
        judge: |_, view| unchanged(view, "CALL-07/normalised-forms"),
    },
    Watched {
        line: "CALL-07/unusual-addresses",
        parts: &[Part::Watch, Part::Addresses],
        judge: seen,
    },
];

fn unchanged(view: &View, line: &str) -> Vec<Found> {
    let has_control = view.first("PROG-04").is_some_and(|d| !d.called.is_empty());
    let judge = |download: &Download| {
        let address = download.callback.clone().unwrap_or_default();
        let name = format!("the callback address {address}");
        if let Some(why) = download.refusal() {
            return Found::open(name, why).by([&download.start.exchange]);
        }
        let called = arrived(view, download);
        let opinion = match called.first() {
            None if has_control => Opinion::fail(expected(&address), NO_CALLS),
            None => Opinion::Inconclusive(NO_CALLS.to_owned()),
            Some(_) => {
                let other = called
                    .iter()
                    .find(|c| !is_same(&address, &c.receipt.target));
                other.map_or(Opinion::Pass, |other| {
                    Opinion::fail(expected(&address), line_of(other))
                })
            }
        };
        let receipts: Vec<_> = called.iter().map(|c| c.receipt.clone()).collect();
        Found::new(name, opinion)
            .by([&download.start.exchange])
            .heard(&receipts)
    };
    view.of_line(line).map(judge).collect()
}

/// Callbacks of a download, also those that came to where nobody was sent.
fn arrived<'v>(view: &'v View, download: &'v Download) -> Vec<&'v Called> {
    let strays = view.strays.iter().filter(|stray| is_of(stray, download));
    download.called.iter().chain(strays).collect()
}

fn expected(address: &str) -> String {
    format!("{} in the request line", target(address))
}

fn line_of(called: &Called) -> String {
    String::from_utf8_lossy(&called.receipt.target).into_owned()
}

/// Path and query of an address.
fn target(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.find(['/', '?']).map_or("/", |at| &rest[at..])
}

/// What follows the secret part.
fn rest(target: &[u8]) -> &[u8] {
    let is_token = |w: &[u8]| w.iter().all(u8::is_ascii_hexdigit);
    let at = target.windows(TOKEN_LENGTH).position(is_token);
    at.map_or(target, |at| &target[at + TOKEN_LENGTH..])
}

fn is_same(address: &str, got: &[u8]) -> bool {
    rest(target(address).as_bytes()) == rest(got)
}

/// What becomes of unusual addresses; nothing of it is a fault.
fn seen(_: &Api, view: &View) -> Vec<Found> {
    let judge = |download: &Download| {
        let address = download.callback.clone().unwrap_or_default();
        let what = match target(&address) {
            _ if address.contains('@') => "with user and password",
            target if target.contains('#') => "with a fragment",
            target if !target.is_ascii() => "with non-ASCII characters",
            _ => "with port 0",
        };
        let called = arrived(view, download);
        let outcome = &download.start.outcome;
        let came = match (outcome.is_taken(), called.first()) {
            (false, _) => outcome.to_string(),
            (true, None) => "accepted, and nothing came".to_owned(),
            (true, Some(first)) => {
                let line = String::from_utf8_lossy(rest(&first.receipt.target)).into_owned();
                let has_user = first
                    .receipt
                    .headers
                    .contains_key(http::header::AUTHORIZATION);
                let user = if has_user { ", with Authorization" } else { "" };
                format!("called with \"…{line}\"{user}")
            }
        };
        let receipts: Vec<_> = called.iter().map(|c| c.receipt.clone()).collect();
        Found::new(about(download), Opinion::Seen(format!("{what}: {came}")))
            .by([&download.start.exchange])
            .heard(&receipts)
    };
    view.of_line("CALL-07/unusual-addresses")
        .map(judge)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn every_byte_after_the_secret_part_counts() {
        let token = "0123456789abcdef0123456789ABCDEF";
        let address = format!("http://h:1/base/{token}/a%2Fb?x=1+2");
        for (got, expected) in [
            (format!("/base/{token}/a%2Fb?x=1+2"), true),
            (format!("/{token}/a%2Fb?x=1+2"), true),
            (format!("http://h:1/base/{token}/a%2Fb?x=1+2"), true),
            (format!("/base/{token}/a%2fb?x=1+2"), false),
            (format!("/base/{token}/a/b?x=1+2"), false),
            (format!("/base/{token}/a%2Fb?x=1%202"), false),
            (format!("/base/{token}/a%2Fb"), false),
            ("/".to_owned(), false),
        ] {
            assert_eq!(is_same(&address, got.as_bytes()), expected, "{got}");
        }
    }
}
