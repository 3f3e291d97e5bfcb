//! Commands made of bytes, over a small world, so that what one builds the next ones meet; many break a rule.

use cidgraph::entity::NodeUpdate;
use cidgraph::{
    Component, ConceptualPoint, EdgeEntity, EdgeId, GraphCommand, GraphEvent, GraphId, GraphMetadata, Key, Name,
    NodeEntity, NodeId, Properties, TransformOperation, Value,
};

use cidgraph::value::compare_names;

use super::model::{Model, bytes_of};

pub const KINDS: [&str; 3] = ["Person", "Place", "Thing"];
pub const EDGE_KINDS: [&str; 2] = ["knows", "likes"];
pub const TYPES: [&str; 5] = ["Visual", "Profile", "Spatial", "Hierarchy", "ConceptualPoint"];
pub const PROPERTIES: [&str; 6] = ["a", "bb", "x", "parent", "space", "coordinates"];
const NODES: u8 = 10;

pub fn graph() -> GraphId {
    GraphId::named("model")
}

/// Bytes that decide; 0 where they have ended.
pub struct Input<'a> {
    bytes: &'a [u8],
    /// Whether only what a block can hold is made.
    writable: bool,
    /// How deep the value that is being made is nested.
    depth: u8,
}

impl<'a> Input<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, writable: false, depth: 0 }
    }

    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn below(&mut self, bound: u8) -> u8 {
        let (first, rest) = self.bytes.split_first().unwrap_or((&0, &[]));
        self.bytes = rest;
        first % bound
    }

    /// Makes an event as another program could have written it, whether it fits or not.
    pub fn foreign_event(&mut self, model: &Model) -> GraphEvent {
        self.writable = true;
        let event = command(self, model).into_event();
        self.writable = false;
        event
    }

    /// Makes something within a value; nothing deep beyond all limits, which no block could hold.
    fn within<T>(&mut self, one: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        let made = one(self);
        self.depth -= 1;
        made
    }

    fn one_in(&mut self, count: u8) -> bool {
        self.below(count) == count - 1
    }

    fn of<'n>(&mut self, names: &[&'n str]) -> &'n str {
        let odd = self.below(24);
        if odd == 23 {
            ""
        } else if odd == 22 {
            "longer than sixteen"
        } else {
            names[usize::from(odd) % names.len()]
        }
    }

    fn some<T>(&mut self, most: u8, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| one(self)).collect()
    }
}

/// Returns node `number` of the small world: the first half has keys.
pub fn node_id(number: u8) -> NodeId {
    if number < NODES / 2 { NodeId::of_key(graph(), KINDS[0], &key(number)) } else { NodeId::from_u64(number.into()) }
}

pub fn all_nodes() -> impl Iterator<Item = NodeId> {
    (0..NODES).map(node_id)
}

pub fn all_caller_edges() -> impl Iterator<Item = EdgeId> {
    (0..6).map(|number| EdgeId::from_u64(100 + number))
}

fn key(number: u8) -> Key {
    if number.is_multiple_of(2) { Key::from(i64::from(number)) } else { Key::from(format!("key{number}")) }
}

fn node(input: &mut Input<'_>) -> NodeId {
    node_id(input.below(NODES))
}

fn value(input: &mut Input<'_>) -> Value {
    match input.below(20) {
        0 => Value::Null,
        1 => Value::Bool(true),
        2..=5 => Value::Int(i64::from(input.below(4))),
        6 => Value::Int(i64::MIN),
        7 | 8 => Value::Float(f64::from(input.below(3)) / 2.0),
        9 => Value::Float(f64::MAX),
        10 | 11 => Value::text(["", "blue", "green"][usize::from(input.below(3))]),
        12 => Value::text("t".repeat(60 + usize::from(input.below(6)))),
        13 if !input.writable => Value::Float([f64::NAN, f64::INFINITY, -0.0][usize::from(input.below(3))]),
        14 if input.depth < 4 => Value::List(input.within(|input| input.some(2, value))),
        15 if input.depth < 4 => Value::Map(Properties::from([("inner", input.within(value))])),
        16 => Value::List((0..61 + i64::from(input.below(4))).map(|_| Value::Int(0)).collect()),
        17 => Value::Bytes([1, 2].as_slice().into()),
        _ => bytes_of(node(input)),
    }
}

fn properties(input: &mut Input<'_>) -> Properties {
    input.some(5, |input| (input.of(&PROPERTIES), value(input))).into_iter().collect()
}

fn component(input: &mut Input<'_>) -> Component {
    if input.one_in(4) {
        return Component::new("Hierarchy", [("parent", bytes_of(node(input)))]);
    }
    Component::new(input.of(&TYPES), properties(input))
}

fn entity(input: &mut Input<'_>) -> NodeEntity {
    let number = input.below(NODES);
    let keyed = number < NODES / 2 && !input.one_in(8);
    let kind = if keyed && !input.one_in(8) { KINDS[0] } else { input.of(&KINDS) };
    let components = if input.one_in(2) { input.some(3, component) } else { Vec::new() };
    let node = NodeEntity { key: keyed.then(|| key(number)), ..NodeEntity::new(node_id(number), kind) };
    if input.writable {
        return components
            .into_iter()
            .fold(node, |node, Component { component_type, properties }| node.with(component_type, properties));
    }
    NodeEntity { components, ..node }
}

fn names(input: &mut Input<'_>) -> Vec<Name> {
    let mut names = input.some(3, |input| Name::from(input.of(&PROPERTIES)));
    if input.writable {
        names.sort_by(|a, b| compare_names(a, b));
        names.dedup();
    }
    names
}

fn update(input: &mut Input<'_>) -> NodeUpdate {
    let Component { component_type, properties: set } = component(input);
    NodeUpdate { node: node(input), component_type, set, unset: names(input) }
}

fn edge(input: &mut Input<'_>) -> EdgeEntity {
    let id = match input.below(12) {
        0..=6 => None,
        7 => Some(EdgeId::engine_made(2, 0)),
        _ => Some(EdgeId::from_u64(100 + u64::from(input.below(6)))),
    };
    let properties = if input.one_in(2) { properties(input) } else { Properties::new() };
    EdgeEntity { id, kind: input.of(&EDGE_KINDS).into(), source: node(input), target: node(input), properties }
}

fn edge_id(input: &mut Input<'_>, model: &Model) -> EdgeId {
    let number = usize::from(input.below(16));
    let known = model.edges.keys().nth(number % (model.edges.len() + 1));
    known.copied().unwrap_or(EdgeId::from_u64(100))
}

fn number(input: &mut Input<'_>) -> f64 {
    let numbers = [0.0, 1.0, -0.0, 0.5, -2.0, 1e-200, f64::MAX, 1.0, 3.0, f64::NAN];
    numbers[usize::from(input.below(if input.writable { 9 } else { 10 }))]
}

fn operation(input: &mut Input<'_>) -> TransformOperation {
    match input.below(8) {
        0 | 1 => TransformOperation::Translate([number(input), number(input), number(input)]),
        2 => TransformOperation::Scale([number(input), number(input), number(input)]),
        3 => TransformOperation::Reparent(None),
        _ => TransformOperation::Reparent(Some(node(input))),
    }
}

fn point(input: &mut Input<'_>) -> ConceptualPoint {
    ConceptualPoint { space: input.of(&["color", "taste"]).into(), coordinates: input.some(4, number) }
}

pub fn command(input: &mut Input<'_>, model: &Model) -> GraphCommand {
    if model.metadata.is_none() && !input.one_in(4) {
        return GraphCommand::CreateGraph { metadata: metadata(input) };
    }
    match input.below(40) {
        0..=7 => GraphCommand::AddNode { node: entity(input) },
        8..=10 => GraphCommand::AddNodes { nodes: input.some(6, entity) },
        11..=16 => GraphCommand::ConnectEdge { edge: edge(input) },
        17..=19 => GraphCommand::ConnectEdges { edges: input.some(6, edge) },
        20 | 21 => GraphCommand::UpdateNode { update: update(input) },
        22 => GraphCommand::UpdateNodes { updates: input.some(3, update) },
        23 => GraphCommand::RemoveNode { node: node(input) },
        24 => GraphCommand::RemoveNodes { nodes: input.some(3, node) },
        25 => GraphCommand::AttachComponent { node: node(input), component: component(input) },
        26 => GraphCommand::ReplaceComponent { node: node(input), component: component(input) },
        27 => GraphCommand::DetachComponent { node: node(input), component_type: input.of(&TYPES).into() },
        28 | 29 => {
            GraphCommand::UpdateEdge { edge: edge_id(input, model), set: properties(input), unset: names(input) }
        }
        30 => GraphCommand::DisconnectEdge { edge: edge_id(input, model) },
        31 => GraphCommand::DisconnectEdges { edges: input.some(3, |input| edge_id(input, model)) },
        32..=35 => GraphCommand::TransformNodes { nodes: input.some(4, node), operation: operation(input) },
        36 => GraphCommand::MapConceptualPoint { node: node(input), point: point(input) },
        37 => GraphCommand::RenameGraph { name: input.of(&["first", "second"]).into() },
        38 => GraphCommand::CreateGraph { metadata: metadata(input) },
        _ if input.one_in(16) => GraphCommand::ArchiveGraph { reason: input.of(&["done"]).into() },
        _ => GraphCommand::AddNode { node: entity(input) },
    }
}

fn metadata(input: &mut Input<'_>) -> GraphMetadata {
    GraphMetadata { properties: properties(input), ..GraphMetadata::named(input.of(&["first"])) }
}
