//! What the wire and the limits allow, apart from any state: names, keys, values, numbers.
//!
//! Each function returns its argument in canonical form: sorted, without repetition.

use crate::command::{Limits, Rejected};
use crate::dag_cbor::DEPTH_MAX;
use crate::entity::{Component, EdgeEntity, GraphMetadata, Key, NodeEntity};
use crate::id::GraphId;
use crate::id::NodeId;
use crate::pool::ComponentRegistry;
use crate::value::{Name, Properties, Value, compare_names};

use super::measure;

/// The rules that need no state.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) graph: GraphId,
    pub(super) limits: Limits,
    pub(super) registry: ComponentRegistry,
}

/// How deep a value can be nested so that every block that holds it can be read: what is around it in a block, and in
/// the state's records, is less than sixteen deep.
const READABLE_DEPTH_MAX: usize = DEPTH_MAX - 16;

/// Refuses what is above a limit.
pub(super) fn within(what: &'static str, limit: usize, actual: usize) -> Result<(), Rejected> {
    if actual > limit { Err(Rejected::LimitExceeded { what, limit, actual }) } else { Ok(()) }
}

impl Rules {
    pub(super) fn name(&self, what: &'static str, name: &str) -> Result<(), Rejected> {
        if name.is_empty() {
            return Err(Rejected::EmptyName { what });
        }
        within("name_bytes_max", self.limits.name_bytes_max, name.len())
    }

    pub(super) fn metadata(&self, metadata: &GraphMetadata) -> Result<(), Rejected> {
        self.name("graph name", &metadata.name)?;
        within("name_bytes_max", self.limits.name_bytes_max, metadata.domain.len())?;
        self.properties(&metadata.properties)?;
        let names = measure::text(&metadata.name) + measure::text(&metadata.domain);
        self.element(names + measure::properties(&metadata.properties))
    }

    pub(super) fn value(&self, value: &Value) -> Result<(), Rejected> {
        // Depth first: what is measured and walked afterwards is nested no deeper than allowed.
        let depth_max = self.limits.value_depth_max.min(READABLE_DEPTH_MAX);
        within("value_depth_max", depth_max, depth(value, depth_max + 1))?;
        within("value_bytes_max", self.limits.value_bytes_max, measure::value(value))?;
        if !value.is_encodable() {
            let reason = "floats are finite and not negative zero; Value::float makes them so";
            return Err(Rejected::InvalidNumber { what: "a property's value", reason });
        }
        Ok(())
    }

    pub(super) fn properties(&self, properties: &Properties) -> Result<(), Rejected> {
        within("properties_max", self.limits.properties_max, properties.len())?;
        properties.iter().try_for_each(|(name, value)| {
            self.name("property name", name)?;
            self.value(value)
        })
    }

    /// Checks a component and its schema.
    pub(super) fn component(&self, component: &Component) -> Result<(), Rejected> {
        self.name("component type", &component.component_type)?;
        self.properties(&component.properties)?;
        self.schema(component)
    }

    pub(super) fn schema(&self, component: &Component) -> Result<(), Rejected> {
        self.registry.check(component).map_err(|violation| Rejected::SchemaViolation {
            component_type: component.component_type.clone(),
            reason: violation.to_string(),
        })
    }

    /// Checks a node by itself and sorts its components.
    pub(super) fn node(&self, mut node: NodeEntity) -> Result<NodeEntity, Rejected> {
        self.name("node kind", &node.kind)?;
        if let Some(key) = &node.key {
            self.key(node.id, &node.kind, key)?;
        }
        within("components_max", self.limits.components_max, node.components.len())?;
        node.components.iter().try_for_each(|component| self.component(component))?;
        node.components.sort_by(|a, b| compare_names(&a.component_type, &b.component_type));
        if let Some(pair) = node.components.windows(2).find(|pair| pair[0].component_type == pair[1].component_type) {
            let component_type = pair[0].component_type.clone();
            return Err(Rejected::DuplicateComponent { node: node.id, component_type });
        }
        self.element(measure::node(&node))?;
        Ok(node)
    }

    fn key(&self, node: NodeId, kind: &str, key: &Key) -> Result<(), Rejected> {
        if let Key::Text(text) = key {
            if text.is_empty() {
                return Err(Rejected::EmptyName { what: "key" });
            }
            within("key_bytes_max", self.limits.key_bytes_max, text.len())?;
        }
        let expected = NodeId::of_key(self.graph, kind, key);
        if expected == node { Ok(()) } else { Err(Rejected::KeyMismatch { node, expected }) }
    }

    pub(super) fn edge(&self, edge: &EdgeEntity) -> Result<(), Rejected> {
        self.name("edge kind", &edge.kind)?;
        self.properties(&edge.properties)?;
        self.element(measure::edge(edge))
    }

    /// Checks that one element fits into an event.
    pub(super) fn element(&self, bytes: usize) -> Result<(), Rejected> {
        within("event_bytes_max", self.limits.event_bytes_max, bytes + measure::ENVELOPE)
    }

    /// Returns the bytes that the elements of one event may have together.
    pub(super) const fn element_bytes_max(&self) -> usize {
        self.limits.event_bytes_max.saturating_sub(measure::ENVELOPE)
    }

    /// Checks the length of a bulk command's list.
    pub(super) fn elements(&self, command: &'static str, len: usize) -> Result<(), Rejected> {
        if len == 0 {
            return Err(Rejected::NothingToDo { command });
        }
        within("elements_max", self.limits.elements_max, len)
    }

    /// Checks the two halves of a merge and returns `unset` sorted, without repetition and without what is set.
    pub(super) fn merge(&self, command: &'static str, set: &Properties, unset: &[Name]) -> Result<Vec<Name>, Rejected> {
        if set.is_empty() && unset.is_empty() {
            return Err(Rejected::NothingToDo { command });
        }
        self.properties(set)?;
        within("properties_max", self.limits.properties_max, unset.len())?;
        unset.iter().try_for_each(|name| self.name("property name", name))?;
        let mut unset: Vec<Name> = unset.iter().filter(|name| set.get(name).is_none()).cloned().collect();
        unset.sort_by(|a, b| compare_names(a, b));
        unset.dedup();
        Ok(unset)
    }
}

/// Returns how deep a value is nested, but looks no deeper than `limit`.
fn depth(value: &Value, limit: usize) -> usize {
    if limit == 0 {
        return 0;
    }
    match value {
        Value::List(values) => 1 + values.iter().map(|inner| depth(inner, limit - 1)).max().unwrap_or(0),
        Value::Map(map) => 1 + map.iter().map(|(_, inner)| depth(inner, limit - 1)).max().unwrap_or(0),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::Link(_) => 0,
    }
}

/// Checks that numbers are finite.
pub(super) fn finite(what: &'static str, numbers: &[f64]) -> Result<(), Rejected> {
    if numbers.iter().all(|number| number.is_finite()) {
        return Ok(());
    }
    Err(Rejected::InvalidNumber { what, reason: "it is not finite" })
}
