//! How many bytes elements take in a block, never less than they really do.

use crate::entity::{Component, EdgeEntity, Key, NodeEntity, NodeUpdate};
use crate::value::{Name, Properties, Value};

/// The most bytes of a head: one for the kind, eight for the length.
const HEAD: usize = 9;

/// The bytes of an id with its head.
pub(super) const ID: usize = 17;

/// What an event has beside its elements: field names, metadata, links, an actor of the longest name.
pub(super) const ENVELOPE: usize = 1024;

pub(super) fn text(text: &str) -> usize {
    HEAD + text.len()
}

/// Returns the bytes of a value and how deep it is nested, 0 for a scalar.
pub(super) fn value(value: &Value) -> (usize, usize) {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => (HEAD, 0),
        Value::Text(content) => (text(content), 0),
        Value::Bytes(bytes) => (HEAD + bytes.len(), 0),
        Value::Link(_) => (HEAD + 40, 0),
        Value::List(values) => values.iter().map(self::value).fold((HEAD, 1), deeper),
        Value::Map(map) => map
            .iter()
            .map(|(name, inner)| (text(name) + self::value(inner).0, self::value(inner).1))
            .fold((HEAD, 1), deeper),
    }
}

fn deeper((bytes, depth): (usize, usize), inner: (usize, usize)) -> (usize, usize) {
    (bytes + inner.0, depth.max(inner.1 + 1))
}

pub(super) fn properties(properties: &Properties) -> usize {
    HEAD + properties.iter().map(|(name, inner)| text(name) + value(inner).0).sum::<usize>()
}

pub(super) fn names(names: &[Name]) -> usize {
    HEAD + names.iter().map(|name| text(name)).sum::<usize>()
}

pub(super) fn component(component: &Component) -> usize {
    text(&component.component_type) + properties(&component.properties)
}

pub(super) fn node(node: &NodeEntity) -> usize {
    let key = match &node.key {
        Some(Key::Text(key)) => text(key),
        Some(Key::Number(_)) | None => HEAD,
    };
    HEAD + ID + key + text(&node.kind) + HEAD + node.components.iter().map(component).sum::<usize>()
}

pub(super) fn edge(edge: &EdgeEntity) -> usize {
    HEAD + 3 * ID + text(&edge.kind) + properties(&edge.properties)
}

pub(super) fn update(update: &NodeUpdate) -> usize {
    HEAD + ID + text(&update.component_type) + properties(&update.set) + names(&update.unset)
}

/// Splits elements into runs whose measures add up to at most `bytes_max`; an element above it stands alone.
pub(super) fn split<T>(elements: Vec<T>, bytes_max: usize, measure: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut runs = vec![Vec::new()];
    let mut bytes = 0;
    for element in elements {
        let added = measure(&element);
        if bytes > 0 && bytes + added > bytes_max {
            runs.push(Vec::new());
            bytes = 0;
        }
        bytes += added;
        runs.last_mut().expect("there is always a run").push(element);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dag_cbor::Encoder;

    #[test]
    fn a_value_is_never_measured_too_small() {
        let map = Properties::from([("a", Value::List(vec![Value::Null, Value::text("hello")]))]);
        let nested = Value::Map(map);
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes).value(&nested);
        let (measured, depth) = value(&nested);
        assert!(measured >= bytes.len());
        assert_eq!(depth, 2);
    }

    #[test]
    fn runs_stay_below_the_limit() {
        assert_eq!(split(vec![4, 4, 4, 20, 1], 8, |size| *size), [vec![4, 4], vec![4], vec![20], vec![1]]);
        assert_eq!(split(Vec::<usize>::new(), 8, |size| *size), [Vec::new()]);
    }
}
