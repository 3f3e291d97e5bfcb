//! What events did to a graph, as whoever draws it needs it: absolute, complete, without a rule to be known.
//!
//! A removed node's edges and its children's places in the hierarchy are told beside it, merges and movements as what
//! they came to. So a mutation can be overwritten by a later one of the same part, and nothing is computed twice.

use std::sync::Arc;

use crate::entity::{Component, GraphMetadata, SPATIAL};
use crate::id::{EdgeId, NodeId};
use crate::pool::{ComponentId, NameId, SetId};
use crate::state::At;
use crate::topology::{EdgeIndex, NodeIndex};
use crate::value::{Name, Properties};
use crate::view::{EdgeView, NodeView};

use super::draft::GraphAggregate;
use super::spatial::Placement;
use super::step::Change;

/// One change of a graph.
#[derive(Debug, Clone, PartialEq)]
pub enum GraphMutation {
    /// What is known of the graph as a whole is now this.
    GraphChanged {
        /// What it is about.
        metadata: Option<GraphMetadata>,
        /// Why it was archived; `None` while it takes changes.
        archived: Option<Name>,
    },
    /// There is a new node, with its components.
    NodeAdded {
        /// The node.
        node: NodeView,
    },
    /// A node is gone. Its edges are gone already, its children are roots already.
    NodeRemoved {
        /// The node.
        node: NodeId,
    },
    /// There is a new edge between two nodes that are there.
    EdgeConnected {
        /// The edge.
        edge: EdgeView,
    },
    /// An edge is gone.
    EdgeRemoved {
        /// The edge.
        edge: EdgeId,
    },
    /// A node's component is now this, be it new or another.
    ComponentSet {
        /// The node.
        node: NodeId,
        /// The component, whole; never the one of type `Spatial`.
        component: Component,
    },
    /// A node has no component of the type any more.
    ComponentRemoved {
        /// The node.
        node: NodeId,
        /// The type.
        component_type: Name,
    },
    /// A node stands elsewhere: its component `Spatial` is now this, whatever brought that about.
    NodeTransformed {
        /// The node.
        node: NodeId,
        /// Where it is.
        placement: Placement,
        /// The component's properties, whole.
        properties: Properties,
    },
    /// An edge's properties are now these.
    EdgeChanged {
        /// The edge.
        edge: EdgeId,
        /// The properties, all of them.
        properties: Properties,
    },
}

impl GraphMutation {
    /// Says that a node's component is now this.
    pub fn component(node: NodeId, component: Component) -> Self {
        if component.component_type == SPATIAL {
            let properties = component.properties;
            return Self::NodeTransformed { node, placement: Placement::of(&properties), properties };
        }
        Self::ComponentSet { node, component }
    }

    /// Returns whether it changes which elements there are, or what the graph is about, not what one of them is like.
    pub const fn is_structural(&self) -> bool {
        match self {
            Self::GraphChanged { .. }
            | Self::NodeAdded { .. }
            | Self::NodeRemoved { .. }
            | Self::EdgeConnected { .. }
            | Self::EdgeRemoved { .. } => true,
            Self::ComponentSet { .. }
            | Self::ComponentRemoved { .. }
            | Self::NodeTransformed { .. }
            | Self::EdgeChanged { .. } => false,
        }
    }
}

impl GraphAggregate {
    /// Returns what was applied since the last publication, in the order in which it happened.
    pub fn mutations(&self) -> Vec<GraphMutation> {
        let mut mutations = Vec::with_capacity(self.steps.len());
        if !Arc::ptr_eq(&self.place.info, &self.reader.0.load().info) {
            let (metadata, archived) = (self.place.info.metadata.clone(), self.place.info.archived.clone());
            mutations.push(GraphMutation::GraphChanged { metadata, archived });
        }
        for step in &self.steps {
            Told { at: self.generation.at(step.stamp), mutations: &mut mutations }.change(step.change);
        }
        mutations
    }
}

/// Says what steps did.
struct Told<'a> {
    at: At<'a>,
    mutations: &'a mut Vec<GraphMutation>,
}

impl Told<'_> {
    fn change(&mut self, change: Change) {
        match change {
            Change::NodeAdded { node } => {
                self.mutations.push(GraphMutation::NodeAdded { node: self.at.node_view(node) });
            }
            Change::NodeRemoved { node } => {
                self.mutations.push(GraphMutation::NodeRemoved { node: self.at.node_id(node) });
            }
            Change::NodeChanged { node, before, after } => self.components(node, before, after),
            Change::EdgeAdded { edge } => {
                self.mutations.push(GraphMutation::EdgeConnected { edge: self.at.edge_view(edge) });
            }
            Change::EdgeRemoved { edge } => {
                self.mutations.push(GraphMutation::EdgeRemoved { edge: self.at.edge_id(edge) });
            }
            Change::EdgeChanged { edge, after, .. } => self.edge(edge, after),
        }
    }

    fn components(&mut self, node: NodeIndex, before: SetId, after: SetId) {
        let (pool, id) = (self.at.pool(), self.at.node_id(node));
        for component in pool.components(before) {
            let component_type = pool.component_type(component);
            if pool.find_component(after, component_type).is_none() {
                let component_type = self.at.name(component_type);
                self.mutations.push(GraphMutation::ComponentRemoved { node: id, component_type });
            }
        }
        for component in pool.components(after) {
            let component_type = pool.component_type(component);
            if pool.find_component(before, component_type) != Some(component) {
                self.mutations.push(self.set(id, component_type, component));
            }
        }
    }

    fn set(&self, node: NodeId, component_type: NameId, component: ComponentId) -> GraphMutation {
        let properties = self.at.pool().properties(component);
        GraphMutation::component(node, Component { component_type: self.at.name(component_type), properties })
    }

    fn edge(&mut self, edge: EdgeIndex, after: Option<ComponentId>) {
        let properties = after.map_or_else(Properties::new, |id| self.at.pool().properties(id));
        self.mutations.push(GraphMutation::EdgeChanged { edge: self.at.edge_id(edge), properties });
    }
}
