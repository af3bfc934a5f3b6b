//! Files that are put into the archive.

use super::*;

/// Files of these names outside the archive, and what they are filed as from `start` on.
fn import(
    site: &Site,
    files: &[(&str, &[u8])],
    start: Option<&str>,
) -> Result<Vec<PathBuf>, ImportError> {
    let outside = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, bytes)| {
            let path = outside.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    let codes = [NAMES.device, NAMES.channel].map(|code| code.parse().unwrap());
    let start = start.map(|start| start.parse().unwrap());
    let checked = site
        .archive
        .check_import(&codes[0], &codes[1], start, &paths)?;
    checked.into_iter().map(Import::file).collect()
}

const MOV: &[u8] = include_bytes!("../../../assets/h265-alaw.mov");

#[tokio::test]
async fn recordings_are_filed_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let archive = Archive::new(dir.path().join("new"));
    let site = Site { _dir: dir, archive };
    let files = [("a.mp4", SHORT), ("b", CLIP), ("c.mov", SHORT)];
    let filed = import(&site, &files, Some("2025-04-04T21:30:00")).unwrap();
    let names = ["21-30-00.mp4", "21-30-04.200.mp4", "21-30-34.200.mp4"];
    let expected = names.map(|name| site.path(&format!("2025-04-04T{name}")));
    assert_eq!(filed, expected);
    assert_eq!(fs::read(&filed[1]).unwrap(), CLIP);
    // The first and the last begin with 200 ms that no picture is shown in.
    let recording = site.locate(seconds(0, 60)).await.unwrap();
    assert_eq!(recording.duration_ms, 4_000 + 30_000 + 4_000);
    let rest: Vec<_> = fs::read_dir(site.path("")).unwrap().collect();
    assert_eq!(rest.len(), 3, "{rest:?}");
}

#[test]
fn names_say_when_recordings_start() {
    let site = Site::empty();
    let files = [
        ("2025-04-04T21-30-00.mp4", MOV),
        ("2025-04-04T21-31-00.500.mp4", CLIP),
    ];
    let filed = import(&site, &files, None).unwrap();
    let expected = ["21-30-00.mov", "21-31-00.500.mp4"];
    assert_eq!(
        filed,
        expected.map(|name| site.path(&format!("2025-04-04T{name}")))
    );
}

#[test]
fn what_cannot_be_filed_is_refused_by_name_and_nothing_is_written() {
    let site = Site::empty();
    site.put(0, CLIP);
    site.put(60, CLIP);
    let at = |second: i64| Some(seconds(second, second + 1).start().to_string());
    for (files, start, words) in [
        (&[("a.mp4", CLIP)][..], at(0), "overlaps"),
        (
            &[("a.mp4", CLIP)],
            at(29),
            "2025-04-04T21-30-00.mp4; remove one",
        ),
        (
            &[("a.mp4", CLIP)],
            at(31),
            "2025-04-04T21-31-00.mp4; remove one",
        ),
        (
            &[("a.mp4", CLIP)],
            at(-29),
            "2025-04-04T21-30-00.mp4; remove one",
        ),
        (
            &[("a.mp4", SHORT), ("b.mp4", CLIP)],
            at(30),
            "b.mp4: from 2025-04-04T21:30:34.200",
        ),
        (&[("a.mp4", CLIP)], None, "a.mp4: its start is not known"),
        (&[("a.mp4", b"")], at(30), "a.mp4: it is no whole MP4 file"),
        (
            &[("a.mp4", CLIP), ("b.mp4", &CLIP[..9000])],
            at(100),
            "b.mp4: it is no whole",
        ),
        (
            &[
                ("2025-04-04T21-40-00.mp4", CLIP),
                ("2025-04-04T21-40-29.mp4", CLIP),
            ],
            None,
            "21-40-29.mp4: from 2025-04-04T21:40:29 to 2025-04-04T21:40:59 it overlaps",
        ),
    ] {
        let error = import(&site, files, start.as_deref())
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(fs::read_dir(site.path("")).unwrap().count(), 2);
    // Right between them there is room.
    import(&site, &[("a.mp4", CLIP)], at(30).as_deref()).unwrap();
}
