//! Commands to ask, over nodes that numbers name.

use crate::given::*;
use cidgraph::entity::NodeUpdate;
use cidgraph::{Component, ConceptualPoint, EdgeEntity, GraphCommand, NodeEntity, Properties, TransformOperation};

pub fn connect(source: u64, target: u64) -> GraphCommand {
    GraphCommand::ConnectEdge { edge: EdgeEntity::new(node(source), "knows", node(target)) }
}

pub fn add(number: u64) -> GraphCommand {
    GraphCommand::AddNode { node: NodeEntity::new(node(number), "Person") }
}

pub fn update(number: u64, component_type: &str, set: impl Into<Properties>) -> NodeUpdate {
    NodeUpdate { node: node(number), component_type: component_type.into(), set: set.into(), unset: Vec::new() }
}

pub fn transform(nodes: &[u64], operation: TransformOperation) -> GraphCommand {
    GraphCommand::TransformNodes { nodes: nodes.iter().copied().map(node).collect(), operation }
}

pub fn reparent(nodes: &[u64], parent: u64) -> GraphCommand {
    transform(nodes, TransformOperation::Reparent(Some(node(parent))))
}

pub fn attach(number: u64, component: Component) -> GraphCommand {
    GraphCommand::AttachComponent { node: node(number), component }
}

pub fn one_of_each(given: &Given) -> Vec<GraphCommand> {
    let (entity, edge) = (NodeEntity::new(node(9), "Person"), EdgeEntity::new(node(1), "knows", node(2)));
    let component = || Component::new("Profile", [("age", 7)]);
    let changed = update(1, "Visual", [("color", "blue")]);
    let point = ConceptualPoint { space: "color".into(), coordinates: vec![1.0] };
    vec![
        GraphCommand::RenameGraph { name: "new".into() },
        GraphCommand::ArchiveGraph { reason: "".into() },
        GraphCommand::AddNode { node: entity.clone() },
        GraphCommand::UpdateNode { update: changed.clone() },
        GraphCommand::RemoveNode { node: node(1) },
        attach(1, component()),
        GraphCommand::ReplaceComponent { node: node(1), component: Component::new("Visual", [("size", 1)]) },
        GraphCommand::DetachComponent { node: node(1), component_type: "Visual".into() },
        GraphCommand::ConnectEdge { edge: edge.clone() },
        GraphCommand::UpdateEdge { edge: given.first_edge(), set: [("since", 1)].into(), unset: Vec::new() },
        GraphCommand::DisconnectEdge { edge: given.first_edge() },
        transform(&[1, 2], TransformOperation::Translate([1.0, 0.0, 0.0])),
        GraphCommand::MapConceptualPoint { node: node(1), point },
        GraphCommand::AddNodes { nodes: vec![entity] },
        GraphCommand::UpdateNodes { updates: vec![changed] },
        GraphCommand::RemoveNodes { nodes: vec![node(1)] },
        GraphCommand::ConnectEdges { edges: vec![edge] },
        GraphCommand::DisconnectEdges { edges: vec![given.first_edge()] },
    ]
}

/// Nodes 1, 2 and 3, node 1 with a component, one edge from 1 to 2.
pub fn three_nodes() -> Given {
    let visual = NodeEntity::new(node(1), "Person").with("Visual", [("color", "red")]);
    Given::new()
        .created()
        .command(GraphCommand::AddNode { node: visual })
        .command(add(2))
        .command(add(3))
        .command(connect(1, 2))
}
