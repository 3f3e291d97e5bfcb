//! What the earlier elements of one bulk command did, laid over the state.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use crate::command::Rejected;
use crate::entity::{Component, HIERARCHY};
use crate::id::NodeId;
use crate::value::{Name, Properties};

use super::super::checked::within;
use super::super::draft::GraphAggregate;
use super::super::hierarchy::{PARENT, parent_of};

/// The elements of a bulk command so far.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The nodes that were added, with their parents.
    added: HashMap<NodeId, Option<NodeId>, FixedState>,
    /// The components that were merged, as they are by now.
    merged: HashMap<(NodeId, Name), Properties, FixedState>,
    /// How many components each node gained.
    gained: HashMap<NodeId, usize, FixedState>,
}

impl Batch {
    /// Takes up an added node.
    pub(super) fn add(&mut self, node: NodeId, parent: Option<NodeId>) -> Result<(), Rejected> {
        match self.added.insert(node, parent) {
            Some(_) => Err(Rejected::DuplicateNode { node }),
            None => Ok(()),
        }
    }
}

/// Returns the first id that comes twice.
pub(super) fn repeated<T: Copy + Eq + std::hash::Hash>(ids: impl Iterator<Item = T>) -> Option<T> {
    let mut seen: HashSet<T, FixedState> = HashSet::with_capacity_and_hasher(ids.size_hint().0, FixedState::default());
    let mut ids = ids;
    ids.find(|id| !seen.insert(*id))
}

impl GraphAggregate {
    /// Checks a merge into a component and takes it up; the node is in the graph.
    pub(super) fn check_merge(
        &self,
        batch: &mut Batch,
        node: NodeId,
        component_type: &Name,
        set: &Properties,
        unset: &[Name],
    ) -> Result<(), Rejected> {
        let place = (node, component_type.clone());
        let mut properties = match batch.merged.get(&place) {
            Some(properties) => properties.clone(),
            None => self.component_to_merge(batch, node, component_type)?,
        };
        for name in unset {
            properties.remove(name);
        }
        properties.merge(set);
        within("properties_max", self.rules.limits.properties_max, properties.len())?;
        let component = Component { component_type: component_type.clone(), properties };
        self.rules.schema(&component)?;
        self.check_parent(batch, node, &component)?;
        batch.merged.insert(place, component.properties);
        Ok(())
    }

    /// Returns a component's properties, none for one that the node gets now.
    fn component_to_merge(
        &self,
        batch: &mut Batch,
        node: NodeId,
        component_type: &str,
    ) -> Result<Properties, Rejected> {
        let index = self.known_node(node)?;
        if let Some(properties) = self.component_properties(index, component_type) {
            return Ok(properties);
        }
        let gained = batch.gained.entry(node).or_default();
        *gained += 1;
        let actual = self.at().pool().components(self.at().node_set(index)).len() + *gained;
        within("components_max", self.rules.limits.components_max, actual)?;
        Ok(Properties::new())
    }

    /// Checks the parent that a component gives a node, where it is one of the hierarchy, and returns it.
    pub(super) fn check_parent(
        &self,
        batch: &Batch,
        node: NodeId,
        component: &Component,
    ) -> Result<Option<NodeId>, Rejected> {
        if component.component_type != HIERARCHY {
            return Ok(None);
        }
        let Some(parent) = component.properties.get(PARENT).and_then(parent_of) else {
            return Err(Rejected::SchemaViolation {
                component_type: component.component_type.clone(),
                reason: "property parent is not the sixteen bytes of a node id".to_owned(),
            });
        };
        if parent == node {
            return Err(Rejected::HierarchyCycle { node, parent });
        }
        if !batch.added.contains_key(&parent) {
            self.known_node(parent)?;
        }
        if self.ancestors(batch, parent).any(|ancestor| ancestor == node) {
            return Err(Rejected::HierarchyCycle { node, parent });
        }
        Ok(Some(parent))
    }

    /// Returns a node's parent, the parent's parent, and so on.
    pub(super) fn ancestors<'a>(&'a self, batch: &'a Batch, node: NodeId) -> impl Iterator<Item = NodeId> + 'a {
        std::iter::successors(self.parent(batch, node), move |node| self.parent(batch, *node))
    }

    fn parent(&self, batch: &Batch, node: NodeId) -> Option<NodeId> {
        if let Some(parent) = batch.added.get(&node) {
            return *parent;
        }
        if !batch.merged.is_empty()
            && let Some(merged) = batch.merged.get(&(node, Name::new_static(HIERARCHY)))
        {
            return merged.get(PARENT).and_then(parent_of);
        }
        let index = self.at().find_node(node)?;
        self.hierarchy.parent_in(self.pool.pool(), self.at().node_set(index))
    }
}
