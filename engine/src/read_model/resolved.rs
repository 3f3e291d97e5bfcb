//! A criterion with its names looked up, and whether a node meets it.

use std::ops::Bound;

use crate::index::Number;
use crate::pool::{ComponentRegistry, NameId, Names};
use crate::state::At;
use crate::topology::NodeIndex;
use crate::value::Value;

use super::criterion::Criterion;

/// A criterion in terms of one graph's names.
#[derive(Debug)]
pub(super) enum Resolved {
    All,
    /// A name that the graph never had stands in it.
    Nothing,
    /// Ascending, each once.
    Ids(Vec<NodeIndex>),
    Kind(NameId),
    Component(NameId),
    /// The category, and the types in it that the graph ever had.
    Category(NameId, Vec<NameId>),
    Has(NameId, NameId),
    Equals(NameId, NameId, Value),
    Range(NameId, NameId, Bound<Value>, Bound<Value>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
}

impl Resolved {
    pub(super) fn of(criterion: &Criterion, at: At<'_>, registry: &ComponentRegistry) -> Self {
        let names = at.pool().names();
        let all = |criteria: &[Criterion]| criteria.iter().map(|criterion| Self::of(criterion, at, registry)).collect();
        match criterion {
            Criterion::All => Self::All,
            Criterion::Ids(ids) => {
                let mut nodes: Vec<NodeIndex> = ids.iter().filter_map(|id| at.find_node(*id)).collect();
                nodes.sort_unstable();
                nodes.dedup();
                Self::Ids(nodes)
            }
            Criterion::Kind(kind) => names.find(kind).map_or(Self::Nothing, Self::Kind),
            Criterion::Component(component) => names.find(component).map_or(Self::Nothing, Self::Component),
            Criterion::Category(category) => {
                let types = registry.types_in(category).into_iter().filter_map(|name| names.find(name)).collect();
                names.find(category).map_or(Self::Nothing, |category| Self::Category(category, types))
            }
            Criterion::Has { component, property } => pair(names, component, property)
                .map_or(Self::Nothing, |(component, property)| Self::Has(component, property)),
            Criterion::Equals { component, property, value } => pair(names, component, property)
                .map_or(Self::Nothing, |(component, property)| Self::Equals(component, property, plain(value))),
            Criterion::Range { component, property, low, high } => {
                pair(names, component, property).map_or(Self::Nothing, |(component, property)| {
                    Self::Range(component, property, low.as_ref().map(plain), high.as_ref().map(plain))
                })
            }
            Criterion::And(criteria) => Self::And(all(criteria)),
            Criterion::Or(criteria) => Self::Or(all(criteria)),
            Criterion::Not(criterion) => Self::Not(Box::new(Self::of(criterion, at, registry))),
        }
    }

    /// Returns whether a node is there and meets the criterion.
    pub(super) fn matches(&self, at: At<'_>, node: NodeIndex) -> bool {
        at.contains_node(node) && self.holds(at, node)
    }

    /// Returns whether a node that is there meets the criterion.
    fn holds(&self, at: At<'_>, node: NodeIndex) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Ids(nodes) => nodes.binary_search(&node).is_ok(),
            Self::Kind(kind) => at.node_kind(node) == *kind,
            Self::Component(component) => at.component(node, *component).is_some(),
            Self::Category(_, types) => types.iter().any(|component| at.component(node, *component).is_some()),
            Self::Has(component, property) => property_of(at, node, *component, *property).is_some(),
            Self::Equals(component, property, value) => {
                property_of(at, node, *component, *property).is_some_and(|found| equal(&found, value))
            }
            Self::Range(component, property, low, high) => {
                property_of(at, node, *component, *property).is_some_and(|found| is_within(&found, low, high))
            }
            Self::And(criteria) => criteria.iter().all(|criterion| criterion.holds(at, node)),
            Self::Or(criteria) => criteria.iter().any(|criterion| criterion.holds(at, node)),
            Self::Not(criterion) => !criterion.holds(at, node),
        }
    }
}

/// Returns a value as properties have it: without −0.
pub(super) fn plain(value: &Value) -> Value {
    match value {
        Value::Float(number) => Value::Float(number + 0.0),
        Value::List(values) => Value::List(values.iter().map(plain).collect()),
        Value::Map(map) => Value::Map(map.iter().map(|(name, value)| (name.clone(), plain(value))).collect()),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Bytes(_) | Value::Link(_) => {
            value.clone()
        }
    }
}

fn pair(names: &Names, component: &str, property: &str) -> Option<(NameId, NameId)> {
    Some((names.find(component)?, names.find(property)?))
}

/// Returns the value of a node's property.
pub(super) fn property_of(at: At<'_>, node: NodeIndex, component: NameId, property: NameId) -> Option<Value> {
    let pool = at.pool();
    Some(pool.value(pool.property(at.component(node, component)?, property)?))
}

/// Returns whether two values are equal, numbers as numbers.
fn equal(a: &Value, b: &Value) -> bool {
    match (Number::of(a), Number::of(b)) {
        (Some(a), Some(b)) => a.compare(b).is_eq(),
        _ => a == b,
    }
}

/// Returns whether a value lies within bounds of its own type; any value does where both are open.
fn is_within(value: &Value, low: &Bound<Value>, high: &Bound<Value>) -> bool {
    let above = |bound: &Value| compare(value, bound);
    let low = match low {
        Bound::Included(bound) => above(bound).is_some_and(std::cmp::Ordering::is_ge),
        Bound::Excluded(bound) => above(bound).is_some_and(std::cmp::Ordering::is_gt),
        Bound::Unbounded => true,
    };
    low && match high {
        Bound::Included(bound) => above(bound).is_some_and(std::cmp::Ordering::is_le),
        Bound::Excluded(bound) => above(bound).is_some_and(std::cmp::Ordering::is_lt),
        Bound::Unbounded => true,
    }
}

/// Compares two values of a type; `None` for two types.
fn compare(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (Number::of(a), Number::of(b)) {
        (Some(a), Some(b)) => Some(a.compare(b)),
        (None, None) => (std::mem::discriminant(a) == std::mem::discriminant(b)).then(|| a.cmp(b)),
        (Some(_), None) | (None, Some(_)) => None,
    }
}
