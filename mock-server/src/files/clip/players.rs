//! What others make of a clip. `cargo test -- --ignored players` where ffmpeg is installed.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use super::Clip;

/// Seconds and bytes; no bytes: as few as can be.
const CLIPS: [(u64, Option<u64>); 12] = [
    (1, None),
    (1, Some(10 << 30)),
    (2, None),
    (10, Some(1 << 20)),
    (600, Some(50_000_000)),
    (3_600, None),
    (3_600, Some(20_000_000)),
    (3_601, Some((1 << 32) - 1)),
    (86_400, Some(30_000_000)),
    (86_400, Some(1 << 40)),
    (31_536_000, Some(1_000_003)),
    (Clip::LONGEST, None),
];

/// How many frames a clip has, as the tools print it.
fn samples(seconds: u64) -> String {
    (25 * seconds).min(3_600).to_string()
}

/// Runs a tool on a file; it must succeed without a word on standard error. Returns what it printed.
fn run(tool: &str, before: &str, path: &Path, after: &str) -> String {
    let out = Command::new(tool)
        .args(before.split_whitespace())
        .arg(path)
        .args(after.split_whitespace())
        .output()
        .unwrap();
    let errors = String::from_utf8(out.stderr).unwrap();
    assert!(
        out.status.success() && errors.is_empty(),
        "{tool} {before} {after}: {errors}"
    );
    String::from_utf8(out.stdout).unwrap()
}

/// Writes a clip to a file. Of a large one only the beginning; the rest of the file is a hole.
fn write(clip: &Clip, folder: &Path) -> PathBuf {
    let path = folder.join("clip.mp4");
    let mut file = File::create(&path).unwrap();
    let mut block = vec![0; 1 << 16];
    for offset in (0..clip.len().min(64 << 20)).step_by(block.len()) {
        let read = clip.read_at(offset, &mut block);
        file.write_all(&block[..read]).unwrap();
    }
    file.set_len(clip.len()).unwrap();
    path
}

#[test]
#[ignore = "needs ffprobe"]
fn ffprobe_sees_the_length_and_the_size() {
    for (seconds, bytes) in CLIPS {
        let clip = Clip::new(seconds, bytes.unwrap_or(Clip::least_bytes(seconds)), 7).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = write(&clip, folder.path());
        let shown = "-v warning -show_entries format=duration,size,format_name -show_streams -of default=nk=0";
        let shown = run("ffprobe", shown, &path, "");
        let values = |name: &str| {
            let name = format!("{name}=");
            shown
                .lines()
                .filter_map(|line| line.strip_prefix(&name))
                .collect::<Vec<_>>()
        };
        let durations = values("duration");
        assert_eq!(durations.len(), 2, "of the stream and of the file: {shown}");
        for duration in durations {
            let duration = duration.parse::<f64>().unwrap();
            assert!(
                (duration - seconds as f64).abs() < 0.001,
                "{duration} for {seconds}"
            );
        }
        assert_eq!(values("size"), [clip.len().to_string()]);
        assert_eq!(values("format_name"), ["mov,mp4,m4a,3gp,3g2,mj2"]);
        assert_eq!(values("codec_name"), ["h264"]);
        assert_eq!(
            (values("width"), values("height")),
            (vec!["320"], vec!["180"])
        );
        assert_eq!(values("nb_frames"), [samples(seconds)]);
    }
}

#[test]
#[ignore = "needs ffmpeg"]
fn ffmpeg_plays_it_from_anywhere() {
    for (seconds, bytes) in CLIPS {
        let clip = Clip::new(seconds, bytes.unwrap_or(Clip::least_bytes(seconds)), 7).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = write(&clip, folder.path());
        run("ffmpeg", "-v warning -xerror -i", &path, "-t 5 -f null -");
        let middle = format!("-v warning -xerror -ss {} -i", seconds / 2);
        run("ffmpeg", &middle, &path, "-frames:v 2 -f null -");
    }
}

#[test]
#[ignore = "needs ffprobe"]
fn ffprobe_decodes_every_frame() {
    for seconds in [1, 7, 144, 3_601] {
        let clip = Clip::new(seconds, 1 << 20, 7).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = write(&clip, folder.path());
        let count = "-v warning -count_frames -show_entries stream=nb_read_frames -of csv=p=0";
        let frames = run("ffprobe", count, &path, "");
        assert_eq!(frames.trim(), samples(seconds));
    }
}
