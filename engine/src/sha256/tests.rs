//! Many digests at once against one at a time.

use proptest::prelude::*;

use super::each::{LANES, side_by_side};
use super::{sha256, sha256_each};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn many_digests_are_those_of_one_at_a_time(
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 0..70),
    ) {
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let expected: Vec<[u8; 32]> = messages.iter().map(|message| sha256(message)).collect();
        prop_assert_eq!(&sha256_each(&messages), &expected);
        let scalar = |group: &[&[u8]; LANES], digests: &mut [[u8; 32]; LANES]| *digests = group.map(sha256);
        prop_assert_eq!(&side_by_side(&messages, scalar), &expected);
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn lanes_of_every_length_do_not_disturb_each_other() {
    let Some(lanes) = super::lanes::Lanes::detect() else { return };
    let bytes: Vec<u8> = (0..1_000u32).map(|at| at.to_le_bytes()[0].wrapping_mul(31)).collect();
    for first in 0..200 {
        let messages: [&[u8]; LANES] = std::array::from_fn(|lane| &bytes[lane..lane + (first + lane * lane * 3)]);
        let mut digests = [[0; 32]; LANES];
        lanes.hash(&messages, &mut digests);
        assert_eq!(digests, messages.map(sha256), "lengths from {first}");
    }
}

#[test]
fn the_digest_of_the_standard_is_given() {
    let hex = |digest: [u8; 32]| digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex(sha256(b"abc")), abc);
    assert!(sha256_each(&[&b"abc"[..]; 17]).into_iter().all(|digest| hex(digest) == abc));
}
