//! What all couriers of a process share, so that many of them together stay within bounds that each alone could keep.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::bounds::Count;

/// Rounds that a courier may have under way whatever the others do: so a world whose receivers do not answer takes the
/// last place from nobody, and no courier has to be woken when another gives one back.
pub(super) const OWN_PLACES: usize = 4;

/// Jobs followed and deliveries under way, over all couriers that share it.
#[derive(Debug)]
pub struct Pool {
    pub(super) followed: Count,
    places: Arc<Semaphore>,
}

/// Leave to have a round; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _shared: Option<OwnedSemaphorePermit>,
}

impl Pool {
    /// Room for so many followed jobs, and for so many deliveries at once besides four of each courier's own.
    #[must_use]
    pub fn new(max_jobs: usize, places: usize) -> Self {
        Self {
            followed: Count::new(max_jobs),
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// A place for one more round of a courier that has so many under way.
    pub(super) fn place(&self, under_way: usize) -> Option<Place> {
        if under_way < OWN_PLACES {
            return Some(Place { _shared: None });
        }
        let shared = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place {
            _shared: Some(shared),
        })
    }
}
