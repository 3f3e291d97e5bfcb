//! What happens to a graph, taken over into the scene.

use cidgraph::entity::SPATIAL;
use cidgraph::{EdgeView, GraphId, GraphMutation, GraphView, NodeId, NodeView, Properties};

use super::graph_scene::{GraphScene, NodeName};
use super::record::gpu_version;
use super::standing::Standing;

impl GraphScene {
    /// Takes over a graph as it stands; a scene that has come as far changes nothing, and another one forgets what it had
    /// of the graph after its last version: what is gone ends, and what is new begins, with the version of `view`.
    pub fn take_view(&mut self, graph: GraphId, view: &GraphView) {
        let place = self.graph(graph);
        if view.version() <= self.graphs()[usize::from(place)].version {
            return;
        }
        let (version, at) = (view.version(), view.at());
        let stamp = gpu_version(version);
        let gone: Vec<NodeId> =
            self.graphs[usize::from(place)].node_ids().filter(|node| at.find_node(*node).is_none()).collect();
        let ended: Vec<_> =
            self.graphs[usize::from(place)].edge_ids().filter(|edge| at.find_edge(*edge).is_none()).collect();
        self.reach(place, version);
        ended.into_iter().for_each(|edge| self.remove_edge(place, edge, stamp));
        gone.into_iter().for_each(|node| self.remove_node(place, node, stamp));
        if let Some(metadata) = &view.info().metadata {
            self.graphs[usize::from(place)].name = metadata.name.clone();
        }
        for node in at.nodes() {
            let node = at.node_view(node);
            match self.find_node(place, node.id) {
                Some(slot) => {
                    let kind = self.name(slot).kind;
                    self.change(slot, stamp, Standing::of(kind, &node.components));
                }
                None => self.take_node(place, &node, stamp),
            }
        }
        for edge in at.edges().map(|edge| at.edge_view(edge)) {
            if self.find_edge(place, edge.id).is_none() {
                self.take_edge(place, &edge, stamp);
            }
        }
    }

    /// Notes that a graph has come to a version, and that nothing more has changed until then.
    pub fn come_to(&mut self, graph: GraphId, version: u64) {
        let graph = self.graph(graph);
        if version > self.graphs()[usize::from(graph)].version {
            self.reach(graph, version);
        }
    }

    /// Takes over what happened up to a version. What is older than what the scene has changes nothing; several mutations
    /// of one version are taken over in turn.
    pub fn apply(&mut self, graph: GraphId, version: u64, mutation: &GraphMutation) {
        let graph = self.graph(graph);
        if version < self.graphs()[usize::from(graph)].version {
            return;
        }
        self.reach(graph, version);
        let stamp = gpu_version(version);
        match mutation {
            GraphMutation::GraphChanged { metadata, .. } => {
                if let Some(metadata) = metadata {
                    self.graphs[usize::from(graph)].name = metadata.name.clone();
                }
            }
            GraphMutation::NodeAdded { node } => self.take_node(graph, node, stamp),
            GraphMutation::NodeRemoved { node } => self.remove_node(graph, *node, stamp),
            GraphMutation::EdgeConnected { edge } => self.take_edge(graph, edge, stamp),
            GraphMutation::EdgeRemoved { edge } => self.remove_edge(graph, *edge, stamp),
            GraphMutation::ComponentSet { node, component } => {
                self.take_component(graph, *node, stamp, &component.component_type, Some(&component.properties));
            }
            GraphMutation::ComponentRemoved { node, component_type } => {
                self.take_component(graph, *node, stamp, component_type, None);
            }
            GraphMutation::NodeTransformed { node, properties, .. } => {
                self.take_component(graph, *node, stamp, SPATIAL, Some(properties));
            }
            GraphMutation::EdgeChanged { .. } => {}
        }
    }

    fn take_node(&mut self, graph: u16, node: &NodeView, stamp: u32) {
        let kind = self.kind_of(&node.kind);
        let name = NodeName { id: node.id, kind, key: node.key.clone() };
        self.add_node(graph, name, Standing::of(kind, &node.components), stamp);
    }

    fn take_edge(&mut self, graph: u16, edge: &EdgeView, stamp: u32) {
        self.add_edge(graph, edge.id, edge.source, edge.target, stamp);
    }

    fn take_component(
        &mut self,
        graph: u16,
        node: NodeId,
        stamp: u32,
        component_type: &str,
        properties: Option<&Properties>,
    ) {
        let Some(slot) = self.find_node(graph, node) else { return };
        let mut standing = self.last_standing(slot);
        standing.take(self.name(slot).kind, component_type, properties);
        self.change(slot, stamp, standing);
    }
}
