//! What looks random and is not: small displacements that are a function of a seed and a node.

use crate::point::Point;

/// Mixes a seed and a number into 64 bits (SplitMix64: Steele, Lea and Flood 2014).
fn mixed(seed: u64, number: u64) -> u64 {
    let mut bits = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Returns a number from -1 to 1 of the lower 16 bits.
fn signed(bits: u64) -> f32 {
    let numerator = u16::try_from(bits & 0xffff).expect("16 bits");
    f32::from(numerator) / 32_767.5 - 1.0
}

/// Returns a displacement of at most 1 in each direction.
pub(crate) fn jitter(seed: u64, node: u32) -> Point {
    let bits = mixed(seed, u64::from(node));
    Point::new(signed(bits), signed(bits >> 16))
}
