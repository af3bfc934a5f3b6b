//! The bytes that no sample refers to: the SplitMix64 sequence of a seed, eight bytes a number, lowest byte first,
//! counted from the beginning of the file. Any number of it can be had without those before it, a number occurs at
//! one place only, and whoever checks a file needs six lines in any language to do the same.

/// What the state of SplitMix64 grows by.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Number `index` of the sequence.
fn word(seed: u64, index: u64) -> [u8; 8] {
    let state = seed.wrapping_add(STEP.wrapping_mul(index.wrapping_add(1)));
    let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ mixed >> 31).to_le_bytes()
}

/// Fills `out` with the padding from byte `offset` of the file on.
pub(in crate::files) fn fill(seed: u64, offset: u64, out: &mut [u8]) {
    let mut index = offset / 8;
    let skipped = (offset % 8) as usize;
    let (start, out) = out.split_at_mut(out.len().min((8 - skipped) % 8));
    if !start.is_empty() {
        start.copy_from_slice(&word(seed, index)[skipped..][..start.len()]);
        index += 1;
    }
    let (words, end) = out.as_chunks_mut::<8>();
    for (index, out) in (index..).zip(&mut *words) {
        *out = word(seed, index);
    }
    index += words.len() as u64;
    end.copy_from_slice(&word(seed, index)[..end.len()]);
}

#[cfg(test)]
mod tests {
    use super::{fill, word};

    #[test]
    fn it_is_splitmix64() {
        // The sequence of seed 1234567, as published with the algorithm's test vectors.
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        for (index, number) in (0..).zip(published) {
            assert_eq!(u64::from_le_bytes(word(1_234_567, index)), number);
        }
    }

    #[test]
    fn every_piece_is_a_slice_of_the_whole() {
        let mut whole = [0; 48];
        fill(7, 0, &mut whole);
        for from in 0..whole.len() {
            for to in from..whole.len() {
                let mut piece = vec![0; to - from];
                fill(7, from as u64, &mut piece);
                assert_eq!(piece, whole[from..to], "{from}..{to}");
            }
        }
    }
}
