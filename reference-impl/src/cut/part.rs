//! Which samples of a file make a piece, and the numbers that the layout needs of them.

use std::ops::Range;

use crate::mp4::{Kind, Look, Movie, SampleEntry, Sizes, Track};

/// A stretch of a file's presentation, in milliseconds after its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start_ms: u64,
    pub(crate) end_ms: u64,
}

impl Span {
    /// What a file can give: from the first key frame shown to the end of the last picture; of a file
    /// without pictures, its sound. `None` if that is nothing.
    pub(crate) fn of(movie: &Movie) -> Option<Self> {
        let (track, first) = match (&movie.video, &movie.audio) {
            (Some(video), _) => (video, first_sync(video)?),
            (None, Some(audio)) => (audio, 0),
            (None, None) => return None,
        };
        let scale = u128::from(track.timescale);
        let start = u128::try_from(track.shown(first)).unwrap_or(0);
        let end = u128::try_from(track.end()).unwrap_or(0);
        let span = Self {
            start_ms: u64::try_from((start * 1000).div_ceil(scale)).ok()?,
            end_ms: u64::try_from(end * 1000 / scale).ok()?,
        };
        (span.start_ms < span.end_ms).then_some(span)
    }

    pub(crate) fn millis(self) -> u64 {
        self.end_ms.saturating_sub(self.start_ms)
    }

    /// Start and end in ticks of a track: down for the start, up for the end.
    fn ticks(self, timescale: u32) -> Range<i64> {
        let ticks = |ms: u64, up: u128| {
            let ticks = (u128::from(ms) * u128::from(timescale) + up) / 1000;
            i64::try_from(ticks).unwrap_or(i64::MAX >> 1)
        };
        ticks(self.start_ms, 0)..ticks(self.end_ms, 999)
    }
}

/// The first sample to begin at that is shown at all.
fn first_sync(video: &Track) -> Option<u32> {
    match &video.syncs {
        Some(syncs) => {
            let shown = syncs.partition_point(|&sample| video.shown(sample) < 0);
            syncs.get(shown).copied()
        }
        None => (0..video.count()).find(|&sample| video.shown(sample) >= 0),
    }
}

/// Where pictures can end before `at_ms` so that none that is left out is needed, or would be shown
/// earlier than one that is left in: in milliseconds, at most `at_ms`.
pub(crate) fn closed_end(movie: &Movie, at_ms: u64) -> u64 {
    let Some(video) = &movie.video else {
        return at_ms;
    };
    let span = Span {
        start_ms: 0,
        end_ms: at_ms,
    };
    let end = span.ticks(video.timescale).end;
    let last = video.latest(end);
    let out = (video.earliest(end)..=last).find(|&sample| video.shown(sample) >= end);
    let Some(out) = out else {
        return at_ms;
    };
    let earliest = (out..=last).map(|sample| video.shown(sample)).min();
    let earliest = earliest
        .and_then(|ticks| u128::try_from(ticks).ok())
        .unwrap_or(0);
    let ms = earliest * 1000 / u128::from(video.timescale);
    u64::try_from(ms).unwrap_or(u64::MAX).min(at_ms)
}

/// What a file gives to the whole.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) span: Span,
    /// In the order of [`Kind::ALL`].
    pub(crate) parts: [Option<Part>; 2],
    pub(crate) quicktime: bool,
}

impl Piece {
    /// What `movie` gives within `span`, as the first piece of the whole, the last, both or neither.
    pub(crate) fn of(movie: &Movie, span: Span, first: bool, last: bool) -> Self {
        let part = |kind| {
            let track = movie.track(kind)?;
            let within = span.ticks(track.timescale);
            let samples = match kind {
                Kind::Video => pictures(track, &within),
                Kind::Audio => sounds(track, &within, first, last),
            };
            let samples = samples.filter(|samples| !samples.is_empty())?;
            Some(Part::of(track, samples, within.start))
        };
        Self {
            span,
            parts: Kind::ALL.map(part),
            quicktime: movie.quicktime,
        }
    }

    /// What its track of this kind gives.
    pub(super) fn part(&self, kind: Kind) -> Option<&Part> {
        self.parts[kind as usize].as_ref()
    }

    /// How many bytes its samples have.
    pub(super) fn bytes(&self) -> u64 {
        self.parts.iter().flatten().map(|part| part.bytes).sum()
    }
}

/// From the key frame at or before the start to the last picture, in the order of decoding, that is
/// shown before the end.
fn pictures(track: &Track, within: &Range<i64>) -> Option<Range<u32>> {
    let first = match &track.syncs {
        Some(syncs) => {
            let after = syncs.partition_point(|&sync| track.shown(sync) <= within.start);
            *syncs.get(after.saturating_sub(1))?
        }
        None => at_or_before(track, within.start),
    };
    let mut last = track.latest(within.end);
    while last > first && track.shown(last) >= within.end {
        last -= 1;
    }
    Some(first..last.checked_add(1)?)
}

/// The last sample that is shown no later than `time`; the first if there is none.
fn at_or_before(track: &Track, time: i64) -> u32 {
    let mut sample = track.latest(time);
    while sample > 0 && track.shown(sample) > time {
        sample -= 1;
    }
    sample
}

/// A frame of sound belongs to the piece in which its middle is, so that joints neither repeat nor lose
/// one. Where the whole begins and ends the edit list hides what is too much: there every frame that is
/// heard belongs to it, and the one before, which decoders need to get in tune.
fn sounds(track: &Track, within: &Range<i64>, first: bool, last: bool) -> Option<Range<u32>> {
    let middle = |sample| track.shown(sample) + i64::from(track.times.delta(sample) / 2);
    let near = at_or_before(track, within.start);
    let start = match first {
        true => near.saturating_sub(1),
        false if middle(near) < within.start => near.checked_add(1)?,
        false => near,
    };
    let mut end = at_or_before(track, within.end).checked_add(1)?;
    let out = |sample| match last {
        true => track.shown(sample) >= within.end,
        false => middle(sample) >= within.end,
    };
    while end > start && out(end - 1) {
        end -= 1;
    }
    Some(start..end)
}

/// The samples that a track gives to a piece. Times are in ticks of the track.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) timescale: u32,
    pub(crate) look: Look,
    pub(crate) entries: Vec<SampleEntry>,
    pub(crate) samples: Range<u32>,
    /// When the first sample is shown, after the start of the piece.
    pub(crate) first_shown: i64,
    /// From the first sample to the last, in time of decoding.
    pub(crate) length: u64,
    /// How long the last sample lasts.
    pub(crate) last_delta: u32,
    /// Runs of equal distance of all samples but the last, and the distance of the last of these runs.
    pub(crate) time_runs: u32,
    pub(crate) tail: Option<u32>,
    /// Offset of the first sample, and how much less the least is.
    pub(crate) first_offset: i32,
    pub(crate) reorder: u32,
    /// Runs of equal offset.
    pub(crate) offset_runs: u32,
    /// How many samples can be begun at; `None`: all.
    pub(crate) syncs: Option<u32>,
    /// The size of all samples, if they have one size.
    pub(crate) uniform: Option<u32>,
    pub(crate) chunks: u32,
    /// Runs of chunks with as many samples of the same sample entry.
    pub(crate) chunk_runs: u32,
    pub(crate) bytes: u64,
}

impl Part {
    fn of(track: &Track, samples: Range<u32>, start: i64) -> Self {
        let (first, last) = (samples.start, samples.end - 1);
        let (mut time_runs, mut tail) = (0, None);
        for (_, delta) in track.times.clip(first..last) {
            (time_runs, tail) = (time_runs + 1, Some(delta));
        }
        let first_offset = track.offsets.at(first);
        let (mut offset_runs, mut least) = (0, first_offset);
        for (_, offset) in track.offsets.clip(samples.clone()) {
            (offset_runs, least) = (offset_runs + 1, least.min(offset));
        }
        let (mut chunks, mut chunk_runs, mut alike) = (0, 0, None);
        for chunk in track.chunks.clip(samples.clone(), &track.sizes) {
            chunks += 1;
            let this = Some((chunk.samples.len(), chunk.entry));
            if alike != this {
                (chunk_runs, alike) = (chunk_runs + 1, this);
            }
        }
        Self {
            timescale: track.timescale,
            look: track.look.clone(),
            entries: track.entries.clone(),
            first_shown: track.shown(first) - start,
            length: track.times.at(last) - track.times.at(first),
            last_delta: track.times.delta(last),
            time_runs,
            tail,
            first_offset,
            reorder: first_offset.abs_diff(least),
            offset_runs,
            syncs: track
                .syncs
                .as_ref()
                .map(|syncs| u32::try_from(within(syncs, &samples).len()).unwrap_or(u32::MAX)),
            uniform: match track.sizes {
                Sizes::Uniform(size) => Some(size),
                Sizes::Various(_) => None,
            },
            chunks,
            chunk_runs,
            bytes: track.sizes.sum(samples.clone()),
            samples,
        }
    }

    pub(crate) fn count(&self) -> u32 {
        self.samples.end - self.samples.start
    }
}

/// Those of `syncs` that are within a range of samples.
pub(super) fn within<'a>(syncs: &'a [u32], samples: &Range<u32>) -> &'a [u32] {
    let start = syncs.partition_point(|&sample| sample < samples.start);
    let end = syncs.partition_point(|&sample| sample < samples.end);
    syncs.get(start..end).unwrap_or_default()
}
