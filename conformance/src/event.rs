//! What a run tells while it goes on. The engine knows nothing of those who listen; they know nothing else of it.

use std::sync::Arc;

use crate::exchange::Exchange;
use crate::receipt::Receipt;
use crate::result::{Line, LineResult, RunResult};

/// Something that happened in a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// It began.
    RunStarted {
        /// The seed that gives the same run again.
        seed: u64,
        /// The address of the target.
        target: String,
        /// Verdicts that will be given.
        lines: usize,
    },
    /// A requirement, or a part of one, is being judged.
    LineStarted(Line),
    /// A request was sent and something came of it, or nothing.
    Exchanged(Arc<Exchange>),
    /// A callback came to the runner's own receiver.
    Received(Arc<Receipt>),
    /// A verdict was given.
    LineFinished(Arc<LineResult>),
    /// It ended.
    RunFinished(Arc<RunResult>),
}

/// Someone who listens to a run.
pub trait Reporter: Send {
    /// Takes note of an event. Called in order, one at a time; the run waits meanwhile.
    fn on(&mut self, event: &Event);
}

impl<F: FnMut(&Event) + Send> Reporter for F {
    fn on(&mut self, event: &Event) {
        self(event);
    }
}
