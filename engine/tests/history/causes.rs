//! Why something is as it is: what the events before it leave out changes nothing, what they set is there.

use std::sync::Arc;

use cidgraph::history::{Because, Cause, Subject};
use cidgraph::{
    Answer, Component, EdgeEntity, Engine, GraphHistory, GraphId, GraphMetadata, GraphQuery, HistoryError, Moment,
    Name, NodeEntity, NodeId, NodeUpdate, TransformOperation,
};
use cidgraph_store_memory::MemoryStore;
use proptest::prelude::*;

use crate::commands::all_nodes;
use crate::naive;
use crate::story::{Story, wait};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 300, ..ProptestConfig::default() })]

    /// One event a transaction: the last event that changed a value stands among its causes, and behind the last cause
    /// the value never changed again.
    #[test]
    fn a_value_rests_on_the_event_that_last_changed_it(script in proptest::collection::vec(any::<u8>(), 0..400)) {
        wait(async {
            let story = Story::of(&script, 1).await;
            let Some(last) = story.states.last() else { return };
            let (history, now) = (story.history(), Moment::Version(last.version()));
            for view in all_nodes().filter_map(|node| last.node(node)) {
                for component in &view.components {
                    for (property, value) in component.properties.iter() {
                        let has = |state: &cidgraph::GraphReadModel| {
                            let node = state.get(view.id)?;
                            node.property(&component.component_type, property)
                        };
                        let (node, component_type) = (view.id, component.component_type.clone());
                        let subject = Subject::Property { node, component_type, property: property.clone() };
                        let causes = history.why(&subject, now).await.expect("it is there");
                        let of_property = |cause: &&Cause| {
                            cause.because.iter().any(|because| matches!(because, Because::Property(..)))
                        };
                        let versions: Vec<u64> = causes.iter().filter(of_property).map(|cause| cause.event.version).collect();
                        let (first, newest) = (versions[0], versions[versions.len() - 1]);
                        let since = story.states.iter().filter(|state| state.version() >= newest);
                        assert!(since.clone().all(|state| has(state).as_ref() == Some(value)), "it holds since");
                        let changed = story.states.windows(2).filter(|pair| has(&pair[0]) != has(&pair[1]));
                        let changed = changed.map(|pair| pair[1].version()).next_back().unwrap_or(1);
                        assert!(versions.contains(&changed) || newest > changed, "{versions:?} {changed}");
                        assert!(causes.iter().any(|cause| cause.because.contains(&Because::Added(view.id))));
                        assert!(causes[0].event.version <= first);
                    }
                }
            }
            for edge in naive::edges(last).into_values() {
                let causes = history.why(&Subject::Edge(edge.id), now).await.expect("it is there");
                let connected = causes.iter().find(|cause| cause.because.contains(&Because::Connected(edge.id))).expect("it was");
                let there = story.states.iter().filter(|state| state.edge(edge.id).is_some_and(|view| view.source == edge.source));
                assert!(there.clone().any(|state| state.version() == connected.event.version));
                assert!(story.states.iter().filter(|state| state.version() >= connected.event.version).all(|state| state.edge(edge.id).is_some()));
                for end in [edge.source, edge.target] {
                    assert!(causes.iter().any(|cause| cause.because.contains(&Because::Added(end))));
                }
            }
        });
    }
}

async fn versions(history: &GraphHistory, subject: Subject) -> Vec<u64> {
    let now = Moment::Version(history.now().await.expect("there").head.version);
    let causes = history.why(&subject, now).await.expect("it is there");
    causes.into_iter().map(|cause| cause.event.version).collect()
}

#[tokio::test]
async fn causes_are_as_few_as_they_can_be() {
    let engine = Engine::new(Arc::new(MemoryStore::new()));
    let graph: GraphId = engine.create_graph(GraphMetadata::named("why")).await.expect("created");
    let [a, b, c] = [1, 2, 3].map(NodeId::from_u64);
    let set = |property: &str, value: i64| NodeUpdate {
        node: a,
        component_type: "Visual".into(),
        set: [(property, value)].into(),
        unset: Vec::new(),
    };
    let moved = TransformOperation::Translate([1.0, 0.0, 0.0]);
    engine.add_node_to_graph(graph, NodeEntity::new(a, "Person")).await.expect("2");
    engine.add_node_to_graph(graph, NodeEntity::new(b, "Person")).await.expect("3");
    engine.add_node_to_graph(graph, NodeEntity::new(c, "Person")).await.expect("4");
    engine.attach_component(graph, a, Component::new("Visual", [("size", 1)])).await.expect("5");
    engine.update_graph_node(graph, set("color", 1)).await.expect("6");
    engine.update_graph_node(graph, set("size", 2)).await.expect("7");
    engine.update_graph_node(graph, set("color", 2)).await.expect("8");
    engine.transform_graph_nodes(graph, vec![a, b], moved).await.expect("9");
    engine.transform_graph_nodes(graph, vec![a], moved).await.expect("10");
    engine.connect_graph_nodes(graph, EdgeEntity::new(a, "knows", b)).await.expect("11");
    let receipt = engine.connect_graph_nodes(graph, EdgeEntity::new(b, "knows", c)).await.expect("12");
    let edge = cidgraph::EdgeId::engine_made(receipt.first_version, 0);
    engine.update_graph_edge(graph, edge, [("since", 1)].into(), Vec::new()).await.expect("13");
    engine.rename_graph(graph, "because").await.expect("14");

    let history = engine.history(graph);
    let property = |component: &str, property: &str| Subject::Property {
        node: a,
        component_type: Name::from(component),
        property: Name::from(property),
    };
    assert_eq!(versions(&history, property("Visual", "color")).await, [2, 5, 8]);
    assert_eq!(versions(&history, property("Visual", "size")).await, [2, 5, 7]);
    assert_eq!(versions(&history, property("Spatial", "x")).await, [2, 9, 10]);
    assert_eq!(versions(&history, Subject::Component { node: a, component_type: "Visual".into() }).await, [2, 5, 7, 8]);
    assert_eq!(versions(&history, Subject::Node(a)).await, [2, 5, 7, 8, 9, 10]);
    assert_eq!(versions(&history, Subject::Edge(edge)).await, [3, 4, 12, 13]);
    let query = GraphQuery::ShortestPath {
        source: a,
        target: c,
        direction: cidgraph::algorithm::Direction::Outgoing,
        edge_kind: None,
    };
    let path = history.query_at(Moment::Version(14), &query).await.expect("an answer");
    let Answer::Path(Some(path)) = path else { panic!("a path") };
    assert_eq!(versions(&history, Subject::Path(path)).await, [2, 3, 4, 11, 12]);

    let missing = history.why(&property("Visual", "shape"), Moment::Version(14)).await.expect_err("not there");
    assert!(matches!(missing, HistoryError::NothingThere { .. }), "{missing}");
    let missing = history.why(&property("Visual", "color"), Moment::Version(5)).await.expect_err("not there yet");
    assert_eq!(missing.to_string(), format!("node {a} has no Visual.color at version 5"));
    let missing = history.why(&Subject::Edge(edge), Moment::Version(11)).await.expect_err("not there yet");
    assert!(matches!(missing, HistoryError::UnknownEdge { .. }), "{missing}");
    let missing = history.why(&Subject::Node(c), Moment::Version(3)).await.expect_err("not there yet");
    assert!(matches!(missing, HistoryError::NodeNotThere { .. }), "{missing}");
}

/// A component can only be replaced where it is: without the event that attached it, or added the node with it, the
/// replacement would not have been.
#[tokio::test]
async fn a_replaced_component_rests_on_the_event_that_brought_it_into_being() {
    let engine = Engine::new(Arc::new(MemoryStore::new()));
    let graph: GraphId = engine.create_graph(GraphMetadata::named("why")).await.expect("created");
    let node = NodeId::from_u64(1);
    let with = |size: i64| Component::new("Visual", [("size", size)]);
    engine.add_node_to_graph(graph, NodeEntity::new(node, "Person").with("Profile", [("age", 1)])).await.expect("2");
    engine.attach_component(graph, node, with(1)).await.expect("3");
    engine.replace_component(graph, node, with(2)).await.expect("4");
    engine.replace_component(graph, node, with(3)).await.expect("5");
    engine.replace_component(graph, node, Component::new("Profile", [("age", 2)])).await.expect("6");
    let history = engine.history(graph);
    let component = |component: &str| Subject::Component { node, component_type: Name::from(component) };
    assert_eq!(versions(&history, component("Visual")).await, [2, 3, 5]);
    let causes = history.why(&component("Profile"), Moment::Version(6)).await.expect("it is there");
    assert_eq!(causes.iter().map(|cause| cause.event.version).collect::<Vec<_>>(), [2, 6]);
    assert_eq!(causes[0].because, [Because::Added(node), Because::Component(node, Name::from("Profile"))]);
    assert_eq!(causes[1].because, [Because::Property(node, Name::from("Profile"), Name::from("age"))]);
}
