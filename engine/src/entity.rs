//! Nodes, edges and components as commands and events name them.

use std::fmt;

use crate::id::{EdgeId, GraphId, NodeId};
use crate::value::{Name, Properties, Value};

/// The caller's own name for a node: text or a number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A number.
    Number(i64),
    /// Text.
    Text(Name),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl From<i64> for Key {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(Name::new(text))
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// A typed bag of properties on a node: `Visual {color: "blue"}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Component {
    /// The component's type.
    pub component_type: Name,
    /// Its properties.
    pub properties: Properties,
}

impl Component {
    /// Makes a component.
    pub fn new(component_type: impl Into<Name>, properties: impl Into<Properties>) -> Self {
        Self { component_type: component_type.into(), properties: properties.into() }
    }
}

/// A node to be added.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeEntity {
    /// The node's id; that of a keyed node is [`NodeId::of_key`].
    pub id: NodeId,
    /// The node's type.
    pub kind: Name,
    /// The caller's own name for it.
    pub key: Option<Key>,
    /// Its components, at most one of a type, in DAG-CBOR's key order of their types.
    pub components: Vec<Component>,
}

impl NodeEntity {
    /// Makes a node without key or components.
    pub fn new(id: NodeId, kind: impl Into<Name>) -> Self {
        Self { id, kind: kind.into(), key: None, components: Vec::new() }
    }

    /// Makes a node that its `key` names; the id is [`NodeId::of_key`].
    pub fn keyed(graph: GraphId, kind: impl Into<Name>, key: impl Into<Key>) -> Self {
        let (kind, key) = (kind.into(), key.into());
        Self { id: NodeId::of_key(graph, &kind, &key), kind, key: Some(key), components: Vec::new() }
    }

    /// Adds a component; one of the same type is replaced.
    #[must_use]
    pub fn with(mut self, component_type: impl Into<Name>, properties: impl Into<Properties>) -> Self {
        let component = Component::new(component_type, properties);
        let order = |have: &Component| crate::value::compare_names(&have.component_type, &component.component_type);
        match self.components.binary_search_by(order) {
            Ok(at) => self.components[at] = component,
            Err(at) => self.components.insert(at, component),
        }
        self
    }
}

impl NodeId {
    /// Derives the id of the node that `key` names: UUIDv5 below the graph's id of the kind, a zero byte, the key's
    /// type (`n` or `t`) and the key's text.
    pub fn of_key(graph: GraphId, kind: &str, key: &Key) -> Self {
        let mut name = Vec::with_capacity(64);
        name.extend_from_slice(kind.as_bytes());
        match key {
            Key::Number(number) => {
                name.extend_from_slice(b"\0n");
                name.extend_from_slice(number.to_string().as_bytes());
            }
            Key::Text(text) => {
                name.extend_from_slice(b"\0t");
                name.extend_from_slice(text.as_bytes());
            }
        }
        Self::derive(graph.as_bytes(), &name)
    }
}

/// An edge to be connected.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EdgeEntity {
    /// The caller's id for it; without one the engine makes [`EdgeId::engine_made`] of the event's version and the
    /// edge's index in the event.
    pub id: Option<EdgeId>,
    /// The edge's type.
    pub kind: Name,
    /// The node it starts at.
    pub source: NodeId,
    /// The node it ends at.
    pub target: NodeId,
    /// Its properties.
    pub properties: Properties,
}

impl EdgeEntity {
    /// Makes an edge with an engine-made id and no properties.
    pub fn new(source: NodeId, kind: impl Into<Name>, target: NodeId) -> Self {
        Self { id: None, kind: kind.into(), source, target, properties: Properties::new() }
    }

    /// Sets the properties.
    #[must_use]
    pub fn with_properties(mut self, properties: impl Into<Properties>) -> Self {
        self.properties = properties.into();
        self
    }
}

/// What a graph is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphMetadata {
    /// The graph's name, not empty.
    pub name: Name,
    /// The domain it belongs to, `business` for example; may be empty.
    pub domain: Name,
    /// What else the caller wants kept.
    pub properties: Properties,
}

impl GraphMetadata {
    /// Makes metadata with a name alone.
    pub fn named(name: impl Into<Name>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// A merge into one component of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeUpdate {
    /// The node.
    pub node: NodeId,
    /// The component type; a node without such a component gets one.
    pub component_type: Name,
    /// Properties to set.
    pub set: Properties,
    /// Properties to take away, sorted as DAG-CBOR keys are.
    pub unset: Vec<Name>,
}

/// What happens to a node's place in space or in the hierarchy.
///
/// Space is the component [`SPATIAL`]: floats `x`, `y`, `z`, lists `scale` (three floats) and `rotation` (a quaternion
/// x, y, z, w). A node without it stands at the origin, unscaled and unrotated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TransformOperation {
    /// Adds a vector to the position.
    Translate([f64; 3]),
    /// Multiplies the scale, axis by axis.
    Scale([f64; 3]),
    /// Multiplies the rotation from the right by a unit quaternion (x, y, z, w).
    Rotate([f64; 4]),
    /// Makes the node a child of another, or a root.
    Reparent(Option<NodeId>),
}

/// The component type that holds a node's place in space.
pub const SPATIAL: &str = "Spatial";
/// The component type that holds a node's parent: property `parent`, the id's sixteen bytes.
pub const HIERARCHY: &str = "Hierarchy";
/// The component type that holds a node's point in a conceptual space: `space` text, `coordinates` list of floats.
pub const CONCEPTUAL_POINT: &str = "ConceptualPoint";

/// A point in a conceptual space.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptualPoint {
    /// The space's name.
    pub space: Name,
    /// The coordinates, one a quality dimension.
    pub coordinates: Vec<f64>,
}

impl ConceptualPoint {
    /// Returns the point as the properties of a [`CONCEPTUAL_POINT`] component.
    pub fn to_properties(&self) -> Properties {
        let coordinates = self.coordinates.iter().map(|number| Value::Float(number + 0.0)).collect();
        Properties::from([("space", Value::Text(self.space.clone())), ("coordinates", Value::List(coordinates))])
    }
}
