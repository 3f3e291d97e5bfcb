//! Moving nodes in space and in the hierarchy, and mapping them into conceptual spaces.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use crate::command::Rejected;
use crate::entity::{CONCEPTUAL_POINT, Component, ConceptualPoint, HIERARCHY, SPATIAL, TransformOperation};
use crate::event::GraphEvent;
use crate::id::NodeId;
use crate::topology::NodeIndex;
use crate::value::Properties;

use super::super::checked::{finite, within};
use super::super::draft::GraphAggregate;
use super::super::hierarchy;
use super::super::measure::{self, split};
use super::super::spatial::{squared_norm, transformed};
use super::Decided;
use super::batch::Batch;

const COMMAND: &str = "TransformNodes";

/// How far a rotation's squared norm may be from 1.
const NORM_TOLERANCE: f64 = 1e-6;

impl GraphAggregate {
    pub(super) fn decide_transform(&self, nodes: &[NodeId], operation: &TransformOperation) -> Decided {
        self.rules.elements(COMMAND, nodes.len())?;
        check_operation(operation)?;
        let mut seen: HashSet<NodeId, FixedState> = HashSet::default();
        let nodes: Vec<NodeId> = nodes.iter().copied().filter(|node| seen.insert(*node)).collect();
        let indices = nodes.iter().map(|node| self.known_node(*node)).collect::<Result<Vec<_>, _>>()?;
        let nodes = match operation {
            TransformOperation::Reparent(Some(parent)) => self.check_adopted(nodes, &seen, *parent)?,
            TransformOperation::Reparent(None) => self.not_yet_roots(&nodes, &indices)?,
            TransformOperation::Translate(_) | TransformOperation::Scale(_) | TransformOperation::Rotate(_) => {
                indices.iter().try_for_each(|node| self.check_moved(*node, operation))?;
                nodes
            }
        };
        let runs = split(nodes, self.rules.element_bytes_max(), |_| measure::ID);
        let event = |nodes| GraphEvent::NodeTransformed { nodes, operation: *operation };
        Ok(runs.into_iter().map(event).collect())
    }

    /// Checks that none of the nodes stands above the parent.
    fn check_adopted(
        &self,
        nodes: Vec<NodeId>,
        unique: &HashSet<NodeId, FixedState>,
        parent: NodeId,
    ) -> Result<Vec<NodeId>, Rejected> {
        self.known_node(parent)?;
        let batch = Batch::default();
        let mut above = std::iter::once(parent).chain(self.ancestors(&batch, parent));
        if let Some(node) = above.find(|ancestor| unique.contains(ancestor)) {
            return Err(Rejected::HierarchyCycle { node, parent });
        }
        let link = hierarchy::properties(parent);
        nodes.iter().try_for_each(|node| self.check_merged(self.known_node(*node)?, HIERARCHY, &link))?;
        Ok(nodes)
    }

    fn not_yet_roots(&self, nodes: &[NodeId], indices: &[NodeIndex]) -> Result<Vec<NodeId>, Rejected> {
        let children = nodes.iter().zip(indices).filter(|(_, index)| self.has_component(**index, HIERARCHY));
        let children: Vec<NodeId> = children.map(|(node, _)| *node).collect();
        if children.is_empty() { Err(Rejected::NothingToDo { command: COMMAND }) } else { Ok(children) }
    }

    fn check_moved(&self, node: NodeIndex, operation: &TransformOperation) -> Result<(), Rejected> {
        let now = self.component_properties(node, SPATIAL).unwrap_or_default();
        let reason = "the node's place would not be a finite number, or its scale would be zero";
        let moved = transformed(&now, operation).ok_or(Rejected::InvalidNumber { what: "the operation", reason })?;
        self.check_merged(node, SPATIAL, &moved)
    }

    /// Checks what an operation makes of a component: its place in the set, its length, its schema.
    fn check_merged(&self, node: NodeIndex, component_type: &'static str, set: &Properties) -> Result<(), Rejected> {
        self.check_room(node, component_type)?;
        let mut properties = self.component_properties(node, component_type).unwrap_or_default();
        properties.merge(set);
        within("properties_max", self.rules.limits.properties_max, properties.len())?;
        self.rules.schema(&Component::new(component_type, properties))
    }

    /// Checks that a node may have a component of a type.
    fn check_room(&self, node: NodeIndex, component_type: &str) -> Result<(), Rejected> {
        if self.has_component(node, component_type) {
            return Ok(());
        }
        let actual = self.at().pool().components(self.at().node_set(node)).len() + 1;
        within("components_max", self.rules.limits.components_max, actual)
    }

    pub(super) fn decide_map_point(&self, node: NodeId, point: &ConceptualPoint) -> Decided {
        let index = self.known_node(node)?;
        self.rules.name("conceptual space", &point.space)?;
        finite("a coordinate", &point.coordinates)?;
        if point.coordinates.is_empty() {
            return Err(Rejected::NothingToDo { command: "MapConceptualPoint" });
        }
        self.check_room(index, CONCEPTUAL_POINT)?;
        let component = Component::new(CONCEPTUAL_POINT, point.to_properties());
        self.rules.component(&component)?;
        self.rules.element(measure::component(&component))?;
        Ok(vec![GraphEvent::ConceptualPointMapped { node, point: point.clone() }])
    }
}

fn check_operation(operation: &TransformOperation) -> Result<(), Rejected> {
    let nothing = Err(Rejected::NothingToDo { command: COMMAND });
    match operation {
        TransformOperation::Translate(by) => {
            finite("the translation", by)?;
            if by.iter().all(|number| *number == 0.0) { nothing } else { Ok(()) }
        }
        TransformOperation::Scale(by) => {
            finite("the scale", by)?;
            if by.contains(&0.0) {
                return Err(Rejected::InvalidNumber { what: "the scale", reason: "it is zero" });
            }
            if by.iter().all(|number| *number == 1.0) { nothing } else { Ok(()) }
        }
        TransformOperation::Rotate(by) => {
            finite("the rotation", by)?;
            if (squared_norm(*by) - 1.0).abs() > NORM_TOLERANCE {
                return Err(Rejected::InvalidNumber { what: "the rotation", reason: "it is not a unit quaternion" });
            }
            Ok(())
        }
        TransformOperation::Reparent(_) => Ok(()),
    }
}
