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

#[cfg(test)]
mod tests {
    use std::io::BufReader;
    use std::sync::Arc;

    use smsload_mock::{MockServer, misbehave};
    use smsload_spec::Contract;

    use super::{Playback, rejudge};
    use crate::event::{Event, Reporter as _};
    use crate::report::{Report, Reports};
    use crate::run::Run;
    use crate::target::Target;

    /// Servers whose faults show in each way that there is: in a case, in passing, over time, in the repetition, not at all.
    const SOME: [&str; 8] = [
        "progress-goes-back",
        "end-told-early",
        "no-callbacks",
        "callback-goes-back",
        "callback-not-retried",
        "numeric-code",
        "file-one-byte-short",
        "fails-now-and-then",
    ];

    /// Where the recording alone does not bear out what the run found.
    async fn differences(name: Option<&str>) -> Vec<String> {
        let mut builder = MockServer::builder().seed(1).speed(20.0);
        if let Some(name) = name {
            builder = builder.misbehave(misbehave::find(name).unwrap());
        }
        let server = builder.start().await.unwrap();
        let text = include_str!("../tests/vendor.toml")
            .replace("http://127.0.0.1:1\"", &format!("{}\"", server.url()));
        let target = Target::parse("vendor.toml".as_ref(), &text).unwrap();
        let contract = Contract::bundled();
        let builder = Run::builder(Arc::clone(&contract), target.clone())
            .seed(7)
            .cases(20);
        let dir = tempfile::tempdir().unwrap();
        let mut reports = Reports::create(dir.path(), &contract, &target).unwrap();
        let run = builder.clone().build().unwrap();
        let result = run.run(&mut |event: &Event| reports.on(event)).await;
        let report: Report = reports.finish(&result).unwrap();
        server.stop().await;
        let evidence = std::fs::File::open(dir.path().join("evidence.jsonl")).unwrap();
        let recording = Playback::read(BufReader::new(evidence)).unwrap();
        let again = rejudge(builder, recording).await.unwrap();
        let said = report.requirements.iter().zip(&again);
        let differ = said.filter(|(said, again)| {
            assert_eq!(said.id, again.line.id);
            said.verdict != again.verdict
        });
        let name = name.unwrap_or("correct");
        differ
            .map(|(said, again)| {
                let (id, why) = (&said.id, &again.reason);
                format!(
                    "{name}: {id} {:?}, then {:?} ({why:?})",
                    said.verdict, again.verdict
                )
            })
            .collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_recording_bears_out_every_verdict() {
        let some = SOME.iter().map(|name| differences(Some(name)));
        let found: Vec<_> = futures_util::future::join_all(some).await.concat();
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(differences(None).await, Vec::<String>::new());
    }
}
