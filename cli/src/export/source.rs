//! What an exporter needs to know of a graph.

use std::collections::HashMap;

use cidgraph::{EdgeView, NodeId, NodeView};

/// A graph whose nodes and edges can be gone through as often as needed, each time in the same order.
pub trait GraphSource {
    /// Returns the graph's name.
    fn name(&self) -> &str;

    /// Returns the nodes.
    fn nodes(&self) -> Box<dyn Iterator<Item = NodeView> + '_>;

    /// Returns the edges.
    fn edges(&self) -> Box<dyn Iterator<Item = EdgeView> + '_>;

    /// Returns a node.
    fn node(&self, id: NodeId) -> Option<NodeView>;
}

/// A graph as two lists.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    name: String,
    nodes: Vec<NodeView>,
    edges: Vec<EdgeView>,
    places: HashMap<NodeId, usize>,
}

impl Listed {
    /// Makes a graph of its nodes and edges.
    pub fn new(name: impl Into<String>, nodes: Vec<NodeView>, edges: Vec<EdgeView>) -> Self {
        let places = nodes.iter().enumerate().map(|(place, node)| (node.id, place)).collect();
        Self { name: name.into(), nodes, edges, places }
    }
}

impl GraphSource for Listed {
    fn name(&self) -> &str {
        &self.name
    }

    fn nodes(&self) -> Box<dyn Iterator<Item = NodeView> + '_> {
        Box::new(self.nodes.iter().cloned())
    }

    fn edges(&self) -> Box<dyn Iterator<Item = EdgeView> + '_> {
        Box::new(self.edges.iter().cloned())
    }

    fn node(&self, id: NodeId) -> Option<NodeView> {
        self.places.get(&id).map(|place| self.nodes[*place].clone())
    }
}
