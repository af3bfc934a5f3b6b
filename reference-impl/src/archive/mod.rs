//! Recordings in files: an archive directory, one tree for each device and channel.
//!
//! ```text
//! ARCHIVE/34020000001110000228/34020000001320000666/2025-04-04T21-36-17.mp4
//! ```
//!
//! The names of the folders are the codes of device and channel; the name of a segment is when it
//! starts, in platform-local time (see docs/archive.md). A window is found by names alone; of the files
//! in it the tables are read, once, and kept as long as length and time of change stay the same. What
//! is kept is bounded: names of 64 MiB, facts of 16,384 segments, tables of 32 MiB.
//!
//! A segment lasts until its recording ends or the next one starts. Symbolic links below the archive
//! are not followed. A file that cannot be read is told in the log, and leaves a gap; a window in which
//! nothing else is gets [`SourceError::Broken`].

mod cache;
mod gate;
mod import;
mod listing;
mod locate;
mod name;
mod plan;
mod segment;
mod stream;

#[cfg(test)]
mod tests;

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cache::Cache;
use gate::Gate;
use listing::Listing;
pub(crate) use name::{Ending, SegmentName};
use segment::{Facts, Identity, Usable};

use crate::gb28181::GbCode;
use crate::mp4::{self, FileInput, Movie, Mp4Error};
use crate::source::{Later, Recording, RecordingSource, RecordingStream, SourceError};
use crate::time::Window;
pub use import::{Import, ImportError};

/// Files whose tables are read at once, so that hostile ones cannot add up.
const READERS: usize = 4;

/// An archive directory as a [`RecordingSource`].
#[derive(Debug, Clone)]
pub struct Archive(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    listings: Cache<(GbCode, GbCode), Arc<Listing>>,
    facts: Cache<Segment, Arc<Facts>>,
    movies: Cache<Segment, (Identity, Arc<Movie>)>,
    gate: Gate,
}

/// A channel that is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Channel {
    device: GbCode,
    channel: GbCode,
}

/// A segment of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Segment {
    channel: Channel,
    name: SegmentName,
}

impl Archive {
    /// The archive in `directory`. It need not be there yet: until it is, nothing can be located.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            root: directory.into(),
            listings: Cache::new(64 << 20),
            facts: Cache::new(16_384),
            movies: Cache::new(32 << 20),
            gate: Gate::new(READERS),
        }))
    }

    /// Its directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.0.root
    }

    /// Does something with files, where it may wait for them.
    async fn with_files<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Arc<Inner>) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || what(&inner))
            .await
            .map_err(|error| SourceError::Unavailable(error.to_string()))?
    }
}

impl RecordingSource for Archive {
    fn locate<'a>(
        &'a self,
        device: &'a str,
        channel: &'a str,
        window: Window,
    ) -> Later<'a, Recording> {
        let (device, channel) = (device.to_owned(), channel.to_owned());
        Box::pin(self.with_files(move |archive| archive.locate(&device, &channel, window)))
    }

    fn open<'a>(
        &'a self,
        recording: &'a Recording,
        from: u64,
    ) -> Later<'a, Box<dyn RecordingStream>> {
        let recording = recording.clone();
        Box::pin(self.with_files(move |archive| archive.open(&recording, from)))
    }
}

impl Inner {
    /// The channel of these names, and its folder.
    fn channel(&self, device: &str, channel: &str) -> Result<(Channel, Metadata), SourceError> {
        let code = |text: &str| text.parse::<GbCode>().ok();
        let Some(device) = code(device) else {
            return Err(SourceError::UnknownDevice);
        };
        let folder = self.root.join(device.as_str());
        if folder_at(&folder)?.is_none() {
            // Links to the archive itself are followed.
            return Err(match fs::metadata(&self.root) {
                Ok(root) if root.is_dir() => SourceError::UnknownDevice,
                Ok(_) => unavailable(&self.root, &io::Error::from(io::ErrorKind::NotADirectory)),
                Err(error) => unavailable(&self.root, &error),
            });
        }
        let Some(channel) = code(channel) else {
            return Err(SourceError::UnknownChannel);
        };
        let found = folder_at(&folder.join(channel.as_str()))?;
        let metadata = found.ok_or(SourceError::UnknownChannel)?;
        Ok((Channel { device, channel }, metadata))
    }

    fn folder(&self, channel: &Channel) -> PathBuf {
        let device = self.root.join(channel.device.as_str());
        device.join(channel.channel.as_str())
    }

    fn path(&self, segment: &Segment) -> PathBuf {
        self.folder(&segment.channel).join(segment.name.to_string())
    }

    /// The segments of a channel.
    fn listing(&self, channel: &Channel, metadata: &Metadata) -> Result<Arc<Listing>, SourceError> {
        let key = (channel.device.clone(), channel.channel.clone());
        if let Some(known) = self
            .listings
            .get(&key)
            .filter(|known| known.holds(metadata))
        {
            return Ok(known);
        }
        let folder = self.folder(channel);
        let read =
            Listing::read(&folder, metadata).map_err(|error| unavailable(&folder, &error))?;
        let read = Arc::new(read);
        self.listings.put(key, read.weight(), Arc::clone(&read));
        Ok(read)
    }

    /// Opens a segment and reads its tables, unless they are known.
    fn read(&self, segment: &Segment) -> Result<(FileInput, Identity, Arc<Movie>), Mp4Error> {
        let (file, identity) = segment::open(&self.path(segment))?;
        if let Some((of, movie)) = self.movies.get(segment)
            && of == identity
        {
            return Ok((file, identity, movie));
        }
        let movie = {
            let _turn = self.gate.enter();
            Arc::new(mp4::read(&file)?)
        };
        let known = (identity, Arc::clone(&movie));
        self.movies.put(segment.clone(), movie.weight(), known);
        Ok((file, identity, movie))
    }

    /// What can be taken from a segment. `None` if it has gone.
    fn facts(&self, segment: &Segment) -> Option<Arc<Facts>> {
        let path = self.path(segment);
        let identity = match Identity::at(&path) {
            Ok(identity) => identity,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                let nobody = Identity { len: 0, changed: 0 };
                return Some(self.unusable(segment, nobody, &error.into()));
            }
        };
        if let Some(known) = self.facts.get(segment)
            && known.identity == identity
        {
            return Some(known);
        }
        let read = self.read(segment);
        let facts = match read.and_then(|(_, of, movie)| Ok((of, Usable::of(&movie)?))) {
            Ok((identity, usable)) => Arc::new(Facts {
                identity,
                usable: Ok(usable),
            }),
            Err(error) => {
                let facts = self.unusable(segment, identity, &error);
                if matches!(error, Mp4Error::Read(_)) {
                    // A permission may change without a trace in the file.
                    return Some(facts);
                }
                facts
            }
        };
        self.facts.put(segment.clone(), 1, Arc::clone(&facts));
        Some(facts)
    }

    fn unusable(&self, segment: &Segment, identity: Identity, error: &Mp4Error) -> Arc<Facts> {
        let path = self.path(segment);
        tracing::warn!(path = %path.display(), %error, "a segment cannot be used");
        Arc::new(Facts {
            identity,
            usable: Err(format!("{}: {error}", path.display()).into()),
        })
    }
}

/// The folder at `path`; `None` if there is none. A symbolic link is none.
fn folder_at(path: &Path) -> Result<Option<Metadata>, SourceError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(Some(metadata)),
        Ok(_) => {
            tracing::warn!(path = %path.display(), "not a folder; links are not followed");
            Ok(None)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unavailable(path, &error)),
    }
}

/// The archive cannot be read here.
fn unavailable(path: &Path, error: &io::Error) -> SourceError {
    SourceError::Unavailable(format!("{}: {error}", path.display()))
}
