//! The entries of tables, piece by piece, and where the samples of a piece lie.

use bytes::{BufMut, BytesMut};

use super::layout::{Layout, Table, TrackPlan};
use super::part::{Part, within};
use crate::mp4::{Kind, Movie, Track};

/// Samples that lie one after the other: where in the file of the piece, and how many bytes.
pub(super) type Run = (u64, u64);

/// Where the samples of a piece are read and written: in the order in which they lie in their file.
pub(super) struct Places {
    /// What to read, in order.
    pub(super) runs: Vec<Run>,
    /// By kind of track: how far from the piece's first byte each chunk is written.
    chunks: [Vec<u64>; 2],
}

impl Places {
    pub(super) fn of(layout: &Layout, piece: usize, movie: &Movie) -> Self {
        let mut chunks = Vec::new();
        for kind in Kind::ALL {
            let (Some(track), Some(part)) = (movie.track(kind), layout.pieces[piece].part(kind))
            else {
                continue;
            };
            let clipped = track.chunks.clip(part.samples.clone(), &track.sizes);
            chunks.extend(clipped.map(|chunk| {
                let size = track.sizes.sum(chunk.samples);
                (chunk.offset, kind, size)
            }));
        }
        // Stable: chunks of a track that share a place keep their order.
        chunks.sort_by_key(|&(offset, kind, _)| (offset, kind as usize));
        let mut places = Self {
            runs: Vec::new(),
            chunks: [Vec::new(), Vec::new()],
        };
        let mut written = 0;
        for (offset, kind, size) in chunks {
            places.chunks[kind as usize].push(written);
            written += size;
            match places.runs.last_mut() {
                Some((start, len)) if *start + *len == offset => *len += size,
                _ => places.runs.push((offset, size)),
            }
        }
        places
    }
}

/// The entries that a piece gives to a table. `None` if they cannot be written, as the file is not what
/// it was.
pub(super) fn entries(
    layout: &Layout,
    plan: &TrackPlan,
    table: Table,
    piece: usize,
    movie: &Movie,
) -> Option<BytesMut> {
    let entries = Entries {
        plan,
        piece,
        part: layout.pieces[piece].part(plan.kind)?,
        track: movie.track(plan.kind)?,
    };
    if entries.part.samples.end > entries.track.count() {
        return None;
    }
    let mut out = BytesMut::new();
    match table {
        Table::Times => entries.times(&mut out)?,
        Table::Offsets => entries.offsets(&mut out)?,
        Table::Syncs => entries.syncs(&mut out),
        Table::ChunkRuns => entries.chunk_runs(&mut out)?,
        Table::Sizes if plan.uniform.is_some() => {}
        Table::Sizes => entries.sizes(&mut out),
        Table::Chunks => {
            let start = layout.samples_start(piece);
            let places = Places::of(layout, piece, movie);
            for within in &places.chunks[plan.kind as usize] {
                let offset = start + within;
                match layout.wide {
                    true => out.put_u64(offset),
                    false => out.put_u32(u32::try_from(offset).ok()?),
                }
            }
        }
    }
    Some(out)
}

/// What a piece gives to a track of the whole, and where it comes from.
struct Entries<'a> {
    plan: &'a TrackPlan,
    piece: usize,
    part: &'a Part,
    track: &'a Track,
}

impl Entries<'_> {
    /// Ticks of the piece in ticks of the whole.
    fn ticks(&self, ticks: u32) -> u64 {
        self.plan.line.ticks(self.piece, ticks)
    }

    fn times(&self, out: &mut BytesMut) -> Option<()> {
        let samples = &self.part.samples;
        let runs = self.track.times.clip(samples.start..samples.end - 1);
        let mut runs = runs.peekable();
        let joint = self.plan.line.joints[self.piece];
        let mut merged = false;
        while let Some((count, delta)) = runs.next() {
            let delta = u32::try_from(self.ticks(delta)).ok()?;
            merged = runs.peek().is_none() && delta == joint;
            out.put_u32(count + u32::from(merged));
            out.put_u32(delta);
        }
        if !merged {
            out.put_u32(1);
            out.put_u32(joint);
        }
        Some(())
    }

    /// Offsets are such that every piece is decoded the same time before it is shown.
    fn offsets(&self, out: &mut BytesMut) -> Option<()> {
        let Part {
            samples,
            first_offset,
            offset_runs,
            ..
        } = self.part;
        let none = (*offset_runs == 0).then_some((self.part.count(), 0));
        let runs = self.track.offsets.clip(samples.clone());
        for (count, offset) in none.into_iter().chain(runs) {
            let later = self.ticks(offset.abs_diff(*first_offset)).cast_signed();
            let later = if offset < *first_offset {
                -later
            } else {
                later
            };
            let offset = i64::from(self.plan.line.reorder).checked_add(later)?;
            out.put_u32(count);
            out.put_u32(u32::try_from(offset).ok()?);
        }
        Some(())
    }

    fn syncs(&self, out: &mut BytesMut) {
        let samples = &self.part.samples;
        // Numbers in the file begin with 1.
        let number = |sample: u32| self.plan.before[self.piece].0 + (sample - samples.start) + 1;
        match &self.track.syncs {
            Some(syncs) => {
                for &sample in within(syncs, samples) {
                    out.put_u32(number(sample));
                }
            }
            None => samples
                .clone()
                .for_each(|sample| out.put_u32(number(sample))),
        }
    }

    fn chunk_runs(&self, out: &mut BytesMut) -> Option<()> {
        let mut alike = None;
        let first = self.plan.before[self.piece].1 + 1;
        let samples = self.part.samples.clone();
        let chunks = self.track.chunks.clip(samples, &self.track.sizes);
        for (number, chunk) in (first..).zip(chunks) {
            let this = (chunk.samples.len(), chunk.entry);
            if alike != Some(this) {
                alike = Some(this);
                out.put_u32(number);
                out.put_u32(u32::try_from(this.0).ok()?);
                out.put_u32(*self.plan.entry_of[self.piece].get(usize::from(this.1))?);
            }
        }
        Some(())
    }

    fn sizes(&self, out: &mut BytesMut) {
        match self.part.uniform {
            Some(size) => (0..self.part.count()).for_each(|_| out.put_u32(size)),
            None => {
                for size in self.track.sizes.each(self.part.samples.clone()) {
                    out.put_u32(*size);
                }
            }
        }
    }
}
