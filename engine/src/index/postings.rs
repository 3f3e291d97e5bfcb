//! The nodes that hold one value.

use std::sync::Arc;

use super::bitmap::{Bitmap, BitmapIter};
use super::frozen::List;
use super::sharing::own;
use super::union::Union;

/// The largest number of nodes kept as a plain list: below it a bitmap's blocks cost more than they save.
pub(super) const FEW_MAX: usize = 512;
/// The number of nodes below which a bitmap becomes a list again.
const FEW_AGAIN: usize = FEW_MAX / 2;

/// The nodes that hold a value: one inline, few as a list, many as a bitmap. A clone shares the list or bitmap.
#[derive(Debug, Clone, Default)]
pub enum Postings {
    /// No node.
    #[default]
    Empty,
    /// One node.
    One(u32),
    /// Up to 512 nodes, ascending.
    Few(Arc<List>),
    /// More nodes.
    Many(Arc<Bitmap>),
}

impl Postings {
    /// Returns the number of nodes.
    pub fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::One(_) => 1,
            Self::Few(nodes) => nodes.len(),
            Self::Many(nodes) => nodes.len(),
        }
    }

    /// Returns whether there is no node.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Returns whether `node` is among them.
    pub fn contains(&self, node: u32) -> bool {
        match self {
            Self::Empty => false,
            Self::One(have) => *have == node,
            Self::Few(nodes) => nodes.binary_search(&node).is_ok(),
            Self::Many(nodes) => nodes.contains(node),
        }
    }

    /// Iterates over the nodes, ascending.
    pub fn iter(&self) -> PostingsIter<'_> {
        match self {
            Self::Empty => PostingsIter::One(None),
            Self::One(node) => PostingsIter::One(Some(*node)),
            Self::Few(nodes) => PostingsIter::Few(nodes.iter()),
            Self::Many(nodes) => PostingsIter::Many(nodes.iter()),
        }
    }

    /// Returns the nodes as a bitmap; that of many nodes shares its blocks.
    pub fn to_bitmap(&self) -> Bitmap {
        match self {
            Self::Many(nodes) => Bitmap::clone(nodes),
            Self::Empty | Self::One(_) | Self::Few(_) => self.iter().collect(),
        }
    }

    /// Returns the nodes that are also in `bitmap`.
    pub fn and(&self, bitmap: &Bitmap) -> Bitmap {
        match self {
            Self::Many(nodes) => nodes.and(bitmap),
            Self::Empty | Self::One(_) | Self::Few(_) => self.iter().filter(|node| bitmap.contains(*node)).collect(),
        }
    }

    /// Counts the nodes that are also in `bitmap`.
    pub fn intersection_len(&self, bitmap: &Bitmap) -> usize {
        match self {
            Self::Many(nodes) => nodes.intersection_len(bitmap),
            Self::Empty | Self::One(_) | Self::Few(_) => self.iter().filter(|node| bitmap.contains(*node)).count(),
        }
    }

    /// Returns the nodes of both.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut copied = 0;
        let (mut large, small) = if self.len() < other.len() { (other.clone(), self) } else { (self.clone(), other) };
        if let (Self::Many(a), Self::Many(b)) = (&large, small) {
            return Self::Many(Arc::new(a.or(b)));
        }
        for node in small.iter() {
            large.insert(node, &mut copied);
        }
        large
    }

    /// Returns the bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Empty | Self::One(_) => 0,
            Self::Few(nodes) => 16 + size_of::<List>() + nodes.heap_bytes(),
            Self::Many(nodes) => 16 + size_of::<Bitmap>() + nodes.heap_bytes(),
        }
    }

    pub(super) fn add_to(&self, union: &mut Union) {
        match self {
            Self::Many(nodes) => union.add_all(nodes),
            Self::Empty | Self::One(_) | Self::Few(_) => self.iter().for_each(|node| union.add(node)),
        }
    }

    /// Adds `node` and returns whether it was absent.
    pub(super) fn insert(&mut self, node: u32, copied: &mut usize) -> bool {
        match self {
            Self::Empty => *self = Self::One(node),
            Self::One(have) if *have == node => return false,
            Self::One(have) => *self = Self::Few(Arc::new(vec![node.min(*have), node.max(*have)].into())),
            Self::Few(nodes) => {
                let Err(at) = nodes.binary_search(&node) else { return false };
                let list = own(nodes, copied, |nodes| nodes.len() * 4).to_mut();
                list.reserve_exact(if list.len() == list.capacity() { list.len() / 4 + 1 } else { 0 });
                list.insert(at, node);
                if list.len() > FEW_MAX {
                    *self = Self::Many(Arc::new(list.iter().copied().collect()));
                }
            }
            Self::Many(nodes) => return own(nodes, copied, Bitmap::table_bytes).insert_counted(node, copied),
        }
        true
    }

    /// Takes `node` away and returns whether it was present.
    pub(super) fn remove(&mut self, node: u32, copied: &mut usize) -> bool {
        match self {
            Self::Empty => return false,
            Self::One(have) if *have != node => return false,
            Self::One(_) => *self = Self::Empty,
            Self::Few(nodes) => {
                let Ok(at) = nodes.binary_search(&node) else { return false };
                let list = own(nodes, copied, |nodes| nodes.len() * 4).to_mut();
                list.remove(at);
                if let [last] = list[..] {
                    *self = Self::One(last);
                }
            }
            Self::Many(nodes) => {
                let bitmap = own(nodes, copied, Bitmap::table_bytes);
                if !bitmap.remove_counted(node, copied) {
                    return false;
                }
                if bitmap.len() < FEW_AGAIN {
                    *self = Self::Few(Arc::new(bitmap.iter().collect::<Vec<u32>>().into()));
                }
            }
        }
        true
    }

    /// Returns what is wrong with the form; `None` where nothing is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Empty => Some("a value without a node is kept"),
            Self::One(_) => None,
            Self::Few(nodes) if nodes.len() < 2 || nodes.len() > FEW_MAX => Some("a list is too short or too long"),
            Self::Few(nodes) => (!nodes.is_sorted_by(|a, b| a < b)).then_some("a list does not ascend"),
            Self::Many(nodes) if nodes.len() < FEW_AGAIN => Some("a bitmap should be a list"),
            Self::Many(nodes) => nodes.fault(),
        }
    }
}

impl PartialEq for Postings {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Many(a), Self::Many(b)) => a == b,
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

impl Eq for Postings {}

/// Iterates over the nodes of [`Postings`], ascending.
#[derive(Debug, Clone)]
pub enum PostingsIter<'a> {
    /// Of at most one node.
    One(Option<u32>),
    /// Of a list.
    Few(std::slice::Iter<'a, u32>),
    /// Of a bitmap.
    Many(BitmapIter<'a>),
}

impl Iterator for PostingsIter<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::One(node) => node.take(),
            Self::Few(nodes) => nodes.next().copied(),
            Self::Many(nodes) => nodes.next(),
        }
    }
}
