//! Parts of files, and conditions.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{LONG_ENOUGH, Sent, short};
use crate::support::Api;

#[test]
fn any_range_is_a_slice() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(Api::start());
    let file = runtime.block_on(api.finish(&short(), LONG_ENOUGH));
    let whole = runtime.block_on(api.get(&file.url, &[])).body;
    let size = whole.len();
    // Places where something begins or ends, and any.
    let place = || {
        prop_oneof![
            0..size,
            0..20_000_usize,
            size - 10..size,
            Just(65_536),
            Just(65_535)
        ]
    };
    let strategy = (place(), place(), any::<bool>(), any::<bool>());
    let mut runner = TestRunner::new(Config::with_cases(200));
    let property = |(one, other, is_open, is_suffix)| {
        let (from, to) = (usize::min(one, other), usize::max(one, other));
        let (text, slice) = match (is_open, is_suffix) {
            (false, _) => (format!("bytes={from}-{to}"), from..to + 1),
            (true, false) => (format!("bytes={to}-"), to..size),
            (true, true) => (format!("bytes=-{}", size - to), to..size),
        };
        let sent = runtime.block_on(api.get(&file.url, &[("range", &text)]));
        prop_assert_eq!(sent.status, 206);
        let named = format!("bytes {}-{}/{size}", slice.start, slice.end - 1);
        prop_assert_eq!(sent.header("content-range"), named);
        prop_assert_eq!(sent.header("content-length"), slice.len().to_string());
        prop_assert_eq!(sent.header("content-type"), "video/mp4");
        prop_assert!(sent.body == whole[slice], "{} gives other bytes", text);
        Ok(())
    };
    runner.run(&strategy, property).unwrap();
}

/// The parts of a multipart answer: `Content-Range` and bytes.
fn parts(sent: &Sent) -> Vec<(String, Vec<u8>)> {
    let media = sent.header("content-type");
    let boundary = media
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let boundary = format!("\r\n--{boundary}");
    let cut = |bytes: &[u8], at: &str| {
        let place = bytes
            .windows(at.len())
            .position(|window| window == at.as_bytes());
        let place = place.unwrap_or_else(|| panic!("no {at:?}"));
        (bytes[..place].to_vec(), bytes[place + at.len()..].to_vec())
    };
    let (before, mut rest) = cut(&sent.body, &boundary);
    assert!(before.is_empty());
    let mut found = Vec::new();
    while rest != b"--\r\n" {
        let (head, after) = cut(&rest, "\r\n\r\n");
        let (body, next) = cut(&after, &boundary);
        let head = String::from_utf8(head).unwrap();
        let lines: Vec<_> = head.split("\r\n").collect();
        assert_eq!(lines[..2], ["", "Content-Type: video/mp4"]);
        found.push((
            lines[2].strip_prefix("Content-Range: ").unwrap().to_owned(),
            body,
        ));
        rest = next;
    }
    found
}

#[tokio::test]
async fn several_ranges_come_as_parts() {
    let api = Api::start().await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    let whole = api.get(&file.url, &[]).await.body;
    let size = whole.len();
    let range = "bytes=500000-700000, 0-0,99-99 , -7,999999999-";
    let sent = api.get(&file.url, &[("range", range)]).await;
    assert_eq!(sent.status, 206);
    assert_eq!(sent.header("content-range"), "", "each part has its own");
    assert_eq!(sent.header("content-length"), sent.body.len().to_string());
    let expected = [500_000..700_001, 0..1, 99..100, size - 7..size].map(|slice| {
        (
            format!("bytes {}-{}/{size}", slice.start, slice.end - 1),
            whole[slice].to_vec(),
        )
    });
    assert!(parts(&sent) == expected, "other parts");
}

#[tokio::test]
async fn ranges_that_cannot_be_or_are_too_many_are_refused_and_others_ignored() {
    let api = Api::start().await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    let many = |count: u32| {
        let ranges: Vec<_> = (0..count).map(|n| format!("{}-{}", 3 * n, 3 * n)).collect();
        format!("bytes={}", ranges.join(","))
    };
    let beyond = format!("bytes={}-", file.bytes);
    for text in [
        &*beyond,
        "bytes=-0",
        &many(17),
        &many(1000),
        "bytes=0-,0-,0-,0-",
    ] {
        let sent = api.get(&file.url, &[("range", text)]).await;
        assert_eq!(sent.status, 416, "{text}");
        assert_eq!(
            sent.header("content-range"),
            format!("bytes */{}", file.bytes)
        );
    }
    assert_eq!(
        parts(&api.get(&file.url, &[("range", &many(16))]).await).len(),
        16
    );
    for text in ["lines=0-9", "bytes=9-0", "bytes=x", "0-9"] {
        let sent = api.get(&file.url, &[("range", text)]).await;
        assert_eq!(
            (sent.status, sent.body.len() as u64),
            (200, file.bytes),
            "{text}"
        );
    }
}

#[tokio::test]
async fn conditions_hold() {
    let api = Api::start().await;
    let file = api.finish(&short(), LONG_ENOUGH).await;
    let got = api.get(&file.url, &[]).await;
    let (etag, modified) = (got.header("etag"), got.header("last-modified"));
    assert!(etag.starts_with('"') && etag.len() > 10, "{etag}");
    let weak = format!("W/{etag}");
    let range = ("range", "bytes=5-9");
    let past = "Fri, 30 May 2025 16:00:00 GMT";
    for (headers, status) in [
        (vec![("if-none-match", etag)], 304),
        (vec![("if-none-match", &*weak), range], 304),
        (vec![("if-none-match", "\"x\"")], 200),
        (vec![("if-modified-since", modified)], 304),
        (vec![("if-modified-since", past)], 200),
        (vec![("if-match", etag)], 200),
        (vec![("if-match", "\"x\""), range], 412),
        (vec![("if-match", &*weak)], 412),
        (vec![("if-unmodified-since", past)], 412),
        (vec![("if-unmodified-since", modified), range], 206),
        (vec![("if-range", etag), range], 206),
        (vec![("if-range", modified), range], 206),
        (vec![("if-range", &*weak), range], 200),
        (vec![("if-range", "\"x\""), range], 200),
        (vec![("if-range", past), range], 200),
        (
            vec![("if-range", "\"x\""), ("range", "bytes=999999999-")],
            200,
        ),
    ] {
        let sent = api.get(&file.url, &headers).await;
        assert_eq!(sent.status, status, "{headers:?}");
        assert_eq!(
            (sent.header("etag"), sent.header("last-modified")),
            (etag, modified)
        );
        let expected = match status {
            200 => &got.body[..],
            206 => &got.body[5..10],
            304 => b"",
            _ => continue,
        };
        assert!(sent.body == expected, "{headers:?}: other bytes");
    }
}
