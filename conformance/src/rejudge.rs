//! A recording, judged again without the target: the run is made anew from the seed, the contract and what the target file
//! declared, each request is answered by the recording, and each line gets its verdict from the checks that gave it.
//!
//! Limits: a run that ended early is not judged again, and neither are operations without a catalogue. Requests that no
//! check asked for a verdict (a busy target, a look whether it is still there) may be missing.

use std::sync::Arc;

use crate::api::Api;
use crate::builder::{RunBuilder, RunError};
use crate::client::{Client, Playback};
use crate::event::Events;
use crate::result::{LineResult, Verdict};
use crate::run;
use crate::session::Session;
use crate::target::Target;

/// Judges a recording of the run that a builder describes: the lines, in the order of the catalogue. Files and addresses that the target file names are not looked at.
///
/// # Errors
/// The contract cannot be judged by.
pub(crate) async fn rejudge(
    mut builder: RunBuilder,
    recording: Playback,
) -> Result<Vec<LineResult>, RunError> {
    // Nothing runs, so nothing has to wait for a place.
    builder.target.limits.downloads_at_once = None;
    let lines = builder.catalogue_lines();
    let target: &Target = &builder.target;
    let api = Arc::new(Api::new(&builder.contract, target)?);
    let client = Arc::new(Client::of_recording(recording, target));
    // Nobody listens to what happens on the way.
    let (events, _) = Events::channel();
    // What was left of a budget shows in what was sent.
    let session = Session::new(api, client, None, events, builder.stop.clone());
    session.watch_recording();
    let mut lines = run::catalogue(&session, None, &lines, &builder).await.lines;
    let missing = session.playback().map(Playback::missing);
    let missing: Vec<_> = missing.unwrap_or_default();
    let missing: Vec<_> = missing.into_iter().filter(|id| is_of_case(id)).collect();
    for line in &mut lines {
        if let Some(lacking) = missing.iter().find(|id| is_of(id, &line.line.id)) {
            line.verdict = Verdict::Inconclusive;
            line.reason = Some(format!("the recording lacks {lacking}"));
        }
    }
    Ok(lines)
}

/// True for the name of an exchange that a case sends first hand, or when it is repeated: `TIME-01#3`, `TIME-01#3.1`,
/// `TIME-01#again`. Shared requests and steps to a smaller case may be missing for want of downloads.
fn is_of_case(id: &str) -> bool {
    let Some((line, rest)) = id.split_once('#') else {
        return false;
    };
    let first = rest.split('.').next().unwrap_or_default();
    line != "twin" && line != "notes" && (first == "again" || first.parse::<u32>().is_ok())
}

fn is_of(exchange: &str, line: &str) -> bool {
    exchange.split_once('#').is_some_and(|(of, _)| of == line)
}
