//! Whatever is changed in a valid chain, verification notices it at the right place.

mod chain_mutation;

use chain_mutation::{Chains, Change};
use cidgraph::HashKind;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_changed_chain_is_refused_at_the_right_place(
        blake: bool,
        sizes in prop::collection::vec(1usize..4, 1..4),
        (which, event, at, with, xor) in any::<(u8, usize, usize, usize, u8)>(),
    ) {
        let hash = if blake { HashKind::Blake3 } else { HashKind::Sha2_256 };
        Chains::new(hash, &sizes).check(Change::of_numbers(which, event, at, with, xor));
    }
}

#[test]
fn every_bit_of_every_block_matters() {
    let chains = Chains::new(HashKind::Sha2_256, &[2, 1]);
    for (event, at, bit) in
        (0..3).flat_map(|event| (0..500).flat_map(move |at| (0..8).map(move |bit| (event, at, bit))))
    {
        chains.check(Change::Byte { event, at, xor: 1 << bit });
        chains.check(Change::Readdress { event, at, xor: 1 << bit });
    }
}
