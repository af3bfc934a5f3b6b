//! What a run has found so far: what is left of one that is stopped.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use smsload_spec::Requirements;

use crate::about::About;
use crate::checks;
use crate::event::Event;
use crate::result::{Ended, Line, LineResult, RunResult, Verdict};
use crate::tally::verdict;

/// What a run has found so far.
#[derive(Debug)]
pub(crate) struct SoFar {
    about: Arc<About>,
    seed: u64,
    target: String,
    is_strict: bool,
    lines: Arc<[Line]>,
    finished: HashMap<String, Arc<LineResult>>,
    exchanges: u64,
    began: Instant,
}

impl SoFar {
    pub(crate) fn new(
        about: Arc<About>,
        seed: u64,
        target: String,
        is_strict: bool,
        lines: Arc<[Line]>,
    ) -> Self {
        Self {
            about,
            seed,
            target,
            is_strict,
            lines,
            finished: HashMap::new(),
            exchanges: 0,
            began: Instant::now(),
        }
    }

    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::Exchanged(_) => self.exchanges += 1,
            Event::LineFinished(result) => {
                self.finished
                    .insert(result.line.id.clone(), Arc::clone(result));
            }
            _ => {}
        }
    }

    /// The result of a run that was stopped.
    pub(crate) fn close(self, why: String) -> RunResult {
        let finished = self.finished;
        let result = |line: &Line| match finished.get(&line.id) {
            Some(result) => LineResult::clone(result),
            None if has_no_check(line) => verdict(line.clone(), Verdict::NotTested, None),
            None => verdict(
                line.clone(),
                Verdict::Inconclusive,
                Some(format!("not judged: {why}")),
            ),
        };
        RunResult {
            about: self.about,
            seed: self.seed,
            target: self.target,
            lines: self.lines.iter().map(result).collect(),
            is_strict: self.is_strict,
            exchanges: self.exchanges,
            took: self.began.elapsed(),
            ended: Ended::CutShort(why),
        }
    }
}

fn has_no_check(line: &Line) -> bool {
    let requirement = line.id.split('/').next().unwrap_or_default();
    let is_of_the_catalogue = Requirements::bundled().get(requirement).is_some();
    is_of_the_catalogue && checks::find(&line.id).is_none()
}
