//! What is kept of a recording between its location and its delivery: which part of which file, and how
//! to tell that the files are still the same.

use serde::{Deserialize, Serialize};

use super::name::{Ending, LocalMillis, SegmentName};
use super::segment::Identity;
use crate::cut::Span;
use crate::source::Plan;

/// Most segments of a recording: a week of ten-minute segments has 1,008. A plan of them has 64 KiB.
pub(super) const MAX_PIECES: usize = 1024;

/// A part of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) name: SegmentName,
    pub(super) identity: Identity,
    pub(super) span: Span,
}

/// A [`Chosen`] in few words: start, `true` for `.mov`, from, to, length, time of change.
#[derive(Serialize, Deserialize)]
struct Words(LocalMillis, bool, u64, u64, u64, u64);

/// The parts in words.
pub(super) fn write(chosen: &[Chosen]) -> Plan {
    let words = chosen.iter().map(|part| {
        let (name, identity, span) = (part.name, part.identity, part.span);
        let mov = name.ending == Ending::Mov;
        Words(
            name.start,
            mov,
            span.start_ms,
            span.end_ms,
            identity.len,
            identity.changed,
        )
    });
    // Numbers can always be written.
    Plan::new(serde_json::to_string(&words.collect::<Vec<_>>()).unwrap_or_default())
}

/// The parts again; `None` if these are not the words of [`write()`].
pub(super) fn read(plan: &Plan) -> Option<Vec<Chosen>> {
    let words: Vec<Words> = serde_json::from_str(plan.as_str()).ok()?;
    let chosen = words.into_iter().map(|words| {
        let Words(start, mov, start_ms, end_ms, len, changed) = words;
        let ending = if mov { Ending::Mov } else { Ending::Mp4 };
        Some(Chosen {
            name: SegmentName::new(start, ending)?,
            identity: Identity { len, changed },
            span: Span { start_ms, end_ms },
        })
    });
    let chosen: Vec<Chosen> = chosen.collect::<Option<_>>()?;
    (1..=MAX_PIECES).contains(&chosen.len()).then_some(chosen)
}
