//! A graph as two lists: the model.

use cidgraph::{Component, EdgeEntity, EdgeId, EdgeView, NodeEntity, NodeId, NodeView, Properties};

/// All that a graph holds at one version, in the order in which it came about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    pub nodes: Vec<NodeView>,
    pub edges: Vec<EdgeView>,
}

/// What happens to a graph.
#[derive(Debug, Clone)]
pub enum Event {
    AddNode(NodeEntity),
    RemoveNode(NodeId),
    ChangeNode(NodeId, Vec<Component>),
    AddEdge(EdgeEntity),
    ChangeEdge(EdgeId, Properties),
    RemoveEdge(EdgeId),
}

impl State {
    pub fn find_node(&self, id: NodeId) -> Option<&NodeView> {
        self.nodes.iter().find(|node| node.id == id)
    }

    pub fn find_edge(&self, id: EdgeId) -> Option<&EdgeView> {
        self.edges.iter().find(|edge| edge.id == id)
    }

    /// Lets an event happen at a version; a new edge is the `index`th of it.
    pub fn apply(&mut self, event: &Event, version: u64, index: u32) {
        match event {
            Event::AddNode(node) => self.nodes.push(NodeView {
                id: node.id,
                key: node.key.clone(),
                kind: node.kind.clone(),
                version,
                components: node.components.clone(),
            }),
            Event::RemoveNode(id) => {
                self.nodes.retain(|node| node.id != *id);
                self.edges.retain(|edge| edge.source != *id && edge.target != *id);
            }
            Event::ChangeNode(id, components) => {
                let node = self.nodes.iter_mut().find(|node| node.id == *id).unwrap();
                node.components.clone_from(components);
                node.version = version;
            }
            Event::AddEdge(edge) => self.edges.push(EdgeView {
                id: edge.id.unwrap_or_else(|| EdgeId::engine_made(version, index)),
                kind: edge.kind.clone(),
                source: edge.source,
                target: edge.target,
                properties: edge.properties.clone(),
            }),
            Event::ChangeEdge(id, properties) => {
                self.edges.iter_mut().find(|edge| edge.id == *id).unwrap().properties.clone_from(properties);
            }
            Event::RemoveEdge(id) => self.edges.retain(|edge| edge.id != *id),
        }
    }
}
