//! One track of a file, and when its samples are shown.

use std::sync::Arc;

use mp4_atom::{FixedPoint, Matrix};

use super::{Chunks, MAX_TICKS, Mp4Error, Offsets, Sizes, Times, broken};

/// Most pictures in a file: more than a day at 30 a second. They are looked at one by one here and there.
const MAX_PICTURES: u32 = 1 << 22;

/// What a file holds that is of use here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Movie {
    /// The first track of pictures.
    pub(crate) video: Option<Track>,
    /// The first track of sound.
    pub(crate) audio: Option<Track>,
    /// The file's major brand is QuickTime's, which sample entries of its own need.
    pub(crate) quicktime: bool,
}

impl Movie {
    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        let tracks = self.video.iter().chain(&self.audio);
        tracks.map(Track::weight).sum::<usize>() + 256
    }

    /// The track of this kind.
    pub(crate) fn track(&self, kind: Kind) -> Option<&Track> {
        match kind {
            Kind::Video => self.video.as_ref(),
            Kind::Audio => self.audio.as_ref(),
        }
    }
}

/// How samples are to be read: a whole box, as it is.
pub(crate) type SampleEntry = Arc<[u8]>;

/// What a track is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
}

impl Kind {
    /// Both, in the order of the tracks of a file.
    pub(crate) const ALL: [Self; 2] = [Self::Video, Self::Audio];

    /// The handler type that means it.
    pub(crate) fn handler(self) -> &'static [u8; 4] {
        match self {
            Self::Video => b"vide",
            Self::Audio => b"soun",
        }
    }
}

/// How a track is presented: size and orientation of pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) width: FixedPoint<u16>,
    pub(crate) height: FixedPoint<u16>,
    pub(crate) matrix: Matrix,
    /// ISO 639-2.
    pub(crate) language: String,
}

/// Which part of the media is shown when, in ticks of the track.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The time of the media that is shown first.
    pub(crate) start: i64,
    /// How long nothing is shown before that.
    pub(crate) delay: i64,
    /// How much of the media is shown; `None`: all.
    pub(crate) length: Option<i64>,
}

/// A track, its tables consistent with each other and with the length of the file.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    /// Ticks in a second; not 0.
    pub(crate) timescale: u32,
    pub(crate) look: Look,
    pub(crate) entries: Vec<SampleEntry>,
    pub(crate) times: Times,
    pub(crate) offsets: Offsets,
    pub(crate) sizes: Sizes,
    pub(crate) chunks: Chunks,
    /// The samples that decoding can begin at, in order; `None`: all.
    pub(crate) syncs: Option<Vec<u32>>,
    pub(crate) edit: Edit,
}

impl Track {
    /// How many samples there are; never 0.
    pub(crate) fn count(&self) -> u32 {
        self.times.count()
    }

    fn weight(&self) -> usize {
        let syncs = self
            .syncs
            .as_ref()
            .map_or(0, |syncs| size_of_val(syncs.as_slice()));
        let entries: usize = self.entries.iter().map(|entry| entry.len()).sum();
        let tables = self.times.weight() + self.offsets.weight() + self.chunks.weight();
        tables + self.sizes.weight() + syncs + entries
    }

    /// When `sample` is shown, in ticks after the start of the file's presentation. It may be negative:
    /// then it is not shown.
    pub(crate) fn shown(&self, sample: u32) -> i64 {
        self.on_air(self.times.at(sample)) + i64::from(self.offsets.at(sample))
    }

    /// What time of the presentation a time of the media is.
    pub(crate) fn on_air(&self, time: u64) -> i64 {
        // Neither can overflow: all three are at most MAX_TICKS.
        time.cast_signed() - self.edit.start + self.edit.delay
    }

    /// No sample after this one is shown before `time`, of the presentation.
    pub(crate) fn latest(&self, time: i64) -> u32 {
        self.times
            .sample_at(self.media(time) - i64::from(self.offsets.least()))
    }

    /// No sample before this one is shown at `time`, of the presentation, or later.
    pub(crate) fn earliest(&self, time: i64) -> u32 {
        self.times
            .sample_at(self.media(time) - i64::from(self.offsets.most()))
    }

    /// What time of the media a time of the presentation is.
    fn media(&self, time: i64) -> i64 {
        time - self.edit.delay + self.edit.start
    }

    /// When the presentation of the track ends.
    pub(crate) fn end(&self) -> i64 {
        // Decoders reorder at most 16 pictures.
        let last = self.count().saturating_sub(1);
        let shown = (last.saturating_sub(32)..=last)
            .map(|sample| self.shown(sample) + i64::from(self.times.delta(sample)))
            .max()
            .unwrap_or(0);
        match self.edit.length {
            Some(length) => shown.min(self.edit.delay + length),
            None => shown,
        }
    }

    /// Checks the tables against each other and against a file of `len` bytes.
    pub(super) fn check(mut self, kind: Kind, len: u64) -> Result<Option<Self>, Mp4Error> {
        let count = match &self.sizes {
            Sizes::Uniform(_) => self.chunks.count(),
            Sizes::Various(sizes) => u32::try_from(sizes.len()).unwrap_or(u32::MAX),
        };
        if count == 0 {
            return Ok(None);
        }
        if kind == Kind::Video && count > MAX_PICTURES {
            let most = format!("a track of more than {MAX_PICTURES} pictures");
            return Err(Mp4Error::Unsupported(most));
        }
        if self.times.count() < count || self.chunks.count() < count {
            return broken("its tables do not describe the same number of samples");
        }
        self.times.truncate(count);
        self.chunks.truncate(count);
        self.offsets.fit(count)?;
        if let Some(syncs) = &mut self.syncs {
            syncs.retain(|&sample| sample < count);
            syncs.sort_unstable();
            syncs.dedup();
        }
        let most = MAX_TICKS.cast_signed();
        let edit = [
            self.edit.start,
            self.edit.delay,
            self.edit.length.unwrap_or(0),
        ];
        if edit.iter().any(|ticks| !(-most..=most).contains(ticks)) {
            return broken("its times are too large");
        }
        if self.sizes.sum(0..count) > len {
            return broken("its samples are larger than the file");
        }
        for chunk in self.chunks.clip(0..count, &self.sizes) {
            let size = self.sizes.sum(chunk.samples.clone());
            if chunk.offset.checked_add(size).is_none_or(|end| end > len) {
                return broken("samples lie after the end of the file");
            }
            if usize::from(chunk.entry) >= self.entries.len() {
                return broken("samples without a description");
            }
        }
        Ok(Some(self))
    }
}
