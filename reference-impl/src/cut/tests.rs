//! Files made of files in memory: what they hold, and that no bytes, however mutilated, do harm.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::mp4::{self, Kind, Movie, Mp4Error, Track};
use crate::source::SourceError;

const CLIPS: [&[u8]; 3] = [
    include_bytes!("../../assets/h264-aac.mp4"),
    include_bytes!("../../assets/h265-alaw.mov"),
    include_bytes!("../../assets/fragments.mp4"),
];

/// Files in memory, one for each piece.
struct Memory(Vec<Arc<[u8]>>);

impl Open for Memory {
    type File = Arc<[u8]>;

    fn open(&self, piece: usize) -> Result<(Arc<[u8]>, Arc<Movie>), SourceError> {
        let file = Arc::clone(&self.0[piece]);
        let movie = mp4::read(&file).map_err(|error| self.broken(piece, &error))?;
        Ok((file, Arc::new(movie)))
    }

    fn check(&self, _: usize, _: &Arc<[u8]>) -> Result<(), SourceError> {
        Ok(())
    }

    fn broken(&self, piece: usize, error: &Mp4Error) -> SourceError {
        SourceError::Broken(format!("{piece}: {error}"))
    }
}

/// The file of these parts of these files. `None` where one gives nothing or they do not go together.
fn cut(parts: &[(Arc<[u8]>, Option<Span>)]) -> Option<(Layout, Vec<u8>)> {
    let mut pieces = Vec::new();
    let last = parts.len() - 1;
    for (at, (file, span)) in parts.iter().enumerate() {
        let movie = mp4::read(file).ok()?;
        let span = span.or_else(|| Span::of(&movie))?;
        pieces.push(Arc::new(Piece::of(&movie, span, at == 0, at == last)));
    }
    let layout = Arc::new(Layout::new(pieces).ok()?);
    let files = Memory(parts.iter().map(|(file, _)| Arc::clone(file)).collect());
    let mut writer = Writer::new(Arc::clone(&layout), files, 0);
    let mut out = Vec::new();
    loop {
        let chunk = writer.read(4096).ok()?;
        if chunk.is_empty() {
            break;
        }
        out.extend_from_slice(&chunk);
        assert!(out.len() as u64 <= layout.bytes());
    }
    assert_eq!(out.len() as u64, layout.bytes());
    drop(writer);
    Some((Arc::into_inner(layout).unwrap(), out))
}

fn file(bytes: &[u8]) -> Arc<[u8]> {
    bytes.into()
}

fn span(start_ms: u64, end_ms: u64) -> Option<Span> {
    Some(Span { start_ms, end_ms })
}

/// When each sample that is shown is shown, in microseconds, and the bytes of it.
fn shown<'a>(track: &Track, bytes: &'a [u8], duration_ms: u64) -> Vec<(i64, &'a [u8])> {
    let mut shown = Vec::new();
    for chunk in track.chunks.clip(0..track.count(), &track.sizes) {
        let mut offset = usize::try_from(chunk.offset).unwrap();
        for sample in chunk.samples {
            let size = usize::try_from(track.sizes.sum(sample..sample + 1)).unwrap();
            let micros = track.shown(sample) * 1_000_000 / i64::from(track.timescale);
            if (0..duration_ms.cast_signed() * 1000).contains(&micros) {
                shown.push((micros, &bytes[offset..offset + size]));
            }
            offset += size;
        }
    }
    shown.sort_by_key(|(micros, _)| *micros);
    shown
}

#[test]
fn the_clips_are_read_as_they_were_made() {
    let spans = CLIPS.map(|clip| Span::of(&mp4::read(&clip).unwrap()).unwrap());
    assert_eq!(
        spans.map(|span| (span.start_ms, span.end_ms)),
        [(0, 30_000), (0, 20_000), (200, 4_200)]
    );
    let counts = CLIPS.map(|clip| {
        let movie = mp4::read(&clip).unwrap();
        Kind::ALL.map(|kind| movie.track(kind).unwrap().count())
    });
    assert_eq!(counts, [[750, 470], [500, 160_000], [40, 33]]);
}

/// Every sample of a window stands in the cut file, shown at its time, and nothing else is shown.
#[test]
fn a_cut_shows_the_samples_of_its_window_at_their_times() {
    for clip in CLIPS {
        let whole = mp4::read(&clip).unwrap();
        for (start, end) in [
            (200, 4000),
            (1000, 2000),
            (1234, 3210),
            (2960, 3001),
            (200, 240),
        ] {
            let (layout, cut) = cut(&[(file(clip), span(start, end))]).unwrap();
            assert_eq!(layout.duration_ms(), end - start);
            let movie = mp4::read(&cut.as_slice()).unwrap();
            let before = start.cast_signed() * 1000;
            let (from, to) = (whole.video.as_ref().unwrap(), movie.video.as_ref().unwrap());
            let expected = shown(from, clip, end);
            let expected: Vec<_> = expected
                .into_iter()
                .filter(|(micros, _)| *micros >= before)
                .map(|(micros, bytes)| (micros - before, bytes))
                .collect();
            let seen = shown(to, &cut, end - start);
            assert_eq!(seen.len(), expected.len(), "{start} {end}");
            for (seen, expected) in seen.iter().zip(&expected) {
                assert!(
                    seen.0.abs_diff(expected.0) <= 100,
                    "{} {}",
                    seen.0,
                    expected.0
                );
                assert!(seen.1 == expected.1);
            }
        }
    }
}

/// Where pictures are parted, no later one is needed for those before, or shown among them.
#[test]
fn pictures_are_parted_where_none_is_torn_from_another() {
    let movie = mp4::read(&CLIPS[0]).unwrap();
    let video = movie.video.as_ref().unwrap();
    let ticks = |ms: u64| (ms * u64::from(video.timescale) / 1000).cast_signed();
    let mut earlier = 0;
    for at in (1..6_000).step_by(7) {
        let end = closed_end(&movie, at);
        assert!(end <= at && at - end <= 4 * 40, "{end} {at}");
        assert!(end >= earlier, "{end} {at}");
        earlier = end;
        let before = |&sample: &u32| video.shown(sample) < ticks(end);
        let parted = (0..video.count()).take_while(before).count();
        assert_eq!(parted, (0..video.count()).filter(before).count(), "{at}");
    }
}

/// A frame of sound is in one piece only; at the very start there is one before, to get in tune.
#[test]
fn sound_is_parted_in_the_middle_of_frames() {
    let movie = mp4::read(&CLIPS[0]).unwrap();
    let audio = movie.audio.as_ref().unwrap();
    let samples = |start_ms, end_ms, first, last| {
        let span = Span { start_ms, end_ms };
        let piece = Piece::of(&movie, span, first, last);
        piece.part(Kind::Audio).unwrap().samples.clone()
    };
    for at in (64..6_000).step_by(13) {
        let (before, after) = (
            samples(0, at, false, false),
            samples(at, 9_000, false, false),
        );
        assert_eq!(before.end, after.start, "{at}");
        // Priming, which is not heard, is not the start of a piece between others.
        assert_eq!(before.start, 1);
        let ticks = i64::try_from(at * 16).unwrap();
        let off = audio.shown(after.start) - ticks;
        assert!((-512..=512).contains(&off), "{at}: {off}");
        let heard = samples(at, 9_000, true, true).start + 1;
        let heard = audio.shown(heard)..audio.shown(heard + 1);
        assert!(heard.contains(&ticks), "{at}: {heard:?}");
    }
}

/// At the 30th joint picture and sound are as much in step as at the first.
#[test]
fn errors_do_not_add_up_over_joints() {
    for clip in CLIPS {
        // 3,999 ms: not a whole number of frames of sound.
        let first = mp4::read(&clip).unwrap();
        let start = Span::of(&first).unwrap().start_ms;
        let end = closed_end(&first, 3_999);
        assert!((3_700..=3_999).contains(&end), "{end}");
        let parts = vec![(file(clip), span(start, end)); 30];
        let (layout, cut) = cut(&parts).unwrap();
        let length = (end - start).cast_signed();
        assert_eq!(layout.duration_ms().cast_signed(), 30 * length);
        let movie = mp4::read(&cut.as_slice()).unwrap();
        for kind in Kind::ALL {
            let track = movie.track(kind).unwrap();
            let first = first.track(kind).unwrap();
            let start = start.cast_signed() * i64::from(first.timescale) / 1000;
            let opening = (0..first.count()).find(|&sample| first.shown(sample) >= start);
            let size = |track: &Track, sample| track.sizes.sum(sample..sample + 1);
            let opening = opening.unwrap();
            for joint in 1..30_i64 {
                // The first sample of each piece, by its size, is where the piece begins.
                let ideal = joint * length * i64::from(track.timescale) / 1000;
                let near = (0..track.count())
                    .filter(|&sample| size(track, sample) == size(first, opening))
                    .map(|sample| (track.shown(sample) - ideal).abs())
                    .min()
                    .unwrap();
                assert!(
                    near * 1000 / i64::from(track.timescale) <= 33,
                    "{joint} {kind:?}: {near}"
                );
            }
        }
    }
}

#[test]
fn a_file_over_4_gib_has_64_bit_offsets() {
    let movie = mp4::read(&CLIPS[0]).unwrap();
    let small = Piece::of(&movie, Span::of(&movie).unwrap(), false, false);
    let mut large = small.clone();
    large.parts[0].as_mut().unwrap().bytes = 5 << 30;
    for (first, wide) in [(&small, false), (&large, true)] {
        let pieces = [first, &small].map(|piece| Arc::new(piece.clone()));
        let layout = Layout::new(pieces.to_vec()).unwrap();
        assert_eq!(layout.wide, wide);
        let plan = layout.plan(Kind::Video).unwrap();
        let offsets = tables::entries(&layout, plan, layout::Table::Chunks, 1, &movie).unwrap();
        let start = layout.samples_start(1);
        match wide {
            true => assert_eq!(offsets[..8], start.to_be_bytes()),
            false => assert_eq!(offsets[..4], u32::try_from(start).unwrap().to_be_bytes()),
        }
        let mut mdat = match wide {
            true => 1_u32,
            false => u32::try_from(2 * small.bytes() + 8).unwrap(),
        }
        .to_be_bytes()
        .to_vec();
        mdat.extend(b"mdat");
        let headers = layout.sections.iter().filter_map(|section| match section {
            layout::Section::Fixed(bytes) => Some(bytes),
            _ => None,
        });
        assert_eq!(headers.last().unwrap()[..8], mdat);
    }
}

#[test]
fn a_head_without_bound_is_refused() {
    let movie = mp4::read(&CLIPS[0]).unwrap();
    let piece = Arc::new(Piece::of(&movie, Span::of(&movie).unwrap(), false, false));
    let refused = Layout::new(vec![piece; 20_000]).unwrap_err().to_string();
    assert!(refused.contains("64 MiB"), "{refused}");
}

/// The first `find` in a clip's boxes, and what to write right after it and `skip` more bytes.
fn patched(clip: &[u8], find: &[u8], skip: usize, bytes: &[u8]) -> Arc<[u8]> {
    let mut clip = clip.to_vec();
    let at = clip.windows(find.len()).position(|name| name == find);
    let at = at.unwrap() + find.len() + skip;
    clip[at..at + bytes.len()].copy_from_slice(bytes);
    clip.into()
}

/// Numbers for which a loop would run for minutes, or a buffer would fill the memory.
#[test]
fn numbers_out_of_all_proportion_are_refused() {
    for (clip, name, skip) in [
        (0, b"stts", 8),
        (0, b"stts", 12),
        (0, b"stsz", 8),
        (1, b"stco", 4),
        (0, b"ctts", 12),
        (0, b"stss", 4),
        (0, b"stsc", 12),
        (0, b"elst", 8),
        (0, b"elst", 12),
        (0, b"mdhd", 12),
        (0, b"stsd", 8),
        (2, b"trun", 4),
        (2, b"trun", 12),
        (2, b"tfhd", 8),
        (2, b"tfdt", 4),
    ] {
        for number in [[0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0; 4]] {
            let file = patched(CLIPS[clip], name, skip, &number);
            if let Ok(movie) = mp4::read(&file) {
                assert!(movie.weight() < 1 << 20, "{name:?}");
            }
            let _ = cut(&[(file.clone(), span(900, 2000)), (file, None)]);
        }
    }
    for (clip, name, skip) in [(0, b"stsz", 8), (1, b"stco", 4)] {
        let file = patched(CLIPS[clip], name, skip, &[0xff; 4]);
        let error = mp4::read(&file).unwrap_err().to_string();
        assert!(error.contains("out of bounds"), "{error}");
    }
    // Pictures that last no time, four billion of them.
    let none = patched(CLIPS[0], b"stts", 8, &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0]);
    let error = mp4::read(&none).unwrap_err().to_string();
    assert!(error.contains("last no time"), "{error}");
}

/// Bytes of a clip, some of them changed: most often where the boxes are, for what is in `mdat` is of no
/// consequence.
fn mutilated() -> impl Strategy<Value = Vec<u8>> {
    let change = (
        any::<prop::sample::Index>(),
        prop_oneof![
            Just(vec![0xff; 4]),
            Just(vec![0; 4]),
            Just(vec![0x7f, 0xff, 0xff, 0xff]),
            Just(vec![0, 0, 0, 1]),
            prop::collection::vec(any::<u8>(), 1..5),
        ],
    );
    let changes = prop::collection::vec(change, 1..6);
    (
        0..CLIPS.len(),
        changes,
        any::<prop::sample::Index>(),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(clip, changes, end, short)| {
            let mut bytes = CLIPS[clip].to_vec();
            for (at, change) in changes {
                let head = match clip {
                    2 => bytes.len(),
                    _ => mdat(&bytes).min(if at.index(2) == 0 { 1200 } else { usize::MAX }),
                };
                let at = at.index(head);
                let end = (at + change.len()).min(bytes.len());
                bytes[at..end].copy_from_slice(&change[..end - at]);
            }
            if short {
                bytes.truncate(end.index(bytes.len()));
            }
            bytes
        })
}

/// Where the samples begin.
fn mdat(clip: &[u8]) -> usize {
    let found = clip.windows(4).position(|name| name == b"mdat");
    found.unwrap_or(clip.len())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_bytes_do_harm(bytes in mutilated(), start in 0_u64..30_000, length in 1_u64..30_000) {
        let bytes = file(&bytes);
        let part = span(start, start + length);
        if let Ok(movie) = mp4::read(&bytes) {
            let _ = closed_end(&movie, start);
            prop_assert!(movie.weight() < 8 << 20);
        }
        let _ = cut(&[(bytes.clone(), part), (bytes.clone(), None), (file(CLIPS[0]), None)]);
        let _ = cut(&[(file(CLIPS[1]), part), (bytes, part)]);
    }
}
