//! Which nodes a query wants.

use std::ops::Bound;

use crate::id::NodeId;
use crate::value::{Name, Value};

/// A condition on nodes.
///
/// Numbers are compared as numbers, exactly: 3 equals 3.0, and −0 is 0. A range holds values of its bounds' type alone,
/// integers and floats being one type; with both sides open it holds every value. Within lists and maps 3 is not 3.0.
///
/// ```
/// use cidgraph::Criterion;
///
/// let wanted = Criterion::kind("Person").and(Criterion::equals("Visual", "color", "blue"));
/// let either = wanted.or(Criterion::above("Score", "points", 10).not());
/// # assert!(matches!(either, Criterion::Or(_)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Criterion {
    /// Every node.
    All,
    /// These nodes, of those that are there.
    Ids(Vec<NodeId>),
    /// Nodes of a kind.
    Kind(Name),
    /// Nodes with a component of a type.
    Component(Name),
    /// Nodes with a component of a category.
    Category(Name),
    /// Nodes with a property, whatever its value.
    Has {
        /// The component type.
        component: Name,
        /// The property.
        property: Name,
    },
    /// Nodes whose property has a value.
    Equals {
        /// The component type.
        component: Name,
        /// The property.
        property: Name,
        /// The value.
        value: Value,
    },
    /// Nodes whose property lies within bounds.
    Range {
        /// The component type.
        component: Name,
        /// The property.
        property: Name,
        /// The lower bound.
        low: Bound<Value>,
        /// The upper bound.
        high: Bound<Value>,
    },
    /// Nodes for which all hold; every node where the list is empty.
    And(Vec<Self>),
    /// Nodes for which one holds; no node where the list is empty.
    Or(Vec<Self>),
    /// Nodes for which it does not hold.
    Not(Box<Self>),
}

impl Criterion {
    /// Nodes of a kind.
    pub fn kind(kind: impl Into<Name>) -> Self {
        Self::Kind(kind.into())
    }

    /// Nodes with a component of a type.
    pub fn component(component: impl Into<Name>) -> Self {
        Self::Component(component.into())
    }

    /// Nodes with a component of a category.
    pub fn category(category: impl Into<Name>) -> Self {
        Self::Category(category.into())
    }

    /// Nodes with a property, whatever its value.
    pub fn has(component: impl Into<Name>, property: impl Into<Name>) -> Self {
        Self::Has { component: component.into(), property: property.into() }
    }

    /// Nodes whose property has a value.
    pub fn equals(component: impl Into<Name>, property: impl Into<Name>, value: impl Into<Value>) -> Self {
        Self::Equals { component: component.into(), property: property.into(), value: value.into() }
    }

    /// Nodes whose property is above a value.
    pub fn above(component: impl Into<Name>, property: impl Into<Name>, value: impl Into<Value>) -> Self {
        Self::within(component, property, Bound::Excluded(value.into()), Bound::Unbounded)
    }

    /// Nodes whose property is a value or above it.
    pub fn at_least(component: impl Into<Name>, property: impl Into<Name>, value: impl Into<Value>) -> Self {
        Self::within(component, property, Bound::Included(value.into()), Bound::Unbounded)
    }

    /// Nodes whose property is below a value.
    pub fn below(component: impl Into<Name>, property: impl Into<Name>, value: impl Into<Value>) -> Self {
        Self::within(component, property, Bound::Unbounded, Bound::Excluded(value.into()))
    }

    /// Nodes whose property is a value or below it.
    pub fn at_most(component: impl Into<Name>, property: impl Into<Name>, value: impl Into<Value>) -> Self {
        Self::within(component, property, Bound::Unbounded, Bound::Included(value.into()))
    }

    /// Nodes whose property lies within bounds.
    pub fn within(
        component: impl Into<Name>,
        property: impl Into<Name>,
        low: Bound<Value>,
        high: Bound<Value>,
    ) -> Self {
        Self::Range { component: component.into(), property: property.into(), low, high }
    }

    /// Nodes for which both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == Self::All {
            return other;
        }
        let mut all = if let Self::And(all) = self { all } else { vec![self] };
        all.push(other);
        Self::And(all)
    }

    /// Nodes for which one holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut any = if let Self::Or(any) = self { any } else { vec![self] };
        any.push(other);
        Self::Or(any)
    }

    /// Nodes for which it does not hold.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it stands beside `and` and `or`")]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}
