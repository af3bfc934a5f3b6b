//! The boxes of the head that are the same however long the recording is.

use bytes::{BufMut, BytesMut};
use mp4_atom::{
    Dref, Elst, ElstEntry, Encode, Ftyp, Hdlr, Matrix, Mdhd, Mvhd, Smhd, Tkhd, Url, Vmhd,
};

use super::NotOneFile;
use crate::mp4::{Kind, Look};

/// Ticks of the movie in a second: milliseconds.
pub(super) const MOVIE_SCALE: u32 = 1000;

/// The header of a box of `size` bytes, header included.
pub(super) fn header(out: &mut BytesMut, name: &[u8; 4], size: u64) {
    // Only `mdat` can be so large; it has a header of its own.
    out.put_u32(u32::try_from(size).unwrap_or(u32::MAX));
    out.put_slice(name);
}

/// The header of `mdat` around `bytes` of samples.
pub(super) fn media_header(bytes: u64) -> BytesMut {
    let mut out = BytesMut::new();
    if let Ok(size) = u32::try_from(bytes.saturating_add(8)) {
        header(&mut out, b"mdat", size.into());
    } else {
        header(&mut out, b"mdat", 1);
        out.put_u64(bytes.saturating_add(16));
    }
    out
}

/// The header, version and number of entries of a table of `size` bytes.
pub(super) fn table_header(out: &mut BytesMut, name: &[u8; 4], size: u64, entries: u32) {
    header(out, name, size);
    out.put_u32(0);
    out.put_u32(entries);
}

/// A box in bytes.
fn encode(boxed: &impl Encode) -> Result<Vec<u8>, NotOneFile> {
    let mut out = Vec::new();
    boxed
        .encode(&mut out)
        .map_err(|error| NotOneFile(format!("a box of the file cannot be written: {error}")))?;
    Ok(out)
}

/// `ftyp`. Sample entries of QuickTime (A-law is one) are read as such only in a file of its brand.
pub(super) fn file_type(quicktime: bool) -> Result<Vec<u8>, NotOneFile> {
    let (major, compatible): (_, &[&[u8; 4]]) = match quicktime {
        true => (b"qt  ", &[b"qt  "]),
        false => (b"isom", &[b"isom", b"iso2", b"mp41"]),
    };
    encode(&Ftyp {
        major_brand: major.into(),
        minor_version: 0x200,
        compatible_brands: compatible.iter().map(|&brand| brand.into()).collect(),
    })
}

/// `mvhd`.
pub(super) fn movie(duration_ms: u64, tracks: u32) -> Result<Vec<u8>, NotOneFile> {
    encode(&Mvhd {
        timescale: MOVIE_SCALE,
        duration: duration_ms,
        rate: 1.into(),
        volume: 1.into(),
        next_track_id: tracks + 1,
        ..Mvhd::default()
    })
}

/// `tkhd`.
pub(super) fn track(
    kind: Kind,
    id: u32,
    duration_ms: u64,
    look: &Look,
) -> Result<Vec<u8>, NotOneFile> {
    let sound = kind == Kind::Audio;
    encode(&Tkhd {
        track_id: id,
        duration: duration_ms,
        enabled: true,
        in_movie: true,
        alternate_group: u16::from(sound),
        volume: u8::from(sound).into(),
        matrix: match sound {
            true => Matrix::default(),
            false => look.matrix.clone(),
        },
        width: look.width,
        height: look.height,
        ..Tkhd::default()
    })
}

/// `edts`: nothing for `delay_ms`, then the media from `start` on for `length_ms`.
pub(super) fn edits(delay_ms: u64, start: u64, length_ms: u64) -> Result<Vec<u8>, NotOneFile> {
    let part = |segment_duration, media_time| ElstEntry {
        segment_duration,
        media_time,
        media_rate: 1.into(),
    };
    let pause = (delay_ms > 0).then(|| part(delay_ms, None));
    let entries = pause.into_iter().chain([part(length_ms, Some(start))]);
    let list = encode(&Elst {
        entries: entries.collect(),
    })?;
    Ok(container(b"edts", &list))
}

/// `mdhd`.
pub(super) fn media(timescale: u32, duration: u64, look: &Look) -> Result<Vec<u8>, NotOneFile> {
    encode(&Mdhd {
        timescale,
        duration,
        language: look.language.clone(),
        ..Mdhd::default()
    })
}

/// `hdlr`.
pub(super) fn handler(kind: Kind) -> Result<Vec<u8>, NotOneFile> {
    encode(&Hdlr {
        handler: kind.handler().into(),
        name: match kind {
            Kind::Video => "VideoHandler".to_owned(),
            Kind::Audio => "SoundHandler".to_owned(),
        },
    })
}

/// `vmhd` or `smhd`, and `dinf`: the samples are in this file.
pub(super) fn media_information(kind: Kind) -> Result<Vec<u8>, NotOneFile> {
    let mut out = match kind {
        Kind::Video => encode(&Vmhd::default())?,
        Kind::Audio => encode(&Smhd::default())?,
    };
    let here = encode(&Dref {
        entries: vec![Url::default().into()],
    })?;
    out.extend(container(b"dinf", &here));
    Ok(out)
}

/// A box with this content.
fn container(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    header(&mut out, name, 8 + content.len() as u64);
    out.put_slice(content);
    out.to_vec()
}
