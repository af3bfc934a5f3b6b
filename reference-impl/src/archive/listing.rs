//! The segments of a channel, by their names alone: a year of ten-minute segments is 52,560 names, and no
//! file is opened for them.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::name::{LocalMillis, SegmentName};

/// Most segments of one channel: a year of ten-second segments has 3.2 million.
const MAX_SEGMENTS: usize = 4_000_000;

/// A folder that changed less than this ago is read again: its time is not fine enough to tell whether
/// it changed once more.
const SETTLED: Duration = Duration::from_secs(2);

/// The names in a folder at one time, in order, no two with one start.
#[derive(Debug)]
pub(super) struct Listing {
    names: Vec<SegmentName>,
    /// When the folder had changed last; `None` if that was too short ago to rely on.
    settled: Option<SystemTime>,
}

impl Listing {
    /// Reads the names in `folder`. What is no segment is left out, with a line in the log.
    pub(super) fn read(folder: &Path, metadata: &Metadata) -> io::Result<Self> {
        let now = SystemTime::now();
        let changed = metadata.modified().ok();
        let settled = changed.filter(|&changed| {
            now.duration_since(changed)
                .is_ok_and(|since| since > SETTLED)
        });
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if let Some(name) = segment(&entry)? {
                names.push(name);
            }
            if names.len() > MAX_SEGMENTS {
                return Err(io::Error::other(format!(
                    "more than {MAX_SEGMENTS} segments"
                )));
            }
        }
        names.sort_unstable();
        names.dedup_by(|next, kept| {
            let same = next.start == kept.start;
            if same {
                tracing::warn!(
                    folder = %folder.display(), segment = %next, used = %kept,
                    "two segments have one start; remove one"
                );
            }
            same
        });
        names.shrink_to_fit();
        Ok(Self { names, settled })
    }

    /// Whether the folder has not changed since.
    pub(super) fn holds(&self, metadata: &Metadata) -> bool {
        self.settled.is_some() && self.settled == metadata.modified().ok()
    }

    /// How much it takes to keep, in bytes.
    pub(super) fn weight(&self) -> usize {
        128 + size_of_val(self.names.as_slice())
    }

    /// The segments that can reach into a window: those that start in it, and the one before.
    pub(super) fn within(&self, start: LocalMillis, end: LocalMillis) -> &[SegmentName] {
        let first = self.names.partition_point(|name| name.start <= start);
        let last = self.names.partition_point(|name| name.start < end);
        self.names
            .get(first.saturating_sub(1)..last)
            .unwrap_or_default()
    }

    /// The segments around a time: the last that starts at or before it, the first after it.
    pub(super) fn around(&self, time: LocalMillis) -> (Option<SegmentName>, Option<SegmentName>) {
        let after = self.names.partition_point(|name| name.start <= time);
        let before = after.checked_sub(1).and_then(|at| self.names.get(at));
        (before.copied(), self.names.get(after).copied())
    }

    /// When the next segment starts.
    pub(super) fn next(&self, name: SegmentName) -> Option<LocalMillis> {
        self.around(name.start).1.map(|next| next.start)
    }
}

/// The name of a segment, if the entry is one.
fn segment(entry: &fs::DirEntry) -> io::Result<Option<SegmentName>> {
    let file_name = entry.file_name();
    let name = file_name.to_str().and_then(SegmentName::read);
    let kind = entry.file_type()?;
    match name {
        Some(name) if kind.is_file() => Ok(Some(name)),
        Some(_) if kind.is_symlink() => {
            tracing::warn!(path = %entry.path().display(), "a symbolic link is not followed");
            Ok(None)
        }
        Some(_) | None => {
            tracing::debug!(path = %entry.path().display(), "not a segment");
            Ok(None)
        }
    }
}
