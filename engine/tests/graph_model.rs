//! The graph aggregate against a model of two maps: random commands in random groups, published, taken back, folded and
//! replayed in random places.
#![expect(unreachable_pub, reason = "the fuzz target includes the module too")]

mod graph_ops;

use std::sync::atomic::{AtomicBool, Ordering};

use cidgraph::aggregate::Rest;
use cidgraph::pool::ComponentRegistry;
use cidgraph::store::Head;
use cidgraph::topology::Topology;
use cidgraph::{
    Cid, Draft, EdgeEntity, GraphAggregate, GraphEvent, GraphId, GraphMetadata, GraphView, HashKind, Limits,
    NodeEntity, NodeId,
};
use graph_ops::{Thoroughness, play};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_aggregate_is_two_maps(script in proptest::collection::vec(any::<u8>(), 0..700)) {
        play(&script, Thoroughness::Full);
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn short_stories_too(script in proptest::collection::vec(any::<u8>(), 0..150)) {
        play(&script, Thoroughness::Quick);
    }
}

fn publish(aggregate: &mut GraphAggregate, version: u64) {
    let cid = Cid::of_block(HashKind::Sha2_256, &version.to_be_bytes());
    aggregate.publish(Head { version, cid }, version);
}

/// A refused command leaves a mark behind; a fold at rest then renumbers the rows. The mark's row counts were of the old
/// generation, so taking back the next refused command left its edges in the graph.
#[test]
fn a_mark_from_before_a_fold_is_not_used_after_it() {
    let graph = GraphId::named("marks");
    let (mut aggregate, reader) = GraphAggregate::fresh(graph, Limits::default(), ComponentRegistry::default(), None);
    let nodes = (0..2000).map(|number| NodeEntity::new(NodeId::from_u64(number), "Person")).collect();
    aggregate.apply(&GraphEvent::GraphCreated { metadata: GraphMetadata::named("marks") }, 1).expect("it fits");
    aggregate.apply(&GraphEvent::NodesAdded { nodes }, 2).expect("it fits");
    let edge = || EdgeEntity::new(NodeId::from_u64(1), "knows", NodeId::from_u64(2));
    aggregate.apply(&GraphEvent::EdgesConnected { edges: vec![edge(), edge()] }, 3).expect("it fits");
    publish(&mut aggregate, 3);
    let refused = |aggregate: &mut GraphAggregate| {
        let before = aggregate.savepoint();
        aggregate.apply(&GraphEvent::EdgeConnected { edge: edge() }, 4).expect("it fits");
        aggregate.roll_back(before);
    };
    refused(&mut aggregate);
    while aggregate.rest() == Rest::Again {
        std::thread::yield_now();
    }
    assert_eq!(reader.view().generation().base().version(), 3, "it was folded");
    refused(&mut aggregate);
    aggregate.apply(&GraphEvent::GraphRenamed { name: "more".into() }, 4).expect("it fits");
    publish(&mut aggregate, 4);
    assert_eq!(reader.view().at().edges().count(), reader.view().edge_count());
    aggregate.validate().expect("nothing is left of what was refused");
}

/// Readers take views as fast as they can while the writer decides, takes back, publishes and folds; every view is whole
/// and stays as it was.
#[test]
fn every_view_is_whole_while_the_writer_works() {
    let graph = GraphId::named("read");
    let (mut aggregate, reader) = GraphAggregate::fresh(graph, Limits::default(), ComponentRegistry::default(), None);
    aggregate.apply(&GraphEvent::GraphCreated { metadata: GraphMetadata::named("read") }, 1).expect("it fits");
    let done = AtomicBool::new(false);
    let read = || {
        let mut held = Vec::new();
        while !done.load(Ordering::Acquire) {
            let view = reader.view();
            held.push((count_of(&view), view));
            held.truncate(8);
        }
        held.iter().for_each(|(count, view)| assert_eq!(count_of(view), *count));
    };
    std::thread::scope(|scope| {
        let readers = [scope.spawn(read), scope.spawn(read)];
        let finished = Finished(&done);
        (0..40).for_each(|round| one_round(&mut aggregate, round));
        drop(finished);
        readers.into_iter().for_each(|reader| reader.join().expect("what it saw was whole"));
    });
    aggregate.validate().expect("what is derived is what the state makes it");
}

/// Lets the readers end, also where the writer panics.
struct Finished<'a>(&'a AtomicBool);

impl Drop for Finished<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Adds a ring of nodes, takes as much back again, removes every fifth node of the round before, and publishes twice.
fn one_round(aggregate: &mut GraphAggregate, round: u64) {
    const RING: u64 = 500;
    let node = |number: u64| NodeId::from_u64(round * RING + number % RING);
    let nodes =
        (0..RING).map(|number| NodeEntity::new(node(number), "Person").with("Profile", [("at", number as i64)]));
    let edges = (0..RING).map(|number| EdgeEntity::new(node(number), "knows", node(number + 1)));
    let events =
        [GraphEvent::NodesAdded { nodes: nodes.collect() }, GraphEvent::EdgesConnected { edges: edges.collect() }];
    let removed =
        (0..RING).step_by(5).filter(|_| round > 0).map(|number| NodeId::from_u64((round - 1) * RING + number));
    let removed = GraphEvent::NodesRemoved { nodes: removed.collect() };
    let version = 2 + round * 3;
    let before = aggregate.savepoint();
    for _ in 0..2 {
        aggregate.roll_back(before);
        aggregate.apply(&events[0], version).expect("it fits");
        aggregate.apply(&events[1], version + 1).expect("it fits");
    }
    publish(aggregate, version + 1);
    aggregate.apply(&removed, version + 2).expect("it fits");
    publish(aggregate, version + 2);
    aggregate.rest();
}

/// Counts a view's nodes and edges, each in every way there is.
fn count_of(view: &GraphView) -> (usize, usize) {
    let at = view.at();
    let nodes: Vec<_> = at.nodes().collect();
    assert_eq!(nodes.len(), view.node_count());
    assert!(nodes.iter().all(|node| at.find_node(at.node_id(*node)) == Some(*node)));
    let outgoing: usize = nodes.iter().map(|node| at.outgoing(*node).count()).sum();
    let incoming: usize = nodes.iter().map(|node| at.incoming(*node).count()).sum();
    assert_eq!((outgoing, incoming), (view.edge_count(), view.edge_count()));
    assert!(at.edges().all(|edge| at.find_edge(at.edge_id(edge)) == Some(edge)));
    (nodes.len(), outgoing)
}
