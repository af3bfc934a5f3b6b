//! The head of a clip: `ftyp`, and `moov` up to the entries of its last table.
//!
//! Time is counted in units of 1/3600 s. There are 25 samples a second, but no more than 3,600 of them; they share the
//! clip's time evenly, which in these units is a whole number: with `n` seconds, `min(25 n, 3600)` samples of
//! `max(n, 144)` units are always `n * 3600` units. So the length is exact and its table has one entry.
//!
//! Whatever varies is a number of fixed width (durations of 64 bits, throughout), so every head has one length, and
//! the boxes around the last table close over entries that are written elsewhere.

use super::{ENTRY_BYTES, boxes::Boxes};

/// Two key frames of equal length, as MP4 samples; made by `assets/clip/make-frames.sh`.
pub(super) const FRAMES: &[u8] = include_bytes!("../../../assets/clip/frames.h264");

/// Their decoder configuration, the body of `avcC`.
const DECODER: &[u8] = include_bytes!("../../../assets/clip/frames.avcc");

const WIDTH: u16 = 320;
const HEIGHT: u16 = 180;

/// Bytes of a sample.
pub(super) const SAMPLE_BYTES: u32 = (FRAMES.len() / 2) as u32;

/// Bytes of a head: the compiler writes one and looks.
pub(super) const HEAD_BYTES: usize = write::<1024>(1).len();

/// Units of time in a second.
const UNITS: u32 = MOST_SAMPLES;

/// More samples than this no clip has.
const MOST_SAMPLES: u32 = 3_600;

/// Samples a second while there are few. (One a second would do, but browsers take a lone frame for the end.)
const RATE: u32 = 25;

/// The longest clip, in seconds, that has all its samples at that rate.
const FULL_RATE: u32 = MOST_SAMPLES / RATE;

/// The picture is neither turned nor scaled.
const IDENTITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// The head of a clip that lasts `seconds`.
pub(super) fn head(seconds: u64) -> [u8; HEAD_BYTES] {
    write(seconds).bytes()
}

/// How many samples a clip of that length has.
pub(super) const fn samples(seconds: u64) -> u32 {
    if seconds < FULL_RATE as u64 {
        RATE * seconds as u32
    } else {
        MOST_SAMPLES
    }
}

/// Units that each of them lasts; 32 bits hold [`super::Clip::LONGEST`].
const fn units(seconds: u64) -> u32 {
    if seconds > FULL_RATE as u64 {
        seconds as u32
    } else {
        FULL_RATE
    }
}

const fn write<const N: usize>(seconds: u64) -> Boxes<N> {
    let mut out = Boxes::new();
    let ftyp = out.open(b"ftyp");
    out.put(b"isom\0\0\x02\0isomiso2avc1mp41");
    out.close(ftyp, 0);
    moov(&mut out, seconds);
    out
}

const fn moov<const N: usize>(out: &mut Boxes<N>, seconds: u64) {
    let entries = ENTRY_BYTES as u32 * samples(seconds);
    let moov = out.open(b"moov");
    mvhd(out, seconds);
    let trak = out.open(b"trak");
    tkhd(out, seconds);
    let mdia = out.open(b"mdia");
    mdhd(out, seconds);
    hdlr(out);
    let minf = out.open(b"minf");
    vmhd_dinf(out);
    let stbl = out.open(b"stbl");
    stsd(out);
    let stco = sample_tables(out, seconds);
    out.close(stco, entries);
    out.close(stbl, entries);
    out.close(minf, entries);
    out.close(mdia, entries);
    out.close(trak, entries);
    out.close(moov, entries);
}

const fn mvhd<const N: usize>(out: &mut Boxes<N>, seconds: u64) {
    let mvhd = out.open_full(b"mvhd", 1, 0);
    out.zeros(16); // created, changed: not said
    out.u32(UNITS);
    out.u64(duration(seconds));
    out.u32(0x1_0000); // plays at normal speed
    out.u16(0x100); // at full volume
    out.zeros(10);
    matrix(out);
    out.zeros(24);
    out.u32(2); // the number that a next track would get
    out.close(mvhd, 0);
}

const fn tkhd<const N: usize>(out: &mut Boxes<N>, seconds: u64) {
    let tkhd = out.open_full(b"tkhd", 1, 3); // enabled, part of the presentation
    out.zeros(16);
    out.u32(1);
    out.zeros(4);
    out.u64(duration(seconds));
    out.zeros(16); // reserved, layer, group, no volume
    matrix(out);
    out.u32((WIDTH as u32) << 16);
    out.u32((HEIGHT as u32) << 16);
    out.close(tkhd, 0);
}

const fn mdhd<const N: usize>(out: &mut Boxes<N>, seconds: u64) {
    let mdhd = out.open_full(b"mdhd", 1, 0);
    out.zeros(16);
    out.u32(UNITS);
    out.u64(duration(seconds));
    out.u16(0x55c4); // language: undetermined
    out.zeros(2);
    out.close(mdhd, 0);
}

const fn hdlr<const N: usize>(out: &mut Boxes<N>) {
    let hdlr = out.open_full(b"hdlr", 0, 0);
    out.zeros(4);
    out.put(b"vide");
    out.zeros(12);
    out.put(b"smsload mock\0");
    out.close(hdlr, 0);
}

const fn vmhd_dinf<const N: usize>(out: &mut Boxes<N>) {
    let vmhd = out.open_full(b"vmhd", 0, 1);
    out.zeros(8); // copy mode
    out.close(vmhd, 0);
    let dinf = out.open(b"dinf");
    let dref = out.open_full(b"dref", 0, 0);
    out.u32(1);
    let url = out.open_full(b"url ", 0, 1); // the media are in this file
    out.close(url, 0);
    out.close(dref, 0);
    out.close(dinf, 0);
}

const fn stsd<const N: usize>(out: &mut Boxes<N>) {
    let stsd = out.open_full(b"stsd", 0, 0);
    out.u32(1);
    let avc1 = out.open(b"avc1");
    out.zeros(6);
    out.u16(1); // the entry of dref
    out.zeros(16);
    out.u16(WIDTH);
    out.u16(HEIGHT);
    out.u32(0x48_0000); // 72 pixels an inch
    out.u32(0x48_0000);
    out.zeros(4);
    out.u16(1); // frames a sample
    out.zeros(32); // compressor: no name
    out.u16(24); // colours without transparency
    out.u16(0xffff);
    let avcc = out.open(b"avcC");
    out.put(DECODER);
    out.close(avcc, 0);
    out.close(avc1, 0);
    out.close(stsd, 0);
}

/// Times, chunks and sizes of the samples; leaves `stco` open where its entries begin. There is no `stss`, which says
/// that every sample is a key frame.
const fn sample_tables<const N: usize>(out: &mut Boxes<N>, seconds: u64) -> usize {
    let stts = out.open_full(b"stts", 0, 0);
    out.u32(1);
    out.u32(samples(seconds));
    out.u32(units(seconds));
    out.close(stts, 0);
    let stsc = out.open_full(b"stsc", 0, 0);
    out.u32(1);
    out.u32(1); // from the first chunk on
    out.u32(1); // one sample a chunk
    out.u32(1); // described by the first entry of stsd
    out.close(stsc, 0);
    let stsz = out.open_full(b"stsz", 0, 0);
    out.u32(SAMPLE_BYTES);
    out.u32(samples(seconds));
    out.close(stsz, 0);
    let stco = out.open_full(b"stco", 0, 0);
    out.u32(samples(seconds));
    stco
}

/// What all samples last together, in units.
const fn duration(seconds: u64) -> u64 {
    samples(seconds) as u64 * units(seconds) as u64
}

const fn matrix<const N: usize>(out: &mut Boxes<N>) {
    let mut at = 0;
    while at < IDENTITY.len() {
        out.u32(IDENTITY[at]);
        at += 1;
    }
}

// Were the lengths of the frames to differ, no table could say so; were the division to leave a rest, no length were
// exact.
const _: () = assert!(FRAMES.len().is_multiple_of(2) && MOST_SAMPLES.is_multiple_of(RATE));
