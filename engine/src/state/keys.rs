//! The keys of the frozen nodes, end to end in one heap.

use std::io;

use crate::entity::Key;
use crate::packed::{Order, PackedInts, PackedIntsBuilder};
use crate::pages::SnapshotDamage;
use crate::sections::{SectionKind, SectionWriter, Sections};
use crate::slab::Slab;

/// Keys by ordinal: nothing, `n` and a number in eight bytes, or `t` and text. Without any key it owns no heap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KeyColumn {
    offsets: PackedInts,
    bytes: Slab<u8>,
}

const NUMBER: u8 = b'n';
const TEXT: u8 = b't';

impl KeyColumn {
    /// Packs keys, which are asked for twice.
    pub(super) fn build(keys: impl ExactSizeIterator<Item = Option<Key>> + Clone) -> Self {
        let len = keys.clone().flatten().map(|key| len_of(&key)).sum();
        let mut bytes = Vec::with_capacity(len);
        let mut offsets = PackedIntsBuilder::new(keys.len() + 1, len as u64);
        offsets.push(0);
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
        Self { offsets: offsets.finish(), bytes: Slab::new(bytes) }
    }

    pub(super) fn get(&self, node: usize) -> Option<Key> {
        let (tag, rest) = self.bytes.run(self.offsets.span(node)).split_first()?;
        if *tag == NUMBER {
            let number = rest.try_into().unwrap_or_else(|_| self.bytes.broken("a number has not eight bytes"));
            return Some(Key::Number(i64::from_le_bytes(number)));
        }
        let text = std::str::from_utf8(rest).unwrap_or_else(|_| self.bytes.broken("a key is no text"));
        Some(Key::from(text))
    }

    pub(super) fn write(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        out.numbers(SectionKind::KeyOffsets, &self.offsets)?;
        out.slab(SectionKind::KeyBytes, &self.bytes)
    }

    /// Reads the keys of `nodes` nodes of a file.
    pub(super) fn read(sections: &Sections, nodes: usize) -> Result<Self, SnapshotDamage> {
        let bytes: Slab<u8> = sections.slab(SectionKind::KeyBytes, Box::new(|_, _| true))?;
        let below = bytes.len() as u64 + 1;
        let offsets = sections.numbers(SectionKind::KeyOffsets, nodes + 1, below, Order::Ascending)?;
        Ok(Self { offsets, bytes })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.offsets.heap_bytes() + self.bytes.heap_bytes()
    }
}

/// Returns the bytes that a key takes.
fn len_of(key: &Key) -> usize {
    1 + match key {
        Key::Number(number) => size_of_val(number),
        Key::Text(text) => text.len(),
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
