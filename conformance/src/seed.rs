//! Seeds: every generated case has one of its own, made from the run's seed, the requirement and the number of the
//! case. So a case depends on nothing else: not on what else is run, nor on how many requests are in flight.

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A source of randomness for one case.
pub(crate) fn runner(seed: u64, label: &str, index: u32) -> TestRunner {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes(seed, label, index));
    TestRunner::new_with_rng(config, rng)
}

fn bytes(seed: u64, label: &str, index: u32) -> [u8; 32] {
    // FNV-1a over what names the case, then SplitMix64: the same on every machine and in every version.
    let named = label.bytes().chain([0]).chain(index.to_le_bytes());
    let mut state = named.fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut out = [0; 32];
    for lane in out.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        lane.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn differ_by_each_of_their_parts() {
        let one = bytes(1, "TIME-01", 0);
        assert_eq!(one, bytes(1, "TIME-01", 0));
        for other in [
            bytes(2, "TIME-01", 0),
            bytes(1, "TIME-02", 0),
            bytes(1, "TIME-01", 1),
        ] {
            assert_ne!(one, other);
        }
    }
}
