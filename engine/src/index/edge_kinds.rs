//! The edges of each kind, by edge ordinal.

use super::bitmap::{Bitmap, BitmapBuilder};
use super::facts::NameNumber;
use super::names::NameBitmaps;

/// The edges of each kind; a clone shares them, a change copies one block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EdgeKinds(NameBitmaps);

impl EdgeKinds {
    /// Makes the index of edges that come in ascending order of their ordinals, each with its kind.
    ///
    /// # Panics
    ///
    /// Where an edge of a kind is not above the one before.
    pub fn from_sorted(edges: impl IntoIterator<Item = (u32, NameNumber)>) -> Self {
        let mut builders: Vec<(NameNumber, BitmapBuilder)> = Vec::new();
        let mut at = 0;
        for (edge, kind) in edges {
            if builders.get(at).is_none_or(|(have, _)| *have != kind) {
                at = builders.binary_search_by_key(&kind, |(have, _)| *have).unwrap_or_else(|at| {
                    builders.insert(at, (kind, BitmapBuilder::new()));
                    at
                });
            }
            builders[at].1.push(edge);
        }
        let mut kinds = NameBitmaps::default();
        builders.into_iter().for_each(|(kind, builder)| kinds.set(kind, builder.finish()));
        Self(kinds)
    }

    /// Adds an edge and returns whether it was absent.
    pub fn insert(&mut self, kind: NameNumber, edge: u32) -> bool {
        self.0.insert(kind, edge, &mut 0)
    }

    /// Takes an edge away and returns whether it was present.
    pub fn remove(&mut self, kind: NameNumber, edge: u32) -> bool {
        self.0.remove(kind, edge, &mut 0)
    }

    /// Returns the edges of a kind; `None` where there are none.
    pub fn get(&self, kind: NameNumber) -> Option<&Bitmap> {
        self.0.get(kind)
    }

    /// Counts the edges of a kind.
    pub fn count(&self, kind: NameNumber) -> usize {
        self.get(kind).map_or(0, Bitmap::len)
    }

    /// Returns every kind that an edge has, with its edges, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (NameNumber, &Bitmap)> {
        self.0.iter()
    }

    /// Returns the bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}
