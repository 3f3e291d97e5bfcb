//! What a frame loop draws: a graph made of mutations alone, which knows no rule and stops where one does not fit.

use std::collections::BTreeMap;

use cidgraph::{
    EdgeId, EdgeView, GraphMetadata, GraphMutation, GraphUpdate, GraphView, Key, Name, NodeId, NodeView, Placement,
    Properties,
};

/// A graph as it is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Picture {
    pub(crate) version: u64,
    about: (Option<GraphMetadata>, Option<Name>),
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    pub(crate) edges: BTreeMap<EdgeId, EdgeView>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    kind: Name,
    key: Option<Key>,
    pub(crate) components: BTreeMap<Name, Properties>,
}

impl Picture {
    /// Draws a whole graph.
    pub(crate) fn of(view: &GraphView) -> Self {
        let at = view.at();
        let info = view.info();
        let mut picture =
            Self { version: view.version(), about: (info.metadata.clone(), info.archived.clone()), ..Self::default() };
        at.nodes().for_each(|node| picture.add(at.node_view(node)));
        picture.edges = at.edges().map(|edge| (at.edge_id(edge), at.edge_view(edge))).collect();
        picture
    }

    /// Draws what has changed since.
    pub(crate) fn update(&mut self, update: GraphUpdate) {
        assert_eq!(update.first_version, self.version + 1, "no gap and no repeat");
        assert!(update.version >= update.first_version && update.transactions > 0);
        let is_structure_first = update.mutations.is_sorted_by_key(|mutation| !mutation.is_structural());
        assert!(is_structure_first, "{:?}", update.mutations);
        self.version = update.version;
        update.mutations.into_iter().for_each(|mutation| self.apply(mutation));
    }

    fn add(&mut self, NodeView { id, key, kind, components, .. }: NodeView) {
        let components = components.into_iter().map(|component| (component.component_type, component.properties));
        let before = self.nodes.insert(id, Node { kind, key, components: components.collect() });
        assert_eq!(before, None, "a node is added once");
    }

    fn node(&mut self, node: NodeId) -> &mut Node {
        self.nodes.get_mut(&node).expect("what changes is there")
    }

    fn apply(&mut self, mutation: GraphMutation) {
        match mutation {
            GraphMutation::GraphChanged { metadata, archived } => self.about = (metadata, archived),
            GraphMutation::NodeAdded { node } => self.add(node),
            GraphMutation::NodeRemoved { node } => {
                assert!(!self.edges.values().any(|edge| edge.source == node || edge.target == node));
                self.nodes.remove(&node).expect("a node is removed once");
            }
            GraphMutation::EdgeConnected { edge } => {
                assert!(self.nodes.contains_key(&edge.source) && self.nodes.contains_key(&edge.target));
                assert_eq!(self.edges.insert(edge.id, edge), None, "an edge is connected once");
            }
            GraphMutation::EdgeRemoved { edge } => {
                self.edges.remove(&edge).expect("an edge is removed once");
            }
            GraphMutation::ComponentSet { node, component } => {
                assert_ne!(component.component_type, "Spatial", "places have a mutation of their own");
                self.node(node).components.insert(component.component_type, component.properties);
            }
            GraphMutation::ComponentRemoved { node, component_type } => {
                self.node(node).components.remove(&component_type);
            }
            GraphMutation::NodeTransformed { node, placement, properties } => {
                assert_eq!(placement, Placement::of(&properties));
                self.node(node).components.insert("Spatial".into(), properties);
            }
            GraphMutation::EdgeChanged { edge, properties } => {
                self.edges.get_mut(&edge).expect("what changes is there").properties = properties;
            }
        }
    }
}
