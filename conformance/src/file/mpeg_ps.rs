//! MPEG program streams (ISO/IEC 13818-1 §2.5) as far as the duration needs it: the clock of the pack headers and the
//! presentation times of video, at the begin and at the end of the file.

use crate::exchange::Slice;

/// Ticks of a second.
const CLOCK: u64 = 90_000;
/// After so many bits the clock begins anew.
const AROUND: u64 = 1 << 33;
const PACK: [u8; 4] = [0, 0, 1, 0xba];

/// The duration in seconds, from the first to the last time that is told, and so one frame too short; nothing if the
/// file is no program stream. The inner value is nothing if no times were found.
pub(super) fn duration(slices: &[Slice]) -> Option<Option<f64>> {
    let head = &slices.first().filter(|slice| slice.offset == 0)?.bytes;
    if !head.starts_with(&PACK) {
        return None;
    }
    let tail = &slices.last()?.bytes;
    let first = times(head).min();
    let last = times(tail).max();
    let span = first.zip(last).and_then(|(first, last)| {
        // Once around at most.
        let span = (last + AROUND - first) % AROUND;
        (span < AROUND / 2).then_some(span)
    });
    #[expect(clippy::cast_precision_loss, reason = "33 bits fit")]
    let seconds = span.map(|span| span as f64 / CLOCK as f64);
    Some(seconds)
}

/// The presentation times of all video packets.
fn times(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.windows(14).filter_map(|w| {
        let is_video = w[..3] == [0, 0, 1] && (0xe0..=0xef).contains(&w[3]);
        // '10' for MPEG-2, then the flags: a PTS is there.
        let has_time = w[6] >> 6 == 0b10 && w[7] & 0x80 != 0;
        (is_video && has_time).then(|| time(&w[9..14])).flatten()
    })
}

/// A time of 33 bits with its marker bits (§2.4.3.6).
fn time(b: &[u8]) -> Option<u64> {
    let [a, b, c, d, e] = *b.first_chunk::<5>()?;
    let has_markers = a & 1 == 1 && c & 1 == 1 && e & 1 == 1 && a >> 5 == 1;
    let part = |byte: u8| u64::from(byte);
    has_markers.then(|| {
        (part(a) >> 1 & 7) << 30
            | part(b) << 22
            | (part(c) >> 1) << 15
            | part(d) << 7
            | part(e) >> 1
    })
}

#[cfg(test)]
pub(super) fn packet(seconds: u64) -> Vec<u8> {
    let pts = seconds * CLOCK;
    let byte = |n: u64| u8::try_from(n & 0xff).unwrap();
    let mut out = PACK.to_vec();
    out.extend([0x44, 0, 4, 0, 4, 1, 0, 0, 3, 0xf8]);
    out.extend([0, 0, 1, 0xe0, 0, 20, 0x80, 0x80, 5]);
    out.extend([
        0x21 | byte(pts >> 29 & 0xe),
        byte(pts >> 22),
        1 | byte(pts >> 14 & 0xfe),
        byte(pts >> 7),
        1 | byte(pts << 1),
    ]);
    out.extend([0x55; 12]);
    out
}
