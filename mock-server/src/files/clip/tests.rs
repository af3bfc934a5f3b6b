//! A clip read in any way is one file, and that file is an MP4 whose samples are the frames.

use std::collections::HashMap;

use proptest::{prelude::*, sample::select};

use super::{Clip, ClipError, FRAMES, padding};

/// Lengths at which something changes, and some between.
const SECONDS: [u64; 10] = [
    1,
    2,
    10,
    143,
    144,
    145,
    3_600,
    86_401,
    31_536_000,
    Clip::LONGEST,
];

/// Boxes that hold nothing but boxes.
const CONTAINERS: [&str; 6] = ["moov", "trak", "mdia", "minf", "dinf", "stbl"];

fn clip(seconds: u64, bytes: u64) -> Clip {
    Clip::new(seconds, bytes, 0x00c0_ffee).unwrap()
}

fn read(clip: &Clip, offset: u64, count: usize) -> Vec<u8> {
    let mut out = vec![0; count];
    let read = clip.read_at(offset, &mut out);
    out.truncate(read);
    out
}

fn whole(clip: &Clip) -> Vec<u8> {
    read(clip, 0, clip.len() as usize)
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A box: name, where its body begins, where it ends.
type Found = (String, u64, u64);

/// The boxes that lie next to each other from `at` to `end`, neither more nor less.
fn walk(clip: &Clip, mut at: u64, end: u64) -> Vec<Found> {
    let mut found = Vec::new();
    while at < end {
        let header = read(clip, at, 16);
        let name = String::from_utf8(header[4..8].to_vec()).unwrap();
        let (size, body) = match number(&header[..4]) {
            1 => (number(&header[8..]), 16),
            size => (size, 8),
        };
        assert!(
            size >= body && size <= end - at,
            "{name} at {at} has {size} bytes of {}",
            end - at
        );
        found.push((name, at + body, at + size));
        at += size;
    }
    found
}

/// All boxes of the head by name, each with its body.
fn head(clip: &Clip) -> HashMap<String, Vec<u8>> {
    let mut bodies = HashMap::new();
    let mut open = walk(clip, 0, clip.len());
    while let Some((name, body, end)) = open.pop() {
        if CONTAINERS.contains(&name.as_str()) {
            open.extend(walk(clip, body, end));
        } else if name != "mdat" {
            bodies.insert(name, read(clip, body, (end - body) as usize));
        }
    }
    bodies
}

/// Everything that the header says about a clip agrees with what was asked for and with where things are.
fn check(clip: &Clip) {
    let top = walk(clip, 0, clip.len());
    let names = top
        .iter()
        .map(|(name, ..)| name.as_str())
        .collect::<Vec<_>>();
    assert_eq!(names, ["ftyp", "moov", "free", "mdat"]);
    let (_, media, end) = &top[3];
    assert_eq!(*end, clip.len());
    assert_eq!(
        *media,
        Clip::least_bytes(clip.seconds()) - FRAMES.len() as u64
    );

    let head = head(clip);
    assert_eq!(number(&head["free"][..8]), clip.tag);
    let (samples, units) = (number(&head["stts"][8..12]), number(&head["stts"][12..16]));
    assert_eq!(
        number(&head["mdhd"][20..24]) * clip.seconds(),
        samples * units
    );
    assert_eq!(number(&head["mdhd"][24..32]), samples * units);
    assert_eq!(number(&head["mvhd"][24..32]), samples * units);
    assert_eq!(number(&head["tkhd"][28..36]), samples * units);
    let size = number(&head["stsz"][4..8]) as usize;
    assert_eq!(number(&head["stsz"][8..12]), samples);

    assert_eq!(number(&head["stco"][4..8]), samples);
    assert_eq!(head["stco"].len() as u64, 8 + 4 * samples);
    let mut frames = FRAMES.chunks(size).cycle();
    for entry in head["stco"][8..].chunks(4) {
        assert_eq!(&read(clip, number(entry), size), frames.next().unwrap());
    }
}

#[test]
fn every_size_from_the_least_on_is_a_file() {
    for seconds in SECONDS {
        let least = Clip::least_bytes(seconds);
        for bytes in least..=least + 20 {
            let clip = clip(seconds, bytes);
            check(&clip);
            let mut end = vec![0; (bytes - least) as usize];
            padding::fill(clip.tag, least, &mut end);
            assert_eq!(
                whole(&clip)[least as usize..],
                end,
                "{seconds} s, {bytes} bytes"
            );
        }
    }
}

#[test]
fn large_files_are_files_too() {
    // The header of mdat grows where mdat, which begins some hundred bytes into the file, outgrows 32 bits.
    let before = Clip::least_bytes(60) - FRAMES.len() as u64 - 8;
    let corners = [
        1 << 31,
        1 << 32,
        (1 << 32) + before,
        10 << 30,
        1 << 40,
        i64::MAX as u64,
        u64::MAX - 20,
    ];
    for bytes in corners
        .into_iter()
        .flat_map(|corner| corner - 20..=corner + 20)
    {
        check(&clip(60, bytes));
    }
    let small = read(&clip(60, (1 << 32) + before - 1), before, 8);
    assert_eq!(small, b"\xff\xff\xff\xffmdat");
    let large = read(&clip(60, (1 << 32) + before), before - 8, 16);
    assert_eq!(large, b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\x08");
}

#[test]
fn there_is_nothing_after_the_end() {
    for bytes in [4_000, 10 << 30, u64::MAX] {
        let clip = clip(1, bytes);
        assert_eq!(read(&clip, bytes - 3, 10).len(), 3);
        assert_eq!(read(&clip, bytes - 1, 10).len(), 1);
        assert_eq!(read(&clip, bytes, 10).len(), 0);
        assert_eq!(read(&clip, bytes.saturating_add(1), 10).len(), 0);
        assert_eq!(read(&clip, u64::MAX, 10).len(), 0);
        assert_eq!(read(&clip, 0, 0).len(), 0);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let least = Clip::least_bytes(1);
    assert_eq!(Clip::new(0, 1 << 20, 0), Err(ClipError::Empty));
    let seconds = Clip::LONGEST + 1;
    assert_eq!(
        Clip::new(seconds, 1 << 20, 0),
        Err(ClipError::TooLong { seconds })
    );
    let error = Clip::new(1, least - 1, 0).unwrap_err();
    assert_eq!(
        error,
        ClipError::TooSmall {
            bytes: least - 1,
            least
        }
    );
    assert!(
        error
            .to_string()
            .ends_with(&format!("it has at least {least}"))
    );
    assert!(Clip::new(u64::MAX, u64::MAX, 0).is_err());
}

#[test]
fn the_documented_sizes_hold() {
    assert_eq!(
        (Clip::least_bytes(1), Clip::least_bytes(3_600)),
        (2_516, 16_816)
    );
    assert_eq!(Clip::least_bytes(3_600), Clip::least_bytes(Clip::LONGEST));
}

#[test]
fn a_place_and_a_tag_can_be_told_by_the_bytes() {
    let (one, other) = (clip(10, 10 << 30), Clip::new(10, 10 << 30, 1).unwrap());
    let piece = read(&one, 5 << 30, 64);
    for place in [
        4 << 30,
        (5 << 30) - 8,
        (5 << 30) + 1,
        (5 << 30) + 65_536,
        9 << 30,
    ] {
        assert_ne!(read(&one, place, 64), piece);
    }
    assert_ne!(read(&other, 5 << 30, 64), piece);
    assert_ne!(read(&other, 0, 2_000), read(&one, 0, 2_000));
}

proptest! {
    #[test]
    fn every_range_is_a_slice_of_the_whole(
        seconds in select(&SECONDS[..]), more in 0..50_000_u64, tag: u64, from: u16, count in 0..40_000_usize,
    ) {
        let clip = Clip::new(seconds, Clip::least_bytes(seconds) + more, tag).unwrap();
        let whole = whole(&clip);
        let from = (from as usize).min(whole.len());
        let to = (from + count).min(whole.len());
        prop_assert_eq!(&read(&clip, from as u64, count), &whole[from..to]);
    }

    #[test]
    fn pieces_make_the_whole(
        seconds in select(&SECONDS[..]),
        more in 0..5_000_u64,
        pieces in prop::collection::vec(1..2_000_usize, 1..40),
    ) {
        let clip = clip(seconds, Clip::least_bytes(seconds) + more);
        let mut read_so_far = Vec::new();
        for piece in pieces.into_iter().cycle() {
            let read = read(&clip, read_so_far.len() as u64, piece);
            if read.is_empty() {
                break;
            }
            read_so_far.extend(read);
        }
        prop_assert_eq!(read_so_far, whole(&clip));
    }

    #[test]
    fn a_large_file_is_read_alike_in_pieces(offset in 0..10_u64 << 30, cut in 0..65_536_usize) {
        let clip = clip(3_600, 10 << 30);
        let whole = read(&clip, offset, 65_536);
        let mut pieces = read(&clip, offset, cut);
        pieces.extend(read(&clip, offset + pieces.len() as u64, 65_536 - cut));
        prop_assert_eq!(pieces, whole);
    }
}
