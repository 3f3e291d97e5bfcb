//! Adding, updating and removing nodes, one or many.

use crate::command::Rejected;
use crate::entity::{NodeEntity, NodeUpdate};
use crate::event::GraphEvent;
use crate::id::NodeId;

use super::super::draft::GraphAggregate;
use super::super::measure::{self, split};
use super::Decided;
use super::batch::{Batch, repeated};

impl GraphAggregate {
    pub(super) fn decide_add(&self, node: &NodeEntity) -> Decided {
        let node = self.check_added(&mut Batch::default(), node)?;
        Ok(vec![GraphEvent::NodeAdded { node }])
    }

    pub(super) fn decide_add_all(&self, nodes: &[NodeEntity]) -> Decided {
        self.rules.elements("AddNodes", nodes.len())?;
        let mut batch = Batch::default();
        let nodes = nodes.iter().map(|node| self.check_added(&mut batch, node)).collect::<Result<Vec<_>, _>>()?;
        let runs = split(nodes, self.rules.element_bytes_max(), measure::node);
        Ok(runs.into_iter().map(|nodes| GraphEvent::NodesAdded { nodes }).collect())
    }

    fn check_added(&self, batch: &mut Batch, node: &NodeEntity) -> Result<NodeEntity, Rejected> {
        let node = self.rules.node(node.clone())?;
        if self.lookup(node.id).is_some() {
            return Err(Rejected::DuplicateNode { node: node.id });
        }
        let mut parent = None;
        for component in &node.components {
            parent = self.check_parent(batch, node.id, component)?.or(parent);
        }
        batch.add(node.id, parent)?;
        Ok(node)
    }

    pub(super) fn decide_update(&self, update: &NodeUpdate) -> Decided {
        let update = self.check_update("UpdateNode", &mut Batch::default(), update)?;
        Ok(vec![GraphEvent::NodeUpdated { update }])
    }

    pub(super) fn decide_update_all(&self, updates: &[NodeUpdate]) -> Decided {
        self.rules.elements("UpdateNodes", updates.len())?;
        let mut batch = Batch::default();
        let check = |update| self.check_update("UpdateNodes", &mut batch, update);
        let updates = updates.iter().map(check).collect::<Result<Vec<_>, _>>()?;
        let runs = split(updates, self.rules.element_bytes_max(), measure::update);
        Ok(runs.into_iter().map(|updates| GraphEvent::NodesUpdated { updates }).collect())
    }

    fn check_update(
        &self,
        command: &'static str,
        batch: &mut Batch,
        update: &NodeUpdate,
    ) -> Result<NodeUpdate, Rejected> {
        self.known_node(update.node)?;
        self.rules.name("component type", &update.component_type)?;
        let unset = self.rules.merge(command, &update.set, &update.unset)?;
        let update = NodeUpdate { unset, ..update.clone() };
        self.rules.element(measure::update(&update))?;
        self.check_merge(batch, update.node, &update.component_type, &update.set, &update.unset)?;
        Ok(update)
    }

    pub(super) fn decide_remove(&self, node: NodeId) -> Decided {
        self.known_node(node)?;
        Ok(vec![GraphEvent::NodeRemoved { node }])
    }

    pub(super) fn decide_remove_all(&self, nodes: &[NodeId]) -> Decided {
        self.rules.elements("RemoveNodes", nodes.len())?;
        nodes.iter().try_for_each(|node| self.known_node(*node).map(drop))?;
        if let Some(node) = repeated(nodes.iter().copied()) {
            return Err(Rejected::UnknownNode { node });
        }
        let runs = split(nodes.to_vec(), self.rules.element_bytes_max(), |_| measure::ID);
        Ok(runs.into_iter().map(|nodes| GraphEvent::NodesRemoved { nodes }).collect())
    }
}
