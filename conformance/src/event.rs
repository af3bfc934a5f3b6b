//! What a run tells while it goes on. The engine knows nothing of those who listen; they know nothing else of it.
//!
//! Limits: 256 events wait at most; whoever tells more waits until the listeners have caught up.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::about::About;
use crate::exchange::Exchange;
use crate::receipt::Receipt;
use crate::record::Round;
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
        /// What it is of.
        about: Arc<About>,
        /// What verdicts will be given on.
        lines: Arc<[Line]>,
    },
    /// A requirement, or a part of one, is being judged.
    LineStarted(Line),
    /// A request was sent and something came of it, or nothing.
    Exchanged(Arc<Exchange>),
    /// A callback came to the runner's own receiver.
    Received(Arc<Receipt>),
    /// What was watched over time is judged now, by what came so far.
    RoundJudged(Round),
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

/// Events that wait for the listeners.
const WAITING: usize = 256;

/// The way to those who listen.
#[derive(Debug, Clone)]
pub(crate) struct Events(mpsc::Sender<Event>);

impl Events {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }

    /// Tells of an event, as soon as there is room.
    pub(crate) async fn tell(&self, event: Event) {
        // Nobody listens any more if the run was dropped; then nothing is owed.
        let _ = self.0.send(event).await;
    }
}
