//! One segment on disk: whether it is still the same, and what it holds.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use crate::cut::{Piece, Span};
use crate::mp4::{self, FileInput, Movie, Mp4Error};

/// What tells that a file has not changed: its length, and when it was changed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) len: u64,
    /// Nanoseconds since 1970 UTC; of an earlier time, 0.
    pub(super) changed: u64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let changed = metadata.modified().ok();
        let since = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            len: metadata.len(),
            changed: since
                .and_then(|since| u64::try_from(since.as_nanos()).ok())
                .unwrap_or(0),
        }
    }

    /// The identity of the file at `path`; a symbolic link is none.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        regular(&metadata)?;
        Ok(Self::of(&metadata))
    }
}

fn regular(metadata: &Metadata) -> io::Result<()> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// Opens a file for reading, if it is one: neither a symbolic link, nor something that would wait.
pub(super) fn open(path: &Path) -> io::Result<(FileInput, Identity)> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        options.custom_flags(flags.bits().cast_signed());
    }
    #[cfg(not(unix))]
    regular(&fs::symlink_metadata(path)?)?;
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    regular(&metadata)?;
    let identity = Identity::of(&metadata);
    Ok((FileInput::new(file, identity.len), identity))
}

/// What a segment holds, without its tables.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// The file this was read from.
    pub(super) identity: Identity,
    /// What can be taken from it; or why nothing can.
    pub(super) usable: Result<Usable, Arc<str>>,
}

/// What can be taken from a segment.
#[derive(Debug, Clone)]
pub(super) struct Usable {
    pub(super) span: Span,
    /// The whole of it, as a piece between others.
    pub(super) whole: Arc<Piece>,
}

impl Usable {
    pub(super) fn of(movie: &Movie) -> Result<Self, Mp4Error> {
        let Some(span) = Span::of(movie) else {
            return mp4::broken("no key frame of it is shown");
        };
        Ok(Self {
            span,
            whole: Arc::new(Piece::of(movie, span, false, false)),
        })
    }
}
