//! Prints what sealing, opening, decoding and verifying an event cost, beside the hash alone.
//!
//! `cargo run --release -p cidgraph --example chain_rates`

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program that measures and prints")]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use cidgraph::chain::{LogVerifier, open_block, open_block_in_place, seal};
use cidgraph::{
    ChainTip, Cid, CommandContext, CommandId, EdgeEntity, GraphEvent, GraphId, HashKind, NodeEntity, Properties,
    SealedEvent, StoredEvent, Value,
};
use rayon::prelude::*;

const TRANSACTIONS: u32 = 200;
const EVENTS_EACH: u32 = 1000;

fn main() {
    let (events, seal_ns) = sealed();
    let count = events.len();
    let bytes: usize = events.iter().map(|event| event.event.block.len()).sum();
    println!("{count} events, {} bytes each", bytes / count);
    println!("seal                          {seal_ns:>8.1} ns an event, hash included");
    let blocks = || events.iter().map(|event| &event.event.block);
    print("sha-256 alone", count, || {
        blocks().for_each(|block| {
            black_box(Cid::of_block(HashKind::Sha2_256, block));
        });
    });
    print("open", count, || {
        for block in blocks() {
            black_box(open_block(block).expect("sealed here"));
        }
    });
    print("open in place", count, || blocks().for_each(open_one));
    let cached = blocks().take(1000);
    print("open in place, from the cache", cached.len() * 200, || {
        (0..200).for_each(|_| cached.clone().for_each(open_one));
    });
    let mut decoded: Vec<GraphEvent> = Vec::with_capacity(1);
    print("open + decode", count, || {
        for block in blocks() {
            decoded.clear();
            open_block_in_place(block).expect("sealed here").decode(&mut decoded).expect("sealed here");
        }
    });
    print("sha-256 alone, all cores", count, || {
        events.par_chunks(64).flatten().for_each(|event| {
            black_box(Cid::of_block(HashKind::Sha2_256, &event.event.block));
        });
    });
    print("verify, all cores", count, || assert!(LogVerifier::new().push(&events).is_empty()));
}

fn open_one(block: &Bytes) {
    black_box(open_block_in_place(block).expect("sealed here"));
}

fn print(name: &str, count: usize, mut run: impl FnMut()) {
    let best = (0..5).map(|_| elapsed_ns(&mut run)).fold(f64::MAX, f64::min);
    println!("{name:<30}{:>8.1} ns an event", best / count as f64);
}

fn elapsed_ns(run: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_nanos() as f64
}

fn sealed() -> (Vec<StoredEvent>, f64) {
    let graph = GraphId::named("rates");
    let mut tip = ChainTip::empty(graph.into(), HashKind::Sha2_256);
    let mut sealed: Vec<SealedEvent> = Vec::new();
    let mut spent = 0.0;
    for number in 0..TRANSACTIONS {
        let events: Vec<GraphEvent> =
            (0..EVENTS_EACH).map(|index| event(graph, u64::from(number * EVENTS_EACH + index))).collect();
        let context = CommandContext {
            id: CommandId::from_u64(number.into()),
            actor: "importer".into(),
            causation: None,
            correlation: CommandId::from_u64(number.into()).into(),
        };
        spent += elapsed_ns(&mut || seal(&mut tip, &context, number.into(), &events, &mut sealed));
    }
    let count = sealed.len() as f64;
    let stored = (1..).zip(sealed).map(|(sequence, event)| StoredEvent { sequence, event }).collect();
    (stored, spent / count)
}

/// One node to five edges.
fn event(graph: GraphId, number: u64) -> GraphEvent {
    let key = |number: u64| i64::try_from(number).expect("small");
    let node = |number: u64| NodeEntity::keyed(graph, "Person", key(number));
    if number.is_multiple_of(6) {
        let profile = [("age", Value::Int(36)), ("name", Value::text("Ada Lovelace")), ("score", Value::Float(0.5))];
        return GraphEvent::NodeAdded { node: node(number).with("Profile", profile) };
    }
    let edge = EdgeEntity::new(node(number / 6 * 6).id, "knows", node(number / 7).id);
    GraphEvent::EdgeConnected { edge: edge.with_properties(Properties::from([("since", 1999)])) }
}
