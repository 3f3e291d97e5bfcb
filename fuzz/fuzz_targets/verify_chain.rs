//! Any change of a valid chain is refused at the right place, or the bytes are as they were.
//!
//! Input: one byte that chooses the chain, the event (one byte), what to do (one byte), then `at` and `with` (two bytes
//! each, big-endian) and `xor` (one byte); or, where what to do is [`REPLACE`], the bytes of a block.

#![no_main]

#[path = "../../engine/tests/chain_mutation/mod.rs"]
mod chain_mutation;

use std::sync::LazyLock;

use chain_mutation::{Chains, Change};
use cidgraph::HashKind;
use libfuzzer_sys::fuzz_target;

const REPLACE: u8 = 0xff;

static CHAINS: LazyLock<[Chains; 4]> = LazyLock::new(|| {
    [
        Chains::new(HashKind::Sha2_256, &[3, 1, 2]),
        Chains::new(HashKind::Sha2_256, &[1]),
        Chains::new(HashKind::Blake3, &[1, 4]),
        Chains::new(HashKind::Sha2_256, &[1, 1, 1, 1]),
    ]
});

fuzz_target!(|input: &[u8]| {
    let [chain, event, what, rest @ ..] = input else { return };
    let chains = &CHAINS[usize::from(chain % 4)];
    let event = usize::from(*event);
    if *what == REPLACE {
        return chains.check(Change::Replace { event, bytes: rest });
    }
    let [at_high, at_low, with_high, with_low, xor, ..] = *rest else { return };
    let at = usize::from(u16::from_be_bytes([at_high, at_low]));
    let with = usize::from(u16::from_be_bytes([with_high, with_low]));
    chains.check(Change::of_numbers(*what, event, at, with, xor));
});
