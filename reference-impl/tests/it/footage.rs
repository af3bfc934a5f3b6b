//! Test recordings made by ffmpeg, and what ffmpeg makes of the files cut from them.
//!
//! In each recording a white square stands in the upper left corner, and a tone sounds, for the first
//! fifth of every second after its start.

use std::path::Path;
use std::process::Command;

/// Runs a tool; it must succeed without an error. Returns what it printed.
fn run(tool: &str, arguments: &[&str]) -> Vec<u8> {
    let out = Command::new(tool).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&out.stderr);
    // The parser (NULL) keeps to the first of several sample entries, which the decoder does not; the
    // output (null) counts in pictures of one rate.
    let kin = ["[NULL @", "[null @", "    Last message repeated"];
    let quiet = |line: &&str| !kin.iter().any(|kin| line.starts_with(kin));
    let errors: Vec<&str> = errors.lines().filter(quiet).collect();
    assert!(
        out.status.success() && errors.is_empty(),
        "{tool} {arguments:?}: {errors:?}"
    );
    out.stdout
}

/// Makes a recording of so many seconds: pictures and sound as ffmpeg's `codecs` say, which may leave
/// one of them out (`-vn`, `-an`).
pub(crate) fn make(path: &Path, seconds: f64, fps: &str, rate: u32, codecs: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let picture = format!(
        "testsrc=size=160x90:rate={fps}:duration={seconds},\
         drawbox=x=0:y=0:w=32:h=32:color=black:t=fill,\
         drawbox=x=0:y=0:w=32:h=32:color=white:t=fill:enable=lt(mod(t\\,1)\\,0.19)"
    );
    let sound = format!(
        "aevalsrc=0.4*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.2):sample_rate={rate}:duration={seconds}"
    );
    let mut arguments = vec!["-v", "error", "-y", "-f", "lavfi", "-i", &picture];
    arguments.extend(["-f", "lavfi", "-i", &sound, "-pix_fmt", "yuv420p"]);
    arguments.extend(codecs.split_whitespace());
    let path = path.to_str().unwrap();
    arguments.push(path);
    run("ffmpeg", &arguments);
}

/// What ffprobe says of a file's duration, in seconds.
pub(crate) fn duration(path: &Path) -> f64 {
    let path = path.to_str().unwrap();
    let show = [
        "-v",
        "error",
        "-show_entries",
        "format=duration",
        "-of",
        "csv=p=0",
        path,
    ];
    let printed = String::from_utf8(run("ffprobe", &show)).unwrap();
    printed.trim().parse().unwrap()
}

/// Whether every picture and every sound of a file can be decoded.
pub(crate) fn decode(path: &Path) {
    let path = path.to_str().unwrap();
    run(
        "ffmpeg",
        &["-v", "error", "-xerror", "-i", path, "-f", "null", "-"],
    );
}

/// How many pictures a file gives, whatever the decoder says about them.
pub(crate) fn pictures(path: &Path) -> usize {
    let count = [
        "-v",
        "quiet",
        "-select_streams",
        "v",
        "-count_frames",
        "-show_entries",
    ];
    let mut arguments = count.to_vec();
    arguments.extend([
        "stream=nb_read_frames",
        "-of",
        "csv=p=0",
        path.to_str().unwrap(),
    ]);
    let printed = String::from_utf8(run("ffprobe", &arguments)).unwrap();
    printed.trim().parse().unwrap()
}

/// When the square appears, in seconds: pictures at 50 a second, each shown until the next.
pub(crate) fn flashes(path: &Path) -> Vec<f64> {
    let path = path.to_str().unwrap();
    let filter = "crop=16:16:8:8,scale=1:1,format=gray,fps=50";
    let grey = run(
        "ffmpeg",
        &[
            "-v", "error", "-i", path, "-vf", filter, "-f", "rawvideo", "-",
        ],
    );
    let white: Vec<bool> = grey.iter().map(|&grey| grey > 128).collect();
    rises(&white, 50)
}

/// When the tone begins, in seconds.
pub(crate) fn tones(path: &Path) -> Vec<f64> {
    let path = path.to_str().unwrap();
    // What is missing in the sound becomes silence, so that the place is the time.
    let filter = "aresample=8000:async=1:min_hard_comp=0.01:first_pts=0";
    let mut arguments = vec!["-v", "error", "-i", path, "-vn", "-af", filter];
    arguments.extend(["-ac", "1", "-f", "s16le", "-"]);
    let sound = run("ffmpeg", &arguments);
    let samples = sound.chunks_exact(2);
    let samples: Vec<i16> = samples
        .map(|two| i16::from_le_bytes([two[0], two[1]]))
        .collect();
    let loud = |part: &[i16]| part.iter().any(|sample| sample.unsigned_abs() > 3000);
    let loud: Vec<bool> = samples.chunks(40).map(loud).collect();
    rises(&loud, 200)
}

/// When `on` becomes true, at so many values a second; a pause of less than a tenth of a second is none.
fn rises(on: &[bool], rate: u32) -> Vec<f64> {
    let mut rises = Vec::new();
    let mut since_on = usize::MAX;
    for (at, &on) in on.iter().enumerate() {
        if on {
            if since_on > rate as usize / 10 {
                rises.push(at as f64 / f64::from(rate));
            }
            since_on = 0;
        } else {
            since_on = since_on.saturating_add(1);
        }
    }
    rises
}
