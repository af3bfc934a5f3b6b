//! What happens in a world, for whoever listens while it happens.
//!
//! Events wait in a ring of bounded size. A listener that falls behind it is told how many it missed, and goes on with
//! what is left. As long as nobody listens an event costs one look, and nothing is formatted.

use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tokio::sync::broadcast;

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Its name: `job`, `exchange`, `fault`, `clock`, `callback`, `reset`.
    pub(crate) name: &'static str,
    /// What is told of it.
    pub(crate) data: Arc<Value>,
    /// What it means for who waits for the ends of jobs.
    pub(crate) about: About,
}

/// What an event means for who waits for the ends of jobs.
#[derive(Debug, Clone)]
pub(crate) enum About {
    /// No job.
    Nothing,
    /// The job of this id is new.
    Started(Arc<str>),
    /// The job of this id has another end than before, or none.
    Changed(Arc<str>),
    /// The job of this id was brought to its end, or is gone.
    Ended(Arc<str>),
    /// All jobs are others.
    Everything,
}

/// The events of a world.
#[derive(Debug)]
pub(crate) struct Events {
    backlog: usize,
    /// Made for the first listener: most worlds have none.
    sender: OnceLock<broadcast::Sender<Event>>,
}

impl Events {
    pub(crate) fn new(backlog: usize) -> Self {
        Self {
            backlog,
            sender: OnceLock::new(),
        }
    }

    /// Listens from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender
            .get_or_init(|| broadcast::channel(self.backlog).0)
            .subscribe()
    }

    /// Whether anybody listens.
    pub(crate) fn has_listeners(&self) -> bool {
        self.sender
            .get()
            .is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// Tells those who listen; what is told is made only if there are any.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(sender) = self.sender.get()
            && sender.receiver_count() > 0
        {
            // It fails only if the last listener has just gone.
            let _ = sender.send(event());
        }
    }
}
