//! What ffmpeg makes of the files that are cut: `cargo test -- --ignored players` where it is installed.

use std::fs;
use std::path::{Path, PathBuf};

use smsload_reference::demo::write_archive;
use smsload_reference::{Archive, Fixtures, Recording, RecordingSource, Window};
use tempfile::TempDir;

use crate::footage::{decode, duration, flashes, make, pictures, tones};

const NAMES: Fixtures = Fixtures::DEMO;

fn window(start: &str, end: &str) -> Window {
    Window::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
}

/// Downloads a recording into a file, whose size must be what was announced.
async fn download(archive: &Archive, recording: &Recording, path: &Path) {
    let mut stream = archive.open(recording, 0).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    assert_eq!(recording.bytes, Some(bytes.len() as u64));
    fs::write(path, bytes).unwrap();
}

/// The demonstration's first and last second, joints, gaps, and windows in the middle of pictures.
#[tokio::test]
#[ignore = "needs ffmpeg"]
async fn the_demo_plays_as_announced() {
    let dir = tempfile::tempdir().unwrap();
    write_archive(dir.path()).unwrap();
    let archive = Archive::new(dir.path());
    let own = (NAMES.device, NAMES.channel);
    let foreign = (NAMES.foreign_device, NAMES.foreign_channel);
    for ((device, channel), start, end) in [
        (own, "2025-04-04T21:30:00", "2025-04-04T21:30:01"),
        (own, "2025-04-04T21:59:59", "2025-04-04T22:00:00"),
        (own, "2025-04-04T21:30:29", "2025-04-04T21:30:31"),
        (own, "2025-04-04T21:30:13", "2025-04-04T21:30:14"),
        (own, "2025-04-04T21:59:01", "2025-04-04T22:11:03"),
        (own, "2024-02-29T23:59:59", "2024-03-01T00:00:01"),
        (own, "2024-12-31T00:00:00", "2024-12-31T23:56:00"),
        (foreign, "2025-04-04T21:30:00", "2025-04-04T21:30:01"),
        (foreign, "2025-04-04T21:30:19", "2025-04-04T21:30:21"),
        (foreign, "2025-04-04T21:33:07", "2025-04-04T21:35:19"),
    ] {
        let found = archive.locate(device, channel, window(start, end)).await;
        let recording = found.unwrap();
        let path = dir.path().join("download.mp4");
        download(&archive, &recording, &path).await;
        let seconds = recording.duration_ms as f64 / 1000.0;
        let told = duration(&path);
        assert!((told - seconds).abs() < 0.001, "{start} {end}: {told}");
        decode(&path);
        // The clips begin with whole seconds, and so does every window: it flashes and sounds each second.
        let expected: Vec<f64> = (0..recording.duration_ms / 1000)
            .map(|s| s as f64)
            .collect();
        // ffmpeg also gives the rest of what it had to decode, after the end.
        let before_end = |mut times: Vec<f64>| {
            times.retain(|&time| time < seconds - 0.001);
            times
        };
        assert_times(&before_end(flashes(&path)), &expected, 0.041, start);
        // At a joint a frame of sound is blended with one that it was not made for.
        assert_times(&before_end(tones(&path)), &expected, 0.041, start);
    }
}

#[track_caller]
fn assert_times(seen: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    let near = |(seen, expected): (&f64, &f64)| (seen - expected).abs() <= tolerance;
    assert!(
        seen.len() == expected.len() && seen.iter().zip(expected).all(near),
        "{what}: {seen:?} instead of {expected:?}"
    );
}

/// A channel of segments made by ffmpeg.
struct Site {
    dir: TempDir,
    archive: Archive,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let archive = Archive::new(dir.path().join("archive"));
        Self { dir, archive }
    }

    /// Where a segment is to be filed.
    fn segment(&self, name: &str) -> PathBuf {
        let device = self.archive.directory().join(NAMES.device);
        device.join(NAMES.channel).join(name)
    }

    /// Downloads a window and checks what does not depend on it. Returns the file, and the seconds that
    /// were announced.
    async fn cut(&self, start: &str, end: &str) -> (PathBuf, f64) {
        let window = window(start, end);
        let found = self
            .archive
            .locate(NAMES.device, NAMES.channel, window)
            .await;
        let recording = found.unwrap();
        let path = self.dir.path().join("download.mp4");
        download(&self.archive, &recording, &path).await;
        let seconds = recording.duration_ms as f64 / 1000.0;
        let told = duration(&path);
        assert!((told - seconds).abs() < 0.05, "{told} instead of {seconds}");
        (path, seconds)
    }
}

const SHORT_GROUPS: &str = "-c:v libx264 -preset ultrafast -g 20 -c:a aac";
const REORDERED: &str =
    "-c:v libx264 -preset veryfast -bf 3 -x264-params keyint=40:scenecut=0 -c:a aac";

const IN_ORDER: &str =
    "-c:v libx264 -preset veryfast -bf 0 -x264-params keyint=40:scenecut=0 -c:a aac";

/// Three segments that follow each other after 7.5 s and, over a gap, after 20 s.
fn three(site: &Site, ending: &str, kinds: [(&str, u32, &str); 3]) {
    let names = ["10-00-00", "10-00-07.500", "10-00-27.500"];
    for (name, (fps, rate, codecs)) in names.into_iter().zip(kinds) {
        let path = site.segment(&format!("2025-04-04T{name}.{ending}"));
        make(&path, 7.5, fps, rate, codecs);
    }
}

/// Cuts into a group of pictures of the first of [`three()`], over a joint and a gap, into the third.
/// Picture and sound must be in step everywhere, and where they belong.
async fn assert_in_step(site: &Site) {
    let (path, seconds) = site.cut("2025-04-04T10:00:02", "2025-04-04T10:00:33").await;
    assert!((seconds - (5.5 + 7.5 + 5.5)).abs() < 0.15, "{seconds}");
    decode(&path);
    let part = |start: f64, from: u32, to: u32| (from..to).map(move |s| start + f64::from(s));
    let expected: Vec<f64> = part(-2.0, 2, 8)
        .chain(part(5.5, 0, 8))
        .chain(part(13.0, 0, 6))
        .collect();
    let (seen, heard) = (flashes(&path), tones(&path));
    // The last picture of a segment may end up to a picture before its end.
    assert_times(&seen, &expected, 0.12, "seen");
    assert_times(&heard, &expected, 0.12, "heard");
    assert_times(&seen, &heard, 0.06, "seen, not heard");
}

#[tokio::test]
#[ignore = "needs ffmpeg"]
async fn picture_and_sound_stay_in_step_over_joints_and_gaps() {
    let mp4 = |more: &str| format!("{REORDERED} {more}");
    let fragments = mp4("-movflags frag_keyframe+empty_moov+default_base_moof");
    let old_fragments = mp4("-movflags frag_keyframe");
    let negative = mp4("-movflags negative_cts_offsets");
    let fine = mp4("-video_track_timescale 90000");
    let hevc =
        "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=30 -tag:v hvc1 -c:a aac";
    for (what, kinds) in [
        ("plain", [("25", 48_000, SHORT_GROUPS); 3]),
        (
            "reordered, odd rates",
            [("30000/1001", 44_100, REORDERED); 3],
        ),
        ("HEVC", [("20", 16_000, hevc); 3]),
        ("fragments", [("25", 16_000, &*fragments); 3]),
        (
            "reordered and not, fragments and not, other scales and rates",
            [
                ("25", 16_000, IN_ORDER),
                ("25", 16_000, &*negative),
                ("25", 16_000, &*old_fragments),
            ],
        ),
        (
            "other timescales",
            [
                ("25", 16_000, IN_ORDER),
                ("30000/1001", 16_000, &*fine),
                ("15", 16_000, REORDERED),
            ],
        ),
    ] {
        println!("{what}");
        let site = Site::new();
        three(&site, "mp4", kinds);
        assert_in_step(&site).await;
    }
    let alaw = "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=30 -tag:v hvc1 \
                -c:a pcm_alaw -movflags +faststart";
    let site = Site::new();
    three(&site, "mov", [("25", 8_000, alaw); 3]);
    assert_in_step(&site).await;
}

#[tokio::test]
#[ignore = "needs ffmpeg"]
async fn another_resolution_becomes_a_sample_entry_of_its_own() {
    let site = Site::new();
    let small = format!("{SHORT_GROUPS} -vf scale=96:64");
    three(
        &site,
        "mp4",
        [
            ("25", 16_000, SHORT_GROUPS),
            ("25", 16_000, &*small),
            ("25", 16_000, SHORT_GROUPS),
        ],
    );
    let (path, _) = site.cut("2025-04-04T10:00:02", "2025-04-04T10:00:33").await;
    decode(&path);
    // Another profile, too.
    let site = Site::new();
    let kinds = [SHORT_GROUPS, REORDERED, SHORT_GROUPS].map(|codecs| ("25", 16_000, codecs));
    three(&site, "mp4", kinds);
    let (path, seconds) = site.cut("2025-04-04T10:00:02", "2025-04-04T10:00:33").await;
    let expected = (seconds * 25.0) as usize;
    let count = pictures(&path);
    assert!(
        (expected..expected + 4).contains(&count),
        "{count} instead of {expected}"
    );
}

#[tokio::test]
#[ignore = "needs ffmpeg"]
async fn pictures_alone_and_sound_alone_play() {
    for codecs in [
        "-an -c:v libx264 -preset ultrafast -g 20",
        "-vn -c:a aac",
        "-vn -c:a pcm_alaw",
    ] {
        let ending = if codecs.contains("alaw") {
            "mov"
        } else {
            "mp4"
        };
        let site = Site::new();
        three(&site, ending, [("25", 16_000, codecs); 3]);
        let (path, seconds) = site.cut("2025-04-04T10:00:02", "2025-04-04T10:00:33").await;
        assert!((seconds - 18.5).abs() < 0.15, "{codecs}: {seconds}");
        decode(&path);
    }
}

/// Sound that is missing in one of three segments neither moves what follows nor stops it.
#[tokio::test]
#[ignore = "needs ffmpeg"]
async fn a_segment_without_sound_is_silent() {
    let mute = "-an -c:v libx264 -preset ultrafast -g 20";
    for silent in 0..3 {
        let site = Site::new();
        let mut kinds = [("25", 16_000, SHORT_GROUPS); 3];
        kinds[silent].2 = mute;
        three(&site, "mp4", kinds);
        let (path, _) = site.cut("2025-04-04T10:00:00", "2025-04-04T10:00:34").await;
        decode(&path);
        let starts = [0.0, 7.5, 15.0];
        let heard = tones(&path);
        for (at, start) in starts.into_iter().enumerate() {
            let within = heard
                .iter()
                .filter(|&&time| (start..start + 7.1).contains(&(time + 0.1)));
            let expected = if at == silent { 0 } else { 7 };
            let count = within.count();
            assert!(count.abs_diff(expected) <= 1, "{silent}: {heard:?}");
        }
    }
}

/// A clock that jumped back: the segment that starts later is the one that counts.
#[tokio::test]
#[ignore = "needs ffmpeg"]
async fn segments_that_overlap_are_cut_off_where_the_next_begins() {
    let site = Site::new();
    for (name, seconds) in [("10-00-00", 9.0), ("10-00-05", 6.0), ("10-00-09.500", 3.0)] {
        let path = site.segment(&format!("2025-04-04T{name}.mp4"));
        make(&path, seconds, "25", 16_000, REORDERED);
    }
    let (path, seconds) = site.cut("2025-04-04T10:00:00", "2025-04-04T10:01:00").await;
    assert!((seconds - 12.5).abs() < 0.4, "{seconds}");
    decode(&path);
    let (seen, heard) = (flashes(&path), tones(&path));
    assert_times(&seen, &heard, 0.06, "seen, not heard");
    assert_eq!(seen.len(), 5 + 5 + 3, "{seen:?}");
}
