//! A version of a graph as exporters go through it: nodes by birth, edges by birth.

use cidgraph::topology::{EdgeIndex, NodeIndex};
use cidgraph::{EdgeView, GraphReadModel, NodeId, NodeView};

use super::source::GraphSource;

/// A version of a graph whose nodes and edges come in an order that its events alone decide.
#[derive(Debug)]
pub struct Exported<'a> {
    model: &'a GraphReadModel,
    nodes: Vec<NodeIndex>,
    edges: Vec<EdgeIndex>,
}

impl<'a> Exported<'a> {
    /// Puts a version's edges in the order in which they were connected.
    pub fn new(model: &'a GraphReadModel) -> Self {
        let at = model.view().at();
        let mut edges: Vec<EdgeIndex> = at.edges().collect();
        edges.sort_by_cached_key(|edge| at.edge_creation(*edge));
        Self { model, nodes: at.nodes().collect(), edges }
    }
}

impl GraphSource for Exported<'_> {
    fn name(&self) -> &str {
        self.model.info().metadata.as_ref().map_or("", |metadata| metadata.name.as_str())
    }

    fn nodes(&self) -> Box<dyn Iterator<Item = NodeView> + '_> {
        let at = self.model.view().at();
        Box::new(self.nodes.iter().map(move |node| at.node_view(*node)))
    }

    fn edges(&self) -> Box<dyn Iterator<Item = EdgeView> + '_> {
        let at = self.model.view().at();
        Box::new(self.edges.iter().map(move |edge| at.edge_view(*edge)))
    }

    fn node(&self, id: NodeId) -> Option<NodeView> {
        self.model.node(id)
    }
}
