//! How a component is laid out in words, and how content is hashed.
//!
//! A plain component is `[type, (property, value)*]`, the pairs in DAG-CBOR's key order of the properties' names: an odd
//! number of words. A derived one is `[type, root, (property, value)*]`, an even number: what the root component holds,
//! but for the pairs, which replace, add or (value [`REMOVED`]) take away. A root is always plain.

use std::cmp::Ordering;

use crate::value::compare_names;

use super::ids::{NameId, ValueId};
use super::names::Names;

/// The value of a property that a derived component does not have though its root does.
pub(super) const REMOVED: u32 = u32::MAX;

/// A property and its value.
pub(super) type Pair = [u32; 2];

/// A component's words, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout<'a> {
    /// All pairs.
    Plain(&'a [Pair]),
    /// The root's id and what differs.
    Derived(u32, &'a [Pair]),
}

impl<'a> Layout<'a> {
    #[inline]
    pub(super) fn of(words: &'a [u32]) -> Self {
        if words.len() % 2 == 1 {
            Self::Plain(words[1..].as_chunks().0)
        } else {
            Self::Derived(words[1], words[2..].as_chunks().0)
        }
    }
}

/// A component's properties in key order.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    names: &'a Names,
    root: &'a [Pair],
    own: &'a [Pair],
}

impl<'a> Entries<'a> {
    /// Makes the entries of a root's pairs as changed by a derived component's own; a plain one is its own root.
    pub(super) const fn new(names: &'a Names, root: &'a [Pair], own: &'a [Pair]) -> Self {
        Self { names, root, own }
    }

    /// Returns the next pair, whose value may be [`REMOVED`].
    #[inline]
    fn next_pair(&mut self) -> Option<Pair> {
        let (Some(root), Some(own)) = (self.root.first(), self.own.first()) else {
            return self.root.split_off_first().or_else(|| self.own.split_off_first()).copied();
        };
        let order = compare(self.names, root[0], own[0]);
        let root = if order.is_le() { self.root.split_off_first() } else { None };
        let own = if order.is_ge() { self.own.split_off_first() } else { None };
        own.or(root).copied()
    }
}

impl Iterator for Entries<'_> {
    type Item = (NameId, ValueId);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let [property, value] = self.next_pair()?;
            if value != REMOVED {
                return Some((NameId(property), ValueId(value)));
            }
        }
    }
}

/// Compares the names of two properties in key order.
#[inline]
pub(super) fn compare(names: &Names, a: u32, b: u32) -> Ordering {
    if a == b { Ordering::Equal } else { compare_names(names.get(NameId(a)), names.get(NameId(b))) }
}

/// Hashes bytes: words of eight, the last one filled up with zeros. What is hashed is found again in files of other
/// machines and later days, so the hash is part of the format.
#[inline]
pub(super) fn hash_bytes(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let words = words.iter().chain(std::iter::once(&last)).map(|word| u64::from_le_bytes(*word));
    finish(words.fold(SEED ^ bytes.len() as u64, mix))
}

/// Hashes words.
#[inline]
pub(super) fn hash_words(words: &[u32]) -> u64 {
    hash_each(words.iter().copied())
}

/// Hashes a component of this type and these properties, whatever its layout; as [`hash_words`] does a plain one.
#[inline]
pub(super) fn hash_component(component_type: u32, entries: Entries<'_>) -> u64 {
    hash_each(std::iter::once(component_type).chain(entries.flat_map(|(property, value)| [property.0, value.0])))
}

#[inline]
fn hash_each(words: impl Iterator<Item = u32>) -> u64 {
    finish(words.fold(SEED, |hash, word| mix(hash, u64::from(word) + 1)))
}

const SEED: u64 = 0x243f_6a88_85a3_08d3;

/// The folded multiply: both halves of the product, one upon the other.
#[inline]
const fn mix(hash: u64, word: u64) -> u64 {
    let product = (hash ^ word) as u128 * 0x9e37_79b9_7f4a_7c15_u128;
    (product >> 64) as u64 ^ product as u64
}

#[inline]
const fn finish(hash: u64) -> u64 {
    mix(hash, 0xd1b5_4a32_d192_ed03)
}
