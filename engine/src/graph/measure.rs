//! How many bytes values and elements take in a block: values exactly, elements never less than they really do.

use crate::cid::CID_LEN;
use crate::entity::{Component, EdgeEntity, Key, NodeEntity, NodeUpdate};
use crate::value::{Name, Properties, Value};

/// The most bytes that the head of a list or map within an element takes: one for the kind, eight for the length.
const HEAD: usize = 9;

/// The bytes of a float, always 64-bit.
const FLOAT: usize = 9;

/// The bytes of a link: a tag, the head of 37 bytes, a zero byte and the CID.
const LINK: usize = 2 + 2 + 1 + CID_LEN;

/// The bytes of an id with its head.
pub(super) const ID: usize = 17;

/// What an event has beside its elements: field names, metadata, links, an actor of the longest name.
pub(super) const ENVELOPE: usize = 1024;

pub(super) fn text(text: &str) -> usize {
    head(text.len() as u64) + text.len()
}

/// Returns the bytes of the head that says `number`: an integer, or a length.
const fn head(number: u64) -> usize {
    match number {
        0..24 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        0x1_0000_0000.. => 9,
    }
}

/// Returns the bytes of a value.
pub(super) fn value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Int(number) => head(if *number < 0 { !number.cast_unsigned() } else { number.cast_unsigned() }),
        Value::Float(_) => FLOAT,
        Value::Text(content) => text(content),
        Value::Bytes(bytes) => head(bytes.len() as u64) + bytes.len(),
        Value::Link(_) => LINK,
        Value::List(values) => head(values.len() as u64) + values.iter().map(self::value).sum::<usize>(),
        Value::Map(map) => properties(map),
    }
}

pub(super) fn properties(properties: &Properties) -> usize {
    let pairs = properties.iter().map(|(name, inner)| text(name) + value(inner));
    head(properties.len() as u64) + pairs.sum::<usize>()
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
    use crate::cid::{Cid, HashKind};
    use crate::dag_cbor::Encoder;

    fn check(given: &Value) {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes).value(given);
        assert_eq!(value(given), bytes.len());
    }

    #[test]
    fn values_are_measured_exactly() {
        let edges = [0, 1, 23, 24, 255, 256, 65_535, 65_536, (1 << 32) - 1, 1 << 32, i64::MAX];
        edges.into_iter().flat_map(|number| [number, -number, -number - 1]).for_each(|number| check(&number.into()));
        for len in [0, 23, 24, 255, 256, 65_535, 65_536] {
            check(&Value::text("t".repeat(len)));
            check(&Value::Bytes(vec![0; len].into()));
            check(&Value::List(vec![Value::Null; len]));
        }
        check(&Value::Link(Cid::of_block(HashKind::Sha2_256, b"block")));
        check(&Value::Link(Cid::of_block(HashKind::Blake3, b"block")));
        let list = Value::List(vec![Value::Bool(true), Value::text("hello"), Value::Float(0.5)]);
        check(&Value::Map(Properties::from([("a", list), ("bb", Value::Map(Properties::new()))])));
    }

    #[test]
    fn runs_stay_below_the_limit() {
        assert_eq!(split(vec![4, 4, 4, 20, 1], 8, |size| *size), [vec![4, 4], vec![4], vec![20], vec![1]]);
        assert_eq!(split(Vec::<usize>::new(), 8, |size| *size), [Vec::new()]);
    }
}
