//! A view of a past version answers as the view that was taken then: of a generation that has it among its rows, and of a
//! temporal base, with nothing or more on top, in memory and in a file.

use std::sync::Arc;

use cidgraph::index::Index;
use cidgraph::pool::PoolWriter;
use cidgraph::state::{Generation, fold_history};
use cidgraph::topology::{NodeIndex, Topology};
use cidgraph::{Criterion, GraphQuery, GraphReadModel, GraphView, NodeId, NodeQuery, Snapshot, graph::LiveFacts};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{GRAPH, commands, criteria, queries, registry};
use crate::world::World;

/// Makes the temporal base of all that a view's generation has, and looks at its end.
pub fn folded(view: &GraphView) -> GraphView {
    let folded = fold_history(view.at(), view.generation().extent());
    let pool = PoolWriter::new(Arc::clone(view.at().pool().names()), folded.pool);
    let generation = Arc::new(Generation::new(folded.base, Arc::clone(pool.pool())));
    let (at, registry) = (generation.at(generation.base().last_stamp()), registry());
    let mut updater = Index::default().into_updater();
    for node in at.nodes() {
        updater.insert(u32::try_from(node.index()).unwrap(), &LiveFacts::new(at, node, &registry));
    }
    GraphView::frozen(GRAPH, Arc::clone(&generation), updater.finish()).unwrap()
}

/// Writes all that a view's generation has and returns the file's bytes.
pub fn history_of(view: &GraphView) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("graph.history");
    Snapshot::write_history(view, &registry(), &file).unwrap();
    std::fs::read(file).unwrap()
}

/// Returns the neighbours of all nodes by id, in order.
fn neighbors(view: &GraphView) -> Vec<(NodeId, Vec<NodeId>, Vec<NodeId>)> {
    let at = view.at();
    let ids = |steps: &mut dyn Iterator<Item = cidgraph::topology::Adjacent>| -> Vec<NodeId> {
        steps.map(|step| at.node_id(step.node)).collect()
    };
    let of = |node: NodeIndex| (at.node_id(node), ids(&mut at.outgoing(node)), ids(&mut at.incoming(node)));
    at.nodes().map(of).collect()
}

struct Asked {
    criteria: Vec<Criterion>,
    queries: Vec<GraphQuery>,
}

impl Asked {
    fn check(&self, past: &GraphView, then: &GraphReadModel) {
        let view = then.view();
        assert_eq!(
            (past.version(), past.head(), past.timestamp_ns()),
            (then.version(), then.head(), then.timestamp_ns())
        );
        assert_eq!(past.info(), then.info());
        assert_eq!((past.node_count(), past.edge_count()), (then.node_count(), then.edge_count()));
        assert_eq!(neighbors(past), neighbors(view));
        let past = GraphReadModel::new(past.clone(), registry());
        for criterion in &self.criteria {
            assert_eq!(past.count(criterion), then.count(criterion), "{criterion:?}");
            let nodes = |model: &GraphReadModel| model.nodes(&NodeQuery::of(criterion.clone()));
            assert_eq!(nodes(&past), nodes(then), "{criterion:?}");
        }
        for query in &self.queries {
            assert_eq!(past.query(query), then.query(query), "{query:?}");
        }
    }

    /// Asks a view for every version that was seen.
    fn check_all(&self, now: &GraphView, seen: &[GraphReadModel]) {
        for then in seen {
            let past = now.at_version(then.version());
            assert_eq!(past.is_some(), then.version() >= now.first_version());
            let Some(past) = past else { continue };
            self.check(&past, then);
            assert_eq!(now.at_time(then.timestamp_ns()).map(|found| found.head()), Some(then.head()));
            let head = then.head().unwrap();
            assert_eq!(now.at_cid(&head.cid).map(|found| found.head()), Some(Some(head)));
            // A past view is as good as any other to look further back from.
            let first = past.at_version(past.first_version()).unwrap();
            assert_eq!(first.head(), now.at_version(now.first_version()).unwrap().head());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_past_version_is_what_it_was(
        played in vec(commands(), 0..60),
        criteria in vec(criteria(), 1..6),
        queries in vec(queries(), 1..6),
        (rest_at, fold_at, keep_at) in (0..120_usize, 0..240_usize, 0..60_usize),
    ) {
        let asked = Asked { criteria, queries };
        let mut world = World::new();
        let mut seen = vec![world.model()];
        let mut history = folded(seen[0].view());
        for (at, command) in played.iter().enumerate() {
            if at == rest_at {
                world.rest();
            }
            if at == fold_at {
                world.fold();
                seen.push(world.model());
            }
            if world.command(command) {
                seen.push(world.model());
            }
            if at == keep_at {
                history = folded(world.model().view());
            }
        }
        let now = world.model();
        asked.check_all(now.view(), &seen);
        let frozen = folded(now.view());
        asked.check_all(&frozen, &seen);
        asked.check_all(&folded(&frozen), &seen);
        let bytes = history_of(now.view());
        let file = Snapshot::copied(&bytes).unwrap();
        prop_assert_eq!(file.verify().map_err(|error| error.to_string()), Ok(()));
        asked.check_all(&file.view(), &seen);
        // A file of a file, and of a folded view, is the same file.
        prop_assert!(history_of(&file.view()) == bytes && history_of(&frozen) == bytes);
        let reached: Vec<GraphReadModel> =
            seen.iter().filter(|then| then.version() <= history.version()).cloned().collect();
        asked.check_all(&history, &reached);
        let hashes = |view: &GraphView, then: &GraphReadModel| {
            view.at_version(then.version()).map(|past| past.state_hash())
        };
        let then = &seen[keep_at % seen.len()];
        if then.version() >= now.view().first_version() {
            prop_assert_eq!(hashes(now.view(), then), Some(then.state_hash()));
            prop_assert_eq!(hashes(&frozen, then), Some(then.state_hash()));
        }
    }
}

#[test]
fn what_a_generation_does_not_reach_is_not_said() {
    let mut world = World::new();
    world.fold();
    let view = world.model().view().clone();
    assert!(view.first_version() > 1);
    assert!(view.at_version(0).is_none() && view.at_version(view.version() + 1).is_none());
    assert!(view.at_time(0).is_none());
    assert!(view.at_time(u64::MAX).is_some_and(|now| now.version() == view.version()));
    assert!(view.at_cid(&cidgraph::Cid::of_block(cidgraph::HashKind::Blake3, b"none")).is_none());
}

/// Before its first event there is a graph of which nothing is known.
#[test]
fn the_empty_graph_is_a_past_version_too() {
    let world = World::new();
    for view in [world.model().view().clone(), folded(world.model().view())] {
        let empty = view.at_version(0).unwrap();
        assert_eq!((empty.version(), empty.head(), empty.info().metadata.as_ref()), (0, None, None));
        assert_eq!(GraphReadModel::new(empty, registry()).count(&Criterion::All), 0);
    }
}
