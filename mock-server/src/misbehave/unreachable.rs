//! Callback addresses that nobody listens at, and rejected requests that gave one.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use http::{StatusCode, Uri};
use serde_json::Value;

use super::How::Answer;
use super::seen::Seen;
use super::{Group, Misbehaviour, edit};
use crate::request::Answer as Answered;

/// So long somebody may take to answer a connection. Whoever waits for it is what misbehaves.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether a download was accepted that has a callback address where nobody listens.
fn is_unreachable(seen: &Seen<'_>, answer: &Answered<'_>) -> bool {
    let Some(address) = seen.text("callback").filter(|_| edit::is_accepted(answer)) else {
        return false;
    };
    let place = address.parse::<Uri>().ok().and_then(|uri| {
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        (host, uri.port_u16().unwrap_or(80))
            .to_socket_addrs()
            .ok()?
            .next()
    });
    place.is_none_or(|place| TcpStream::connect_timeout(&place, PATIENCE).is_err())
}

/// Lets downloads stand whose callbacks reach nobody.
fn stop(seen: &Seen<'_>, answer: &mut Answered<'_>) {
    let is_stopped = is_unreachable(seen, answer);
    let is_told = edit::is_progress(answer);
    if !is_stopped && !is_told {
        return;
    }
    edit::data(answer, |data| {
        let id = data
            .get("stream_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let word = if is_stopped { "stands" } else { "goes on" };
        if seen.first(id, word) == "stands" && is_told {
            data.insert("download_progress".to_owned(), "0".into());
            data.insert("file_url".to_owned(), "".into());
        }
    });
}

pub(super) const GROUP: Group = Group {
    title: "Takes callback addresses wrongly",
    list: &[
        Misbehaviour {
            name: "unreachable-callback-fails",
            what: "Refuses a request whose callback address cannot be reached.",
            catches: &["CALL-08"],
            touches: &["callback", "callback-and-wait"],
            how: Answer(|seen, answer| {
                if is_unreachable(seen, answer) {
                    edit::refuse(
                        answer,
                        StatusCode::OK,
                        "40001",
                        "`callback`: nobody is there",
                    );
                }
            }),
        },
        Misbehaviour {
            name: "unreachable-callback-delays",
            what: "Answers five seconds later if the callback address cannot be reached.",
            catches: &["CALL-08"],
            touches: &["callback", "callback-and-wait"],
            how: Answer(|seen, answer| {
                if is_unreachable(seen, answer) {
                    answer.effect.delay = Duration::from_secs(5);
                }
            }),
        },
        Misbehaviour {
            name: "unreachable-callback-stops",
            what: "Does not go on with a download whose callback address cannot be reached.",
            catches: &["CALL-08"],
            touches: &["callback-and-wait"],
            how: Answer(stop),
        },
    ],
};
