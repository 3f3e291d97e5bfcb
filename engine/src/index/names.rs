//! Bitmaps by name: the nodes of each kind, component type or category.

use std::sync::Arc;

use super::bitmap::Bitmap;
use super::facts::NameNumber;
use super::sharing::own;

/// A bitmap a name, sorted by name, none empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NameBitmaps(Vec<(NameNumber, Arc<Bitmap>)>);

impl NameBitmaps {
    /// Takes bitmaps that are not empty; `None` where the names do not ascend.
    pub(super) fn of_sorted(bitmaps: Vec<(NameNumber, Arc<Bitmap>)>) -> Option<Self> {
        bitmaps.is_sorted_by(|a, b| a.0 < b.0).then_some(Self(bitmaps))
    }

    fn find(&self, name: NameNumber) -> Result<usize, usize> {
        self.0.binary_search_by_key(&name, |(have, _)| *have)
    }

    pub(super) fn get(&self, name: NameNumber) -> Option<&Bitmap> {
        self.find(name).ok().map(|at| self.0[at].1.as_ref())
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (NameNumber, &Bitmap)> {
        self.0.iter().map(|(name, bitmap)| (*name, bitmap.as_ref()))
    }

    /// Replaces the bitmap of `name`; an empty one takes the name out.
    pub(super) fn set(&mut self, name: NameNumber, bitmap: Bitmap) {
        match (self.find(name), bitmap.is_empty()) {
            (Ok(at), true) => drop(self.0.remove(at)),
            (Ok(at), false) => self.0[at].1 = Arc::new(bitmap),
            (Err(_), true) => {}
            (Err(at), false) => self.0.insert(at, (name, Arc::new(bitmap))),
        }
    }

    pub(super) fn insert(&mut self, name: NameNumber, ordinal: u32, copied: &mut usize) -> bool {
        let at = self.find(name).unwrap_or_else(|at| {
            self.0.insert(at, (name, Arc::default()));
            at
        });
        own(&mut self.0[at].1, copied, Bitmap::table_bytes).insert_counted(ordinal, copied)
    }

    pub(super) fn remove(&mut self, name: NameNumber, ordinal: u32, copied: &mut usize) -> bool {
        let Ok(at) = self.find(name) else { return false };
        let bitmap = own(&mut self.0[at].1, copied, Bitmap::table_bytes);
        let removed = bitmap.remove_counted(ordinal, copied);
        if bitmap.is_empty() {
            self.0.remove(at);
        }
        removed
    }

    /// Returns the bytes of the table of names: what a clone copies.
    pub(super) fn table_bytes(&self) -> usize {
        self.0.len() * size_of::<(NameNumber, Arc<Bitmap>)>()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let bitmaps: usize = self.iter().map(|(_, bitmap)| 16 + size_of::<Bitmap>() + bitmap.heap_bytes()).sum();
        self.table_bytes() + bitmaps
    }

    /// Returns the first name whose bitmap differs from the other's.
    pub(super) fn difference(&self, other: &Self) -> Option<NameNumber> {
        let names = self.iter().chain(other.iter()).map(|(name, _)| name);
        names.into_iter().find(|name| self.get(*name) != other.get(*name))
    }

    pub(super) fn fault(&self) -> Option<&'static str> {
        let sorted = self.0.is_sorted_by(|a, b| a.0 < b.0);
        let empty = self.iter().any(|(_, bitmap)| bitmap.is_empty());
        match (sorted, empty) {
            (false, _) => Some("names do not ascend"),
            (_, true) => Some("a name without a node is kept"),
            _ => self.iter().find_map(|(_, bitmap)| bitmap.fault()),
        }
    }
}
