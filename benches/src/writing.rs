//! From a command's event to the state: sealed, appended, read again, applied.

use std::hint::black_box;

use cidgraph::chain::{open_block_in_place, seal};
use cidgraph::pool::ComponentRegistry;
use cidgraph::{
    AggregateAppend, AggregateId, ChainTip, CommandContext, CommandId, Draft, EventStore, Expected, GraphAggregate,
    GraphEvent, GraphId, GraphMetadata, HashKind, Head, Limits, NodeEntity, SealedEvent,
};
use cidgraph_store_memory::MemoryStore;
use tokio::runtime::Runtime;

use crate::HotPath;

fn graph() -> GraphId {
    GraphId::named("budgets")
}

fn node(number: i64) -> GraphEvent {
    let node = NodeEntity::keyed(graph(), "Person", number).with("Visual", [("color", "blue")]);
    GraphEvent::NodeAdded { node: node.with("Score", [("points", number % 100)]) }
}

fn context() -> CommandContext {
    CommandContext::new(CommandId::from_u64(1), "bench")
}

fn tip() -> ChainTip {
    ChainTip::empty(AggregateId::from_u64(1), HashKind::Blake3)
}

/// An event of a node becomes a block with its CID. The hash is BLAKE3, because the processor's maker and age decide
/// which code computes SHA-256.
#[derive(Debug)]
pub struct SealOne {
    tip: ChainTip,
    context: CommandContext,
    event: GraphEvent,
    sealed: Vec<SealedEvent>,
}

impl HotPath for SealOne {
    fn warm() -> Self {
        let mut path = Self { tip: tip(), context: context(), event: node(1), sealed: Vec::with_capacity(8) };
        path.run();
        path
    }

    fn run(&mut self) {
        seal(&mut self.tip, &self.context, 1000, std::slice::from_ref(&self.event), &mut self.sealed);
    }
}

/// A block is taken apart and its payload read.
#[derive(Debug)]
pub struct DecodeOne {
    sealed: SealedEvent,
    events: Vec<GraphEvent>,
}

impl HotPath for DecodeOne {
    fn warm() -> Self {
        let sealed = SealOne::warm().sealed.remove(0);
        let mut path = Self { sealed, events: Vec::with_capacity(8) };
        path.run();
        path
    }

    fn run(&mut self) {
        let opened = open_block_in_place(black_box(&self.sealed.block)).expect("the block was sealed here");
        opened.decode(&mut self.events).expect("the payload was encoded here");
    }
}

/// A transaction of one event is appended to the store in memory.
#[derive(Debug)]
pub struct AppendInMemory {
    store: MemoryStore,
    runtime: Runtime,
    seal: SealOne,
    batch: [AggregateAppend; 1],
}

impl AppendInMemory {
    fn next(&mut self) {
        let head = self.seal.tip.head;
        self.seal.run();
        let events = self.seal.sealed.drain(..).collect();
        let expected = head.map_or(Expected::Empty, Expected::Exact);
        self.batch = [AggregateAppend { aggregate: AggregateId::from_u64(1), expected, events }];
    }
}

impl HotPath for AppendInMemory {
    fn warm() -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime without I/O");
        let seal = SealOne { tip: tip(), context: context(), event: node(1), sealed: Vec::with_capacity(8) };
        let aggregate = AggregateId::from_u64(1);
        let batch = [AggregateAppend { aggregate, expected: Expected::Empty, events: Vec::new() }];
        let mut path = Self { store: MemoryStore::with_hash(HashKind::Blake3), runtime, seal, batch };
        for _ in 0..3 {
            path.next();
            path.run();
        }
        path.next();
        path
    }

    fn run(&mut self) {
        let appended = self.runtime.block_on(self.store.append(&self.batch));
        black_box(appended.expect("the events follow from those before"));
    }
}

/// An event is applied to the draft of a graph of a thousand nodes.
#[derive(Debug)]
pub struct ApplyOne {
    aggregate: GraphAggregate,
    event: GraphEvent,
    version: u64,
}

impl HotPath for ApplyOne {
    fn warm() -> Self {
        let (aggregate, _) = GraphAggregate::fresh(graph(), Limits::default(), ComponentRegistry::default(), None);
        let created = GraphEvent::GraphCreated { metadata: GraphMetadata::named("budgets") };
        let mut path = Self { aggregate, event: created, version: 1 };
        for number in 0..1000 {
            path.run();
            path.event = node(number);
            path.version += 1;
        }
        let cid = cidgraph::Cid::of_block(HashKind::Blake3, b"");
        path.aggregate.publish(Head { version: path.version - 1, cid }, 1);
        path
    }

    fn run(&mut self) {
        self.aggregate.apply(black_box(&self.event), self.version).expect("the event fits the graph");
    }
}
