//! From the boxes of a file to a [`Movie`].

use mp4_atom::{
    Atom, Co64, Ctts, Elst, Mdhd, Mvhd, Stco, Stsc, Stss, Stsz, StszSamples, Stts, Tkhd,
};

use super::fragments::Fragments;
use super::walk::{Walk, child, children, must};
use super::{
    Chunks, Edit, Input, Kind, Look, Movie, Mp4Error, Offsets, SampleEntry, Sizes, Times, Track,
    broken,
};

/// Most sample entries in a track, and most tracks that are looked at.
const MAX_PARTS: usize = 64;

/// Reads the tables of a file.
///
/// # Errors
/// If it is no MP4 file, is not whole, contradicts itself, or holds neither picture nor sound.
pub(crate) fn read(input: &impl Input) -> Result<Movie, Mp4Error> {
    let mut walk = Walk::new(input);
    let mut quicktime = true;
    let mut head: Option<Head> = None;
    while let Some(found) = walk.next()? {
        let whole = found.body.end <= input.size();
        match (&found.name, &mut head) {
            (b"ftyp", _) => quicktime = walk.read(&found)?.starts_with(b"qt  "),
            (b"moov", None) => head = Some(Head::read(&walk.read(&found)?)?),
            // A recorder that was stopped leaves its last fragment unfinished: it ends there.
            (_, Some(head)) if !whole && head.fragments.is_some() => break,
            (b"moof", Some(head)) => {
                let body = walk.read(&found)?;
                if let Some(fragments) = &mut head.fragments {
                    fragments.add(&body, found.start, &mut head.tracks, input.size())?;
                }
            }
            _ if !whole => {
                let name = found.name.escape_ascii();
                return broken(format!("box `{name}` ends after the file"));
            }
            _ => {}
        }
    }
    match head {
        Some(head) => head.finish(quicktime, input.size()),
        None => broken("it has no `moov` box; the recording may not be finished"),
    }
}

/// A track while it is read.
pub(super) struct Draft {
    pub(super) id: u32,
    pub(super) kind: Kind,
    pub(super) track: Track,
}

/// The content of `moov`.
struct Head {
    tracks: Vec<Draft>,
    fragments: Option<Fragments>,
}

impl Head {
    fn read(moov: &[u8]) -> Result<Self, Mp4Error> {
        let scale = decode::<Mvhd>(must(moov, b"mvhd")?)?.timescale;
        let mut tracks: Vec<Draft> = Vec::new();
        for part in children(moov).take(MAX_PARTS) {
            let (name, body) = part?;
            if name != *b"trak" {
                continue;
            }
            let Some(draft) = track(body, scale)? else {
                continue;
            };
            if !tracks.iter().any(|known| known.kind == draft.kind) {
                tracks.push(draft);
            }
        }
        let fragments = child(moov, b"mvex")?.map(Fragments::new).transpose()?;
        Ok(Self { tracks, fragments })
    }

    fn finish(mut self, quicktime: bool, len: u64) -> Result<Movie, Mp4Error> {
        if let Some(fragments) = self.fragments {
            fragments.finish(&mut self.tracks)?;
        }
        let mut movie = Movie {
            quicktime,
            ..Movie::default()
        };
        for draft in self.tracks {
            let place = match draft.kind {
                Kind::Video => &mut movie.video,
                Kind::Audio => &mut movie.audio,
            };
            *place = draft.track.check(draft.kind, len)?;
        }
        if movie.video.is_none() && movie.audio.is_none() {
            return broken("it holds neither picture nor sound");
        }
        Ok(movie)
    }
}

/// A track of pictures or sound; `None` if it is of another kind. `scale` is the movie's timescale.
fn track(trak: &[u8], scale: u32) -> Result<Option<Draft>, Mp4Error> {
    let mdia = must(trak, b"mdia")?;
    let handler = must(mdia, b"hdlr")?.get(8..12);
    let Some(kind) = Kind::ALL
        .into_iter()
        .find(|kind| handler == Some(kind.handler()))
    else {
        return Ok(None);
    };
    let tkhd: Tkhd = decode(must(trak, b"tkhd")?)?;
    let mdhd: Mdhd = decode(must(mdia, b"mdhd")?)?;
    if mdhd.timescale == 0 {
        return broken("a track has no timescale");
    }
    let minf = must(mdia, b"minf")?;
    let stbl = must(minf, b"stbl")?;
    let references = must(must(minf, b"dinf")?, b"dref")?;
    let entries = entries(must(stbl, b"stsd")?, references)?;
    let (sizes, chunks) = places(stbl, kind, &entries)?;
    let mut track = Track {
        timescale: mdhd.timescale,
        look: Look {
            width: tkhd.width,
            height: tkhd.height,
            matrix: tkhd.matrix,
            language: mdhd.language,
        },
        entries,
        times: Times::default(),
        offsets: Offsets::default(),
        sizes,
        chunks,
        syncs: None,
        edit: Edit::default(),
    };
    times(stbl, kind, &mut track)?;
    if let Some(edts) = child(trak, b"edts")?
        && let Some(elst) = child(edts, b"elst")?
    {
        track.edit = edit(&decode(elst)?, scale, mdhd.timescale)?;
    }
    Ok(Some(Draft {
        id: tkhd.track_id,
        kind,
        track,
    }))
}

/// Reads a box from its content. What follows the part that is known does not matter.
pub(super) fn decode<T: Atom>(mut body: &[u8]) -> Result<T, Mp4Error> {
    T::decode_body(&mut body)
        .map_err(|error| Mp4Error::Broken(format!("box `{}`: {error}", T::KIND)))
}

/// The sample entries, as they are. Each must say that the samples are in this file.
fn entries(stsd: &[u8], dref: &[u8]) -> Result<Vec<SampleEntry>, Mp4Error> {
    let own: Vec<bool> = children(dref.get(8..).unwrap_or_default())
        .map(|part| part.map(|(_, body)| body.get(3).is_some_and(|flags| flags & 1 != 0)))
        .collect::<Result<_, _>>()?;
    let mut entries = Vec::new();
    let mut rest = stsd.get(8..).unwrap_or_default();
    for part in children(rest) {
        let (name, body) = part?;
        let size = body.len() + 8;
        let Some(entry) = rest.get(..size).filter(|entry| entry[4..8] == name) else {
            return Err(Mp4Error::Unsupported(
                "a sample entry of 64-bit size".into(),
            ));
        };
        let reference = body.get(6..8).map(|at| u16::from_be_bytes([at[0], at[1]]));
        let reference = usize::from(reference.unwrap_or(0));
        if reference.checked_sub(1).and_then(|at| own.get(at)) != Some(&true) {
            return Err(Mp4Error::Unsupported(
                "a file with its samples in another".into(),
            ));
        }
        if name == *b"encv" || name == *b"enca" {
            return Err(Mp4Error::Unsupported("an encrypted recording".into()));
        }
        entries.push(entry.into());
        rest = &rest[size..];
    }
    if entries.len() > MAX_PARTS {
        return Err(Mp4Error::Unsupported(
            "a track with so many descriptions".into(),
        ));
    }
    Ok(entries)
}

/// Sizes and places of the samples in `stbl`.
fn places(stbl: &[u8], kind: Kind, entries: &[SampleEntry]) -> Result<(Sizes, Chunks), Mp4Error> {
    let Some(stsz) = child(stbl, b"stsz")? else {
        return Err(Mp4Error::Unsupported("a track without a `stsz` box".into()));
    };
    let (sizes, count) = match decode::<Stsz>(stsz)?.samples {
        StszSamples::Identical { count, size } => (Sizes::Uniform(size), count),
        StszSamples::Different { sizes } => {
            let count = u32::try_from(sizes.len()).unwrap_or(u32::MAX);
            (Sizes::Various(sizes), count)
        }
    };
    if kind == Kind::Audio && matches!(sizes, Sizes::Uniform(1)) {
        entries.iter().try_for_each(|entry| plain_sound(entry))?;
    }
    let offsets: Vec<u64> = match child(stbl, b"co64")? {
        Some(co64) => decode::<Co64>(co64)?.entries,
        None => {
            let stco: Stco = decode(must(stbl, b"stco")?)?;
            stco.entries.into_iter().map(u64::from).collect()
        }
    };
    let stsc: Stsc = decode(must(stbl, b"stsc")?)?;
    let mut chunks = Chunks::default();
    let mut runs = stsc.entries.iter().peekable();
    let mut now = None;
    for (number, offset) in (1_u32..).zip(offsets) {
        while let Some(run) = runs.next_if(|run| run.first_chunk <= number) {
            now = Some(run);
        }
        let Some(run) = now else {
            return broken("box `stsc` does not describe the first chunk");
        };
        let left = count.saturating_sub(chunks.count());
        let entry = run.sample_description_index.wrapping_sub(1);
        let entry = u16::try_from(entry).unwrap_or(u16::MAX);
        chunks.push(offset, run.samples_per_chunk.min(left), entry)?;
    }
    if chunks.count() < count {
        return broken("its tables do not describe the same number of samples");
    }
    Ok((sizes, chunks))
}

/// QuickTime lets sizes of 1 stand for sound that is packed into blocks. Then the tables say nothing.
fn plain_sound(entry: &[u8]) -> Result<(), Mp4Error> {
    let number = |at: usize| entry.get(at..at + 4).map(|bytes| bytes != [0, 0, 0, 1]);
    let version = entry.get(16..18);
    // Bytes per frame, in version 1.
    if version == Some(&[0, 1]) && number(44) == Some(true) {
        return Err(Mp4Error::Unsupported("QuickTime sound in blocks".into()));
    }
    Ok(())
}

/// When the samples in `stbl` are decoded and shown, and which of them stand for themselves.
fn times(stbl: &[u8], kind: Kind, track: &mut Track) -> Result<(), Mp4Error> {
    for run in decode::<Stts>(must(stbl, b"stts")?)?.entries {
        track.times.push(run.sample_count, run.sample_delta)?;
    }
    if kind == Kind::Audio {
        // Sound is heard in the order in which it is decoded.
        return Ok(());
    }
    if let Some(ctts) = child(stbl, b"ctts")? {
        for run in decode::<Ctts>(ctts)?.entries {
            // Writers put negative numbers into boxes of version 0, too.
            let bits = u32::try_from(run.sample_offset).map(u32::cast_signed);
            let offset = bits.or_else(|_| i32::try_from(run.sample_offset));
            track.offsets.push(run.sample_count, offset.unwrap_or(0))?;
        }
    }
    track.syncs = child(stbl, b"stss")?
        .map(decode::<Stss>)
        .transpose()?
        .map(|stss| stss.entries.iter().map(|at| at.wrapping_sub(1)).collect());
    Ok(())
}

/// One stretch of media, perhaps after a pause: what recorders write.
fn edit(elst: &Elst, movie: u32, media: u32) -> Result<Edit, Mp4Error> {
    let ticks = |length: u64| match u128::from(movie) {
        0 => broken("the movie has no timescale"),
        movie => {
            Ok(i64::try_from(u128::from(length) * u128::from(media) / movie).unwrap_or(i64::MAX))
        }
    };
    let mut edit = Edit::default();
    let mut shown = false;
    for entry in &elst.entries {
        match entry.media_time {
            None if !shown => {
                edit.delay = edit.delay.saturating_add(ticks(entry.segment_duration)?);
            }
            // Nothing after the end is of no consequence.
            None => {}
            Some(_) if shown => {
                return Err(Mp4Error::Unsupported(
                    "an edit list of several parts".into(),
                ));
            }
            Some(start) => {
                if entry.media_rate.integer() != 1 || entry.media_rate.decimal() != 0 {
                    return Err(Mp4Error::Unsupported(
                        "an edit list that changes speed".into(),
                    ));
                }
                shown = true;
                edit.start = i64::try_from(start).unwrap_or(i64::MAX);
                edit.length = match entry.segment_duration {
                    0 => None,
                    length => Some(ticks(length)?),
                };
            }
        }
    }
    Ok(edit)
}
