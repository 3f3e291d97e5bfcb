//! Whatever is changed in a valid chain, verification notices it at the right place.

mod chain_mutation;

use chain_mutation::{Chains, Change};
use cidgraph::chain::{ChainVerifier, seal};
use cidgraph::{
    AggregateId, ChainError, ChainTip, CommandContext, CommandId, GraphEvent, HashKind, Head, NodeId, StoredEvent,
};
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
        let chains = Chains::new(hash, &sizes);
        chains.check(Change::of_numbers(which, event, at, with, xor));
        chains.check(Change::Replace { event, bytes: &at.to_be_bytes() });
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

const AGGREGATE: AggregateId = AggregateId::from_u64(1);

/// Seals a transaction of `count` events behind `tip` and returns the first `kept` of them.
fn transaction(tip: &mut ChainTip, command: u64, count: u64, kept: usize) -> Vec<StoredEvent> {
    let context = CommandContext {
        id: CommandId::from_u64(command),
        actor: "test".into(),
        correlation: CommandId::from_u64(command).into(),
        causation: None,
    };
    let events: Vec<GraphEvent> =
        (0..count).map(|number| GraphEvent::NodeRemoved { node: NodeId::from_u64(number) }).collect();
    let mut sealed = Vec::new();
    seal(tip, &context, 1000, &events, &mut sealed);
    sealed.truncate(kept);
    let last = sealed.last().expect("at least one is kept");
    tip.head = Some(Head { version: last.version, cid: last.cid });
    sealed.into_iter().map(|event| StoredEvent { sequence: event.version, event }).collect()
}

/// Pushes all events; returns the first error.
fn verify(events: &[StoredEvent]) -> Result<ChainVerifier, ChainError> {
    let mut verifier = ChainVerifier::new(AGGREGATE);
    events.iter().try_for_each(|event| verifier.push(event).map(drop))?;
    Ok(verifier)
}

#[test]
fn a_transaction_that_is_cut_breaks_the_chain_although_every_link_holds() {
    let mut tip = ChainTip::empty(AGGREGATE, HashKind::Sha2_256);
    let mut events = transaction(&mut tip, 1, 3, 2);
    assert!(!verify(&events).unwrap().is_whole());
    events.extend(transaction(&mut tip, 2, 1, 1));
    let error = verify(&events).unwrap_err();
    assert!(matches!(error, ChainError::ChainBroken { version: 3, sequence: Some(3), .. }), "{error}");
}

#[test]
fn time_that_goes_back_breaks_the_chain() {
    let mut tip = ChainTip::empty(AGGREGATE, HashKind::Sha2_256);
    tip.timestamp_ns = 2000;
    let mut events = transaction(&mut tip, 1, 1, 1);
    tip.timestamp_ns = 0;
    events.extend(transaction(&mut tip, 2, 1, 1));
    let error = verify(&events).unwrap_err();
    assert!(error.to_string().contains("expected a timestamp of at least 2000, found 1000"), "{error}");
}

#[test]
fn a_verifier_goes_on_from_a_known_link() {
    let mut tip = ChainTip::empty(AGGREGATE, HashKind::Blake3);
    let first = transaction(&mut tip, 1, 2, 2);
    let second = transaction(&mut tip, 2, 2, 2);
    let link = *verify(&first).unwrap().tip().unwrap();
    let mut verifier = ChainVerifier::after(AGGREGATE, link);
    assert!(matches!(verifier.push(&second[1]), Err(ChainError::SequenceGap { expected: 3, actual: 4, .. })));
    assert_eq!(verifier.tip(), Some(&link));
    assert!(verifier.push(&second[0]).is_ok() && verifier.push(&second[1]).is_ok());
}
