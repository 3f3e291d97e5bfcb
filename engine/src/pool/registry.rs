//! What is known of component types: the category each belongs to and the properties it should have.
//!
//! A registry is put together once and then only read; clones share it. Types that it does not know are allowed: they
//! belong to no category and have no schema.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::entity::{CONCEPTUAL_POINT, Component, HIERARCHY, SPATIAL};
use crate::value::{Name, Value, compare_names};

/// The kind of value that a schema demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Whatever it is.
    Any,
    /// True or false.
    Bool,
    /// An integer.
    Int,
    /// An integer or a float.
    Number,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A list of whatever.
    List,
    /// A map of whatever.
    Map,
    /// A link to a block.
    Link,
}

impl ValueType {
    /// Returns whether a value is of this type.
    pub const fn admits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Bool => matches!(value, Value::Bool(_)),
            Self::Int => matches!(value, Value::Int(_)),
            Self::Number => matches!(value, Value::Int(_) | Value::Float(_)),
            Self::Text => matches!(value, Value::Text(_)),
            Self::Bytes => matches!(value, Value::Bytes(_)),
            Self::List => matches!(value, Value::List(_)),
            Self::Map => matches!(value, Value::Map(_)),
            Self::Link => matches!(value, Value::Link(_)),
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any value",
            Self::Bool => "true or false",
            Self::Int => "an integer",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Link => "a link",
        })
    }
}

/// How a component disagrees with its type's schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaViolation {
    /// A property that the type demands is not there.
    #[error("property {property} is missing")]
    Missing {
        /// The property.
        property: Name,
    },
    /// A property has a value of another type.
    #[error("property {property} is not {expected}")]
    WrongType {
        /// The property.
        property: Name,
        /// What its value should be.
        expected: ValueType,
    },
}

/// A component type: its name, its category and its schema.
///
/// Properties beyond the schema are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentType {
    name: Name,
    category: Option<Name>,
    properties: Vec<PropertySchema>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct PropertySchema {
    name: Name,
    value_type: ValueType,
    is_required: bool,
}

impl ComponentType {
    /// Makes a type without category or schema.
    pub fn new(name: impl Into<Name>) -> Self {
        Self { name: name.into(), category: None, properties: Vec::new() }
    }

    /// Puts the type into a category.
    #[must_use]
    pub fn in_category(mut self, category: impl Into<Name>) -> Self {
        self.category = Some(category.into());
        self
    }

    /// Demands a property.
    #[must_use]
    pub fn requires(self, property: impl Into<Name>, value_type: ValueType) -> Self {
        self.with_property(property.into(), value_type, true)
    }

    /// Demands of a property, where it is there, a value of this type.
    #[must_use]
    pub fn allows(self, property: impl Into<Name>, value_type: ValueType) -> Self {
        self.with_property(property.into(), value_type, false)
    }

    fn with_property(mut self, name: Name, value_type: ValueType, is_required: bool) -> Self {
        self.properties.retain(|property| property.name != name);
        self.properties.push(PropertySchema { name, value_type, is_required });
        self
    }

    fn check(&self, component: &Component) -> Result<(), SchemaViolation> {
        for PropertySchema { name, value_type, is_required } in &self.properties {
            let property = name.clone();
            match component.properties.get(name) {
                Some(value) if value_type.admits(value) => {}
                Some(_) => return Err(SchemaViolation::WrongType { property, expected: *value_type }),
                None if *is_required => return Err(SchemaViolation::Missing { property }),
                None => {}
            }
        }
        Ok(())
    }
}

/// The known component types. Clones share it.
///
/// ```
/// use cidgraph::Component;
/// use cidgraph::pool::{ComponentRegistry, ComponentType, ValueType};
///
/// let visual = ComponentType::new("Visual").in_category("visual").requires("color", ValueType::Text);
/// let registry = ComponentRegistry::default().with(visual);
/// assert!(registry.check(&Component::new("Visual", [("color", "blue")])).is_ok());
/// assert!(registry.check(&Component::new("Visual", [("color", 7)])).is_err());
/// assert_eq!(registry.category("Spatial").unwrap(), "spatial");
/// ```
#[derive(Debug, Clone)]
pub struct ComponentRegistry {
    types: Arc<HashMap<Name, ComponentType, FixedState>>,
}

impl ComponentRegistry {
    /// Makes a registry that knows no type.
    pub fn new() -> Self {
        Self { types: Arc::default() }
    }

    /// Adds a type; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, component_type: ComponentType) -> Self {
        Arc::make_mut(&mut self.types).insert(component_type.name.clone(), component_type);
        self
    }

    /// Returns the category of a type, where it has one.
    pub fn category(&self, component_type: &str) -> Option<&Name> {
        self.types.get(component_type)?.category.as_ref()
    }

    /// Returns the types of a category, in DAG-CBOR's key order.
    pub fn types_in(&self, category: &str) -> Vec<&Name> {
        let types = self.types.values().filter(|known| known.category.as_deref() == Some(category));
        let mut names: Vec<&Name> = types.map(|known| &known.name).collect();
        names.sort_by(|a, b| compare_names(a, b));
        names
    }

    /// Returns the names of all types and categories, in DAG-CBOR's key order.
    pub fn names(&self) -> Vec<&Name> {
        let of_types = self.types.values().map(|known| &known.name);
        let of_categories = self.types.values().filter_map(|known| known.category.as_ref());
        let mut names: Vec<&Name> = of_types.chain(of_categories).collect();
        names.sort_by(|a, b| compare_names(a, b));
        names.dedup();
        names
    }

    /// Checks a component against its type's schema; one of an unknown type has none.
    ///
    /// # Errors
    /// Where a property is missing or of another type.
    pub fn check(&self, component: &Component) -> Result<(), SchemaViolation> {
        self.types.get(&component.component_type).map_or(Ok(()), |known| known.check(component))
    }
}

impl Default for ComponentRegistry {
    /// Makes a registry of the types that the engine itself reads.
    fn default() -> Self {
        let spatial = ComponentType::new(SPATIAL).in_category("spatial");
        let spatial = ["x", "y", "z"].into_iter().fold(spatial, |known, axis| known.allows(axis, ValueType::Number));
        let spatial = spatial.allows("scale", ValueType::List).allows("rotation", ValueType::List);
        let hierarchy = ComponentType::new(HIERARCHY).in_category("structure").requires("parent", ValueType::Bytes);
        let point = ComponentType::new(CONCEPTUAL_POINT).in_category("conceptual");
        let point = point.requires("space", ValueType::Text).requires("coordinates", ValueType::List);
        Self::new().with(spatial).with(hierarchy).with(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Properties;

    fn check(properties: impl Into<Properties>, expected: Result<(), &str>) {
        let visual = ComponentType::new("Visual")
            .in_category("visual")
            .requires("color", ValueType::Text)
            .allows("size", ValueType::Number);
        let registry = ComponentRegistry::default().with(visual);
        let got = registry.check(&Component::new("Visual", properties)).map_err(|violation| violation.to_string());
        assert_eq!(got, expected.map_err(str::to_owned));
    }

    #[test]
    fn schema() {
        check([("color", "blue")], Ok(()));
        check([("color", Value::from("blue")), ("size", Value::from(2))], Ok(()));
        check([("color", Value::from("blue")), ("more", Value::Null)], Ok(()));
        check([("size", 2)], Err("property color is missing"));
        check([("color", 2)], Err("property color is not text"));
        check([("color", "blue"), ("size", "big")], Err("property size is not a number"));
    }

    #[test]
    fn categories_hold_several_types() {
        let named = |name: &str| ComponentType::new(name).in_category("visual");
        let registry = ComponentRegistry::default().with(named("Shape")).with(named("Color")).with(named("Ink"));
        assert_eq!(registry.types_in("visual"), ["Ink", "Color", "Shape"]);
        let categories = ["visual", "spatial", "structure", "conceptual"];
        assert!(categories.iter().all(|category| registry.names().iter().any(|name| name == category)));
        assert_eq!(registry.category(HIERARCHY).map(Name::as_str), Some("structure"));
        assert_eq!(registry.category(CONCEPTUAL_POINT).map(Name::as_str), Some("conceptual"));
        assert_eq!(registry.category("Unknown"), None);
    }

    #[test]
    fn unknown_types_are_allowed() {
        assert_eq!(ComponentRegistry::default().check(&Component::new("Unknown", [("a", 1)])), Ok(()));
    }

    #[test]
    fn a_changed_registry_leaves_its_clones_alone() {
        let registry = ComponentRegistry::new();
        let changed = registry.clone().with(ComponentType::new("Visual").in_category("visual"));
        assert_eq!((registry.category("Visual"), changed.types_in("visual").len()), (None, 1));
    }
}
