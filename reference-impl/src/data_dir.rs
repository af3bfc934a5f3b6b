//! The data folder: the database, the files, and the lock that keeps a second server out.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::files::LocalFiles;

/// Name of the job database.
pub(crate) const DATABASE: &str = "jobs.sqlite3";

/// A data folder that is ours as long as this lives.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// Held, not read.
    _lock: File,
    /// Removed with everything in it when it is dropped.
    temporary: Option<TempDir>,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be made, read or written.
    #[error("the data folder {path} cannot be used: {problem}; give a folder that can be written")]
    Io {
        /// The folder.
        path: String,
        /// Why.
        problem: io::Error,
    },
    /// Another server has it.
    #[error("the data folder {0} is used by another server; give each server a folder of its own")]
    Taken(String),
}

impl DataDir {
    /// Takes a folder, which is made if it is not there; without one, a temporary one.
    pub(crate) fn take(path: Option<&Path>) -> Result<Self, DataDirError> {
        let name = path.map_or("(temporary)".to_owned(), |path| path.display().to_string());
        Self::try_take(path).map_err(|error| match error {
            TryLockError::WouldBlock => DataDirError::Taken(name),
            TryLockError::Error(problem) => DataDirError::Io {
                path: name,
                problem,
            },
        })
    }

    fn try_take(path: Option<&Path>) -> Result<Self, TryLockError> {
        let (path, temporary) = match path {
            Some(path) => (path.to_owned(), None),
            None => {
                let temporary = tempfile::Builder::new().prefix("smsload-").tempdir();
                let temporary = temporary.map_err(TryLockError::Error)?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        crate::files::make_folder(&path).map_err(TryLockError::Error)?;
        let lock = File::create(path.join("lock")).map_err(TryLockError::Error)?;
        lock.try_lock()?;
        Ok(Self {
            path,
            _lock: lock,
            temporary,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it outlives this process. What does not need not be safe against a loss of power.
    pub(crate) fn is_lasting(&self) -> bool {
        self.temporary.is_none()
    }

    /// The job database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// The files.
    pub(crate) fn files(&self) -> Result<LocalFiles, DataDirError> {
        let files = LocalFiles::open(&self.path).map_err(|problem| DataDirError::Io {
            path: self.path.display().to_string(),
            problem,
        })?;
        Ok(if self.is_lasting() {
            files
        } else {
            files.without_sync()
        })
    }
}
