//! A value as an index keeps it: 24 bytes, in the order of [`Value`].

use std::cmp::Ordering;

use crate::cid::Cid;
use crate::value::{Name, Value};

/// The longest bytes that are indexed by value.
const BYTES_MAX: usize = 64;

/// A value that is indexed: no list, no map, no long bytes.
#[derive(Debug, Clone)]
pub(super) enum Key {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Name),
    Bytes(Box<[u8]>),
    Link(Box<Cid>),
}

const _: () = assert!(size_of::<Key>() == 24, "a key takes 24 bytes");

impl Key {
    /// Returns whether `value` is indexed.
    pub(super) fn covers(value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Link(_) => true,
            Value::Float(_) => value.is_encodable(),
            Value::Bytes(bytes) => bytes.len() <= BYTES_MAX,
            Value::List(_) | Value::Map(_) => false,
        }
    }

    /// Makes the key of a value that is indexed.
    ///
    /// # Panics
    ///
    /// On a list or a map.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Text(value) => Self::Text(value.clone()),
            Value::Bytes(value) => Self::Bytes(value.clone()),
            Value::Link(value) => Self::Link(Box::new(*value)),
            Value::List(_) | Value::Map(_) => panic!("lists and maps are not indexed by value"),
        }
    }

    /// Returns the value.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Text(value) => Value::Text(value.clone()),
            Self::Bytes(value) => Value::Bytes(value.clone()),
            Self::Link(value) => Value::Link(**value),
        }
    }

    /// Compares with a value in the order of values.
    pub(super) fn compare(&self, value: &Value) -> Ordering {
        match (self, value) {
            (Self::Int(a), Value::Int(b)) => a.cmp(b),
            (Self::Text(a), Value::Text(b)) => a.as_str().cmp(b.as_str()),
            (Self::Float(a), Value::Float(b)) => a.total_cmp(b),
            (Self::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Self::Bytes(a), Value::Bytes(b)) => a.cmp(b),
            (Self::Link(a), Value::Link(b)) => a.as_ref().cmp(b),
            _ => self.rank().cmp(&rank(value)),
        }
    }

    /// Returns the type's place in the order of values.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Float(_) => 3,
            Self::Text(_) => 4,
            Self::Bytes(_) => 5,
            Self::Link(_) => 8,
        }
    }

    /// Returns the bytes on the heap; text is shared with the value it came from and not counted.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Text(_) => 0,
            Self::Bytes(bytes) => bytes.len(),
            Self::Link(_) => size_of::<Cid>(),
        }
    }
}

/// The number of types of values.
pub(super) const RANKS: usize = 9;

/// Returns the type's place in the order of values, below [`RANKS`].
pub(super) const fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) => 2,
        Value::Float(_) => 3,
        Value::Text(_) => 4,
        Value::Bytes(_) => 5,
        Value::List(_) => 6,
        Value::Map(_) => 7,
        Value::Link(_) => 8,
    }
}
