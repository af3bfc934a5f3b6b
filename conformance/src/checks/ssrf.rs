//! SECU-04 and SECU-05: addresses that a server must not be made to call. Nothing is proved by a call: that an address
//! was accepted is the finding. An address of a metadata service is named only if the target file allows it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::Check;
use super::expect::{nothing, rejected};
use crate::api::{Api, start};
use crate::case::{Case, Judge, Opinion, Plan, Step, Twin};
use crate::window::Window;

pub(super) const CHECKS: &[Check] = &[
    Check::new("SECU-04", inward),
    Check::new("SECU-05", broken_lines),
];

/// An address that belongs to nobody (RFC 5737), for targets whose file names none.
const NOWHERE: &str = "http://192.0.2.1/progress";

/// The metadata service of most clouds.
const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

pub(super) const NO_CALLBACK: &str = "the contract has no member for a callback address";

/// Spellings of hosts that are this machine or its neighbours, with the address that each means. True: the usual one.
fn hosts() -> Vec<(String, IpAddr, bool)> {
    let loopback = Ipv4Addr::LOCALHOST;
    let mut hosts: Vec<_> = spellings(loopback)
        .into_iter()
        .map(|(text, is_usual)| (text, IpAddr::from(loopback), is_usual))
        .collect();
    let more = [
        ("localhost", "127.0.0.1", true),
        ("LOCALHOST.", "127.0.0.1", false),
        ("127.1", "127.0.0.1", false),
        ("127.9.8.7", "127.9.8.7", true),
        ("0.0.0.0", "0.0.0.0", true),
        ("0", "0.0.0.0", false),
        ("[::1]", "::1", true),
        ("[0:0:0:0:0:0:0:1]", "::1", false),
        ("[::]", "::", true),
        ("[fe80::1]", "fe80::1", true),
        ("169.254.1.1", "169.254.1.1", true),
        ("[::ffff:169.254.1.1]", "169.254.1.1", false),
    ];
    for (text, address, is_usual) in more {
        if let Ok(address) = address.parse() {
            hosts.push((text.to_owned(), address, is_usual));
        }
    }
    hosts
}

/// An IPv4 address as URL parsers understand it (WHATWG URL §3.5), and wrapped into IPv6.
fn spellings(address: Ipv4Addr) -> Vec<(String, bool)> {
    let number = u32::from(address);
    let [a, b, c, d] = address.octets();
    let circled = |n: u8| -> String {
        let shift = |digit: char| match digit.to_digit(10) {
            Some(0) | None => '⓪',
            Some(n) => char::from_u32(0x245f + n).unwrap_or(digit),
        };
        n.to_string().chars().map(shift).collect()
    };
    vec![
        (address.to_string(), true),
        (number.to_string(), false),
        (format!("{number:#x}"), false),
        (format!("0{a:o}.{b}.{c}.{d}"), false),
        (format!("{a:#x}.{b}.{c}.{d}"), false),
        (format!("[::ffff:{address}]"), false),
        (format!("[64:ff9b::{address}]"), false),
        (
            format!(
                "{}.{}.{}.{}",
                circled(a),
                circled(b),
                circled(c),
                circled(d)
            ),
            false,
        ),
    ]
}

fn inward(api: &Arc<Api>) -> Plan {
    let Some(member) = &api.callback else {
        return Plan::nothing(NO_CALLBACK);
    };
    let is_allowed = |address: IpAddr| api.callable.iter().any(|n| n.contains(address));
    let mut hosts = hosts();
    if is_allowed(METADATA.into()) {
        let named = spellings(METADATA).into_iter();
        hosts.extend(named.map(|(text, is_usual)| (text, METADATA.into(), is_usual)));
    }
    let table: Vec<_> = hosts
        .into_iter()
        .filter(|(_, address, is_usual)| !(*is_usual && is_allowed(*address)))
        .map(|(host, ..)| calls(api, member, &format!("http://{host}:9/progress")))
        .collect();
    let note = if api.callable.is_empty() {
        "no address of a metadata service: the target file allows none (`callbacks.allowed`)"
    } else {
        "what `callbacks.allowed` holds is tested in unusual spellings only"
    };
    Plan::table(table).with_note(Some(note.to_owned()))
}

fn broken_lines(api: &Arc<Api>) -> Plan {
    let Some(member) = &api.callback else {
        return Plan::nothing(NO_CALLBACK);
    };
    let good = api.fixtures.callback.as_deref().unwrap_or(NOWHERE);
    let (scheme, rest) = good.split_once("://").unwrap_or(("http", good));
    let texts = [
        format!("{good}\r\nX-Injected: 1"),
        format!("{good}\n"),
        format!("{good}\r"),
        format!("{good}\t"),
        format!("{good}\0"),
        format!("{good}\u{7f}"),
        format!("{good}\u{1b}[31m"),
        format!("\n{good}"),
        format!("{scheme}:\n//{rest}"),
        format!("{scheme}://\t{rest}"),
    ];
    Plan::table(texts.iter().map(|text| calls(api, member, text)).collect())
}

/// A request with an address that must be rejected, after one with an address that is fine.
pub(super) fn calls(api: &Api, member: &str, address: &str) -> Case {
    let good = api.fixtures.callback.as_deref().unwrap_or(NOWHERE);
    let with = |window: Window, address: &str| start(&api.body_with(window, member, address));
    let judge: Judge = Arc::new(|_, answers| match answers {
        [fine, _] if !fine.outcome.is_taken() => Opinion::Inconclusive(format!(
            "a request with a harmless callback address was not accepted ({}); name one as `fixtures.callback`",
            fine.outcome
        )),
        [_, bad] => rejected(bad, &[403]),
        _ => nothing(),
    });
    let recorded = api.fixtures.recorded;
    Case {
        about: format!("`{member}` is {address:?}"),
        steps: vec![
            Step::Shared(with(recorded.wide_part(10), good)),
            Step::Send(with(recorded.wide_part(11), address)),
        ],
        is_at_once: false,
        twin: Twin::Plain,
        downloads: 1,
        judge,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::spellings;

    #[test]
    fn one_address_has_many_spellings() {
        let texts: Vec<_> = spellings(Ipv4Addr::LOCALHOST)
            .into_iter()
            .map(|s| s.0)
            .collect();
        for expected in ["2130706433", "0x7f000001", "0177.0.0.1", "①②⑦.⓪.⓪.①"] {
            assert!(
                texts.iter().any(|t| t == expected),
                "{expected} in {texts:?}"
            );
        }
    }
}
