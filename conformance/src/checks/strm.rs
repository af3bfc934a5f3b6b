//! STRM: the id of a download, an opaque text.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::Check;
use super::expect::not_accepted;
use super::resp::windows;
use crate::api::{Api, start};
use crate::case::{Answered, Answers, Case, Judge, Opinion, Plan, Step, Twin};
use crate::window::Window;

pub(super) const CHECKS: &[Check] = &[
    Check::new("STRM-01", |api| windows(api, |api, a, _| not_empty(api, a))),
    Check::new("STRM-02", |api| {
        windows(api, |api, a, _| example_form(api, a))
    }),
    Check::new("STRM-04", different),
];

/// Downloads that are started at the same moment.
const AT_ONCE: u32 = 16;
/// Groups of them: each costs as many downloads.
const GROUPS: u32 = 8;

pub(super) fn id<'a>(api: &Api, answered: &'a Answered) -> Option<&'a str> {
    api.answer.id.text(answered.body.as_ref()?)
}

fn not_empty(api: &Api, answered: &Answered) -> Opinion {
    let name = api.answer.id.name();
    match id(api, answered) {
        None => Opinion::Inconclusive(format!("`{name}` is no string")),
        Some("") => Opinion::fail(format!("a `{name}`"), "an empty string"),
        Some(_) => Opinion::Pass,
    }
}

fn example_form(api: &Api, answered: &Answered) -> Opinion {
    let name = api.answer.id.name();
    match id(api, answered) {
        None => Opinion::Inconclusive(format!("`{name}` is no string")),
        Some(id) if has_example_form(id) => {
            Opinion::Seen(format!("`{name}` has the form of the page's example"))
        }
        Some(_) => Opinion::Seen(format!(
            "`{name}` has another form than the page's example, which is legal"
        )),
    }
}

/// `download:` with two codes of 20 digits and one number of 10.
pub(super) fn has_example_form(id: &str) -> bool {
    let is_number =
        |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    match id.split(':').collect::<Vec<_>>().as_slice() {
        ["download", device, channel, ssrc] => {
            is_number(device, 20) && is_number(channel, 20) && is_number(ssrc, 10)
        }
        _ => false,
    }
}

/// Wide windows, so that their downloads last; all different, since equal requests may share an id.
fn different(api: &Arc<Api>) -> Plan {
    let recorded = api.fixtures.recorded;
    let mut windows: Vec<_> = (0..AT_ONCE).map(|n| recorded.wide_part(n)).collect();
    windows.dedup();
    let first = windows.first().copied();
    // A small recorded window has fewer parts; from the first one on they come again.
    let again = windows.iter().skip(1).position(|w| Some(*w) == first);
    windows.truncate(again.map_or(windows.len(), |at| at + 1));
    if windows.len() < 2 {
        return Plan::nothing("the recorded window is too short for two different windows");
    }
    let most = windows.len();
    let table = vec![at_once(api, &windows)];
    let api = Arc::clone(api);
    let random = prop::collection::hash_set(recorded.wide_parts(), 2..=most.min(8));
    let random = random.prop_map(move |set| {
        let mut windows: Vec<_> = set.into_iter().collect();
        windows.sort_by_key(|w| (w.start(), w.end()));
        at_once(&api, &windows)
    });
    Plan {
        most: Some(GROUPS),
        ..Plan::random(table, random.sboxed())
    }
}

fn at_once(api: &Api, windows: &[Window]) -> Case {
    let judge: Judge = Arc::new(all_differ);
    Case {
        about: format!("{} different windows at the same moment", windows.len()),
        steps: windows
            .iter()
            .map(|w| Step::Send(start(&api.body(*w))))
            .collect(),
        is_at_once: true,
        twin: Twin::Plain,
        downloads: u32::try_from(windows.len()).unwrap_or(u32::MAX),
        judge,
    }
}

fn all_differ(api: &Api, answers: &Answers) -> Opinion {
    let mut met = HashMap::new();
    for answered in answers {
        // Empty ids are STRM-01's matter.
        let id = id(api, answered).filter(|id| answered.outcome.is_taken() && !id.is_empty());
        let Some(id) = id else {
            continue;
        };
        if met.insert(id, answered).is_some() {
            return Opinion::fail(
                format!("a `{}` of its own for each window", api.answer.id.name()),
                format!("{id:?} more than once"),
            );
        }
    }
    match answers.iter().find(|a| !a.outcome.is_taken()) {
        // Two ids that differ prove something, however many others were not accepted.
        _ if met.len() >= 2 => Opinion::Pass,
        Some(other) => not_accepted(other),
        None => Opinion::Inconclusive(format!("there is no `{}`", api.answer.id.name())),
    }
}

#[cfg(test)]
mod tests {
    use super::has_example_form;

    #[test]
    fn knows_the_form_of_the_example() {
        let example = "download:34020000001110000228:34020000001320000666:1200000079";
        assert!(has_example_form(example));
        for other in [
            "",
            "42",
            "download:1:2:3",
            &format!("{example}:0"),
            &format!("x{example}"),
        ] {
            assert!(!has_example_form(other), "{other}");
        }
    }
}
