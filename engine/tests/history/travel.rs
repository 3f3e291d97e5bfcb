//! The law of time travel: the projection of a prefix of the events is the state of then.

use cidgraph::{Criterion, GraphReadModel, HistoryError, Moment, NodeId, NodeQuery};
use proptest::prelude::*;

use crate::naive;
use crate::story::{Story, wait};

/// Checks that two states cannot be told apart: by their hashes, and by what the indices answer.
#[track_caller]
fn same(past: &GraphReadModel, then: &GraphReadModel) {
    assert_eq!(past.head(), then.head());
    assert_eq!(past.info(), then.info());
    assert_eq!(past.timestamp_ns(), then.timestamp_ns());
    assert_eq!((past.node_count(), past.edge_count()), (then.node_count(), then.edge_count()));
    assert_eq!(past.state_hash(), then.state_hash(), "of version {}", then.version());
    let found = |model: &GraphReadModel, criterion: Criterion| -> Vec<NodeId> {
        let page = model.nodes(&NodeQuery::of(criterion)).expect("an answer");
        page.nodes.into_iter().map(|node| node.id).collect()
    };
    let kinds = ["Person", "Place", "Thing"].map(Criterion::kind);
    let types = ["Visual", "Profile", "Spatial", "Hierarchy"].map(Criterion::component);
    let values = (0..4).map(|value| Criterion::equals("Visual", "a", value));
    for criterion in kinds.into_iter().chain(types).chain(values) {
        assert_eq!(past.count(&criterion), then.count(&criterion), "{criterion:?}");
        assert_eq!(found(past, criterion.clone()), found(then, criterion));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// In every order: forward, backward, and from nothing each time.
    #[test]
    fn every_version_is_what_it_was(script in proptest::collection::vec(any::<u8>(), 0..400)) {
        wait(async {
            let story = Story::of(&script, 4).await;
            let (history, forgetful) = (story.history(), story.forgetful());
            let versions = (1..=story.last()).chain((1..=story.last()).rev());
            for version in versions {
                match (history.at(Moment::Version(version)).await, story.state(version)) {
                    (Ok(past), Some(then)) => same(&past, then),
                    (Err(HistoryError::BeforeFirst { first, .. }), None) => assert!(version < first),
                    (past, then) => panic!("version {version}: {past:?}, expected {then:?}"),
                }
            }
            for then in story.states.iter().rev() {
                same(&forgetful.at(Moment::Version(then.version())).await.expect("it is there"), then);
            }
        });
    }
}

/// A state of the past stays as it is while the replay goes on beyond it and looks back behind it, also where more nodes
/// were touched since than an index lets wait.
#[test]
fn states_of_the_past_do_not_change() {
    wait(async {
        let engine = cidgraph::Engine::new(std::sync::Arc::new(cidgraph_store_memory::MemoryStore::new()));
        let graph = engine.create_graph(cidgraph::GraphMetadata::named("long")).await.expect("created");
        let node = |number: u64| cidgraph::NodeEntity::new(NodeId::from_u64(number), "Person");
        let mut then = vec![engine.get_graph(graph).await.expect("there")];
        for round in 0..8_u64 {
            let nodes = (round * 500..round * 500 + 500)
                .map(|number| node(number).with("Visual", [("a", i64::try_from(number % 4).expect("small"))]));
            engine.add_nodes_to_graph(graph, nodes.collect()).await.expect("added");
            if round > 0 {
                let gone = (round * 500 - 500..round * 500).step_by(3).map(NodeId::from_u64);
                engine.remove_nodes_from_graph(graph, gone.collect()).await.expect("removed");
            }
            then.push(engine.get_graph(graph).await.expect("there"));
        }
        let history = engine.history(graph);
        let mut held = Vec::new();
        for at in [3, 8, 0, 5, 1, 8, 2] {
            let past = history.at(Moment::Version(then[at].version())).await.expect("it is there");
            same(&past, &then[at]);
            held.push((past, at));
        }
        held.iter().for_each(|(past, at)| {
            same(past, &then[*at]);
            assert_eq!(naive::nodes(past), naive::nodes(&then[*at]));
        });
    });
}

/// Whoever gives up half way leaves nothing behind that others trip over.
#[test]
fn a_replay_that_is_given_up_does_no_harm() {
    wait(async {
        let story = Story::of(&(0..=255).cycle().take(3000).collect::<Vec<u8>>(), 4).await;
        let history = story.history();
        for _ in 0..3 {
            let given_up = tokio::time::timeout(std::time::Duration::ZERO, history.at(Moment::Version(story.last())));
            drop(given_up.await);
        }
        same(
            &history.at(Moment::Version(story.last())).await.expect("it is there"),
            &story.states[story.states.len() - 1],
        );
    });
}

/// The laws above say something: stories go on for long and take things away.
#[test]
fn stories_have_many_states() {
    wait(async {
        let mut random = 1_u32;
        let bytes = (0..6000).map(|_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            random.to_be_bytes()[0]
        });
        let story = Story::of(&bytes.collect::<Vec<u8>>(), 4).await;
        assert!(story.states.len() > 50, "{} states", story.states.len());
        let last = naive::nodes(&story.states[story.states.len() - 1]);
        assert!(story.states.iter().any(|state| naive::nodes(state).keys().any(|node| !last.contains_key(node))));
        assert!(story.states.iter().any(|state| state.edge_count() > 3));
    });
}
