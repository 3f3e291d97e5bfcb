//! Folding events into the draft.
//!
//! What was decided here always fits; an event from elsewhere that does not is told, never a panic.

use std::sync::Arc;

use crate::aggregate::Misfit;
use crate::entity::{
    CONCEPTUAL_POINT, Component, ConceptualPoint, EdgeEntity, GraphMetadata, HIERARCHY, NodeEntity, NodeUpdate,
    SPATIAL, TransformOperation,
};
use crate::event::GraphEvent;
use crate::id::{EdgeId, NodeId};
use crate::pool::{ComponentId, SetId};
use crate::state::{GraphInfo, SinceCheckpoint};
use crate::topology::{EdgeIndex, NewEdgeRow, NodeIndex};
use crate::value::{Name, Properties};

use super::draft::{ELEMENTS_AT_ONCE, GraphAggregate};
use super::step::Change;
use super::{hierarchy, spatial};

type Applied = Result<(), Misfit>;

impl GraphAggregate {
    pub(super) fn apply_event(&mut self, event: &GraphEvent, version: u64) -> Applied {
        self.start_version(event, version)?;
        match event {
            GraphEvent::GraphCreated { metadata } => self.set_info(Some(metadata.clone()), None),
            GraphEvent::GraphRenamed { name } => self.rename(name),
            GraphEvent::GraphArchived { reason } => {
                self.set_info(self.place.info.metadata.clone(), Some(reason.clone()));
            }
            GraphEvent::NodeAdded { node } => self.add_node(node)?,
            GraphEvent::NodeUpdated { update } => self.update_node(update)?,
            GraphEvent::NodeRemoved { node } => self.remove_node(*node)?,
            GraphEvent::ComponentAttached { node, component } => {
                self.expect_component(*node, &component.component_type, false)?;
                self.put_component(*node, component)?;
            }
            GraphEvent::ComponentReplaced { node, component } => {
                self.expect_component(*node, &component.component_type, true)?;
                self.put_component(*node, component)?;
            }
            GraphEvent::ComponentDetached { node, component_type } => self.detach(*node, component_type)?,
            GraphEvent::EdgeConnected { edge } => self.connect(edge)?,
            GraphEvent::EdgeUpdated { edge, set, unset } => self.update_edge(*edge, set, unset)?,
            GraphEvent::EdgeRemoved { edge } => self.disconnect(*edge)?,
            GraphEvent::NodeTransformed { nodes, operation } => {
                nodes.iter().try_for_each(|node| self.transform(*node, operation))?;
            }
            GraphEvent::ConceptualPointMapped { node, point } => self.map_point(*node, point)?,
            GraphEvent::Checkpointed { version: of, .. } => {
                self.place.checkpoint = SinceCheckpoint { version: *of, event: version, changes: 0 };
            }
            GraphEvent::NodesAdded { nodes } => nodes.iter().try_for_each(|node| self.add_node(node))?,
            GraphEvent::NodesUpdated { updates } => updates.iter().try_for_each(|update| self.update_node(update))?,
            GraphEvent::NodesRemoved { nodes } => nodes.iter().try_for_each(|node| self.remove_node(*node))?,
            GraphEvent::EdgesConnected { edges } => {
                edges.chunks(ELEMENTS_AT_ONCE).try_for_each(|edges| self.connect_all(edges))?;
                self.found.make_room(edges.len());
            }
            GraphEvent::EdgesRemoved { edges } => edges.iter().try_for_each(|edge| self.disconnect(*edge))?,
        }
        Ok(())
    }

    /// Moves to the event's version; a part of a split event stays at it.
    fn start_version(&mut self, event: &GraphEvent, version: u64) -> Applied {
        let here = self.place.version;
        assert!(version == here + 1 || version == here && here > 0, "versions have no gaps");
        let is_first = matches!(event, GraphEvent::GraphCreated { .. });
        match (&self.place.info.metadata, is_first) {
            (None, false) => return Err(Misfit::new("the graph was not created before")),
            (Some(_), true) => return Err(Misfit::new("the graph was created before")),
            (None, true) | (Some(_), false) => {}
        }
        let is_checkpoint = matches!(event, GraphEvent::Checkpointed { .. });
        if self.place.info.archived.is_some() && !is_checkpoint {
            return Err(Misfit::new("the graph is archived"));
        }
        if !is_checkpoint {
            self.place.changed = version;
        }
        if version > here {
            self.place.version = version;
            self.place.edges_of_version = 0;
        }
        Ok(())
    }

    fn set_info(&mut self, metadata: Option<GraphMetadata>, archived: Option<Name>) {
        self.place.info = Arc::new(GraphInfo { graph: self.rules.graph, metadata, archived });
    }

    fn rename(&mut self, name: &Name) {
        let mut info = GraphInfo::clone(&self.place.info);
        if let Some(metadata) = &mut info.metadata {
            metadata.name = name.clone();
        }
        self.place.info = Arc::new(info);
    }

    fn find(&self, node: NodeId) -> Result<NodeIndex, Misfit> {
        self.lookup(node).ok_or_else(|| Misfit::new(format!("unknown node {node}")))
    }

    fn find_edge(&self, edge: EdgeId) -> Result<EdgeIndex, Misfit> {
        self.at().find_edge(edge).ok_or_else(|| Misfit::new(format!("unknown edge {edge}")))
    }

    fn add_node(&mut self, entity: &NodeEntity) -> Applied {
        if self.lookup(entity.id).is_some() {
            return Err(Misfit::new(format!("node {} exists already", entity.id)));
        }
        let kind = self.pool.pool().names().intern(&entity.kind);
        let set = self.pool.intern_set(&entity.components);
        let node = self.generation.add_node(entity, kind, set, self.stamp());
        self.found.put(entity.id, node);
        self.pool.retain(set);
        self.place.node_count += 1;
        self.record(Change::NodeAdded { node });
        self.link_parent(node, set);
        self.check_parent_of(node, set)
    }

    fn check_parent_of(&self, node: NodeIndex, set: SetId) -> Applied {
        let Some(parent) = self.hierarchy.parent_in(self.pool.pool(), set) else { return Ok(()) };
        let parent = self.find(parent)?;
        let mut above = Some(parent);
        while let Some(ancestor) = above {
            if ancestor == node {
                return Err(Misfit::new(format!("node {} would be its own ancestor", self.at().node_id(node))));
            }
            let set = self.at().node_set(ancestor);
            above = self.hierarchy.parent_in(self.pool.pool(), set).and_then(|parent| self.at().find_node(parent));
        }
        Ok(())
    }

    fn remove_node(&mut self, id: NodeId) -> Applied {
        let node = self.find(id)?;
        for child in self.hierarchy.children(self.at(), node) {
            let orphaned = self.pool.set_without(self.at().node_set(child), self.hierarchy.component_type());
            self.set_components(child, orphaned);
        }
        let at = self.at();
        let outgoing = at.outgoing(node).map(|step| step.edge);
        let incoming = at.incoming(node).filter(|step| step.node != node).map(|step| step.edge);
        let edges: Vec<EdgeIndex> = outgoing.chain(incoming).collect();
        edges.into_iter().for_each(|edge| self.remove_edge(edge));
        let set = self.at().node_set(node);
        self.unlink_parent(node, set);
        self.found.remove(id);
        self.generation.set_node_death(node, self.stamp());
        self.pool.release(set);
        self.place.node_count -= 1;
        self.record(Change::NodeRemoved { node });
        Ok(())
    }

    /// Gives a node another component set, and its place in the hierarchy with it.
    fn set_components(&mut self, node: NodeIndex, after: SetId) {
        let before = self.at().node_set(node);
        self.generation.change_node(node, after, self.stamp());
        self.pool.retain(after);
        self.pool.release(before);
        self.record(Change::NodeChanged { node, before, after });
        self.move_parent(node, before, after);
    }

    fn merge(&mut self, node: NodeIndex, component_type: &str, set: &Properties, unset: &[Name]) {
        let component_type = self.pool.pool().names().intern(component_type);
        let before = self.at().node_set(node);
        let former = self.pool.pool().find_component(before, component_type);
        let component = self.pool.merged(former, component_type, set, unset);
        let after = self.pool.set_with(before, component);
        self.set_components(node, after);
    }

    fn update_node(&mut self, update: &NodeUpdate) -> Applied {
        let node = self.find(update.node)?;
        self.merge(node, &update.component_type, &update.set, &update.unset);
        self.check_hierarchy(node, &update.component_type)
    }

    fn put_component(&mut self, node: NodeId, component: &Component) -> Applied {
        let node = self.find(node)?;
        let component_type = self.pool.pool().names().intern(&component.component_type);
        let interned = self.pool.intern_component(component_type, &component.properties);
        let after = self.pool.set_with(self.at().node_set(node), interned);
        self.set_components(node, after);
        self.check_hierarchy(node, &component.component_type)
    }

    fn check_hierarchy(&self, node: NodeIndex, component_type: &str) -> Applied {
        if component_type == HIERARCHY { self.check_parent_of(node, self.at().node_set(node)) } else { Ok(()) }
    }

    fn expect_component(&self, id: NodeId, component_type: &str, expected: bool) -> Applied {
        let found = self.has_component(self.find(id)?, component_type);
        match (found, expected) {
            (true, true) | (false, false) => Ok(()),
            (true, false) => Err(Misfit::new(format!("node {id} has a component {component_type} already"))),
            (false, true) => Err(Misfit::new(format!("node {id} has no component {component_type}"))),
        }
    }

    fn detach(&mut self, node: NodeId, component_type: &str) -> Applied {
        self.expect_component(node, component_type, true)?;
        let node = self.find(node)?;
        let component_type = self.pool.pool().names().intern(component_type);
        let after = self.pool.set_without(self.at().node_set(node), component_type);
        self.set_components(node, after);
        Ok(())
    }

    fn transform(&mut self, id: NodeId, operation: &TransformOperation) -> Applied {
        let node = self.find(id)?;
        match operation {
            TransformOperation::Reparent(Some(parent)) => {
                self.merge(node, HIERARCHY, &hierarchy::properties(*parent), &[]);
                self.check_hierarchy(node, HIERARCHY)
            }
            TransformOperation::Reparent(None) => self.detach(id, HIERARCHY),
            TransformOperation::Translate(_) | TransformOperation::Scale(_) | TransformOperation::Rotate(_) => {
                let now = self.component_properties(node, SPATIAL).unwrap_or_default();
                let moved = spatial::transformed(&now, operation)
                    .ok_or_else(|| Misfit::new(format!("node {id} would leave the numbers")))?;
                self.merge(node, SPATIAL, &moved, &[]);
                Ok(())
            }
        }
    }

    fn map_point(&mut self, node: NodeId, point: &ConceptualPoint) -> Applied {
        if point.coordinates.iter().any(|number| !number.is_finite()) {
            return Err(Misfit::new("a coordinate is not finite"));
        }
        self.put_component(node, &Component::new(CONCEPTUAL_POINT, point.to_properties()))
    }

    /// Returns whether a node has a component of a type.
    pub(super) fn has_component(&self, node: NodeIndex, component_type: &str) -> bool {
        let name = self.at().pool().names().find(component_type);
        name.is_some_and(|name| self.at().component(node, name).is_some())
    }

    /// Returns the properties of a node's component, where it has one.
    pub(super) fn component_properties(&self, node: NodeIndex, component_type: &str) -> Option<Properties> {
        let pool = self.pool.pool();
        let component = self.at().component(node, pool.names().find(component_type)?)?;
        Some(pool.properties(component))
    }

    fn connect_all(&mut self, edges: &[EdgeEntity]) -> Applied {
        self.touch_ends(edges);
        let ends = |edge: &EdgeEntity| Some((self.lookup(edge.source)?, self.lookup(edge.target)?));
        self.generation.touch_edges(edges.iter().filter_map(ends));
        edges.iter().try_for_each(|edge| self.connect(edge))
    }

    fn connect(&mut self, entity: &EdgeEntity) -> Applied {
        if let Some(id) = entity.id {
            if id.as_engine_made().is_some() {
                return Err(Misfit::new(format!("edge id {id} is one that the engine makes")));
            }
            if self.at().find_edge(id).is_some() {
                return Err(Misfit::new(format!("edge {id} exists already")));
            }
        }
        let (source, target) = (self.find(entity.source)?, self.find(entity.target)?);
        let properties = self.edge_component(None, &entity.properties, &[]);
        let edge = self.generation.add_edge(NewEdgeRow {
            source,
            target,
            kind: self.pool.pool().names().intern(&entity.kind).0,
            birth: self.stamp(),
            index: self.place.edges_of_version,
            properties: properties.map_or(0, |component| component.0 + 1),
            caller_id: entity.id,
        });
        self.count_properties(None, properties);
        self.place.edges_of_version += 1;
        self.place.edge_count += 1;
        self.record(Change::EdgeAdded { edge });
        Ok(())
    }

    /// Returns where the pool keeps an edge's properties after a merge; none for an empty map.
    fn edge_component(&mut self, former: Option<ComponentId>, set: &Properties, unset: &[Name]) -> Option<ComponentId> {
        if former.is_none() && set.is_empty() {
            return None;
        }
        let merged = self.pool.merged(former, self.edge_properties, set, unset);
        (self.pool.pool().entries(merged).next().is_some()).then_some(merged)
    }

    fn update_edge(&mut self, id: EdgeId, set: &Properties, unset: &[Name]) -> Applied {
        let edge = self.find_edge(id)?;
        let before = self.at().edge_properties(edge);
        let after = self.edge_component(before, set, unset);
        self.generation.change_edge(edge, after, self.stamp());
        self.count_properties(before, after);
        self.record(Change::EdgeChanged { edge, before, after });
        Ok(())
    }

    fn disconnect(&mut self, id: EdgeId) -> Applied {
        let edge = self.find_edge(id)?;
        self.remove_edge(edge);
        Ok(())
    }

    fn remove_edge(&mut self, edge: EdgeIndex) {
        self.count_properties(self.at().edge_properties(edge), None);
        self.generation.set_edge_death(edge, self.stamp());
        self.place.edge_count -= 1;
        self.record(Change::EdgeRemoved { edge });
    }

    /// Counts one use of `before` less and one of `after` more.
    pub(super) fn count_properties(&mut self, before: Option<ComponentId>, after: Option<ComponentId>) {
        if let Some(before) = before {
            self.pool.release_component(before);
        }
        if let Some(after) = after {
            self.pool.retain_component(after);
        }
    }

    pub(super) fn link_parent(&mut self, node: NodeIndex, set: SetId) {
        if let Some(parent) = self.parent_ordinal(set) {
            self.hierarchy.link(self.generation.at(self.generation.stamp(self.place.version)), node, parent);
        }
    }

    pub(super) fn unlink_parent(&mut self, node: NodeIndex, set: SetId) {
        if let Some(parent) = self.parent_ordinal(set) {
            self.hierarchy.unlink(self.generation.at(self.generation.stamp(self.place.version)), node, parent);
        }
    }

    pub(super) fn move_parent(&mut self, node: NodeIndex, before: SetId, after: SetId) {
        self.unlink_parent(node, before);
        self.link_parent(node, after);
    }

    fn parent_ordinal(&self, set: SetId) -> Option<NodeIndex> {
        self.at().find_node(self.hierarchy.parent_in(self.pool.pool(), set)?)
    }
}
