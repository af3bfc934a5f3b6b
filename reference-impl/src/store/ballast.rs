//! Room on the disk that is given up when the disk is full.
//!
//! To end jobs, to forget them and so to free room, the database needs some room itself. A file of
//! zeros keeps it; when the disk is full the file is removed, nothing new is accepted, and as soon as
//! there is room again the file is written anew.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Enough for thousands of small transactions.
const SIZE: usize = 1024 * 1024;

/// How long to wait before it is tried again to write it.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Ballast {
    file: PathBuf,
    is_there: bool,
    /// When it was tried last to write it.
    tried: Option<Instant>,
}

impl Ballast {
    /// The ballast of a database, written if there is room.
    pub(super) fn of(database: &Path) -> Self {
        let file = database.with_extension("ballast");
        let is_whole = fs::metadata(&file).is_ok_and(|data| data.len() == SIZE as u64);
        let mut ballast = Self {
            file,
            is_there: is_whole,
            tried: None,
        };
        ballast.load();
        ballast
    }

    /// Whether it is there; otherwise the disk was full a moment ago.
    pub(super) fn is_there(&self) -> bool {
        self.is_there
    }

    /// Writes it, if it is not there and there is room.
    pub(super) fn load(&mut self) {
        let is_soon = |tried: Instant| tried.elapsed() < AGAIN;
        if self.is_there || self.tried.is_some_and(is_soon) {
            return;
        }
        let was_given_up = self.tried.replace(Instant::now()).is_some();
        match self.write() {
            Ok(()) => {
                self.is_there = true;
                if was_given_up {
                    tracing::info!("there is room on the disk again");
                }
            }
            // Half of it would take the room and keep none.
            Err(_) => self.remove(),
        }
    }

    /// Gives the room up.
    pub(super) fn drop_it(&mut self) {
        if self.is_there {
            tracing::error!(
                "the disk is full: no download is accepted until there is room for a few megabytes"
            );
        }
        self.is_there = false;
        self.tried = Some(Instant::now());
        self.remove();
    }

    fn write(&self) -> io::Result<()> {
        let mut file = fs::File::create(&self.file)?;
        // As much again must be free, or the next write would find the disk full at once.
        file.write_all(&vec![0; 2 * SIZE])?;
        file.sync_all()?;
        file.set_len(SIZE as u64)
    }

    fn remove(&self) {
        // If it cannot be removed there is nothing more that can be done.
        let _ = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_given_up_and_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("jobs.sqlite3");
        let mut ballast = Ballast::of(&database);
        let size = || fs::metadata(folder.path().join("jobs.ballast")).map(|data| data.len());
        assert!(ballast.is_there() && size().unwrap() == SIZE as u64);
        ballast.drop_it();
        assert!(!ballast.is_there() && size().is_err());
        ballast.load();
        assert!(!ballast.is_there(), "not at once");
        ballast.tried = None;
        ballast.load();
        assert!(ballast.is_there() && size().unwrap() == SIZE as u64);
        // Where there is no folder there is no room either.
        fs::remove_dir_all(folder.path()).unwrap();
        ballast.drop_it();
        ballast.tried = None;
        ballast.load();
        assert!(!ballast.is_there());
    }
}
