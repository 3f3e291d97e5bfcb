//! What an answer rests on and what an event touches, in the same terms: facets of a graph.
//!
//! A facet is a hash of 64 bits. Two facets that collide make a cached answer be forgotten too early, never too late.

use std::hash::{BuildHasher, Hash};

use foldhash::quality::FixedState;

use crate::id::{EdgeId, NodeId};
use crate::pool::NameId;
use crate::value::Value;

/// One aspect of a graph that an answer can rest on and an event can touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Facet(u64);

/// What kind of facet it is; part of its hash.
#[derive(Hash)]
#[repr(u8)]
enum Aspect {
    Version,
    Graph,
    Nodes,
    Edges,
    EdgeProperties,
    Node,
    Edge,
    Outgoing,
    Incoming,
    Kind,
    EdgeKind,
    Type,
    Property,
    PropertyValue,
}

impl Facet {
    /// The version itself: touched by every publication.
    pub fn version() -> Self {
        Self::of(&Aspect::Version)
    }

    /// The graph's metadata and whether it is archived.
    pub fn graph() -> Self {
        Self::of(&Aspect::Graph)
    }

    /// Which nodes there are: touched when one is added or removed.
    pub fn nodes() -> Self {
        Self::of(&Aspect::Nodes)
    }

    /// Which edges there are: touched when one is connected or removed.
    pub fn edges() -> Self {
        Self::of(&Aspect::Edges)
    }

    /// The properties of any edge, of those that stay.
    pub fn edge_properties() -> Self {
        Self::of(&Aspect::EdgeProperties)
    }

    /// One node: whether it is there, and everything that its view shows.
    pub fn node(node: NodeId) -> Self {
        Self::of(&(Aspect::Node, node))
    }

    /// One edge: whether it is there, and everything that its view shows.
    pub fn edge(edge: EdgeId) -> Self {
        Self::of(&(Aspect::Edge, edge))
    }

    /// The outgoing edges of a node, with their properties.
    pub fn outgoing(node: NodeId) -> Self {
        Self::of(&(Aspect::Outgoing, node))
    }

    /// The incoming edges of a node, with their properties.
    pub fn incoming(node: NodeId) -> Self {
        Self::of(&(Aspect::Incoming, node))
    }

    /// Which nodes are of a kind.
    pub fn kind(kind: NameId) -> Self {
        Self::of(&(Aspect::Kind, kind))
    }

    /// Which edges are of a kind.
    pub fn edge_kind(kind: NameId) -> Self {
        Self::of(&(Aspect::EdgeKind, kind))
    }

    /// Which nodes have a component of a type.
    pub fn component_type(component_type: NameId) -> Self {
        Self::of(&(Aspect::Type, component_type))
    }

    /// Which nodes have which value of a property.
    pub fn property(component_type: NameId, property: &str) -> Self {
        Self::of(&(Aspect::Property, component_type, property))
    }

    /// Which nodes have one value of a property.
    pub fn property_value(component_type: NameId, property: &str, value: &Value) -> Self {
        Self::of(&(Aspect::PropertyValue, component_type, property, value))
    }

    fn of(content: &impl Hash) -> Self {
        Self(FixedState::default().hash_one(content))
    }
}

/// Is told what each publication of a graph touched, before any reader can see it.
pub trait ChangeObserver: Send + Sync + 'static {
    /// Returns whether anything rests on the graph at present; where not, the facets are not computed and
    /// [`changed`](Self::changed) is called with none.
    fn is_interested(&self) -> bool;

    /// Tells that readers will see `version` next, and what was touched since the publication before.
    fn changed(&self, version: u64, facets: &[Facet]);

    /// Tells that readers see the version of the last [`changed`](Self::changed) now.
    fn published(&self) {}
}
