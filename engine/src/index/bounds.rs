//! The bounds of a range, as keys are compared with them.

use std::ops::Bound;

use super::key::{Key, rank};
use super::number::Number;
use crate::value::Value;

/// The rank of integers.
pub(super) const INT_RANK: u8 = rank(&Value::Int(0));
/// The rank of floats.
pub(super) const FLOAT_RANK: u8 = rank(&Value::Float(0.0));

/// Returns the number that `key` is; `None` where it is none.
pub(super) fn as_number(key: &Key) -> Option<Number> {
    match key {
        Key::Int(number) => Some(Number::Int(*number)),
        Key::Float(number) => Some(Number::Float(*number)),
        Key::Null | Key::Bool(_) | Key::Text(_) | Key::Bytes(_) | Key::Link(_) => None,
    }
}

/// Returns the value at the bound; `None` where the side is open.
pub(super) const fn inner(bound: Bound<&Value>) -> Option<&Value> {
    match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(value),
        Bound::Unbounded => None,
    }
}

/// Returns the bound as one of numbers, an open side staying open; `None` where it is another value.
pub(super) fn number_bound(bound: Bound<&Value>) -> Option<Bound<Number>> {
    match bound {
        Bound::Included(value) => Number::of(value).map(Bound::Included),
        Bound::Excluded(value) => Number::of(value).map(Bound::Excluded),
        Bound::Unbounded => Some(Bound::Unbounded),
    }
}

/// Returns whether `key` lies before the range.
pub(super) fn is_before(key: &Key, lower: Bound<&Value>) -> bool {
    match lower {
        Bound::Included(value) => key.compare(value).is_lt(),
        Bound::Excluded(value) => key.compare(value).is_le(),
        Bound::Unbounded => false,
    }
}

/// Returns whether `key` lies after the range.
pub(super) fn is_after(key: &Key, upper: Bound<&Value>) -> bool {
    match upper {
        Bound::Included(value) => key.compare(value).is_gt(),
        Bound::Excluded(value) => key.compare(value).is_ge(),
        Bound::Unbounded => false,
    }
}
