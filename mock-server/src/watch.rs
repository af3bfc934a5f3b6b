//! A contract that is read again whenever one of its files changes.
//!
//! What is watched are the folders that the files lie in, since editors save by renaming a new file over the old one.
//! What decides is the content: events only say that it is worth looking, so that a busy folder, a touched file and our
//! own reading cause no reload. Several files saved at once are one change.
//!
//! Limits: a folder that is itself removed is no longer watched; on network drives the system may tell nothing.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use smsload_spec::{Contract, Document, Load, Problems, Sources};
use tokio::sync::mpsc;

/// How long the folders must be quiet before the files are looked at.
const QUIET: Duration = Duration::from_millis(60);
/// How long a busy folder can put that off.
const AT_MOST: Duration = Duration::from_millis(500);

/// Why a contract cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The contract is embedded, and no file belongs to it.
    #[error("there is nothing to watch: the bundled contract never changes; name a file of yours")]
    NoFiles,
    /// The system refuses.
    #[error(
        "cannot watch {folder}: {source}; start without watching, or look at the limits of this system"
    )]
    System {
        /// The folder.
        folder: String,
        /// What the system says.
        source: notify::Error,
    },
}

/// A file and what it held: nothing if it could not be read.
type State = Vec<(PathBuf, Option<u64>)>;

/// Watches the files of a contract; see [`Watch::changed`].
#[derive(Debug)]
pub struct Watch {
    load: Load,
    hasher: RandomState,
    state: State,
    folders: BTreeSet<PathBuf>,
    watcher: RecommendedWatcher,
    events: mpsc::Receiver<()>,
}

impl Watch {
    /// Watches the files that a contract was just read from.
    ///
    /// # Errors
    /// If there are none, or the system cannot watch.
    pub fn start(load: Load, contract: &Contract) -> Result<Self, WatchError> {
        // One waiting event is enough: it says that there is something to look at.
        let (tell, events) = mpsc::channel(1);
        let told = move |_: notify::Result<notify::Event>| {
            // Full means that it is told already.
            let _ = tell.try_send(());
        };
        let watcher = notify::recommended_watcher(told).map_err(|source| WatchError::System {
            folder: "files".to_owned(),
            source,
        })?;
        let mut watch = Self {
            load,
            hasher: RandomState::new(),
            state: State::new(),
            folders: BTreeSet::new(),
            watcher,
            events,
        };
        let sources = &contract.warnings().sources;
        let read = |path: &PathBuf| {
            let file = sources
                .iter()
                .find(|(_, f)| f.path.as_ref() == Some(path))?;
            Some(watch.hasher.hash_one(file.1.text.as_bytes()))
        };
        let paths = watch.paths(sources);
        watch.state = paths
            .into_iter()
            .map(|path| {
                let hash = read(&path);
                (path, hash)
            })
            .collect();
        if watch.state.is_empty() {
            return Err(WatchError::NoFiles);
        }
        watch.follow_folders()?;
        Ok(watch)
    }

    /// Waits until a file has another content, and reads the contract again: it, or what is wrong with it.
    pub async fn changed(&mut self) -> Result<Contract, Problems> {
        // A file may have changed between its reading and the start of watching.
        let mut is_changed = self.look();
        while !is_changed {
            if self.events.recv().await.is_none() {
                // The watcher is ours and lives as long as we do; without it nothing ever comes.
                std::future::pending::<()>().await;
            }
            self.settle().await;
            is_changed = self.look();
        }
        let read = Contract::load(&self.load);
        let sources = match &read {
            Ok(contract) => &contract.warnings().sources,
            Err(problems) => &problems.sources,
        };
        self.widen(&self.paths(sources));
        read
    }

    async fn settle(&mut self) {
        let quiet = async {
            while let Ok(Some(())) = tokio::time::timeout(QUIET, self.events.recv()).await {}
        };
        // Busy or quiet, the files are looked at.
        let _ = tokio::time::timeout(AT_MOST, quiet).await;
    }

    /// Whether a file holds something else than it did.
    fn look(&mut self) -> bool {
        let paths = self.state.iter().map(|(path, _)| path.clone());
        let state: State = paths.map(|path| self.read(path)).collect();
        let is_changed = state != self.state;
        self.state = state;
        is_changed
    }

    fn read(&self, path: PathBuf) -> (PathBuf, Option<u64>) {
        let bytes = std::fs::read(&path).ok();
        let hash = bytes.map(|bytes| self.hasher.hash_one(bytes.as_slice()));
        (path, hash)
    }

    /// Watches files too that the document refers to only now. None is dropped: a broken document refers to nothing.
    fn widen(&mut self, paths: &BTreeSet<PathBuf>) {
        for path in paths {
            if !self.state.iter().any(|(known, _)| known == path) {
                let file = self.read(path.clone());
                self.state.push(file);
            }
        }
        if let Err(error) = self.follow_folders() {
            tracing::warn!(%error, "a file of the contract is not watched");
        }
    }

    /// The files: those that were asked for, and those that they refer to.
    fn paths(&self, sources: &Sources) -> BTreeSet<PathBuf> {
        let asked = match &self.load.document {
            Document::File(path) => Some(path),
            Document::Bundled | Document::Text { .. } => None,
        };
        let referred = sources.iter().filter_map(|(_, file)| file.path.as_ref());
        let overlays = self.load.overlays.iter();
        asked
            .into_iter()
            .chain(overlays)
            .chain(referred)
            .cloned()
            .collect()
    }

    fn follow_folders(&mut self) -> Result<(), WatchError> {
        let folders: BTreeSet<_> = self.state.iter().map(|(path, _)| folder(path)).collect();
        for folder in folders {
            if self.folders.contains(&folder) {
                continue;
            }
            let watched = self.watcher.watch(&folder, RecursiveMode::NonRecursive);
            watched.map_err(|source| WatchError::System {
                folder: folder.display().to_string(),
                source,
            })?;
            self.folders.insert(folder);
        }
        Ok(())
    }
}

/// The folder that a file lies in.
fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
