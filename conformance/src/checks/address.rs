//! CALL-10: callback addresses that nobody can be called at.

use std::sync::Arc;

use super::Check;
use super::ssrf::{NO_CALLBACK, calls};
use crate::api::Api;
use crate::case::{Case, Plan};

pub(super) const CHECKS: &[Check] = &[Check::new("CALL-10", nowhere)];

/// Other schemes, relative addresses, and addresses without a host. `http:///progress` is not among them: RFC 3986 sees
/// no host in it, but browsers and what is built like them (WHATWG URL) take `progress` for one.
const ADDRESSES: [&str; 13] = [
    "ftp://192.0.2.1/progress",
    "file:///tmp/progress",
    "gopher://192.0.2.1/progress",
    "ws://192.0.2.1/progress",
    "javascript:alert(1)",
    "mailto:nobody@example.com",
    "/progress",
    "progress",
    "//192.0.2.1/progress",
    "192.0.2.1/progress",
    "http://",
    "https://",
    "http://:9/progress",
];

fn nowhere(api: &Arc<Api>) -> Plan {
    let Some(member) = &api.callback else {
        return Plan::nothing(NO_CALLBACK);
    };
    // The harmless address is asked for once, whoever compares with it; the others are to be rejected.
    let case = |(number, address): (usize, &&str)| Case {
        downloads: u32::from(number == 0),
        ..calls(api, member, address)
    };
    Plan::table(ADDRESSES.iter().enumerate().map(case).collect())
}
