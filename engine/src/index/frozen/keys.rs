//! Values in a file: a number each, a type each, and the bytes of those that are no numbers.
//!
//! The number is the value itself, or where its bytes end; they begin where those of the value before end.

use super::damaged::Damaged;
use crate::cid::{CID_LEN, Cid};
use crate::index::key::Key;
use crate::value::{Name, Value};

/// Values as they are written.
#[derive(Debug, Default)]
pub(super) struct KeyColumns {
    pub(super) numbers: Vec<u64>,
    /// The rank of each value's type.
    pub(super) types: Vec<u8>,
    pub(super) heap: Vec<u8>,
}

impl KeyColumns {
    /// Adds a value.
    pub(super) fn push(&mut self, key: &Key) {
        let number = match key {
            Key::Null => 0,
            Key::Bool(value) => u64::from(*value),
            Key::Int(value) => value.cast_unsigned(),
            Key::Float(value) => value.to_bits(),
            Key::Text(value) => self.keep(value.as_bytes()),
            Key::Bytes(value) => self.keep(value),
            Key::Link(value) => self.keep(&value.to_bytes()),
        };
        self.numbers.push(number);
        self.types.push(key.rank());
    }

    fn keep(&mut self, bytes: &[u8]) -> u64 {
        self.heap.extend_from_slice(bytes);
        self.heap.len() as u64
    }
}

/// Reads values, which must be indexable ones in strictly ascending order and use up their bytes.
pub(super) fn read_keys(numbers: &[u64], types: &[u8], heap: &[u8]) -> Result<Vec<Key>, Damaged> {
    let mut start = 0;
    let mut keys: Vec<Key> = Vec::with_capacity(numbers.len());
    for (number, rank) in numbers.iter().zip(types) {
        let key = read_key(*number, *rank, heap, &mut start).ok_or_else(|| Damaged::new("a value is none"))?;
        if keys.last().is_some_and(|last| last.compare(&key.to_value()).is_ge()) {
            return Err(Damaged::new("values do not ascend"));
        }
        keys.push(key);
    }
    (start == heap.len()).then_some(keys).ok_or_else(|| Damaged::new("values do not use up their bytes"))
}

fn read_key(number: u64, rank: u8, heap: &[u8], start: &mut usize) -> Option<Key> {
    let mut bytes = || {
        let bytes = heap.get(*start..usize::try_from(number).ok()?)?;
        *start += bytes.len();
        Some(bytes)
    };
    match rank {
        0 => (number == 0).then_some(Key::Null),
        1 => (number < 2).then_some(Key::Bool(number == 1)),
        2 => Some(Key::Int(number.cast_signed())),
        3 => Some(f64::from_bits(number)).filter(|float| Value::Float(*float).is_encodable()).map(Key::Float),
        4 => std::str::from_utf8(bytes()?).ok().map(|text| Key::Text(Name::new(text))),
        5 => Some(Value::Bytes(bytes()?.into())).filter(Key::covers).map(|value| Key::of(&value)),
        8 => {
            let bytes = bytes()?;
            (bytes.len() == CID_LEN).then(|| Cid::from_bytes(bytes).ok()).flatten().map(|cid| Key::Link(Box::new(cid)))
        }
        _ => None,
    }
}
