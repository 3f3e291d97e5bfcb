//! A proof from anywhere is refused or read, never a panic; what is read is written again byte for byte, and what holds
//! for a head that the input itself ends with holds for no other.
//!
//! Input: the bytes of a proof.

#![no_main]

use cidgraph::proof::{Proof, check};
use cidgraph::{Cid, HashKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(proof) = Proof::decode(input) else { return };
    assert_eq!(proof.encode(), input, "what the decoder takes, the encoder writes again");
    let blocks = proof.anchor.as_ref().map_or(&proof.blocks, |anchor| &anchor.blocks);
    let Some(last) = blocks.last() else { return };
    for hash in [HashKind::Sha2_256, HashKind::Blake3] {
        let head = Cid::of_block(hash, last);
        if let Ok(proven) = check(input, head) {
            assert_eq!((proven.graph, proven.id, proven.version), (proof.graph, proof.node, proof.version));
            let other = Cid::from_digest(hash, head.digest().map(|byte| !byte));
            assert!(check(input, other).is_err(), "a proof leads to one head");
        }
    }
});
