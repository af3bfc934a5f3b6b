//! The archive as a whole, on real files.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::demo::{Fixtures, write_archive};
use crate::source::MAX_CHUNK;

const NAMES: Fixtures = Fixtures::DEMO;

fn window(start: &str, end: &str) -> Window {
    Window::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
}

fn demo() -> (TempDir, Archive) {
    let dir = tempfile::tempdir().unwrap();
    write_archive(dir.path()).unwrap();
    let archive = Archive::new(dir.path());
    (dir, archive)
}

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

#[tokio::test]
async fn try_it() {
    let (_dir, archive) = demo();
    for (at, (device, channel, start, end)) in [
        (
            NAMES.device,
            NAMES.channel,
            "2025-04-04T21:30:05",
            "2025-04-04T21:30:09",
        ),
        (
            NAMES.device,
            NAMES.channel,
            "2025-04-04T21:30:05",
            "2025-04-04T21:36:09",
        ),
        (
            NAMES.foreign_device,
            NAMES.foreign_channel,
            "2025-04-04T21:30:05",
            "2025-04-04T21:30:09",
        ),
        (
            NAMES.foreign_device,
            NAMES.foreign_channel,
            "2025-04-04T21:30:05",
            "2025-04-04T21:36:09",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let recording = archive
            .locate(device, channel, window(start, end))
            .await
            .unwrap();
        println!("{recording:?}");
        let bytes = deliver(&archive, &recording, 0).await;
        assert_eq!(Some(bytes.len() as u64), recording.bytes);
        std::fs::write(format!("/tmp/try{at}.mp4"), bytes).unwrap();
    }
}
