//! Attaching, replacing and detaching components.

use crate::command::Rejected;
use crate::entity::Component;
use crate::event::GraphEvent;
use crate::id::NodeId;
use crate::topology::NodeIndex;
use crate::value::Name;

use super::super::checked::within;
use super::super::draft::GraphAggregate;
use super::super::measure;
use super::Decided;
use super::batch::Batch;

impl GraphAggregate {
    pub(super) fn decide_attach(&self, node: NodeId, component: &Component) -> Decided {
        let index = self.check_component(node, component)?;
        if self.has_component(index, &component.component_type) {
            let component_type = component.component_type.clone();
            return Err(Rejected::DuplicateComponent { node, component_type });
        }
        let actual = self.at().pool().components(self.at().node_set(index)).len() + 1;
        within("components_max", self.rules.limits.components_max, actual)?;
        Ok(vec![GraphEvent::ComponentAttached { node, component: component.clone() }])
    }

    pub(super) fn decide_replace(&self, node: NodeId, component: &Component) -> Decided {
        let index = self.check_component(node, component)?;
        self.check_has(node, index, &component.component_type)?;
        Ok(vec![GraphEvent::ComponentReplaced { node, component: component.clone() }])
    }

    pub(super) fn decide_detach(&self, node: NodeId, component_type: &Name) -> Decided {
        let index = self.known_node(node)?;
        self.rules.name("component type", component_type)?;
        self.check_has(node, index, component_type)?;
        Ok(vec![GraphEvent::ComponentDetached { node, component_type: component_type.clone() }])
    }

    fn check_component(&self, node: NodeId, component: &Component) -> Result<NodeIndex, Rejected> {
        let index = self.known_node(node)?;
        self.rules.component(component)?;
        self.rules.element(measure::component(component))?;
        self.check_parent(&Batch::default(), node, component)?;
        Ok(index)
    }

    fn check_has(&self, node: NodeId, index: NodeIndex, component_type: &Name) -> Result<(), Rejected> {
        if self.has_component(index, component_type) {
            return Ok(());
        }
        Err(Rejected::UnknownComponent { node, component_type: component_type.clone() })
    }
}
