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
    let part = layout.pieces[piece].part(plan.kind)?;
    let track = movie.track(plan.kind)?;
    if part.samples.end > track.count() {
        return None;
    }
    let mut out = BytesMut::new();
    match table {
        Table::Times => times(plan, piece, part, track, &mut out)?,
        Table::Offsets => offsets(plan, piece, part, track, &mut out)?,
        Table::Syncs => syncs(plan.before[piece].0, part, track, &mut out),
        Table::ChunkRuns => chunk_runs(plan, piece, part, track, &mut out)?,
        Table::Sizes => match plan.uniform {
            Some(_) => {}
            None => sizes(part, track, &mut out),
        },
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

fn times(
    plan: &TrackPlan,
    piece: usize,
    part: &Part,
    track: &Track,
    out: &mut BytesMut,
) -> Option<()> {
    let last = part.samples.end - 1;
    let mut runs = track.times.clip(part.samples.start..last).peekable();
    let joint = plan.line.joints[piece];
    let mut merged = false;
    while let Some((count, delta)) = runs.next() {
        let delta = u32::try_from(plan.line.ticks(piece, delta)).ok()?;
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
fn offsets(
    plan: &TrackPlan,
    piece: usize,
    part: &Part,
    track: &Track,
    out: &mut BytesMut,
) -> Option<()> {
    let shift = i64::from(plan.line.reorder);
    let mut put = |count: u32, offset: i32| {
        let later = i64::from(offset) - i64::from(part.first_offset);
        let later = plan.line.ticks(piece, later.unsigned_abs()).cast_signed() * later.signum();
        out.put_u32(count);
        out.put_u32(u32::try_from(later + shift).ok()?);
        Some(())
    };
    if part.offset_runs == 0 {
        put(part.count(), 0)?;
    }
    for (count, offset) in track.offsets.clip(part.samples.clone()) {
        put(count, offset)?;
    }
    Some(())
}

fn syncs(before: u32, part: &Part, track: &Track, out: &mut BytesMut) {
    // Numbers in the file begin with 1.
    match &track.syncs {
        Some(syncs) => {
            for sample in within(syncs, &part.samples) {
                out.put_u32(before + (sample - part.samples.start) + 1);
            }
        }
        None => (0..part.count()).for_each(|sample| out.put_u32(before + sample + 1)),
    }
}

fn chunk_runs(
    plan: &TrackPlan,
    piece: usize,
    part: &Part,
    track: &Track,
    out: &mut BytesMut,
) -> Option<()> {
    let mut alike = None;
    let first = plan.before[piece].1 + 1;
    for (number, chunk) in (first..).zip(track.chunks.clip(part.samples.clone(), &track.sizes)) {
        let this = (chunk.samples.len(), chunk.entry);
        if alike != Some(this) {
            alike = Some(this);
            out.put_u32(number);
            out.put_u32(u32::try_from(this.0).ok()?);
            out.put_u32(*plan.entry_of[piece].get(usize::from(this.1))?);
        }
    }
    Some(())
}

fn sizes(part: &Part, track: &Track, out: &mut BytesMut) {
    match part.uniform {
        Some(size) => (0..part.count()).for_each(|_| out.put_u32(size)),
        None => {
            for size in track.sizes.each(part.samples.clone()) {
                out.put_u32(*size);
            }
        }
    }
}
