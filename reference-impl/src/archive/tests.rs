//! The archive as a whole, on real files.

mod import;

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::demo::{Fixtures, write_archive};
use crate::source::MAX_CHUNK;
use crate::time::LocalDateTime;

const NAMES: Fixtures = Fixtures::DEMO;

/// A picture of the clips, in milliseconds.
const FRAME: u64 = 40;

fn window(start: &str, end: &str) -> Window {
    Window::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
}

/// A window of the recorded half hour, in seconds after its start.
fn seconds(start: i64, end: i64) -> Window {
    let origin = NAMES.recorded.0.parse::<LocalDateTime>().unwrap().seconds();
    let time = |second| LocalDateTime::from_seconds(origin + second).unwrap();
    Window::new(time(start), time(end)).unwrap()
}

struct Site {
    _dir: TempDir,
    archive: Archive,
}

impl Site {
    fn demo() -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_archive(dir.path()).unwrap();
        let archive = Archive::new(dir.path());
        Self { _dir: dir, archive }
    }

    /// An archive with one channel without segments.
    fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let archive = Archive::new(dir.path());
        let site = Self { _dir: dir, archive };
        fs::create_dir_all(site.path("")).unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        let device = self.archive.directory().join(NAMES.device);
        device.join(NAMES.channel).join(name)
    }

    /// The path of a segment of the recorded half hour, so many seconds after its start.
    fn at(&self, second: i64) -> PathBuf {
        let start = seconds(second, second + 1).start().seconds() * 1000;
        let name = SegmentName::new(start, Ending::Mp4).unwrap();
        self.path(&name.to_string())
    }

    fn put(&self, second: i64, bytes: &[u8]) {
        fs::write(self.at(second), bytes).unwrap();
    }

    async fn locate(&self, window: Window) -> Result<Recording, SourceError> {
        let found = self.archive.locate(NAMES.device, NAMES.channel, window);
        found.await
    }

    async fn millis(&self, start: i64, end: i64) -> u64 {
        let found = self.locate(seconds(start, end)).await;
        found.unwrap().duration_ms
    }
}

const CLIP: &[u8] = include_bytes!("../../assets/h264-aac.mp4");
const SHORT: &[u8] = include_bytes!("../../assets/fragments.mp4");

/// All bytes of a recording from `from` on.
async fn deliver(archive: &Archive, recording: &Recording, from: u64) -> Vec<u8> {
    let mut stream = archive.open(recording, from).await.unwrap();
    assert_eq!(stream.position(), from);
    let mut all = Vec::new();
    while let Some(chunk) = stream.next().await.unwrap() {
        assert!((1..=MAX_CHUNK).contains(&chunk.len()));
        all.extend_from_slice(&chunk);
        assert_eq!(stream.position(), from + all.len() as u64);
    }
    all
}

/// Reads a delivered file, whose tables this checks against its length; the duration of its pictures, in
/// milliseconds.
fn duration(file: &[u8]) -> u64 {
    assert_eq!(&file[4..8], b"ftyp");
    let movie = mp4::read(&file).unwrap();
    let video = movie.video.as_ref().unwrap();
    let end = u128::try_from(video.end()).unwrap();
    u64::try_from(end * 1000 / u128::from(video.timescale)).unwrap()
}

#[tokio::test]
async fn what_is_unknown_is_told_apart() {
    let site = Site::demo();
    let window = || window(NAMES.recorded.0, NAMES.recorded.1);
    let find = async |device, channel| site.archive.locate(device, channel, window()).await;
    for device in [NAMES.unknown_device, "", "55", "../..", NAMES.channel] {
        let found = find(device, NAMES.channel).await;
        assert_eq!(found, Err(SourceError::UnknownDevice), "{device}");
    }
    for channel in [NAMES.unknown_channel, NAMES.foreign_channel, "", ".", "1"] {
        let found = find(NAMES.device, channel).await;
        assert_eq!(found, Err(SourceError::UnknownChannel), "{channel}");
    }
    assert!(find(NAMES.device, NAMES.channel).await.is_ok());
}

#[tokio::test]
async fn the_demo_holds_what_its_fixtures_say() {
    let site = Site::demo();
    let seconds = async |(start, end): (&str, &str)| {
        let found = site.locate(window(start, end)).await;
        found.map(|recording| recording.seconds())
    };
    assert_eq!(seconds(NAMES.recorded).await.unwrap(), "1800");
    assert_eq!(seconds(NAMES.leap_day).await.unwrap(), "600");
    assert_eq!(seconds(NAMES.year_end).await.unwrap(), "600");
    let over_gap = (NAMES.recorded.0, "2025-04-04T22:20:00");
    assert_eq!(seconds(over_gap).await.unwrap(), "2400");
    let ever = ("0001-01-01T00:00:00", "9999-12-31T23:59:59");
    assert_eq!(seconds(ever).await.unwrap(), "3600");
    for nothing in [NAMES.gap, NAMES.empty] {
        assert_eq!(seconds(nothing).await, Err(SourceError::NoRecording));
    }
    let foreign = site.archive.locate(
        NAMES.foreign_device,
        NAMES.foreign_channel,
        window(NAMES.recorded.0, NAMES.recorded.1),
    );
    assert_eq!(foreign.await.unwrap().seconds(), "1800");
}

#[test]
fn any_window_is_announced_as_it_is_delivered() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let site = Site::demo();
    let channels = [
        (NAMES.device, NAMES.channel),
        (NAMES.foreign_device, NAMES.foreign_channel),
    ];
    let cases = ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(cases, |(
        start in 0_i64..1800, length in 1_i64..200, wider in 0_i64..100, of in 0..2_usize, from: u64,
    )| {
        let (device, channel) = channels[of];
        let locate = |start: i64, end: i64| {
            let found = site.archive.locate(device, channel, seconds(start, end));
            runtime.block_on(found).unwrap()
        };
        let end = (start + length).min(1800);
        let recording = locate(start, end);
        let asked = u64::try_from(end - start).unwrap() * 1000;
        prop_assert!(recording.duration_ms <= asked && recording.duration_ms + FRAME >= asked);
        let file = runtime.block_on(deliver(&site.archive, &recording, 0));
        prop_assert_eq!(recording.bytes, Some(file.len() as u64));
        let shown = duration(&file);
        prop_assert!(shown.abs_diff(recording.duration_ms) <= FRAME, "{}", shown);
        prop_assert!(locate(start - wider, end + wider).duration_ms >= recording.duration_ms);
        let from = from % (file.len() as u64 + 1);
        let rest = runtime.block_on(deliver(&site.archive, &recording, from));
        prop_assert!(rest == file[usize::try_from(from).unwrap()..], "resumed at {}", from);
    });
}

#[tokio::test]
async fn a_plan_outlives_the_process_and_not_a_change_of_the_archive() {
    let site = Site::empty();
    site.put(0, CLIP);
    site.put(30, CLIP);
    let recording = site.locate(seconds(20, 40)).await.unwrap();
    let words = serde_json::to_string(&recording).unwrap();
    let recording: Recording = serde_json::from_str(&words).unwrap();
    let file = deliver(&site.archive, &recording, 0).await;

    let next = Archive::new(site.archive.directory());
    assert_eq!(deliver(&next, &recording, 1000).await, file[1000..]);
    // What was recorded since does not matter.
    site.put(35, CLIP);
    assert_eq!(deliver(&next, &recording, 0).await, file);

    let refused = async |recording: &Recording| {
        let error = next.open(recording, 0).await.err();
        error.unwrap().to_string()
    };
    let mut other = recording.clone();
    other.bytes = other.bytes.map(|bytes| bytes + 1);
    assert!(refused(&other).await.contains("another size"));
    other.plan = crate::source::Plan::new("[]");
    assert!(refused(&other).await.contains("its plan"));

    let touched = fs::File::options().append(true).open(site.at(30)).unwrap();
    touched
        .set_modified(SystemTime::now() - Duration::from_secs(100))
        .unwrap();
    assert!(refused(&recording).await.contains("written to"));
    fs::remove_file(site.at(30)).unwrap();
    assert!(refused(&recording).await.contains("has gone"));
}

#[tokio::test]
async fn a_change_during_delivery_is_an_error_and_never_another_file() {
    let shortened = &CLIP[..CLIP.len() - 1];
    let mut last_byte_changed = CLIP.to_vec();
    *last_byte_changed.last_mut().unwrap() ^= 1;
    for other in [shortened, SHORT, &last_byte_changed] {
        let site = Site::empty();
        for second in 0..20 {
            site.put(second * 30, CLIP);
        }
        let recording = site.locate(seconds(0, 600)).await.unwrap();
        let mut stream = site.archive.open(&recording, 0).await.unwrap();
        stream.next().await.unwrap().unwrap();
        site.put(570, other);
        let error = loop {
            match stream.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended as if nothing had happened"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, SourceError::Changed(_)), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_leaves_a_gap() {
    let site = Site::empty();
    site.put(0, CLIP);
    site.put(30, &CLIP[..CLIP.len() / 2]);
    site.put(60, b"");
    site.put(90, CLIP);
    fs::write(site.path("notes.txt"), "x").unwrap();
    fs::create_dir(site.at(200)).unwrap();
    assert_eq!(site.millis(0, 120).await, 60_000);
    assert_eq!(site.millis(29, 91).await, 2_000);
    for (start, end) in [(31, 32), (60, 90), (40, 70)] {
        let error = site.locate(seconds(start, end)).await.unwrap_err();
        assert!(matches!(error, SourceError::Broken(_)), "{error}");
    }
    // A folder with the name of a segment is none.
    let nothing = site.locate(seconds(200, 230)).await;
    assert_eq!(nothing, Err(SourceError::NoRecording));
    // Mended, it counts again.
    site.put(30, CLIP);
    assert_eq!(site.millis(0, 60).await, 60_000);
}

#[cfg(unix)]
#[tokio::test]
async fn links_lead_nowhere_and_pipes_do_not_hold() {
    use std::os::unix::fs::symlink;
    let outside = Site::demo();
    let site = Site::empty();
    symlink(outside.at(0), site.at(0)).unwrap();
    let found = site.locate(seconds(0, 10)).await;
    assert_eq!(found, Err(SourceError::NoRecording));
    let own = site.archive.directory();
    symlink(
        outside.path(""),
        own.join(NAMES.device).join(NAMES.unknown_channel),
    )
    .unwrap();
    let found = site
        .archive
        .locate(NAMES.device, NAMES.unknown_channel, seconds(0, 10));
    assert_eq!(found.await, Err(SourceError::UnknownChannel));
    let far = outside.archive.directory().join(NAMES.device);
    symlink(far, own.join(NAMES.unknown_device)).unwrap();
    let found = site
        .archive
        .locate(NAMES.unknown_device, NAMES.channel, seconds(0, 10));
    assert_eq!(found.await, Err(SourceError::UnknownDevice));
    // A file that becomes a link after it was seen is not followed either.
    assert!(segment::open(&site.at(0)).is_err());
    rustix::fs::mknodat(
        rustix::fs::CWD,
        site.path("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert!(segment::open(&site.path("pipe")).is_err());
}

#[tokio::test]
async fn an_archive_that_is_not_there_is_not_available() {
    let site = Site::empty();
    let archive = Archive::new(site.path("nowhere"));
    let found = archive.locate(NAMES.device, NAMES.channel, seconds(0, 1));
    let error = found.await.unwrap_err();
    assert!(
        error.is_temporary() && error.to_string().contains("nowhere"),
        "{error}"
    );
    fs::write(site.path("file"), "").unwrap();
    let archive = Archive::new(site.path("file"));
    let found = archive.locate(NAMES.device, NAMES.channel, seconds(0, 1));
    assert!(found.await.unwrap_err().is_temporary());
}

#[tokio::test]
async fn the_later_of_two_that_overlap_counts_from_its_start() {
    let site = Site::empty();
    site.put(0, CLIP);
    site.put(20, CLIP);
    site.put(49, CLIP);
    // Where the pictures of the earlier one can be parted, no more than a few before.
    let whole = site.millis(0, 100).await;
    assert!((78_800..=79_000).contains(&whole), "{whole}");
    let mut before = 0;
    for end in 1..79 {
        let now = site.millis(0, end).await;
        assert!(now >= before, "{end}");
        before = now;
    }
    let recording = site.locate(seconds(3, 79)).await.unwrap();
    let file = deliver(&site.archive, &recording, 0).await;
    assert!(duration(&file).abs_diff(recording.duration_ms) <= FRAME);
}

#[tokio::test]
async fn too_much_for_one_file_is_refused() {
    let site = Site::empty();
    site.put(0, CLIP);
    for second in 1..1100 {
        fs::hard_link(site.at(0), site.at(second)).unwrap();
    }
    let error = site.locate(seconds(0, 1100)).await.unwrap_err();
    assert!(matches!(error, SourceError::NotOneFile(_)), "{error}");
    let fits = site.locate(seconds(0, 1000)).await.unwrap();
    assert!(fits.plan.as_str().len() < 100 << 10);
    // H.265 beside H.264.
    let other = site.at(1100).with_extension("mov");
    fs::write(&other, include_bytes!("../../assets/h265-alaw.mov")).unwrap();
    let error = site.locate(seconds(1098, 1110)).await.unwrap_err();
    assert!(error.to_string().contains("codec"), "{error}");
}

/// No file is opened to know which segments a window has.
#[test]
fn a_year_of_names_is_listed_from_names_alone() {
    let site = Site::empty();
    let second = |at: i64| at * 600;
    for at in 0..5256 {
        fs::File::create(site.at(second(at))).unwrap();
    }
    let listing = || {
        let (channel, metadata) = site.archive.0.channel(NAMES.device, NAMES.channel).unwrap();
        site.archive.0.listing(&channel, &metadata).unwrap()
    };
    let start = seconds(second(5000) + 1, second(5002)).start().seconds() * 1000;
    let names = listing();
    let within = names.within(start, start + 600_000);
    assert_eq!(within.len(), 2);
    assert!(site.path(&within[0].to_string()) == site.at(second(5000)));
    assert!(names.weight() < 5300 * 16);
    fs::File::create(site.at(second(5002) + 1)).unwrap();
    assert_eq!(listing().within(start, start + 1_200_001).len(), 4);
}
