//! Where everything will be in the whole: worked out from the numbers of its pieces.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use super::boxes::{self, MOVIE_SCALE};
use super::part::{Part, Piece};
use super::timeline::Timeline;
use super::{MAX_HEAD, NotOneFile};
use crate::mp4::{Kind, SampleEntry};

/// A table of a track, in the order in which they stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// `stts`
    Times,
    /// `ctts`
    Offsets,
    /// `stss`
    Syncs,
    /// `stsc`
    ChunkRuns,
    /// `stsz`
    Sizes,
    /// `stco` or `co64`
    Chunks,
}

impl Table {
    const ALL: [Self; 6] = [
        Self::Times,
        Self::Offsets,
        Self::Syncs,
        Self::ChunkRuns,
        Self::Sizes,
        Self::Chunks,
    ];
}

/// A stretch of the file.
#[derive(Debug, Clone)]
pub(super) enum Section {
    /// These bytes.
    Fixed(Bytes),
    /// The entries of a table that a piece gives.
    Entries {
        kind: Kind,
        table: Table,
        piece: usize,
        len: u64,
    },
    /// The samples of a piece.
    Samples { piece: usize, len: u64 },
}

impl Section {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Fixed(bytes) => bytes.len() as u64,
            Self::Entries { len, .. } | Self::Samples { len, .. } => *len,
        }
    }
}

/// The plan of one file.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(super) pieces: Vec<Arc<Piece>>,
    pub(super) tracks: Vec<TrackPlan>,
    pub(super) sections: Vec<Section>,
    /// Offsets of chunks take 64 bits.
    pub(super) wide: bool,
    duration_ms: u64,
    bytes: u64,
}

/// The plan of one track.
#[derive(Debug)]
pub(super) struct TrackPlan {
    pub(super) kind: Kind,
    pub(super) line: Timeline,
    /// There is a `ctts` box.
    pub(super) shifted: bool,
    /// There is a `stss` box.
    pub(super) synced: bool,
    /// The size of all samples, if they have one size.
    pub(super) uniform: Option<u32>,
    /// All sample entries, and for each piece which of them its own are.
    entries: Vec<SampleEntry>,
    pub(super) entry_of: Vec<Vec<u32>>,
    /// Samples and chunks before each piece.
    pub(super) before: Vec<(u32, u32)>,
    samples: u32,
    /// Entries of each table, in the order of [`Table::ALL`].
    counts: [u32; 6],
}

impl TrackPlan {
    /// `None` if no piece has such a track.
    fn new(kind: Kind, pieces: &[Arc<Piece>]) -> Result<Option<Self>, NotOneFile> {
        let Some(line) = Timeline::new(kind, pieces)? else {
            return Ok(None);
        };
        let parts = || pieces.iter().filter_map(|piece| piece.part(kind));
        let uniform = parts()
            .map(|part| part.uniform)
            .reduce(|one, other| one.filter(|_| one == other))
            .flatten();
        let (entries, entry_of) = entries(kind, pieces)?;
        let mut plan = Self {
            kind,
            shifted: line.reorder > 0
                || parts().any(|part| part.offset_runs > 1 || part.first_offset != 0),
            synced: parts().any(|part| part.syncs.is_some()),
            uniform,
            entries,
            entry_of,
            before: Vec::with_capacity(pieces.len()),
            samples: 0,
            counts: [0; 6],
            line,
        };
        let too_many = || NotOneFile("it would have too many samples".to_owned());
        let mut chunks = 0_u32;
        for (at, piece) in pieces.iter().enumerate() {
            plan.before.push((plan.samples, chunks));
            let Some(part) = piece.part(kind) else {
                continue;
            };
            let more = Table::ALL.map(|table| plan.entries_of(table, at, part));
            for (count, more) in plan.counts.iter_mut().zip(more) {
                *count = count.checked_add(more).ok_or_else(too_many)?;
            }
            plan.samples = plan
                .samples
                .checked_add(part.count())
                .ok_or_else(too_many)?;
            chunks = chunks.checked_add(part.chunks).ok_or_else(too_many)?;
        }
        Ok(Some(plan))
    }

    /// How many entries a piece gives to a table.
    fn entries_of(&self, table: Table, piece: usize, part: &Part) -> u32 {
        match table {
            // One for the last sample, unless it lasts as long as those before it.
            Table::Times => {
                let alike = part.tail.map(|tail| self.line.ticks(piece, tail))
                    == Some(u64::from(self.line.joints[piece]));
                part.time_runs + u32::from(!alike)
            }
            Table::Offsets if self.shifted => part.offset_runs.max(1),
            Table::Syncs if self.synced => part.syncs.unwrap_or(part.count()),
            Table::ChunkRuns => part.chunk_runs,
            Table::Sizes if self.uniform.is_none() => part.count(),
            Table::Chunks => part.chunks,
            Table::Offsets | Table::Syncs | Table::Sizes => 0,
        }
    }

    /// Whether the file has this table.
    fn has(&self, table: Table) -> bool {
        match table {
            Table::Offsets => self.shifted,
            Table::Syncs => self.synced,
            _ => true,
        }
    }

    /// Name, bytes before the first entry, and bytes of an entry.
    fn form(table: Table, wide: bool) -> (&'static [u8; 4], u64, u64) {
        match table {
            Table::Times => (b"stts", 16, 8),
            Table::Offsets => (b"ctts", 16, 8),
            Table::Syncs => (b"stss", 16, 4),
            Table::ChunkRuns => (b"stsc", 16, 12),
            Table::Sizes => (b"stsz", 20, 4),
            Table::Chunks if wide => (b"co64", 16, 8),
            Table::Chunks => (b"stco", 16, 4),
        }
    }

    fn table_size(&self, table: Table, wide: bool) -> u64 {
        let (_, head, each) = Self::form(table, wide);
        match self.has(table) {
            true => head + each * u64::from(self.counts[table as usize]),
            false => 0,
        }
    }

    /// The boxes of the track, as sections.
    fn sections(
        &self,
        id: u32,
        pieces: &[Arc<Piece>],
        wide: bool,
    ) -> Result<Vec<Section>, NotOneFile> {
        let line = &self.line;
        let look = &line.look;
        let end_ms = line.delay_ms + line.length_ms;
        let tkhd = boxes::track(self.kind, id, end_ms, look)?;
        let edts = boxes::edits(line.delay_ms, line.media_start, line.length_ms)?;
        let mdhd = boxes::media(line.timescale, line.duration, look)?;
        let hdlr = boxes::handler(self.kind)?;
        let minf = boxes::media_information(self.kind)?;
        let stsd = 16
            + self
                .entries
                .iter()
                .map(|entry| entry.len() as u64)
                .sum::<u64>();
        let tables = Table::ALL.map(|table| self.table_size(table, wide));

        let stbl_size = 8 + stsd + tables.iter().sum::<u64>();
        let minf_size = 8 + minf.len() as u64 + stbl_size;
        let mdia_size = 8 + (mdhd.len() + hdlr.len()) as u64 + minf_size;
        let trak_size = 8 + (tkhd.len() + edts.len()) as u64 + mdia_size;

        let mut out = BytesMut::new();
        boxes::header(&mut out, b"trak", trak_size);
        out.put_slice(&tkhd);
        out.put_slice(&edts);
        boxes::header(&mut out, b"mdia", mdia_size);
        out.put_slice(&mdhd);
        out.put_slice(&hdlr);
        boxes::header(&mut out, b"minf", minf_size);
        out.put_slice(&minf);
        boxes::header(&mut out, b"stbl", stbl_size);
        let entries = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        boxes::table_header(&mut out, b"stsd", stsd, entries);
        for entry in &self.entries {
            out.put_slice(entry);
        }
        let mut sections = Vec::new();
        for table in Table::ALL.into_iter().filter(|&table| self.has(table)) {
            let size = tables[table as usize];
            self.table_head(&mut out, table, size, wide);
            sections.push(Section::Fixed(out.split().freeze()));
            let each = Self::form(table, wide).2;
            sections.extend(pieces.iter().enumerate().filter_map(|(at, piece)| {
                let entries = self.entries_of(table, at, piece.part(self.kind)?);
                (entries > 0).then(|| Section::Entries {
                    kind: self.kind,
                    table,
                    piece: at,
                    len: u64::from(entries) * each,
                })
            }));
        }
        Ok(sections)
    }

    /// What stands before the entries of a table.
    fn table_head(&self, out: &mut BytesMut, table: Table, size: u64, wide: bool) {
        let name = Self::form(table, wide).0;
        if table == Table::Sizes {
            boxes::table_header(out, name, size, self.uniform.unwrap_or(0));
            out.put_u32(self.samples);
        } else {
            boxes::table_header(out, name, size, self.counts[table as usize]);
        }
    }
}

/// The sample entries of all pieces, each once, and for each piece the numbers (from 1) of its own.
fn entries(
    kind: Kind,
    pieces: &[Arc<Piece>],
) -> Result<(Vec<SampleEntry>, Vec<Vec<u32>>), NotOneFile> {
    let mut all: Vec<SampleEntry> = Vec::new();
    let mut known: HashMap<SampleEntry, u32> = HashMap::new();
    let mut of_pieces = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let own = piece.part(kind).map_or(&[][..], |part| &part.entries);
        let numbers = own.iter().map(|entry| {
            *known.entry(entry.clone()).or_insert_with(|| {
                all.push(entry.clone());
                u32::try_from(all.len()).unwrap_or(u32::MAX)
            })
        });
        of_pieces.push(numbers.collect());
    }
    let name = |entry: &SampleEntry| entry.get(4..8).map(<[u8]>::to_vec);
    if let Some(other) = all.iter().find(|entry| name(entry) != name(&all[0])) {
        let names = [&all[0], other].map(|entry| {
            let name = name(entry).unwrap_or_default();
            name.escape_ascii().to_string()
        });
        return Err(NotOneFile(format!(
            "the codec changes within it, from `{}` to `{}`",
            names[0], names[1]
        )));
    }
    Ok((all, of_pieces))
}

impl Layout {
    /// The plan of a file of these pieces, of which there is at least one.
    pub(crate) fn new(pieces: Vec<Arc<Piece>>) -> Result<Self, NotOneFile> {
        let mut tracks = Vec::new();
        for kind in Kind::ALL {
            tracks.extend(TrackPlan::new(kind, &pieces)?);
        }
        let samples: u128 = pieces.iter().map(|piece| u128::from(piece.bytes())).sum();
        let samples = u64::try_from(samples).ok().filter(|&bytes| bytes < 1 << 62);
        let samples = samples.ok_or_else(|| NotOneFile("it would be too large".to_owned()))?;
        let mut layout = Self {
            duration_ms: pieces.iter().map(|piece| piece.span.millis()).sum(),
            pieces,
            tracks,
            sections: Vec::new(),
            wide: false,
            bytes: 0,
        };
        let mut head = layout.head()?;
        if length(&head) + samples > u64::from(u32::MAX) {
            layout.wide = true;
            head = layout.head()?;
        }
        if length(&head) > MAX_HEAD {
            let most = MAX_HEAD >> 20;
            return Err(NotOneFile(format!(
                "its tables would take more than {most} MiB"
            )));
        }
        head.push(Section::Fixed(boxes::media_header(samples).freeze()));
        layout.bytes = length(&head) + samples;
        let media = layout.pieces.iter().enumerate();
        head.extend(media.map(|(piece, of)| Section::Samples {
            piece,
            len: of.bytes(),
        }));
        layout.sections = head;
        Ok(layout)
    }

    /// `ftyp` and `moov`.
    fn head(&self) -> Result<Vec<Section>, NotOneFile> {
        let mut tracks = Vec::new();
        for (id, plan) in (1..).zip(&self.tracks) {
            tracks.extend(plan.sections(id, &self.pieces, self.wide)?);
        }
        let count = u32::try_from(self.tracks.len()).unwrap_or(u32::MAX - 1);
        let mvhd = boxes::movie(self.duration_ms, count)?;
        let quicktime = self.pieces.iter().any(|piece| piece.quicktime);
        let mut out = BytesMut::new();
        out.put_slice(&boxes::file_type(quicktime)?);
        let size = 8 + mvhd.len() as u64 + length(&tracks);
        boxes::header(&mut out, b"moov", size);
        out.put_slice(&mvhd);
        tracks.insert(0, Section::Fixed(out.freeze()));
        Ok(tracks)
    }

    /// Bytes of the whole file.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How long its presentation is.
    pub(crate) fn duration_ms(&self) -> u64 {
        self.duration_ms
    }

    /// Where the samples of a piece begin in the file.
    pub(super) fn samples_start(&self, piece: usize) -> u64 {
        let after: u64 = self.pieces[piece..].iter().map(|piece| piece.bytes()).sum();
        self.bytes - after
    }

    pub(super) fn plan(&self, kind: Kind) -> Option<&TrackPlan> {
        self.tracks.iter().find(|plan| plan.kind == kind)
    }
}

fn length(sections: &[Section]) -> u64 {
    sections.iter().map(Section::len).sum()
}

/// Milliseconds in `ticks`, rounded up.
pub(super) fn millis(ticks: u64, timescale: u32) -> u64 {
    let ms = (u128::from(ticks) * u128::from(MOVIE_SCALE)).div_ceil(u128::from(timescale));
    u64::try_from(ms).unwrap_or(u64::MAX)
}
