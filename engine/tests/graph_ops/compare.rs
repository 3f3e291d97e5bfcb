//! What is published against the model: views, adjacency, counts, and the index with what is pending.

use std::collections::BTreeSet;

use cidgraph::pool::ComponentRegistry;
use cidgraph::topology::{NodeIndex, Topology};
use cidgraph::{EdgeView, GraphView, NodeId, NodeView, Value};

use super::commands::{all_caller_edges, all_nodes};
use super::model::Model;

/// A published view and what it must show for ever.
#[derive(Debug, Clone)]
pub struct Seen {
    pub view: GraphView,
    pub model: Model,
}

impl Seen {
    pub fn check(&self) {
        let Self { view, model } = self;
        assert_eq!(view.version(), model.version);
        assert_eq!((&view.info().metadata, &view.info().archived), (&model.metadata, &model.archived));
        assert_eq!((view.node_count(), view.edge_count()), (model.nodes.len(), model.edges.len()));
        self.check_nodes();
        self.check_edges();
        self.check_index();
    }

    fn check_nodes(&self) {
        let at = self.view.at();
        for id in all_nodes() {
            let node = at.find_node(id);
            assert_eq!(node.map(|node| at.node_view(node)).as_ref(), self.model.nodes.get(&id));
            assert!(node.is_none_or(|node| self.view.contains(node) && node.index() < self.view.node_bound()));
            assert_eq!(self.outgoing(id), self.expected_edges(|edge| edge.source == id), "outgoing of {id}");
            assert_eq!(self.incoming(id), self.expected_edges(|edge| edge.target == id), "incoming of {id}");
        }
        let ids: BTreeSet<NodeId> = at.nodes().map(|node| at.node_id(node)).collect();
        assert!(ids.iter().eq(self.model.nodes.keys()));
        assert_eq!((0..at.node_bound()).filter(|node| at.contains_node(NodeIndex::new(*node))).count(), ids.len());
    }

    fn check_edges(&self) {
        let at = self.view.at();
        let mut edges: Vec<EdgeView> = at.edges().map(|edge| at.edge_view(edge)).collect();
        edges.sort_by_key(|edge| edge.id);
        assert!(edges.iter().eq(self.model.edges.values().map(|(_, edge)| edge)));
        for id in all_caller_edges().chain(self.model.edges.keys().copied()) {
            let found = at.find_edge(id).map(|edge| at.edge_view(edge));
            assert_eq!(found.as_ref(), self.model.edges.get(&id).map(|(_, edge)| edge));
        }
    }

    /// Returns a node's outgoing edges, oldest first.
    pub fn outgoing(&self, id: NodeId) -> Vec<EdgeView> {
        let at = self.view.at();
        let Some(node) = at.find_node(id) else { return Vec::new() };
        at.outgoing(node).map(|step| at.edge_view_between(step.edge, node, step.node)).collect()
    }

    /// Returns a node's incoming edges, oldest first.
    pub fn incoming(&self, id: NodeId) -> Vec<EdgeView> {
        let at = self.view.at();
        let Some(node) = at.find_node(id) else { return Vec::new() };
        at.incoming(node).map(|step| at.edge_view_between(step.edge, step.node, node)).collect()
    }

    fn expected_edges(&self, is_asked: impl Fn(&EdgeView) -> bool) -> Vec<EdgeView> {
        let mut edges: Vec<_> = self.model.edges.values().filter(|(_, edge)| is_asked(edge)).collect();
        edges.sort_by_key(|(connected, _)| *connected);
        edges.into_iter().map(|(_, edge)| edge.clone()).collect()
    }

    /// Checks every set of nodes that the index knows against a look at every node.
    fn check_index(&self) {
        let index = self.view.index();
        let names = self.view.at().pool().names();
        let number = |name: &str| names.find(name).map_or(u32::MAX, |name| name.0);
        self.check_indexed("nodes", index.nodes().iter(), |_| true);
        for kind in self.model.nodes.values().map(|node| &node.kind) {
            let nodes = index.kind(number(kind)).into_iter().flat_map(|nodes| nodes.iter());
            self.check_indexed(kind, nodes, |node| node.kind == *kind);
        }
        let registry = ComponentRegistry::default();
        for component in self.model.nodes.values().flat_map(|node| &node.components) {
            let component_type = &component.component_type;
            let has = |node: &NodeView, wanted: &dyn Fn(&str) -> bool| {
                node.components.iter().any(|component| wanted(&component.component_type))
            };
            let nodes = index.component(number(component_type)).into_iter().flat_map(|nodes| nodes.iter());
            self.check_indexed(component_type, nodes, |node| has(node, &|name| name == component_type));
            if let Some(category) = registry.category(component_type) {
                let nodes = index.category(number(category)).into_iter().flat_map(|nodes| nodes.iter());
                let in_category = |name: &str| registry.category(name) == Some(category);
                self.check_indexed(category, nodes, |node| has(node, &in_category));
            }
            for (property, value) in component.properties.iter() {
                let Some(found) = index.equals(number(component_type), number(property), value) else { continue };
                let found: Vec<u32> = found.iter().collect();
                self.check_indexed(property, found.into_iter(), |node| holds(node, component_type, property, value));
            }
        }
    }

    /// Checks that the index has exactly the nodes that `is_asked` takes, apart from those that are pending.
    fn check_indexed(&self, what: &str, indexed: impl Iterator<Item = u32>, is_asked: impl Fn(&NodeView) -> bool) {
        let at = self.view.at();
        let pending: BTreeSet<usize> = self.view.pending().iter().map(|pending| pending.node.index()).collect();
        assert!(self.view.is_index_current() == pending.is_empty());
        let settled = |node: &usize| !pending.contains(node);
        let indexed: BTreeSet<usize> = indexed.map(|node| NodeIndex::from(node).index()).filter(settled).collect();
        let asked = at.nodes().filter(|node| is_asked(&at.node_view(*node))).map(NodeIndex::index).filter(settled);
        assert_eq!(indexed, asked.collect(), "the index of {what}");
    }
}

/// Returns whether a node has a value that equals `value` as queries compare them: numbers by what they count.
pub fn holds(node: &NodeView, component_type: &str, property: &str, value: &Value) -> bool {
    let components = node.components.iter().filter(|component| component.component_type == component_type);
    components.filter_map(|component| component.properties.get(property)).any(|have| equals(have, value))
}

fn equals(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(_), Value::Float(_)) | (Value::Float(_), Value::Int(_)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}
