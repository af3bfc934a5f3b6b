//! Fragmented files (`moof`): the same tables, spread over the file.

use mp4_atom::{Tfdt, Tfhd, Trex, Trun, TrunEntry};

use super::read::{Draft, decode};
use super::walk::{child, children, must};
use super::{Kind, MAX_TICKS, Mp4Error, Sizes, Times, Track, broken};

/// Most samples in fragments of one track: more than a day of sound.
const MAX_SAMPLES: usize = 8 << 20;

/// The flag of a sample that decoding cannot begin at.
const NOT_SYNC: u32 = 0x1_0000;

/// What the fragments of a file have told so far.
pub(super) struct Fragments {
    defaults: Vec<Trex>,
    /// By place of the track.
    syncs: Vec<Syncs>,
}

/// The samples that decoding can begin at.
#[derive(Default)]
struct Syncs {
    samples: Vec<u32>,
    seen: u32,
}

/// Where the samples of a run are and what they are unless they say otherwise.
struct Run {
    at: u64,
    entry: u16,
    duration: u32,
    size: u32,
    flags: u32,
}

impl Fragments {
    /// From the content of `mvex`.
    pub(super) fn new(mvex: &[u8]) -> Result<Self, Mp4Error> {
        let mut defaults = Vec::new();
        for part in children(mvex) {
            let (name, body) = part?;
            if name == *b"trex" {
                defaults.push(decode(body)?);
            }
        }
        Ok(Self {
            defaults,
            syncs: Vec::new(),
        })
    }

    /// Takes what a `moof` box says that starts at byte `start` of a file of `len` bytes.
    pub(super) fn add(
        &mut self,
        moof: &[u8],
        start: u64,
        tracks: &mut [Draft],
        len: u64,
    ) -> Result<(), Mp4Error> {
        self.syncs.resize_with(tracks.len(), Syncs::default);
        // Without another word the samples of a track lie after those of the track before.
        let mut after = start;
        for part in children(moof) {
            let (name, traf) = part?;
            if name != *b"traf" {
                continue;
            }
            let head: Tfhd = decode(must(traf, b"tfhd")?)?;
            let base = match head.base_data_offset {
                Some(base) => base,
                None if head.default_base_is_moof => start,
                None => after,
            };
            let place = tracks.iter().position(|draft| draft.id == head.track_id);
            let mut run = self.run(&head, base);
            for part in children(traf) {
                let (name, body) = part?;
                if name != *b"trun" {
                    continue;
                }
                let trun: Trun = decode(body)?;
                if let Some(offset) = trun.data_offset {
                    run.at = base.saturating_add_signed(offset.into());
                }
                let Some(place) = place else {
                    // Of a track that nobody asked for. What follows it must say where it is.
                    continue;
                };
                let (draft, syncs) = (&mut tracks[place], &mut self.syncs[place]);
                let time = match child(traf, b"tfdt")? {
                    Some(tfdt) => Some(decode::<Tfdt>(tfdt)?.base_media_decode_time),
                    None => None,
                };
                if syncs.seen == 0 {
                    syncs.begin(&mut draft.track, time)?;
                }
                draft.track.times.stretch(time.unwrap_or(0))?;
                if !run.add(&trun, draft, syncs, len)? {
                    return Ok(());
                }
            }
            after = run.at;
        }
        Ok(())
    }

    fn run(&self, head: &Tfhd, at: u64) -> Run {
        let default = self
            .defaults
            .iter()
            .find(|trex| trex.track_id == head.track_id)
            .cloned()
            .unwrap_or_default();
        let entry = head
            .sample_description_index
            .unwrap_or(default.default_sample_description_index)
            .wrapping_sub(1);
        Run {
            at,
            entry: u16::try_from(entry).unwrap_or(u16::MAX),
            duration: head
                .default_sample_duration
                .unwrap_or(default.default_sample_duration),
            size: head
                .default_sample_size
                .unwrap_or(default.default_sample_size),
            flags: head
                .default_sample_flags
                .unwrap_or(default.default_sample_flags),
        }
    }

    /// Puts together what was told: the samples to begin at, and a common start of the tracks, since
    /// the clock of a live recording starts anywhere.
    pub(super) fn finish(self, tracks: &mut [Draft]) -> Result<(), Mp4Error> {
        for (draft, syncs) in tracks.iter_mut().zip(self.syncs) {
            let all = syncs.samples.len() == syncs.seen as usize;
            if draft.kind == Kind::Video && !all {
                draft.track.syncs = Some(syncs.samples);
            }
        }
        let starts = tracks.iter().filter(|draft| draft.track.times.count() > 0);
        let nanos = |draft: &Draft| {
            u128::from(draft.track.times.at(0)) * 1_000_000_000 / u128::from(draft.track.timescale)
        };
        let Some(start) = starts.map(nanos).min() else {
            return Ok(());
        };
        for draft in tracks {
            let ticks = start * u128::from(draft.track.timescale) / 1_000_000_000;
            let Ok(ticks) = i64::try_from(ticks) else {
                return broken("its times are too large");
            };
            draft.track.edit.start = draft.track.edit.start.saturating_add(ticks);
        }
        Ok(())
    }
}

impl Syncs {
    /// Sets a track up for its first fragment, at `time`. It may have samples in `moov` already.
    fn begin(&mut self, track: &mut Track, time: Option<u64>) -> Result<(), Mp4Error> {
        let count = track.chunks.count();
        if count == 0 {
            let origin = time.unwrap_or(0);
            if origin > MAX_TICKS {
                return broken("its times are too large");
            }
            track.times = Times::starting_at(origin);
            track.sizes = Sizes::Various(Vec::new());
            return Ok(());
        }
        if count as usize > MAX_SAMPLES {
            return Err(too_many());
        }
        if track.times.count() < count {
            return broken("its tables do not describe the same number of samples");
        }
        track.times.truncate(count);
        track.offsets.fit(count)?;
        if let Sizes::Uniform(size) = track.sizes {
            track.sizes = Sizes::Various(vec![size; count as usize]);
        }
        self.samples = track.syncs.take().unwrap_or_else(|| (0..count).collect());
        self.seen = count;
        Ok(())
    }
}

fn too_many() -> Mp4Error {
    let most = format!("a track with more than {MAX_SAMPLES} samples in fragments");
    Mp4Error::Unsupported(most)
}

impl Run {
    /// Adds the samples of `trun` to a track. `false` if they end after the file: then the recording
    /// was cut short here.
    fn add(
        &mut self,
        trun: &Trun,
        draft: &mut Draft,
        syncs: &mut Syncs,
        len: u64,
    ) -> Result<bool, Mp4Error> {
        let track = &mut draft.track;
        let Sizes::Various(sizes) = &mut track.sizes else {
            return broken("its fragments contradict each other");
        };
        let count = trun.samples.len();
        if sizes.len().saturating_add(count) > MAX_SAMPLES {
            return Err(too_many());
        }
        let size = |entry: &TrunEntry| u64::from(entry.size.unwrap_or(self.size));
        let bytes: u64 = trun.samples.iter().map(|entry| size(&entry)).sum();
        if self.at.checked_add(bytes).is_none_or(|end| end > len) {
            return Ok(false);
        }
        track.chunks.push(
            self.at,
            u32::try_from(count).unwrap_or(u32::MAX),
            self.entry,
        )?;
        for entry in &trun.samples {
            sizes.push(entry.size.unwrap_or(self.size));
            track
                .times
                .push(1, entry.duration.unwrap_or(self.duration))?;
            if draft.kind == Kind::Video {
                let offset = entry.cts.and_then(|cts| i32::try_from(cts).ok());
                track.offsets.push(1, offset.unwrap_or(0))?;
            }
            if entry.flags.unwrap_or(self.flags) & NOT_SYNC == 0 {
                syncs.samples.push(syncs.seen);
            }
            syncs.seen += 1;
        }
        self.at += bytes;
        Ok(true)
    }
}
