//! What the index says of one condition: a set of ordinals, borrowed where it can be.

use std::borrow::Cow;

use crate::algorithm::{CancelToken, Cancelled};
use crate::index::{Bitmap, Index, Postings};
use crate::state::At;
use crate::topology::NodeIndex;

use super::effort::Effort;
use super::resolved::Resolved;

/// What is asked: a version of a graph, for somebody who may give up.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) at: At<'a>,
    pub(super) cancel: &'a CancelToken,
}

impl Asked<'_> {
    /// Looks at each of some nodes and returns those that meet a criterion.
    pub(super) fn scan(self, criterion: &Resolved, nodes: &Bitmap) -> Result<Bitmap, Cancelled> {
        let meets = |node: &u32| criterion.matches(self.at, NodeIndex::from(*node));
        if !Effort::Look.is_much(nodes.len()) {
            self.cancel.check()?;
            return Ok(Bitmap::from_sorted(nodes.iter().filter(meets)));
        }
        let nodes: Vec<u32> = nodes.iter().collect();
        let meeting = |nodes: &[u32]| nodes.iter().copied().filter(meets).collect::<Vec<u32>>();
        let found = Effort::Look.in_pieces(&nodes, self.cancel, meeting)?;
        Ok(Bitmap::from_sorted(found.into_iter().flatten()))
    }
}

/// The nodes of one condition, as the index has them.
pub(super) enum Leaf<'a> {
    Empty,
    Borrowed(&'a Bitmap),
    Owned(Bitmap),
    Postings(Cow<'a, Postings>),
}

impl<'a> Leaf<'a> {
    /// Returns the set of a condition that is not made of others; `None` for one that is.
    pub(super) fn of(criterion: &Resolved, index: &'a Index, asked: Asked<'_>) -> Result<Option<Self>, Cancelled> {
        let borrowed = |bitmap: Option<&'a Bitmap>| bitmap.map_or(Leaf::Empty, Leaf::Borrowed);
        let scanned = |nodes: &Bitmap| asked.scan(criterion, nodes).map(Leaf::Owned);
        Ok(Some(match criterion {
            Resolved::All => Leaf::Borrowed(index.nodes()),
            Resolved::Nothing => Leaf::Empty,
            Resolved::Ids(nodes) => {
                Leaf::Owned(Bitmap::from_sorted(nodes.iter().map(|node| ordinal(*node))).and(index.nodes()))
            }
            Resolved::Kind(kind) => borrowed(index.kind(kind.0)),
            Resolved::Component(component) => borrowed(index.component(component.0)),
            Resolved::Category(category, _) => borrowed(index.category(category.0)),
            Resolved::Has(component, property) => {
                index.property(component.0, property.0).map_or(Leaf::Empty, |index| Leaf::Owned(index.present()))
            }
            Resolved::Equals(component, property, wanted) => match index.equals(component.0, property.0, &wanted.value)
            {
                Some(postings) => Leaf::Postings(postings),
                None => match index.property(component.0, property.0) {
                    Some(property) => scanned(property.uncovered())?,
                    None => Leaf::Empty,
                },
            },
            Resolved::Range(component, property, low, high) => {
                match index.range(component.0, property.0, low.as_ref(), high.as_ref()) {
                    Some(found) => Leaf::Owned(found),
                    None => match index.property(component.0, property.0) {
                        Some(property) => scanned(&property.present())?,
                        None => Leaf::Empty,
                    },
                }
            }
            Resolved::And(_) | Resolved::Or(_) | Resolved::Not(_) => return Ok(None),
        }))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Leaf::Empty => 0,
            Leaf::Borrowed(bitmap) => bitmap.len(),
            Leaf::Owned(bitmap) => bitmap.len(),
            Leaf::Postings(postings) => postings.len(),
        }
    }

    pub(super) fn contains(&self, node: u32) -> bool {
        match self {
            Leaf::Empty => false,
            Leaf::Borrowed(bitmap) => bitmap.contains(node),
            Leaf::Owned(bitmap) => bitmap.contains(node),
            Leaf::Postings(postings) => postings.contains(node),
        }
    }

    /// Returns how many nodes are in both, without making the set where one of them is a bitmap.
    pub(super) fn intersection_len(&self, other: &Self) -> usize {
        match (self, other) {
            (Leaf::Empty, _) | (_, Leaf::Empty) => 0,
            (Leaf::Postings(a), Leaf::Postings(b)) => a.intersection_len(&b.to_bitmap()),
            (Leaf::Postings(postings), bitmap) | (bitmap, Leaf::Postings(postings)) => {
                bitmap.bitmap().map_or(0, |bitmap| postings.intersection_len(bitmap))
            }
            (a, b) => a.bitmap().zip(b.bitmap()).map_or(0, |(a, b)| a.intersection_len(b)),
        }
    }

    fn bitmap(&self) -> Option<&Bitmap> {
        match self {
            Leaf::Borrowed(bitmap) => Some(bitmap),
            Leaf::Owned(bitmap) => Some(bitmap),
            Leaf::Empty | Leaf::Postings(_) => None,
        }
    }

    pub(super) fn into_bitmap(self) -> Bitmap {
        match self {
            Leaf::Empty => Bitmap::new(),
            Leaf::Borrowed(bitmap) => bitmap.clone(),
            Leaf::Owned(bitmap) => bitmap,
            Leaf::Postings(postings) => postings.to_bitmap(),
        }
    }
}

pub(super) fn ordinal(node: NodeIndex) -> u32 {
    u32::try_from(node.index()).expect("node ordinals have 32 bits")
}
