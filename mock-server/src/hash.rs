//! A hash that is the same on every machine and in every version, unlike the standard library's: what a seed gives,
//! and what a snapshot holds, rests on it. It is no secret and keeps nobody from choosing collisions.

/// The product of two numbers, its halves laid over each other.
#[expect(
    clippy::cast_possible_truncation,
    reason = "both halves of the product are used"
)]
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// A quicker one, for what need not be spread over all bits of a figure: eight bytes at a time, folded.
pub(crate) fn folded(parts: &[&[u8]]) -> u64 {
    let fold = |hash: u64, word: u64| fold(hash ^ word, 0x9e37_79b9_7f4a_7c15);
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        let (eights, rest) = part.as_chunks::<8>();
        for eight in eights {
            hash = fold(hash, u64::from_le_bytes(*eight));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        // The length too, so that no two texts meet that differ in zeros or in where they end.
        hash = fold(fold(hash, u64::from_le_bytes(last)), part.len() as u64);
    }
    hash
}

/// FNV-1a, then the finish of `SplitMix64`, since the high bits of FNV-1a hardly move.
///
/// Parts are not told apart by themselves: put `0xff` between texts, a byte that no UTF-8 has.
pub(crate) fn stable(parts: &[&[u8]]) -> u64 {
    let fnv = parts
        .iter()
        .flat_map(|part| part.iter())
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
        });
    let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::folded;

    #[test]
    fn folded_hashes_are_the_same_everywhere_and_tell_parts_apart() {
        assert_eq!(
            folded(&[b"34020000001320000666", b"1"]),
            1_113_814_031_310_567_080
        );
        let mut all = HashSet::new();
        for n in 0..50_000_u32 {
            let text = format!("3402000000132{n:07}");
            assert!(all.insert(folded(&[b"34020000001110000228", text.as_bytes()])));
        }
        for parts in [
            [&b"a"[..], b"b"],
            [b"ab", b""],
            [b"", b"ab"],
            [b"a\0", b"b"],
            [b"a", b"\0b"],
            [b"b", b"a"],
        ] {
            assert!(all.insert(folded(&parts)), "{parts:?}");
        }
    }
}
