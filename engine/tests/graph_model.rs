//! The graph aggregate against a model of two maps: random commands in random groups, published, taken back, folded and
//! replayed in random places.
#![expect(unreachable_pub, reason = "the fuzz target includes the module too")]

mod graph_ops;

use cidgraph::aggregate::Rest;
use cidgraph::pool::ComponentRegistry;
use cidgraph::store::Head;
use cidgraph::topology::Topology;
use cidgraph::{
    Cid, Draft, EdgeEntity, GraphAggregate, GraphEvent, GraphId, GraphMetadata, HashKind, Limits, NodeEntity, NodeId,
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
    let publish = |aggregate: &mut GraphAggregate, version: u64| {
        let cid = Cid::of_block(HashKind::Sha2_256, &version.to_be_bytes());
        aggregate.publish(Head { version, cid }, version);
    };
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
