//! Windows of time that should be rejected, and are not.

use serde_json::json;

use super::How::{Answer, Request};
use super::asked::Asked;
use super::lenient::Fields;
use super::seen::Seen;
use super::{Group, Misbehaviour, edit};
use crate::request::Answer as Answered;

/// Exchanges the ends of a window that is the wrong way round, if the function says so of them.
fn turn(asked: &mut Asked, is_meant: fn(&str, &str) -> bool) {
    let (Some(start), Some(end)) = (asked.get("start_time"), asked.get("end_time")) else {
        return;
    };
    // Texts of one form have the order of their times.
    let have_form = Fields::read(&start).is_some() && Fields::read(&end).is_some();
    if start > end && have_form && is_meant(&start, &end) {
        asked.object(|body| {
            body.insert("start_time".to_owned(), json!(end));
            body.insert("end_time".to_owned(), json!(start));
        });
    }
}

fn accept_empty(seen: &Seen<'_>, answer: &mut Answered<'_>, is_future: bool) {
    let is_meant = seen
        .window()
        .is_some_and(|(start, _)| (start >= seen.now()) == is_future);
    if edit::error(answer) == "no-recording" && is_meant {
        edit::accept(seen, answer);
    }
}

pub(super) const GROUP: Group = Group {
    title: "Lets wrong windows in",
    list: &[
        Misbehaviour {
            name: "reversed-windows",
            what: "Accepts a start after the end, and exchanges them.",
            catches: &["TIME-01"],
            touches: &["reversed", "reversed-same-day", "own-example"],
            how: Request(|asked| turn(asked, |_, _| true)),
        },
        Misbehaviour {
            name: "days-compared-only",
            what: "Accepts a start after the end on the same day.",
            catches: &["TIME-01"],
            touches: &["reversed-same-day"],
            how: Request(|asked| turn(asked, |start, end| start.get(..10) == end.get(..10))),
        },
        Misbehaviour {
            name: "own-example",
            what: "Accepts the page's own example request, whatever is wrong with it.",
            catches: &["TIME-02"],
            touches: &["own-example"],
            how: Answer(|seen, answer| {
                let member = |name, text: &str| seen.text(name).as_deref() == Some(text);
                let is_example = member("device_unicode", "55") && member("source_type", "1");
                if is_example && edit::is_start_rejected(answer) {
                    edit::accept(seen, answer);
                }
            }),
        },
        Misbehaviour {
            name: "empty-windows",
            what: "Accepts a window that ends when it starts.",
            catches: &["TIME-03"],
            touches: &["empty-window"],
            how: Answer(|seen, answer| {
                let is_empty = seen.window().is_some_and(|(start, end)| start == end);
                if is_empty && edit::error(answer) == "bad-time-range" {
                    edit::accept(seen, answer);
                }
            }),
        },
        Misbehaviour {
            name: "recordings-of-the-future",
            what: "Accepts a window in the future, with the duration of the window.",
            catches: &["TIME-07"],
            touches: &["future"],
            how: Answer(|seen, answer| accept_empty(seen, answer, true)),
        },
        Misbehaviour {
            name: "recordings-of-nothing",
            what: "Accepts a past window without recordings, with the duration of the window.",
            catches: &["TIME-08"],
            touches: &["no-recording"],
            how: Answer(|seen, answer| accept_empty(seen, answer, false)),
        },
        Misbehaviour {
            name: "years-fail",
            what: "Answers 500 to a window of more than a year.",
            catches: &["TIME-09"],
            touches: &["years"],
            how: Answer(|seen, answer| {
                if edit::is_accepted(answer) && seen.seconds() > 366 * 86_400 {
                    edit::fail(answer);
                }
            }),
        },
    ],
};
