//! Filing existing recordings: checked first, copied under another name, and only then given the name of a
//! segment.

use std::fs::{self, File};
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};

use super::name::{Ending, LocalMillis, SegmentName};
use super::segment::{self, Identity, Usable};
use super::{Archive, Channel, Inner, Listing, Segment};
use crate::gb28181::GbCode;
use crate::mp4;
use crate::time::LocalDateTime;

/// Why a recording is not filed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read, or holds no recording. The reason.
    #[error("{file}: {reason}")]
    Unusable {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// Nobody said when the recording starts.
    #[error(
        "{0}: its start is not known; give --start, or name the file after its start, such as \
         2025-04-04T21-36-17.mp4"
    )]
    Start(String),
    /// There is a recording of the same time.
    #[error("{file}: from {start} to {end} it overlaps {other}; remove one, or correct the start")]
    Overlap {
        /// The file.
        file: String,
        /// When it starts.
        start: String,
        /// When it ends.
        end: String,
        /// What is there already.
        other: String,
    },
    /// The archive cannot be read or written. Where, and why.
    #[error("{path}: {error}")]
    Archive {
        /// Where.
        path: String,
        /// Why.
        error: io::Error,
    },
}

/// A recording that was checked and can be filed.
#[derive(Debug)]
pub struct Import {
    from: PathBuf,
    identity: Identity,
    folder: PathBuf,
    name: SegmentName,
    end: LocalMillis,
}

impl Archive {
    /// Checks recordings that are to be filed under a channel, and works out their names: the first
    /// starts at `start`, in platform-local time, and each of the others where the one before it ends.
    /// Without `start` each file has to have the name of a segment already. Nothing is written yet.
    ///
    /// The times that files give themselves are not looked at: some devices write local time there, some
    /// UTC, some nothing.
    ///
    /// # Errors
    /// If one of them cannot be read, or overlaps another or what is there. Then none should be filed.
    pub fn check_import(
        &self,
        device: &GbCode,
        channel: &GbCode,
        start: Option<LocalDateTime>,
        files: &[PathBuf],
    ) -> Result<Vec<Import>, ImportError> {
        let channel = Channel {
            device: device.clone(),
            channel: channel.clone(),
        };
        let folder = self.0.folder(&channel);
        let listing = listing(&folder)?;
        let mut next = start.map(|start| start.seconds() * 1000);
        let mut imports: Vec<Import> = Vec::new();
        for file in files {
            let import = look(file, next, &folder)?;
            if next.is_some() {
                next = Some(import.end);
            }
            self.0
                .refuse_overlap(&channel, listing.as_ref(), &imports, &import)?;
            imports.push(import);
        }
        Ok(imports)
    }
}

/// What is in the folder of a channel; `None` if there is no folder yet.
fn listing(folder: &Path) -> Result<Option<Listing>, ImportError> {
    let read = fs::metadata(folder).and_then(|metadata| Listing::read(folder, &metadata));
    match read {
        Ok(listing) => Ok(Some(listing)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(archive(folder, error)),
    }
}

fn archive(path: &Path, error: io::Error) -> ImportError {
    let path = path.display().to_string();
    ImportError::Archive { path, error }
}

fn unusable(file: &Path, reason: impl std::fmt::Display) -> ImportError {
    ImportError::Unusable {
        file: file.display().to_string(),
        reason: reason.to_string(),
    }
}

/// Reads a file that starts at `start`, or when its name says.
fn look(file: &Path, start: Option<LocalMillis>, folder: &Path) -> Result<Import, ImportError> {
    let (input, identity) = segment::open(file).map_err(|error| unusable(file, error))?;
    let movie = mp4::read(&input).map_err(|error| unusable(file, error))?;
    let span = Usable::of(&movie)
        .map_err(|error| unusable(file, error))?
        .span;
    let own = || {
        let name = file.file_name()?.to_str()?;
        SegmentName::read(name).map(|name| name.start)
    };
    let Some(start) = start.or_else(own) else {
        return Err(ImportError::Start(file.display().to_string()));
    };
    let ending = match movie.quicktime {
        true => Ending::Mov,
        false => Ending::Mp4,
    };
    let end = i64::try_from(span.end_ms)
        .ok()
        .and_then(|end| start.checked_add(end));
    let (Some(name), Some(end)) = (SegmentName::new(start, ending), end) else {
        return Err(unusable(file, "it would end after the year 9999"));
    };
    Ok(Import {
        from: file.to_owned(),
        identity,
        folder: folder.to_owned(),
        name,
        end,
    })
}

impl Inner {
    fn refuse_overlap(
        &self,
        channel: &Channel,
        listing: Option<&Listing>,
        others: &[Import],
        import: &Import,
    ) -> Result<(), ImportError> {
        let (before, after) = listing.map_or((None, None), |known| known.around(import.name.start));
        let before = before.filter(|&before| {
            let segment = Segment {
                channel: channel.clone(),
                name: before,
            };
            // What cannot be read has no end that is known; only its start counts.
            let end = self.end(&segment).unwrap_or(before.start + 1);
            end > import.name.start
        });
        let after = after.filter(|after| after.start < import.end);
        let path = |name: SegmentName| import.folder.join(name.to_string()).display().to_string();
        let there = before.or(after).map(path);
        let other = there.or_else(|| {
            let overlaps =
                |other: &&Import| other.name.start < import.end && import.name.start < other.end;
            let other = others.iter().find(overlaps)?;
            Some(other.from.display().to_string())
        });
        let Some(other) = other else {
            return Ok(());
        };
        Err(ImportError::Overlap {
            file: import.from.display().to_string(),
            start: time(import.name.start),
            end: time(import.end),
            other,
        })
    }

    /// When a segment ends.
    fn end(&self, segment: &Segment) -> Option<LocalMillis> {
        let facts = self.facts(segment)?;
        let usable = facts.usable.as_ref().ok()?;
        segment.name.start.checked_add_unsigned(usable.span.end_ms)
    }
}

/// A time as people write it.
fn time(millis: LocalMillis) -> String {
    let whole = LocalDateTime::from_seconds(millis.div_euclid(1000));
    let whole = whole.map(|time| time.to_string()).unwrap_or_default();
    match millis.rem_euclid(1000) {
        0 => whole,
        rest => format!("{whole}.{rest:03}"),
    }
}

impl Import {
    /// The file that it comes from.
    #[must_use]
    pub fn from(&self) -> &Path {
        &self.from
    }

    /// Where it will be.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(self.name.to_string())
    }

    /// Files it: copies it under a name that is no segment's (`.import-…`, which may be removed if a
    /// crash leaves one behind), syncs it, and gives it its name.
    ///
    /// # Errors
    /// If it has changed since it was checked, its name is taken by now, or the archive cannot be
    /// written.
    pub fn file(self) -> Result<PathBuf, ImportError> {
        let path = self.path();
        let cannot = |error| archive(&self.folder, error);
        fs::create_dir_all(&self.folder).map_err(cannot)?;
        let work = tempfile::Builder::new()
            .prefix(".import-")
            .tempfile_in(&self.folder)
            .map_err(cannot)?;
        let (input, _) = segment::open(&self.from).map_err(|error| unusable(&self.from, error))?;
        let mut from = input.file();
        from.rewind().map_err(|error| unusable(&self.from, error))?;
        io::copy(&mut from, &mut work.as_file()).map_err(cannot)?;
        let now = from
            .metadata()
            .map_err(|error| unusable(&self.from, error))?;
        if Identity::of(&now) != self.identity {
            return Err(unusable(&self.from, "it has changed since it was checked"));
        }
        readable(work.as_file()).map_err(cannot)?;
        work.as_file().sync_all().map_err(cannot)?;
        work.persist_noclobber(&path)
            .map_err(|error| archive(&path, error.error))?;
        sync_folder(&self.folder).map_err(cannot)?;
        Ok(path)
    }
}

/// Lets others read it: a new file of this kind is its owner's alone.
fn readable(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// Makes a new name last.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}
