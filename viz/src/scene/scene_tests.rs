//! The scene against a model that keeps every version's nodes and edges whole.

use std::collections::{BTreeMap, BTreeSet};

use cidgraph::entity::SPATIAL;
use cidgraph::{
    Component, EdgeId, EdgeView, GraphId, GraphMetadata, GraphMutation, NodeId, NodeView, Placement, Properties, Value,
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
    fn apply(&mut self, mutation: &GraphMutation) {
        match mutation {
            GraphMutation::NodeAdded { node } => drop(self.nodes.insert(node.id)),
            GraphMutation::NodeRemoved { node } => {
                self.nodes.remove(node);
                self.edges.retain(|_, (source, target)| source != node && target != node);
            }
            GraphMutation::EdgeConnected { edge } => {
                self.edges.insert(edge.id, (edge.source, edge.target));
            }
            GraphMutation::EdgeRemoved { edge } => drop(self.edges.remove(edge)),
            GraphMutation::GraphChanged { .. }
            | GraphMutation::ComponentSet { .. }
            | GraphMutation::ComponentRemoved { .. }
            | GraphMutation::NodeTransformed { .. }
            | GraphMutation::EdgeChanged { .. } => panic!("the model has no {mutation:?}"),
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

fn thing(id: u64, components: Vec<Component>) -> NodeView {
    NodeView { id: NodeId::from_u64(id), key: None, kind: "thing".into(), version: 1, components }
}

fn added(id: u64) -> GraphMutation {
    GraphMutation::NodeAdded { node: thing(id, Vec::new()) }
}

/// Returns a mutation that fits the state.
fn mutation(numbers: &mut Numbers, state: &State, version: u64) -> GraphMutation {
    let nodes: Vec<NodeId> = state.nodes.iter().copied().collect();
    let edges: Vec<EdgeId> = state.edges.keys().copied().collect();
    let free = (1..).find(|id| !state.nodes.contains(&NodeId::from_u64(*id))).unwrap();
    match numbers.below(10) {
        4..=6 if !nodes.is_empty() => {
            let [source, target] = [0; 2].map(|_| nodes[numbers.below(nodes.len())]);
            let id = EdgeId::engine_made(version, 0);
            let edge = EdgeView { id, kind: "to".into(), source, target, properties: Properties::new() };
            GraphMutation::EdgeConnected { edge }
        }
        7 if !edges.is_empty() => GraphMutation::EdgeRemoved { edge: edges[numbers.below(edges.len())] },
        8 if !nodes.is_empty() => GraphMutation::NodeRemoved { node: nodes[numbers.below(nodes.len())] },
        _ => added(free),
    }
}

#[test]
fn every_version_is_shown_as_it_was() {
    let mut scene = GraphScene::default();
    let mut numbers = Numbers(5);
    let mut states = vec![State::default()];
    for version in 1..=600 {
        let mut state = states.last().unwrap().clone();
        let mutation = mutation(&mut numbers, &state, version);
        state.apply(&mutation);
        scene.apply(GRAPH, version, &mutation);
        let graph = &scene.graphs()[0];
        assert_eq!((graph.node_count, graph.edge_count), (state.nodes.len(), state.edges.len()), "{version}");
        states.push(state);
    }
    for (version, state) in (0..).zip(&states) {
        assert_eq!(&shown(&scene, version), state, "version {version}");
    }
    assert!(states.last().unwrap().edges.len() > 10, "the walk must leave something to look at");
    assert_eq!(scene.graphs()[0].transaction_ends(), (1..=600).collect::<Vec<u64>>());
}

#[test]
fn a_node_added_again_has_a_new_slot() {
    let mut scene = GraphScene::default();
    let node = NodeId::from_u64(1);
    scene.apply(GRAPH, 1, &added(1));
    scene.apply(GRAPH, 2, &GraphMutation::NodeRemoved { node });
    scene.apply(GRAPH, 3, &added(1));
    assert_eq!(scene.find_node(0, node), Some(1));
    let lives: Vec<(u32, u32)> = scene.nodes().iter().map(|record| (record.birth, record.death)).collect();
    assert_eq!(lives, [(1, 2), (3, ALIVE)]);
}

#[test]
fn an_older_version_changes_nothing() {
    let mut scene = GraphScene::default();
    let renamed = |name| GraphMutation::GraphChanged { metadata: Some(GraphMetadata::named(name)), archived: None };
    scene.apply(GRAPH, 2, &renamed("new"));
    scene.apply(GRAPH, 1, &renamed("old"));
    assert_eq!((scene.graphs()[0].name.as_str(), scene.graphs()[0].version), ("new", 2));
}

#[test]
fn a_graph_that_is_looked_back_at_stays_there_while_events_come() {
    let mut scene = GraphScene::default();
    scene.apply(GRAPH, 1, &added(1));
    scene.apply(GRAPH, 2, &added(2));
    scene.show_version(0, 1);
    scene.apply(GRAPH, 3, &added(3));
    assert_eq!([0, 1, 2].map(|node| scene.is_shown(node)), [true, false, false]);
    scene.show_live(0);
    scene.apply(GRAPH, 4, &added(4));
    assert_eq!([0, 1, 2, 3].map(|node| scene.is_shown(node)), [true; 4]);
}

fn spatial(x: f64, y: f64) -> Properties {
    Properties::from([("x", Value::Float(x)), ("y", Value::Float(y))])
}

fn visual(pairs: &[(&str, Value)]) -> Component {
    let mut properties = Properties::new();
    for (name, value) in pairs {
        properties.insert(*name, value.clone());
    }
    Component { component_type: VISUAL.into(), properties }
}

/// A scene of one node at a place of its own, version 1, and the node.
fn placed(x: f64, y: f64) -> (GraphScene, NodeId) {
    let mut scene = GraphScene::default();
    let look = visual(&[("shape", Value::text("square")), ("color", Value::text("#010203"))]);
    let place = Component { component_type: SPATIAL.into(), properties: spatial(x, y) };
    let node = thing(1, vec![place, look]);
    let id = node.id;
    scene.apply(GRAPH, 1, &GraphMutation::NodeAdded { node });
    (scene, id)
}

fn moved(node: NodeId, properties: Properties) -> GraphMutation {
    GraphMutation::NodeTransformed { node, placement: Placement::of(&properties), properties }
}

/// What is drawn of the first node at the version that is shown: its colour, shape and place.
fn drawn(scene: &GraphScene) -> (u32, u32, Place) {
    let (record, past) = (scene.nodes()[0], scene.past_of(0));
    let color = past.map_or(record.color, |past| past.color);
    (color, past.map_or(record.bits, |past| past.bits) & 0xff, scene.place_now(0))
}

#[test]
fn components_say_where_a_node_is_and_how_it_looks() {
    let (mut scene, node) = placed(3.0, -4.0);
    let square = (0xff03_0201, Shape::Square as u32, [3.0, -4.0, 0.0, RADIUS]);
    assert_eq!(drawn(&scene), square);
    let component = visual(&[("size", Value::Float(2.0)), ("color", Value::text("red"))]);
    scene.apply(GRAPH, 2, &GraphMutation::ComponentSet { node, component });
    let circle = (0xff00_00ff, Shape::Circle as u32, [3.0, -4.0, 0.0, 2.0]);
    assert_eq!(drawn(&scene), circle);
    let scale = Value::List([1.0, 3.0, 2.0].map(Value::Float).to_vec());
    let mut elsewhere = spatial(4.0, -2.0);
    elsewhere.insert("scale", scale);
    scene.apply(GRAPH, 3, &moved(node, elsewhere));
    assert_eq!(drawn(&scene).2, [4.0, -2.0, 0.0, 6.0]);
    scene.apply(GRAPH, 4, &GraphMutation::ComponentRemoved { node, component_type: SPATIAL.into() });
    assert_eq!(drawn(&scene).2, [0.0, 0.0, 0.0, 2.0], "the first place of the spiral");
    for (version, expected) in [(1, square), (2, circle), (3, (circle.0, circle.1, [4.0, -2.0, 0.0, 6.0])), (1, square)]
    {
        scene.show_version(0, version);
        assert_eq!(drawn(&scene), expected, "version {version}");
    }
}

#[test]
fn what_changes_while_another_version_is_shown_is_seen_once_it_is_turned_to() {
    let (mut scene, node) = placed(1.0, 1.0);
    scene.apply(GRAPH, 2, &added(2));
    scene.show_version(0, 1);
    scene.apply(GRAPH, 3, &moved(node, spatial(2.0, 2.0)));
    assert_eq!(scene.place_now(0)[0], 1.0);
    scene.show_version(0, 2);
    assert_eq!(scene.place_now(0)[0], 1.0);
    scene.show_live(0);
    assert_eq!(scene.place_now(0)[0], 2.0);
    scene.apply(GRAPH, 4, &moved(node, spatial(3.0, 2.0)));
    assert_eq!(scene.place_now(0)[0], 3.0);
}

#[test]
fn a_node_that_got_a_place_of_its_own_stood_where_it_was_laid_out() {
    let mut scene = GraphScene::default();
    scene.apply(GRAPH, 1, &added(1));
    let node = NodeId::from_u64(1);
    scene.apply(GRAPH, 2, &moved(node, spatial(4.0, 4.0)));
    scene.send(&[[7.0, 8.0, 0.0]]);
    scene.advance(1.0);
    let at = |scene: &mut GraphScene, version| {
        scene.show_version(0, version);
        scene.place_now(0)[..2].to_vec()
    };
    assert_eq!([1, 2].map(|version| at(&mut scene, version)), [[7.0, 8.0], [4.0, 4.0]]);
    scene.apply(GRAPH, 3, &GraphMutation::ComponentRemoved { node, component_type: SPATIAL.into() });
    scene.send(&[[9.0, 8.0, 0.0]]);
    assert_eq!(at(&mut scene, 1), [7.0, 8.0], "on its way there as it is now");
    scene.advance(1.0);
    assert_eq!([1, 2, 3].map(|version| at(&mut scene, version)), [[9.0, 8.0], [4.0, 4.0], [9.0, 8.0]]);
}

#[test]
fn only_a_past_that_is_otherwise_is_looked_back_at() {
    let (mut scene, node) = placed(1.0, 1.0);
    scene.apply(GRAPH, 2, &added(2));
    scene.show_version(0, 1);
    assert!(!scene.looks_back(), "nothing changed but what there is");
    scene.apply(GRAPH, 3, &moved(node, spatial(2.0, 2.0)));
    assert!(scene.looks_back());
    scene.show_live(0);
    assert!(!scene.looks_back());
}

#[test]
fn paint_covers_what_components_say() {
    let (mut scene, node) = placed(1.0, 1.0);
    scene.paint_node(0, Some(7), Some(9.0));
    scene.apply(GRAPH, 2, &GraphMutation::ComponentSet { node, component: visual(&[("color", Value::text("red"))]) });
    assert_eq!((drawn(&scene).0, drawn(&scene).2[3]), (7, 9.0));
    scene.show_version(0, 1);
    assert_eq!(scene.place_now(0)[3], 9.0, "in the past too");
    scene.show_live(0);
    scene.paint_node(0, None, None);
    assert_eq!((drawn(&scene).0, drawn(&scene).2[3]), (0xff00_00ff, RADIUS));
}

#[test]
fn nodes_that_are_sent_are_on_their_way_until_they_arrive() {
    let (mut scene, _) = placed(5.0, 5.0);
    scene.apply(GRAPH, 2, &added(2));
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
