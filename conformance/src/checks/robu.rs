//! ROBU: what a server withstands.

use std::sync::Arc;

use http::Method;

use super::Check;
use super::expect::{nothing, taken};
use crate::api::{Api, start};
use crate::case::{Answered, Case, Judge, Opinion, Plan, Step, Twin};

pub(super) const CHECKS: &[Check] = &[
    Check::late("ROBU-02", still_there),
    Check::new("ROBU-03", methods),
];

/// Another window first, since a target may refuse what it was asked for before; then the plain request again, since it
/// may have something against that window.
fn still_there(api: &Arc<Api>) -> Plan {
    let other = start(&api.body(api.fixtures.recorded.wide_part(7)));
    let judge: Judge = Arc::new(|_, answers| match answers {
        [other, again] if !other.outcome.is_taken() => taken(again),
        [_, _] => Opinion::Pass,
        _ => nothing(),
    });
    Plan::table(vec![Case {
        about: "a valid request at the end of the run".to_owned(),
        steps: vec![Step::Send(other), Step::Send(api.plain())],
        is_at_once: false,
        twin: Twin::Plain,
        downloads: 2,
        judge,
    }])
}

fn methods(api: &Arc<Api>) -> Plan {
    let judge: Judge = Arc::new(|_, answers| answers.last().map_or(nothing(), |a| refused(a)));
    let table = [Method::GET, Method::PUT, Method::PATCH, Method::DELETE].map(|method| {
        let about = format!("{method} on the path of the download");
        let mut request = api.plain().with_media_type(None);
        request.method = method;
        request.body = bytes::Bytes::new();
        Case {
            twin: Twin::Plain,
            ..Case::new(about, Step::Send(request), Arc::clone(&judge))
        }
    });
    Plan::table(table.to_vec())
}

fn refused(answered: &Answered) -> Opinion {
    let expected = "HTTP 405 with `Allow`, or HTTP 404";
    let Some(answer) = answered.exchange.answer() else {
        return Opinion::fail(expected, answered.outcome.to_string());
    };
    match answer.status {
        404 => Opinion::Pass,
        405 if answer.headers.contains_key(http::header::ALLOW) => Opinion::Pass,
        405 => Opinion::fail(expected, "HTTP 405 without `Allow`"),
        501 => Opinion::Seen("answered 501 (method not implemented)".to_owned()),
        401 | 403 | 408 | 429 | 503 => Opinion::Inconclusive(answered.outcome.to_string()),
        status => Opinion::fail(expected, format!("HTTP {status}")),
    }
}
