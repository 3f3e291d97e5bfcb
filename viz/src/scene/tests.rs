//! The scene against a model that keeps every version's nodes and edges whole.

use std::collections::{BTreeMap, BTreeSet};

use cidgraph::{
    Component, EdgeEntity, EdgeId, GraphEvent, GraphId, NodeEntity, NodeId, NodeUpdate, Properties, TransformOperation,
    Value,
};

use super::*;

const GRAPH: GraphId = GraphId::from_u64(9);

/// The elements of one version: nodes, and edges with their ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    nodes: BTreeSet<NodeId>,
    edges: BTreeMap<EdgeId, (NodeId, NodeId)>,
}

impl State {
    fn apply(&mut self, version: u64, event: &GraphEvent) {
        match event {
            GraphEvent::NodeAdded { node } => drop(self.nodes.insert(node.id)),
            GraphEvent::NodeRemoved { node } => {
                self.nodes.remove(node);
                self.edges.retain(|_, (source, target)| source != node && target != node);
            }
            GraphEvent::EdgeConnected { edge } => {
                self.edges.insert(EdgeId::engine_made(version, 0), (edge.source, edge.target));
            }
            GraphEvent::EdgeRemoved { edge } => drop(self.edges.remove(edge)),
            other => panic!("the model has no {other:?}"),
        }
    }
}

/// Returns what the scene shows at a version.
fn shown(scene: &GraphScene, version: u32) -> State {
    let mut state = State::default();
    for (slot, record) in (0..).zip(scene.nodes()).filter(|(_, record)| record.lives_at(version)) {
        assert_eq!(Bits(record.bits).group(), 0);
        assert!(state.nodes.insert(scene.name(slot).id), "two lives of a node overlap");
    }
    for (slot, record) in (0..).zip(scene.edges()).filter(|(_, record)| record.lives_at(version)) {
        let ends = (scene.name(record.source).id, scene.name(record.target).id);
        assert!(state.edges.insert(scene.edge_id(slot), ends).is_none(), "two lives of an edge overlap");
    }
    state
}

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Returns an event that fits the state.
fn event(numbers: &mut Numbers, state: &State) -> GraphEvent {
    let nodes: Vec<NodeId> = state.nodes.iter().copied().collect();
    let edges: Vec<EdgeId> = state.edges.keys().copied().collect();
    let free = (1..).map(NodeId::from_u64).find(|node| !state.nodes.contains(node)).unwrap();
    match numbers.below(10) {
        4..=6 if !nodes.is_empty() => {
            let (source, target) = (nodes[numbers.below(nodes.len())], nodes[numbers.below(nodes.len())]);
            GraphEvent::EdgeConnected { edge: EdgeEntity::new(source, "to", target) }
        }
        7 if !edges.is_empty() => GraphEvent::EdgeRemoved { edge: edges[numbers.below(edges.len())] },
        8 if !nodes.is_empty() => GraphEvent::NodeRemoved { node: nodes[numbers.below(nodes.len())] },
        _ => GraphEvent::NodeAdded { node: NodeEntity::new(free, "thing") },
    }
}

#[test]
fn every_version_is_shown_as_it_was() {
    let mut scene = GraphScene::default();
    let mut numbers = Numbers(5);
    let mut states = vec![State::default()];
    for version in 1..=600 {
        let mut state = states.last().unwrap().clone();
        let event = event(&mut numbers, &state);
        state.apply(version, &event);
        scene.apply(GRAPH, version, &event);
        let graph = &scene.graphs()[0];
        assert_eq!((graph.node_count, graph.edge_count), (state.nodes.len(), state.edges.len()), "{version}");
        states.push(state);
    }
    for (version, state) in (0..).zip(&states) {
        assert_eq!(&shown(&scene, version), state, "version {version}");
    }
    assert!(states.last().unwrap().edges.len() > 10, "the walk must leave something to look at");
}

#[test]
fn a_node_added_again_has_a_new_slot() {
    let mut scene = GraphScene::default();
    let node = NodeEntity::new(NodeId::from_u64(1), "thing");
    scene.apply(GRAPH, 1, &GraphEvent::NodeAdded { node: node.clone() });
    scene.apply(GRAPH, 2, &GraphEvent::NodeRemoved { node: node.id });
    scene.apply(GRAPH, 3, &GraphEvent::NodeAdded { node: node.clone() });
    assert_eq!(scene.find_node(0, node.id), Some(1));
    let lives: Vec<(u32, u32)> = scene.nodes().iter().map(|record| (record.birth, record.death)).collect();
    assert_eq!(lives, [(1, 2), (3, ALIVE)]);
}

#[test]
fn an_older_version_changes_nothing() {
    let mut scene = GraphScene::default();
    scene.apply(GRAPH, 2, &GraphEvent::GraphRenamed { name: "new".into() });
    scene.apply(GRAPH, 1, &GraphEvent::GraphRenamed { name: "old".into() });
    assert_eq!((scene.graphs()[0].name.as_str(), scene.graphs()[0].version), ("new", 2));
}

#[test]
fn a_graph_that_is_looked_back_at_stays_there_while_events_come() {
    let mut scene = GraphScene::default();
    let add = |id| GraphEvent::NodeAdded { node: NodeEntity::new(NodeId::from_u64(id), "thing") };
    scene.apply(GRAPH, 1, &add(1));
    scene.apply(GRAPH, 2, &add(2));
    scene.show_version(0, 1);
    scene.apply(GRAPH, 3, &add(3));
    assert_eq!([0, 1, 2].map(|node| scene.is_shown(node)), [true, false, false]);
    scene.show_live(0);
    scene.apply(GRAPH, 4, &add(4));
    assert_eq!([0, 1, 2, 3].map(|node| scene.is_shown(node)), [true; 4]);
}

/// A scene of one node at a place of its own, and the node.
fn placed(x: f64, y: f64) -> (GraphScene, NodeId) {
    let mut scene = GraphScene::default();
    let node = NodeEntity::new(NodeId::from_u64(1), "thing")
        .with("Spatial", [("x", Value::Float(x)), ("y", Value::Float(y))])
        .with("Visual", [("shape", "square"), ("color", "#010203")]);
    let id = node.id;
    scene.apply(GRAPH, 1, &GraphEvent::NodeAdded { node });
    (scene, id)
}

#[test]
fn components_say_where_a_node_is_and_how_it_looks() {
    let (mut scene, node) = placed(3.0, -4.0);
    assert_eq!(scene.places()[0], [3.0, -4.0, 0.0, RADIUS]);
    assert_eq!((scene.nodes()[0].color, scene.nodes()[0].bits), (0xff03_0201, Shape::Square as u32));
    let set = Properties::from([("size", Value::Float(2.0))]);
    let update = NodeUpdate { node, component_type: "Visual".into(), set, unset: vec!["shape".into()] };
    scene.apply(GRAPH, 2, &GraphEvent::NodeUpdated { update });
    assert_eq!(scene.places()[0][3], 2.0);
    assert_eq!((scene.nodes()[0].color, scene.nodes()[0].bits), (0xff03_0201, Shape::Circle as u32));
    let component = Component::new("Visual", [("color", "red")]);
    scene.apply(GRAPH, 3, &GraphEvent::ComponentReplaced { node, component });
    assert_eq!((scene.nodes()[0].color, scene.places()[0][3]), (0xff00_00ff, RADIUS));
}

#[test]
fn transforms_move_and_scale_a_node() {
    let (mut scene, node) = placed(3.0, -4.0);
    let mut apply = |version, operation| {
        scene.apply(GRAPH, version, &GraphEvent::NodeTransformed { nodes: vec![node], operation });
        scene.places()[0]
    };
    assert_eq!(apply(2, TransformOperation::Translate([1.0, 2.0, 0.5])), [4.0, -2.0, 0.5, RADIUS]);
    assert_eq!(apply(3, TransformOperation::Scale([1.0, 3.0, 2.0])), [4.0, -2.0, 0.5, 3.0 * RADIUS]);
    assert_eq!(apply(4, TransformOperation::Rotate([0.0, 0.0, 0.0, 1.0])), [4.0, -2.0, 0.5, 3.0 * RADIUS]);
}

#[test]
fn a_node_without_a_place_is_moved_from_the_origin() {
    let mut scene = GraphScene::default();
    for id in 1..=5 {
        let node = NodeEntity::new(NodeId::from_u64(id), "thing");
        scene.apply(GRAPH, id, &GraphEvent::NodeAdded { node });
    }
    let moved = GraphEvent::NodeTransformed {
        nodes: vec![NodeId::from_u64(5)],
        operation: TransformOperation::Translate([7.0, 8.0, 0.0]),
    };
    scene.apply(GRAPH, 6, &moved);
    assert_eq!(scene.places()[4][..3], [7.0, 8.0, 0.0]);
}

#[test]
fn nodes_that_are_sent_are_on_their_way_until_they_arrive() {
    let (mut scene, _) = placed(5.0, 5.0);
    scene.apply(GRAPH, 2, &GraphEvent::NodeAdded { node: NodeEntity::new(NodeId::from_u64(2), "thing") });
    let from = scene.world_place(1);
    scene.send(&[[0.0; 3], [from.x + 8.0, from.y, 0.0]]);
    assert_eq!(scene.world_place(1), from);
    assert!(scene.advance(0.25));
    let is_on_the_way = |scene: &GraphScene| (scene.world_place(1).x - from.x - 2.0).abs() < 1e-5;
    assert!(is_on_the_way(&scene));
    scene.send(&[[0.0; 3], [from.x, from.y, 0.0]]);
    assert!(is_on_the_way(&scene));
    assert!(!scene.advance(1.0));
    assert_eq!(scene.world_place(1), from);
    assert_eq!(scene.world_place(0).x, 5.0, "a place of a node's own stays");
}
