//! STRM-03, STRM-05 and STRM-06: what an id is made of, whether equal requests share one, and whether a caller can forge
//! its parts.

use std::sync::Arc;

use proptest::prelude::*;

use super::Check;
use super::expect::{NOT_FOUND, not_accepted, nothing, rejected, text};
use super::resp::windows;
use super::strm::{has_example_form, id};
use crate::api::{Api, start};
use crate::case::{Answered, Answers, Case, Judge, Opinion, Plan, Step, Twin};

pub(super) const CHECKS: &[Check] = &[
    Check::new("STRM-03", |api| windows(api, |api, a, _| structure(api, a))),
    Check::new("STRM-05", equal_requests),
    Check::new("STRM-06", forged),
];

/// Types of devices in an identity code (GB/T 28181-2016 annex D): encoders, recorders, cameras, alarms and the like.
const DEVICE_TYPES: std::ops::RangeInclusive<u16> = 111..=199;

fn structure(api: &Api, answered: &Answered) -> Opinion {
    let name = api.answer.id.name();
    let Some(id) = id(api, answered) else {
        return Opinion::Inconclusive(format!("`{name}` is no string"));
    };
    if !has_example_form(id) {
        return Opinion::Seen(format!("`{name}` has not the example's form"));
    }
    let odd = oddities(id);
    Opinion::Seen(if odd.is_empty() {
        format!("the parts of `{name}` have the structure of GB/T 28181")
    } else {
        format!(
            "the parts of `{name}` have another structure, which is legal: {}",
            odd.join(", ")
        )
    })
}

/// In what an id of the example's form departs from GB/T 28181.
fn oddities(id: &str) -> Vec<&'static str> {
    let parts: Vec<&str> = id.split(':').collect();
    let [_, device, channel, ssrc] = parts.as_slice() else {
        return vec!["it has other parts"];
    };
    let kind = |code: &str| code.get(10..13).and_then(|t| t.parse::<u16>().ok());
    let is_known = |code: &str| kind(code).is_some_and(|k| DEVICE_TYPES.contains(&k));
    let mut odd = Vec::new();
    if !is_known(device) {
        odd.push("the device has no known type");
    }
    if !is_known(channel) {
        odd.push("the channel has no known type");
    }
    if !ssrc.starts_with('1') {
        odd.push("the SSRC does not begin with 1");
    }
    // The domain of the platform is most often that of its devices: their first digits.
    if ssrc.get(1..6) != device.get(3..8) {
        odd.push("the SSRC has not the digits 4 to 8 of the device's domain");
    }
    odd
}

fn equal_requests(api: &Arc<Api>) -> Plan {
    let judge: Judge = Arc::new(|api, answers| {
        let [one, two] = answers else {
            return nothing();
        };
        if let Some(other) = answers.iter().find(|a| !a.outcome.is_taken()) {
            return not_accepted(other);
        }
        Opinion::Seen(if id(api, one) == id(api, two) {
            "two identical requests share one id".to_owned()
        } else {
            "two identical requests get two ids".to_owned()
        })
    });
    let request = start(&api.body(api.fixtures.recorded.wide_part(8)));
    Plan::table(vec![Case {
        about: "the same request twice".to_owned(),
        steps: vec![Step::Send(request.clone()), Step::Send(request)],
        is_at_once: false,
        twin: Twin::Plain,
        downloads: 2,
        judge,
    }])
}

fn forged(api: &Arc<Api>) -> Plan {
    let own = &api.fixtures.channel;
    let texts = [
        format!("{own}:1200000079"),
        format!("{own}:"),
        format!(":{own}"),
        format!("{own}\n"),
        format!("{own}\r\n"),
        format!("{own}\0"),
        format!("\u{1b}{own}"),
    ];
    let table = texts.iter().map(|channel| forge(api, channel)).collect();
    let api = Arc::clone(api);
    let random = text("[0-9a-z]{0,6}[:\u{1}-\u{1f}\u{7f}][:0-9a-z]{0,6}");
    Plan::random(
        table,
        random
            .prop_map(move |channel| forge(&api, &channel))
            .sboxed(),
    )
}

fn forge(api: &Api, channel: &str) -> Case {
    let name = &api.names.channel;
    let text = channel.to_owned();
    let judge: Judge = Arc::new(move |api, answers| not_forged(api, answers, &text));
    let body = api.body_with(api.fixtures.recorded, name, channel);
    Case {
        about: format!("`{name}` is {channel:?}"),
        steps: vec![Step::Shared(api.plain()), Step::Send(start(&body))],
        is_at_once: false,
        twin: Twin::Plain,
        // A target that knows any channel takes it.
        downloads: 1,
        judge,
    }
}

fn not_forged(api: &Api, answers: &Answers, text: &str) -> Opinion {
    let [plain, forged] = answers else {
        return nothing();
    };
    if !forged.outcome.is_taken() {
        return match rejected(forged, NOT_FOUND) {
            // No id was given, so none was forged: that it fails is ROBU-06's matter.
            Opinion::Fail { got, .. } => Opinion::Inconclusive(got),
            other => other,
        };
    }
    let (Some(usual), Some(id)) = (id(api, plain), id(api, forged)) else {
        return not_accepted(plain);
    };
    let name = api.answer.id.name();
    let parts = |id: &str| id.split(':').count();
    // An id that has no colons has no parts that one could forge.
    if parts(usual) > 1 && parts(id) > parts(usual) {
        return Opinion::fail(
            format!("a rejection, or a `{name}` with {} parts", parts(usual)),
            format!("{id:?} for the channel {text:?}"),
        );
    }
    if id.chars().any(char::is_control) {
        return Opinion::fail(
            format!("a rejection, or a `{name}` without control characters"),
            format!("{id:?}"),
        );
    }
    Opinion::Pass
}

#[cfg(test)]
mod tests {
    use super::oddities;

    #[test]
    fn the_example_has_the_structure_of_the_standard() {
        let example = "download:34020000001110000228:34020000001320000666:1200000079";
        assert!(oddities(example).is_empty());
        let other = "download:34020000000000000228:34020000000000000666:0000000079";
        assert_eq!(oddities(other).len(), 4);
    }
}
