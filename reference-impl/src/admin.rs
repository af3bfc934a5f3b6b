//! Looking at the jobs of a data folder and cancelling them, also while a server runs on it.

use std::path::Path;
use std::time::SystemTime;

use crate::clock::{Clock, Millis};
use crate::data_dir::DATABASE;
use crate::job::Job;
use crate::store::{Desktop, StoreError};
use crate::stream_id::StreamId;

/// A data folder, from outside of the server.
pub struct Administrator {
    desktop: Desktop,
}

/// Why a data folder cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no job database.
    #[error("there is no job database {0}; give the folder that the server has as --data-dir")]
    Nothing(String),
    /// It cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Administrator {
    /// Opens the job database of a data folder.
    ///
    /// # Errors
    /// If there is none, or it cannot be opened.
    pub fn open(data_dir: &Path) -> Result<Self, AdminError> {
        let file = data_dir.join(DATABASE);
        if !file.is_file() {
            return Err(AdminError::Nothing(file.display().to_string()));
        }
        Ok(Self {
            desktop: Desktop::open(&file)?,
        })
    }

    /// All jobs that are kept, in order of acceptance.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn list(&self) -> Result<Vec<Job>, AdminError> {
        Ok(self.desktop.list()?)
    }

    /// Cancels a job that has not ended; a running server stops its transfer within a second or two.
    /// False if there is no such job, or it had ended.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn cancel(&mut self, id: &StreamId) -> Result<bool, AdminError> {
        let now = Clock::start(SystemTime::now(), Millis(0)).now();
        let reason = "by the operator".to_owned();
        Ok(self.desktop.cancel(id, reason, now)?)
    }
}
