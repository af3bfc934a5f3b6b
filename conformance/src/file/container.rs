//! Which container a file is, and how long it plays. A pure function of the parts that were kept of it.

use super::mp4;
use super::mpeg_ps;
use crate::exchange::Slice;

/// What a file is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Container {
    /// MP4; seconds, if it says so.
    Mp4(Option<f64>),
    /// MPEG program stream; seconds between its first and its last frame.
    MpegPs(Option<f64>),
    /// Another one that is known by its first bytes.
    Other(&'static str),
    /// None that is known.
    Unknown,
}

impl Container {
    pub(crate) fn of(slices: &[Slice]) -> Self {
        if let Some(duration) = mp4::duration(slices) {
            return Self::Mp4(match duration {
                mp4::Duration::Seconds(seconds) => Some(seconds),
                mp4::Duration::Unknown => None,
            });
        }
        if let Some(seconds) = mpeg_ps::duration(slices) {
            return Self::MpegPs(seconds);
        }
        let head = slices.first().map_or(&[][..], |slice| &slice.bytes);
        let known = SIGNS.iter().find(|(sign, _)| head.starts_with(sign));
        match known {
            Some((_, name)) => Self::Other(name),
            None if head.first() == Some(&0x47) && head.get(188) == Some(&0x47) => {
                Self::Other("an MPEG transport stream")
            }
            None => Self::Unknown,
        }
    }
}

/// First bytes of other containers.
const SIGNS: [(&[u8], &str); 8] = [
    (b"FLV\x01", "Flash video"),
    (b"\x1aE\xdf\xa3", "Matroska or WebM"),
    (b"RIFF", "AVI"),
    (b"IMKH", "a program stream with a vendor's header (IMKH)"),
    (b"HKMI", "a program stream with a vendor's header (HKMI)"),
    (b"DHAV", "a vendor's container (DHAV)"),
    (b"\x00\x00\x00\x01", "a bare H.264 or H.265 stream"),
    (b"\x00\x00\x01\xb3", "a bare MPEG video stream"),
];

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::super::collect::Collector;
    use super::super::mpeg_ps::packet;
    use super::Container;
    use crate::exchange::Slice;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let size = u32::try_from(content.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind, content].concat()
    }

    fn movie(scale: u32, units: u32) -> Vec<u8> {
        let mvhd = [
            &[0; 12][..],
            &scale.to_be_bytes(),
            &units.to_be_bytes(),
            &[0; 80],
        ]
        .concat();
        boxed(b"moov", &boxed(b"mvhd", &mvhd))
    }

    fn kept(file: &[u8], chunk: usize) -> Vec<Slice> {
        let mut collector = Collector::new(None, 0);
        file.chunks(chunk).for_each(|chunk| collector.add(chunk));
        collector.finish(true).slices
    }

    #[test]
    fn an_index_is_found_wherever_it_stands() {
        let ftyp = boxed(b"ftyp", b"isom\0\0\0\0");
        let mdat = boxed(b"mdat", &vec![7; 500_000]);
        let free = boxed(b"free", &vec![0; 100_000]);
        let movie = movie(90_000, 900_000);
        for parts in [
            [&ftyp, &movie, &mdat, &free],
            [&ftyp, &mdat, &free, &movie],
            [&ftyp, &free, &movie, &mdat],
            [&ftyp, &free, &mdat, &movie],
        ] {
            let file: Vec<u8> = parts.into_iter().flatten().copied().collect();
            for chunk in [1_000, 7_777, 65_536, 1 << 20] {
                assert_eq!(
                    Container::of(&kept(&file, chunk)),
                    Container::Mp4(Some(10.0))
                );
            }
        }
    }

    #[test]
    fn a_program_stream_is_as_long_as_its_times_say() {
        let second = |second| {
            let mut bytes = packet(second);
            bytes.resize(40_000, 0x55);
            bytes
        };
        let file: Vec<u8> = (100..=110).flat_map(second).collect();
        assert_eq!(
            Container::of(&kept(&file, 9_000)),
            Container::MpegPs(Some(10.0))
        );
    }

    #[test]
    fn noise_is_nothing() {
        let noise: Vec<u8> = (0..9_999_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect();
        assert_eq!(Container::of(&kept(&noise, 1_000)), Container::Unknown);
        assert_eq!(Container::of(&[]), Container::Unknown);
        assert!(matches!(
            Container::of(&kept(b"FLV\x01....", 4)),
            Container::Other(_)
        ));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fall(bytes in prop::collection::vec(any::<u8>(), 0..300), is_mp4: bool, offset in 0..3_u64) {
            let bytes = if is_mp4 { [&b"\0\0\0\x08ftyp"[..], &bytes].concat() } else { bytes };
            let _ = Container::of(&[Slice { offset, bytes: Bytes::from(bytes.clone()) }]);
            let _ = Container::of(&kept(&bytes, 7));
        }
    }
}
