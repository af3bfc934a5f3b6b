//! Callbacks that are not what they should be, or go elsewhere.

use http::HeaderValue;
use serde_json::{Map, Value, json};

use super::How::{Answer, Callback, CallbackAddress, Courier};
use super::{Group, Misbehaviour, edit};

const ID: &str = "streamId";
const URL: &str = "fileUrl";
const PROGRESS: &str = "downloadProgress";

/// A callback that is about to be sent.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) body: Value,
    pub(crate) media: HeaderValue,
    /// Percent, from 0 to 100.
    pub(crate) percent: u8,
    pub(crate) is_end: bool,
}

impl Call {
    fn object(&mut self, change: impl FnOnce(&mut Map<String, Value>)) {
        if let Value::Object(body) = &mut self.body {
            change(body);
        }
    }

    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.object(|body| drop(body.insert(name.to_owned(), value.into())));
    }

    fn leave_out(&mut self, name: &str) {
        self.object(|body| drop(body.shift_remove(name)));
    }

    fn rename(&mut self, name: &str, other: &str) {
        self.object(|body| {
            if let Some(value) = body.shift_remove(name) {
                body.insert(other.to_owned(), value);
            }
        });
    }
}

/// An address with another path and query.
fn target(address: &str, write: impl FnOnce(&str) -> String) -> Option<String> {
    let start = address.find("://").map_or(0, |at| at + 3);
    let (root, target) = match address[start..].find(['/', '?']) {
        Some(at) => address.split_at(start + at),
        None => (address, ""),
    };
    Some(format!("{root}{}", write(target)))
}

/// Without dot segments, as a browser would ask for it.
fn without_dots(target: &str) -> String {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(kept.pop()),
            part => kept.push(part),
        }
    }
    kept.join("/") + query
}

/// With capital letters in percent escapes.
fn with_capital_escapes(target: &str) -> String {
    let mut parts = target.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| match part.split_at_checked(2) {
        Some((escape, rest)) => format!("{text}%{}{rest}", escape.to_ascii_uppercase()),
        None => format!("{text}%{part}"),
    })
}

pub(super) const GROUP: Group = Group {
    title: "Tells wrong callbacks",
    list: &[
        Misbehaviour {
            name: "no-callbacks",
            what: "Sends no callbacks.",
            catches: &["CALL-01"],
            touches: &[
                "callback count",
                "callback line",
                "callback media",
                "callback body",
                "callback bare line",
                "callback again",
                "callback redirect",
                "callback beside a slow one",
            ],
            how: CallbackAddress(|_| None),
        },
        Misbehaviour {
            name: "snake-case-callback",
            what: "Names the members of a callback as those of answers: `stream_id`, `file_url`, `download_progress`.",
            catches: &["CALL-02"],
            touches: &["callback body"],
            how: Callback(|call| {
                call.rename(ID, "stream_id");
                call.rename(URL, "file_url");
                call.rename(PROGRESS, "download_progress");
            }),
        },
        Misbehaviour {
            name: "callback-id-misspelt",
            what: "Sends callbacks with `streamID` for `streamId`.",
            catches: &["CALL-02"],
            touches: &["callback body"],
            how: Callback(|call| call.rename(ID, "streamID")),
        },
        Misbehaviour {
            name: "callback-url-misspelt",
            what: "Sends callbacks with `fileURL` for `fileUrl`.",
            catches: &["CALL-02"],
            touches: &["callback body"],
            how: Callback(|call| call.rename(URL, "fileURL")),
        },
        Misbehaviour {
            name: "callback-progress-misspelt",
            what: "Sends callbacks with `progress` for `downloadProgress`.",
            catches: &["CALL-02"],
            touches: &["callback body"],
            how: Callback(|call| call.rename(PROGRESS, "progress")),
        },
        Misbehaviour {
            name: "callback-without-id",
            what: "Sends callbacks without `streamId`.",
            catches: &["CALL-02"],
            touches: &["callback body"],
            how: Callback(|call| call.leave_out(ID)),
        },
        Misbehaviour {
            name: "callback-without-progress",
            what: "Sends callbacks without `downloadProgress`.",
            catches: &["CALL-02"],
            touches: &["callback body"],
            how: Callback(|call| call.leave_out(PROGRESS)),
        },
        Misbehaviour {
            name: "callback-in-data",
            what: "Sends callbacks whose values are inside `data`.",
            catches: &["CALL-02"],
            touches: &["callback body"],
            how: Callback(|call| call.body = json!({"data": call.body})),
        },
        Misbehaviour {
            name: "callback-in-a-list",
            what: "Sends callbacks as a list of one.",
            catches: &["CALL-02"],
            touches: &["callback body"],
            how: Callback(|call| call.body = json!([call.body])),
        },
        Misbehaviour {
            name: "callback-of-another",
            what: "Sends callbacks with an id that no download has.",
            catches: &["CALL-03"],
            touches: &["callback body"],
            how: Callback(|call| {
                call.put(
                    ID,
                    "download:34020000001110000228:34020000001320000666:1200009999",
                );
            }),
        },
        Misbehaviour {
            name: "callback-with-empty-id",
            what: "Sends callbacks with an empty `streamId`.",
            catches: &["CALL-03"],
            touches: &["callback body"],
            how: Callback(|call| call.put(ID, "")),
        },
        Misbehaviour {
            name: "callback-goes-back",
            what: "Tells 20 percent less in callbacks of a download that is between 50 and 80.",
            catches: &["CALL-04"],
            touches: &["callback body"],
            how: Callback(|call| {
                if (50..80).contains(&call.percent) {
                    call.put(PROGRESS, (call.percent - 20).to_string());
                }
            }),
        },
        Misbehaviour {
            name: "last-callback-at-99",
            what: "Tells 99 in the last callback.",
            catches: &["CALL-05", "CALL-13"],
            touches: &["callback body"],
            how: Callback(|call| {
                if call.is_end {
                    call.put(PROGRESS, "99");
                }
            }),
        },
        Misbehaviour {
            name: "last-callback-without-address",
            what: "Sends the last callback without a file address.",
            catches: &["CALL-05"],
            touches: &["callback body"],
            how: Callback(|call| {
                if call.is_end {
                    call.put(URL, "");
                }
            }),
        },
        Misbehaviour {
            name: "callback-after-rejection",
            what: "Rejects a reversed window, and downloads it and sends callbacks all the same.",
            catches: &["CALL-06"],
            touches: &["callback after rejection"],
            how: Answer(|seen, answer| {
                if edit::is_start_rejected(answer)
                    && seen.window().is_some_and(|(start, end)| start > end)
                {
                    let mut body = seen.body();
                    let (start, end) = (body["start_time"].take(), body["end_time"].take());
                    body["start_time"] = end;
                    body["end_time"] = start;
                    let _ = seen.ask(&body);
                }
            }),
        },
        Misbehaviour {
            name: "callback-without-query",
            what: "Leaves out the query of a callback address.",
            catches: &["CALL-07"],
            touches: &["callback line", "callback bare line"],
            how: CallbackAddress(|address| {
                target(address, |t| {
                    t.split('?').next().unwrap_or_default().to_owned()
                })
            }),
        },
        Misbehaviour {
            name: "callback-slash-decoded",
            what: "Decodes %2F in a callback address.",
            catches: &["CALL-07"],
            touches: &["callback line"],
            how: CallbackAddress(|address| target(address, |t| t.replace("%2F", "/"))),
        },
        Misbehaviour {
            name: "callback-plus-as-space",
            what: "Takes `+` in a callback address for a space.",
            catches: &["CALL-07"],
            touches: &["callback line"],
            how: CallbackAddress(|address| target(address, |t| t.replace('+', "%20"))),
        },
        Misbehaviour {
            name: "callback-with-slash",
            what: "Adds a slash to the path of a callback address.",
            catches: &["CALL-07"],
            touches: &[
                "callback line",
                "callback bare line",
                "callback again",
                "callback redirect",
                "callback beside a slow one",
            ],
            how: CallbackAddress(|address| {
                target(address, |t| {
                    let at = t.find('?').unwrap_or(t.len());
                    format!("{}/{}", &t[..at], &t[at..])
                })
            }),
        },
        Misbehaviour {
            name: "callback-empty-query-dropped",
            what: "Leaves out the question mark before an empty query of a callback address.",
            catches: &["CALL-07/normalised-forms"],
            touches: &["callback bare line"],
            how: CallbackAddress(|address| {
                target(address, |t| t.strip_suffix('?').unwrap_or(t).to_owned())
            }),
        },
        Misbehaviour {
            name: "callback-dots-resolved",
            what: "Resolves dot segments in a callback address.",
            catches: &["CALL-07/normalised-forms"],
            touches: &["callback line"],
            how: CallbackAddress(|address| target(address, without_dots)),
        },
        Misbehaviour {
            name: "callback-slashes-merged",
            what: "Makes one slash of two in a callback address.",
            catches: &["CALL-07/normalised-forms"],
            touches: &["callback line"],
            how: CallbackAddress(|address| target(address, |t| t.replace("//", "/"))),
        },
        Misbehaviour {
            name: "callback-escapes-in-capitals",
            what: "Writes the escapes of a callback address in capital letters.",
            catches: &["CALL-07/normalised-forms"],
            touches: &["callback line"],
            how: CallbackAddress(|address| target(address, with_capital_escapes)),
        },
        Misbehaviour {
            name: "callback-not-retried",
            what: "Sends a callback once, whatever comes of it.",
            catches: &["CALL-09"],
            touches: &["callback again"],
            how: Courier(|settings| settings.retry.attempts = 1),
        },
        Misbehaviour {
            name: "callbacks-one-by-one",
            what: "Sends one callback at a time, to whomever.",
            catches: &["CALL-11"],
            touches: &["callback beside a slow one"],
            how: Courier(|settings| {
                settings.places = 1;
                settings.places_per_receiver = 1;
            }),
        },
        Misbehaviour {
            name: "callback-follows-redirects",
            what: "Follows a redirect in answer to a callback.",
            catches: &["CALL-12"],
            touches: &["callback redirect"],
            how: Courier(|settings| settings.follow_redirect = true),
        },
        Misbehaviour {
            name: "callback-lags",
            what: "Tells 60 percent less in callbacks than to a query, until the end.",
            catches: &["CALL-13"],
            touches: &["callback body"],
            how: Callback(|call| {
                if !call.is_end {
                    call.put(PROGRESS, call.percent.saturating_sub(60).to_string());
                }
            }),
        },
        Misbehaviour {
            name: "callback-with-other-address",
            what: "Tells another file address in callbacks than to a query.",
            catches: &["CALL-13"],
            touches: &["callback body"],
            how: Callback(|call| {
                if call.is_end {
                    let url = call.body[URL].as_str().unwrap_or_default();
                    let other = format!("{url}?from=callback");
                    call.put(URL, other);
                }
            }),
        },
        Misbehaviour {
            name: "callback-as-text",
            what: "Sends callbacks with the media type text/plain.",
            catches: &["CALL-14"],
            touches: &["callback media"],
            how: Callback(|call| call.media = HeaderValue::from_static("text/plain")),
        },
        Misbehaviour {
            name: "callback-as-form",
            what: "Sends callbacks with the media type of a form.",
            catches: &["CALL-14"],
            touches: &["callback media"],
            how: Callback(|call| {
                call.media = HeaderValue::from_static("application/x-www-form-urlencoded");
            }),
        },
    ],
};
