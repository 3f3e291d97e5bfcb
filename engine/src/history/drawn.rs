//! A difference as whoever draws the graph needs it: absolute, complete, changes of structure first.

use std::collections::BTreeSet;

use crate::graph::GraphMutation;
use crate::id::NodeId;
use crate::read_model::GraphReadModel;
use crate::view::{EdgeView, NodeView};

use super::diff::{ChangeKind, GraphDiff, NodeChange};

impl GraphDiff {
    /// Returns what makes a picture of the first version, `before`, one of the second, `after`.
    pub fn mutations(&self, before: &GraphReadModel, after: &GraphReadModel) -> Vec<GraphMutation> {
        let moored = self.moored_edges(before, after);
        let (leaving, coming): (Vec<_>, Vec<_>) = moored.into_iter().unzip();
        let mut mutations = Vec::new();
        if let Some((_, about)) = &self.graph {
            let (metadata, archived) = (about.metadata.clone(), about.archived.clone());
            mutations.push(GraphMutation::GraphChanged { metadata, archived });
        }
        let removed = self.edges_removed.iter().chain(&leaving);
        mutations.extend(removed.map(|edge| GraphMutation::EdgeRemoved { edge: edge.id }));
        mutations.extend(self.nodes_removed.iter().map(|node| GraphMutation::NodeRemoved { node: node.id }));
        mutations.extend(self.nodes_added.iter().map(|node| GraphMutation::NodeAdded { node: node.clone() }));
        let connected = self.edges_added.iter().chain(&coming);
        mutations.extend(connected.map(|edge| GraphMutation::EdgeConnected { edge: edge.clone() }));
        for change in &self.nodes_changed {
            let node = after.node(change.id).expect("a node that changed is in both versions");
            component_mutations(change, &node, &mut mutations);
        }
        let recolored = self.edges_changed.iter().map(|change| &change.edge);
        mutations.extend(recolored.map(|edge| {
            let properties = edge.properties.clone();
            GraphMutation::EdgeChanged { edge: edge.id, properties }
        }));
        mutations
    }

    /// Returns the edges, as they were and as they are, that are the same in both versions while one of their ends is
    /// another node of the same id: they must go with it and come back.
    fn moored_edges(&self, before: &GraphReadModel, after: &GraphReadModel) -> Vec<(EdgeView, EdgeView)> {
        let removed: BTreeSet<NodeId> = self.nodes_removed.iter().map(|node| node.id).collect();
        let replaced = self.nodes_added.iter().map(|node| node.id).filter(|node| removed.contains(node));
        let listed: BTreeSet<_> = self.edges_removed.iter().map(|edge| edge.id).collect();
        let at = before.view().at();
        let mut moored = BTreeSet::new();
        for node in replaced.filter_map(|node| at.find_node(node)) {
            let around = at.outgoing(node).chain(at.incoming(node)).map(|step| at.edge_id(step.edge));
            moored.extend(around.filter(|edge| !listed.contains(edge)));
        }
        moored.into_iter().filter_map(|edge| Some((before.edge(edge)?, after.edge(edge)?))).collect()
    }
}

fn component_mutations(change: &NodeChange, node: &NodeView, mutations: &mut Vec<GraphMutation>) {
    for component in &change.components {
        let component_type = component.component_type.clone();
        mutations.push(match component.kind {
            ChangeKind::Removed => GraphMutation::ComponentRemoved { node: change.id, component_type },
            ChangeKind::Added | ChangeKind::Changed => {
                let now = node.components.iter().find(|now| now.component_type == component_type);
                GraphMutation::component(change.id, now.expect("the second version has it").clone())
            }
        });
    }
}
