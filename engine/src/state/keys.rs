//! The keys of the frozen nodes, end to end in one heap.

use crate::entity::Key;
use crate::packed::PackedInts;
use crate::slab::Slab;

/// Keys by ordinal: nothing, `n` and a number in eight bytes, or `t` and text. Without any key it owns no heap.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct KeyColumn {
    offsets: PackedInts,
    bytes: Slab<u8>,
}

const NUMBER: u8 = b'n';
const TEXT: u8 = b't';

impl KeyColumn {
    pub(super) fn build(keys: impl Iterator<Item = Option<Key>>) -> Self {
        let mut bytes = Vec::new();
        let mut offsets = vec![0];
        for key in keys {
            match key {
                None => {}
                Some(Key::Number(number)) => {
                    bytes.push(NUMBER);
                    bytes.extend_from_slice(&number.to_le_bytes());
                }
                Some(Key::Text(text)) => {
                    bytes.push(TEXT);
                    bytes.extend_from_slice(text.as_bytes());
                }
            }
            offsets.push(bytes.len() as u64);
        }
        Self { offsets: offsets.into_iter().collect(), bytes: Slab::new(bytes) }
    }

    pub(super) fn get(&self, node: usize) -> Option<Key> {
        let (tag, rest) = self.bytes[self.offsets.span(node)].split_first()?;
        if *tag == NUMBER {
            return Some(Key::Number(i64::from_le_bytes(rest.try_into().expect("a number has eight bytes"))));
        }
        Some(Key::from(std::str::from_utf8(rest).expect("a text was put in as text")))
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.offsets.heap_bytes() + self.bytes.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_given_back() {
        let keys = [None, Some(Key::from(-5)), Some(Key::from("")), Some(Key::from("zoë")), None];
        let column = KeyColumn::build(keys.iter().cloned());
        for (node, key) in keys.iter().enumerate() {
            assert_eq!(column.get(node), *key);
        }
        assert_eq!(KeyColumn::build([None, None].into_iter()).heap_bytes(), 0);
    }
}
