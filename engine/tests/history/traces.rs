//! The events that shaped a node, against a look at the node and its edges after every single event.

use std::collections::BTreeSet;

use cidgraph::history::NodeTouch;
use cidgraph::{EdgeView, GraphReadModel, HistoryError, Moment, NodeId, NodeView};
use proptest::prelude::*;

use crate::commands::all_nodes;
use crate::naive;
use crate::story::{Story, wait};

/// A node with its edges: what its history is of.
fn seen(state: &GraphReadModel, node: NodeId) -> (Option<NodeView>, Vec<EdgeView>) {
    let edges = naive::edges(state).into_values().filter(|edge| edge.source == node || edge.target == node);
    (state.node(node), edges.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 300, ..ProptestConfig::default() })]

    /// One event a transaction, so that there is a state after each.
    #[test]
    fn a_node_was_shaped_where_it_or_its_edges_changed(script in proptest::collection::vec(any::<u8>(), 0..400)) {
        wait(async {
            let story = Story::of(&script, 1).await;
            if story.states.is_empty() {
                return;
            }
            let history = story.history();
            for node in all_nodes() {
                let changed: BTreeSet<u64> = story.states.windows(2).filter(|pair| seen(&pair[0], node) != seen(&pair[1], node))
                    .map(|pair| pair[1].version()).collect();
                let found = match history.events_of(node, Moment::Version(story.last())).await {
                    Ok(found) => found,
                    Err(HistoryError::UnknownNode { .. }) => Vec::new(),
                    Err(error) => panic!("{error}"),
                };
                for event in &found {
                    let stored = story.engine.store().read(crate::commands::graph().into(), event.event.version, 1).await;
                    assert_eq!(stored.expect("reads")[0].event.cid, event.event.cid);
                }
                let is_own = |touch: &NodeTouch| !matches!(touch, NodeTouch::ParentOf(_));
                let shaped: BTreeSet<u64> = found.iter().filter(|event| event.touches.iter().any(is_own))
                    .map(|event| event.event.version).collect();
                // An edge may be updated to what it was.
                let idle: BTreeSet<u64> = found.iter()
                    .filter(|event| event.touches.iter().all(|touch| matches!(touch, NodeTouch::EdgeUpdated(_) | NodeTouch::ParentOf(_))))
                    .map(|event| event.event.version).collect();
                assert!(changed.is_subset(&shaped), "{node}: changed at {changed:?}, shaped at {shaped:?}");
                assert!(shaped.difference(&changed).all(|version| idle.contains(version)), "{node}: {changed:?} {shaped:?}");
            }
        });
    }
}
