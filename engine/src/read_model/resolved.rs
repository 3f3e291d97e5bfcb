//! A criterion with its names looked up, and whether a node meets it.

use std::ops::Bound;

use crate::dag_cbor::Encoder;
use crate::index::Number;
use crate::pool::{ComponentRegistry, NameId, Names, Pool};
use crate::state::{At, NodeContent, PendingNode};
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
    Equals(NameId, NameId, Wanted),
    Range(NameId, NameId, Bound<Value>, Bound<Value>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
}

/// A value that a property is to equal, numbers as numbers.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) value: Value,
    /// The canonical bytes of each value that is equal: a pool keeps values by these.
    forms: Vec<Vec<u8>>,
}

impl Wanted {
    fn new(value: &Value) -> Self {
        let value = plain(value);
        let twin = Number::of(&value).and_then(Number::twin);
        let forms = std::iter::once(&value).chain(&twin).filter(|form| form.is_encodable()).map(form_of).collect();
        Self { value, forms }
    }
}

fn form_of(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes).value(value);
    bytes
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
                .map_or(Self::Nothing, |(component, property)| Self::Equals(component, property, Wanted::new(value))),
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
        at.node_content(node).is_some_and(|content| self.holds(at.pool(), node, content))
    }

    /// Returns whether a node that the index lacks is there and meets the criterion.
    pub(super) fn matches_pending(&self, at: At<'_>, pending: &PendingNode) -> bool {
        pending.content.is_some_and(|content| self.holds(at.pool(), pending.node, content))
    }

    /// Returns whether a node that is there meets the criterion.
    fn holds(&self, pool: &Pool, node: NodeIndex, content: NodeContent) -> bool {
        let has = |component: NameId| pool.find_component(content.set, component).is_some();
        let property = |component, property| pool.property(pool.find_component(content.set, component)?, property);
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Ids(nodes) => nodes.binary_search(&node).is_ok(),
            Self::Kind(kind) => content.kind == *kind,
            Self::Component(component) => has(*component),
            Self::Category(_, types) => types.iter().any(|component| has(*component)),
            Self::Has(component, name) => property(*component, *name).is_some(),
            Self::Equals(component, name, wanted) => property(*component, *name).is_some_and(|found| {
                let found = pool.value_bytes(found);
                wanted.forms.iter().any(|form| form == found)
            }),
            Self::Range(component, name, low, high) => {
                property(*component, *name).is_some_and(|found| is_within(&pool.value(found), low, high))
            }
            Self::And(criteria) => criteria.iter().all(|criterion| criterion.holds(pool, node, content)),
            Self::Or(criteria) => criteria.iter().any(|criterion| criterion.holds(pool, node, content)),
            Self::Not(criterion) => !criterion.holds(pool, node, content),
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
