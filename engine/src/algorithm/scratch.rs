//! Memory that short walks use again and again: a query over a few nodes must not pay for all of them.
//!
//! A set of marked nodes is one bit a node, 125 KB a million, so that it stays in a near cache. It is handed from call
//! to call empty: who marks nodes unmarks them. A thread keeps the memory of one call at a time.

use std::cell::Cell;

use crate::topology::{EdgeIndex, NodeIndex};

/// Queues longer than this are not kept for the next call.
const STEPS_KEPT_MAX: usize = 1 << 18;

/// A set of node ordinals.
#[derive(Debug, Default)]
pub(super) struct Marks {
    words: Vec<u64>,
}

impl Marks {
    /// Returns an empty set for ordinals below `bound`.
    pub(super) fn new(bound: usize) -> Self {
        Self { words: vec![0; bound.div_ceil(64)] }
    }

    /// Adds `node`, and returns whether it is new.
    #[inline]
    pub(super) fn insert(&mut self, node: NodeIndex) -> bool {
        let word = &mut self.words[node.index() / 64];
        let bit = 1_u64 << (node.index() % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Returns whether `node` is in the set.
    #[inline]
    pub(super) fn contains(&self, node: NodeIndex) -> bool {
        self.words[node.index() / 64] >> (node.index() % 64) & 1 == 1
    }

    /// Empties the set, given all that is in it.
    pub(super) fn clear(&mut self, marked: impl ExactSizeIterator<Item = NodeIndex>) {
        if marked.len() > self.words.len() {
            self.words.fill(0);
        } else {
            marked.for_each(|node| self.words[node.index() / 64] = 0);
        }
    }

    fn grow(&mut self, bound: usize) {
        if self.words.len() < bound.div_ceil(64) {
            self.words.resize(bound.div_ceil(64), 0);
        }
    }
}

/// How a search came to a node: from the node at another place of its queue, by an edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    pub(super) node: NodeIndex,
    pub(super) from: u32,
    pub(super) edge: EdgeIndex,
}

/// One side of a search: its queue, and the set of what is in it.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) marks: Marks,
    pub(super) queue: Vec<Reached>,
}

/// The memory of one call.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) forward: Side,
    pub(super) backward: Side,
}

thread_local! {
    static KEPT: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Calls `work` with empty sets for ordinals below `bound` and empty queues; it must leave the sets empty.
pub(super) fn with_scratch<R>(bound: usize, work: impl FnOnce(&mut Scratch) -> R) -> R {
    let mut scratch = KEPT.take().unwrap_or_default();
    for side in [&mut scratch.forward, &mut scratch.backward] {
        side.marks.grow(bound);
        side.queue.clear();
        debug_assert!(side.marks.words.iter().all(|word| *word == 0), "a call left marks behind");
    }
    let result = work(&mut scratch);
    for side in [&mut scratch.forward, &mut scratch.backward] {
        side.queue.clear();
        side.queue.shrink_to(STEPS_KEPT_MAX);
    }
    KEPT.set(Some(scratch));
    result
}
