//! A hash that is the same on every machine and in every version, unlike the standard library's: what a seed gives,
//! and what a snapshot holds, rests on it. It is no secret and keeps nobody from choosing collisions.

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
