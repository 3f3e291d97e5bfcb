//! What a graph takes, structure by structure, against the allocator's own count; and that what is removed makes room.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::hint::black_box;

use cidgraph::aggregate::Rest;
use cidgraph::pool::ComponentRegistry;
use cidgraph::state::{Folded, fold};
use cidgraph::store::Head;
use cidgraph::topology::Topology;
use cidgraph::{
    Cid, Draft, GraphAggregate, GraphCommand, GraphReader, GraphView, HashKind, Limits, MemoryLedger, NodeId,
    NodeUpdate,
};
use cidgraph_harness::workload::{GraphWorkload, Order, VISUAL};

const ELEMENTS: u64 = 100_000;

/// A graph on the write side, without store.
struct Built {
    aggregate: GraphAggregate,
    reader: GraphReader,
    version: u64,
}

impl Built {
    fn new(workload: &GraphWorkload) -> Self {
        let registry = ComponentRegistry::default();
        let (aggregate, reader) = GraphAggregate::fresh(workload.graph, Limits::default(), registry, None);
        let mut built = Self { aggregate, reader, version: 0 };
        for transaction in workload.transactions() {
            built.apply(&transaction.commands);
        }
        built
    }

    fn apply(&mut self, commands: &[GraphCommand]) {
        for command in commands {
            for event in self.aggregate.decide(command).unwrap() {
                self.version += 1;
                self.aggregate.apply(&event, self.version).unwrap();
            }
        }
        let cid = Cid::of_block(HashKind::Sha2_256, &self.version.to_be_bytes());
        self.aggregate.publish(Head { version: self.version, cid }, self.version);
    }

    fn rest(&mut self) {
        while self.aggregate.rest() == Rest::Again {
            std::thread::yield_now();
        }
    }

    fn view(&self) -> GraphView {
        self.reader.view()
    }

    fn ledger(&self) -> MemoryLedger {
        let mut ledger = MemoryLedger::default();
        self.view().enter(&mut ledger);
        self.aggregate.enter(&mut ledger);
        ledger
    }
}

fn workload() -> GraphWorkload {
    GraphWorkload {
        bulk: true,
        order: Order::NodesFirst,
        transaction_elements: 5000,
        ..GraphWorkload::new("memory", ELEMENTS, ELEMENTS, 42)
    }
}

/// Returns how many bytes more are allocated after `make`, with what it made.
fn allocated<T>(make: impl FnOnce() -> T) -> (i64, T) {
    let mut made = None;
    let counted = allocation_counter::measure(|| made = Some(make()));
    (counted.bytes_current, made.unwrap())
}

#[test]
fn each_structure_keeps_its_budget_and_the_ledger_misses_none() {
    let built = Built::new(&workload());
    let view = built.view();
    let (bytes, Folded { base, pool, renumbering }) = allocated(|| fold(view.at(), view.generation().extent()));
    let (freed, ()) = allocated(|| drop(renumbering));
    let bytes = u64::try_from(bytes + freed).unwrap();
    let mut ledger = MemoryLedger::default();
    base.enter(&mut ledger);
    let structures = ledger.total() + pool.heap_bytes() as u64;
    let budgets = [
        ("node ids", 16.0),
        ("node id table", 6.0),
        ("node kinds", 0.7),
        ("node component sets", 1.4),
        ("node versions", 1.1),
        ("edge offsets", 4.3),
        ("edge targets", 2.2),
        ("edge sources", 2.2),
        ("edge positions", 2.2),
        ("edge kinds", 0.0),
        ("edge creations", 4.6),
        ("timeline", 0.0),
    ];
    for (name, budget) in budgets {
        #[expect(clippy::cast_precision_loss, reason = "far fewer bytes than 2^52")]
        let taken = ledger.bytes(name) as f64 / ELEMENTS as f64;
        assert!(taken <= budget + 0.01, "{name}: {taken} bytes an element, budget {budget}");
    }
    assert_eq!(ledger.lines().len(), budgets.len(), "{ledger}");
    let missed = bytes.abs_diff(structures);
    assert!(missed * 50 <= bytes, "{missed} of {bytes} bytes are in no line:\n{ledger}");
    black_box((base, pool));
}

#[test]
fn components_are_kept_once() {
    let mut built = Built::new(&workload());
    built.rest();
    let storage = built.view().component_storage();
    let taken = storage.heap_bytes + built.ledger().bytes("node component sets");
    assert!(taken * 5 <= storage.bytes_without_sharing, "{taken} bytes instead of {storage:?}");
}

/// Nodes come, change and go, with edges between them, many times over what the graph ever holds at once.
#[test]
fn what_is_removed_makes_room() {
    const ROUNDS: u64 = 40;
    const NODES: u64 = 5_000;
    let workload = GraphWorkload { nodes: NODES, edges: NODES, ..workload() };
    let source = workload.node_source();
    let mut built = Built::new(&workload);
    built.rest();
    let before = built.ledger().total();
    let mut highest = 0;
    for round in 1..=ROUNDS {
        let ids = |round: u64| (round * NODES..(round + 1) * NODES).map(|number| source.id(number));
        let nodes = (round * NODES..(round + 1) * NODES).map(|number| source.node(number)).collect();
        let updates = ids(round - 1).zip(0..).map(|(node, number): (NodeId, u64)| NodeUpdate {
            node,
            component_type: cidgraph::Name::new_static(VISUAL),
            set: source.changed_visual(number, round),
            unset: Vec::new(),
        });
        built.apply(&[GraphCommand::UpdateNodes { updates: updates.collect() }]);
        built.apply(&[GraphCommand::AddNodes { nodes }, GraphCommand::RemoveNodes { nodes: ids(round - 1).collect() }]);
        built.rest();
        highest = highest.max(built.ledger().total());
    }
    assert_eq!(built.view().node_count() as u64, NODES);
    assert!(highest <= before * 3 / 2, "{before} bytes before, {highest} at most since:\n{}", built.ledger());
}
