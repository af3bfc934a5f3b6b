//! How fast a recording is cut and written, beside `cp --reflink=never` and `sync` of the same bytes on the same disk.
//!
//! `cargo bench -p smsload-reference --bench cut` (needs ffmpeg, cp, cmp and sync, and 2 GiB of disk). Rounds are paired: each
//! copies and cuts once, in turn; the medians are compared.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench that cannot go on says so by panicking"
)]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use smsload_reference::{Archive, Fixtures, Recording, RecordingSource, Window};

const NAMES: Fixtures = Fixtures::DEMO;
const ROUNDS: usize = 7;

fn run(tool: &str, arguments: &[&str]) {
    let status = Command::new(tool).args(arguments).status().unwrap();
    assert!(status.success(), "{tool} {arguments:?}");
}

/// Five segments of 100 MiB, 100 s each: noise at 8 Mbit/s, over and over, without re-encoding.
fn make_archive(root: &Path) {
    let folder = root.join(NAMES.device).join(NAMES.channel);
    fs::create_dir_all(&folder).unwrap();
    let clip = root.join("clip.mp4");
    let clip = clip.to_str().unwrap();
    let picture = "nullsrc=size=640x360:rate=25:duration=10,geq=random(1)*255:128:128";
    let sound = "sine=duration=10:sample_rate=16000";
    let mut arguments = vec![
        "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi",
    ];
    arguments.extend([
        "-i",
        sound,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "50",
    ]);
    arguments.extend([
        "-b:v", "8M", "-minrate", "8M", "-maxrate", "8M", "-bufsize", "8M",
    ]);
    arguments.extend(["-c:a", "aac", clip]);
    run("ffmpeg", &arguments);
    let first = folder.join("2025-04-04T10-00-00.mp4");
    let looped = [
        "-v",
        "error",
        "-y",
        "-stream_loop",
        "9",
        "-i",
        clip,
        "-c",
        "copy",
    ];
    run(
        "ffmpeg",
        &[&looped[..], &[first.to_str().unwrap()]].concat(),
    );
    for second in ["01-40", "03-20", "05-00", "06-40"] {
        fs::copy(&first, folder.join(format!("2025-04-04T10-{second}.mp4"))).unwrap();
    }
}

async fn cut(archive: &Archive, recording: &Recording, path: &Path) {
    let mut stream = archive.open(recording, 0).await.unwrap();
    let mut file = File::create(path).unwrap();
    while let Some(chunk) = stream.next().await.unwrap() {
        file.write_all(&chunk).unwrap();
    }
    file.sync_all().unwrap();
}

fn copy(from: &Path, to: &Path) {
    let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
    run("cp", &["--reflink=never", from, to]);
    run("sync", &[to]);
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

#[tokio::main]
async fn main() {
    // On the disk of the build, not in memory.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    make_archive(dir.path());
    let archive = Archive::new(dir.path());
    let (start, end) = ("2025-04-04T10:00:01", "2025-04-04T10:08:19");
    let window = Window::new(start.parse().unwrap(), end.parse().unwrap()).unwrap();
    let began = Instant::now();
    let found = archive.locate(NAMES.device, NAMES.channel, window).await;
    let recording = found.unwrap();
    let located = began.elapsed();
    let Some(bytes) = recording.bytes else {
        panic!("an archive of files knows the size")
    };
    let original = dir.path().join("original.mp4");
    cut(&archive, &recording, &original).await;
    let mib = bytes as f64 / f64::from(1 << 20);
    println!(
        "{mib:.0} MiB, {} s, located in {located:?}",
        recording.seconds()
    );

    let target = dir.path().join("target.mp4");
    let (mut copies, mut cuts) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let _ = fs::remove_file(&target);
        let began = Instant::now();
        copy(&original, &target);
        copies.push(began.elapsed());
        fs::remove_file(&target).unwrap();
        let began = Instant::now();
        cut(&archive, &recording, &target).await;
        cuts.push(began.elapsed());
    }
    run(
        "cmp",
        &[original.to_str().unwrap(), target.to_str().unwrap()],
    );
    let (copy, cut) = (median(copies), median(cuts));
    println!(
        "cp and sync: {:.0} MiB/s, cut and sync: {:.0} MiB/s",
        mib / copy,
        mib / cut
    );
    println!("cut at {:.2} of the speed of cp", copy / cut);
    many_at_once(&archive, &recording).await;
}

/// 200 deliveries at once, as many chunks of each as have been read when all have begun.
async fn many_at_once(archive: &Archive, recording: &Recording) {
    let before = resident_kib("VmRSS");
    let began = Instant::now();
    let deliveries = (0..200).map(|_| {
        let (archive, recording) = (archive.clone(), recording.clone());
        tokio::spawn(async move {
            let mut stream = archive.open(&recording, 0).await.unwrap();
            let mut bytes = 0;
            for _ in 0..100 {
                bytes += stream.next().await.unwrap().unwrap().len();
            }
            bytes
        })
    });
    let deliveries: Vec<_> = deliveries.collect();
    let mut bytes = 0;
    for delivery in deliveries {
        bytes += delivery.await.unwrap();
    }
    let mib = bytes as f64 / f64::from(1 << 20);
    let rate = mib / began.elapsed().as_secs_f64();
    let (after, most) = (resident_kib("VmRSS"), resident_kib("VmHWM"));
    println!(
        "200 at once: {mib:.0} MiB at {rate:.0} MiB/s; memory {} MiB before, {} after, at most {}",
        before / 1024,
        after / 1024,
        most / 1024
    );
}

/// A line of /proc/self/status, in KiB; 0 where there is none.
fn resident_kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
