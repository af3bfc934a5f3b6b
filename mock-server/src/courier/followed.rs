//! How many jobs a courier follows, by itself and as one of several.

use std::sync::Arc;

use super::pool::Pool;
use crate::bounds::Count;

/// Counted by the handle, which adds, and by the scheduler, which removes.
#[derive(Debug)]
pub(super) struct Followed {
    own: Count,
    pool: Option<Arc<Pool>>,
}

impl Followed {
    pub(super) fn new(max: usize, pool: Option<Arc<Pool>>) -> Self {
        Self {
            own: Count::new(max),
            pool,
        }
    }

    /// One more; else the bound that is reached.
    pub(super) fn add(&self) -> Result<(), usize> {
        if !self.own.try_add() {
            return Err(self.own.max());
        }
        match &self.pool {
            Some(pool) if !pool.followed.try_add() => {
                self.own.sub(1);
                Err(pool.followed.max())
            }
            _ => Ok(()),
        }
    }

    /// One less.
    pub(super) fn remove(&self) {
        self.own.sub(1);
        if let Some(pool) = &self.pool {
            pool.followed.sub(1);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.own.now()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        // What a courier still followed when it was dropped.
        if let Some(pool) = &self.pool {
            pool.followed.sub(self.own.now());
        }
    }
}
