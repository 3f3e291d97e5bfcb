//! The state tree, kept: every leaf and inner node, so that a later version costs only the buckets that changed.
//!
//! Four megabytes of hashes, and about three bytes for each node and edge to find a bucket's members. The root is that
//! of [`GraphView::state_hash`], always.

use std::sync::Arc;

use rayon::prelude::*;

use crate::merkle::{Hash, leaf_hash, node_hash};

use super::bucket::{BUCKETS, Bucket, bucket_of};
use super::hash::state_leaves;
use super::members::Members;
use super::record::{Records, graph_record};
use super::touched::TouchedBuckets;
use super::view::GraphView;

/// Nodes that one core hashes before it takes more.
const NODES_OF_ONE_CORE: usize = 64;

/// The state tree of one graph at one version.
///
/// The tree over 65,537 leaves is a full tree over the first 65,536 beside the last one. The full tree's nodes stand as a
/// heap does: the root at 1, the children of `n` at `2n` and `2n + 1`.
#[derive(Debug)]
pub struct StateTree {
    version: u64,
    touched: Option<Arc<TouchedBuckets>>,
    members: Members,
    nodes: Box<[Hash]>,
    last: Hash,
}

/// A bucket opened: what it holds, and how its leaf leads to the state hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedBucket {
    /// What it holds.
    pub bucket: Bucket,
    /// The hashes beside the way from its leaf to the root, the nearest first.
    pub path: Vec<Hash>,
}

impl StateTree {
    /// Builds the tree of a view, on all cores; proportional to the size of the graph.
    pub fn build(view: &GraphView) -> Self {
        let mut leaves = state_leaves(view.at(), view.info());
        let last = leaves.pop().expect("there are buckets");
        let mut nodes = vec![[0; 32]; BUCKETS];
        nodes.append(&mut leaves);
        let mut level = BUCKETS;
        while level > 1 {
            let (above, children) = nodes.split_at_mut(level);
            let parents = above[level / 2..].par_iter_mut().with_min_len(NODES_OF_ONE_CORE);
            parents.zip(children.par_chunks(2)).for_each(|(parent, pair)| *parent = node_hash(&pair[0], &pair[1]));
            level /= 2;
        }
        let mut members = Members::default();
        members.take_in(view);
        let touched = view.touched().cloned();
        Self { version: view.version(), touched, members, nodes: nodes.into_boxed_slice(), last }
    }

    /// Brings the tree to a view of the same graph and returns how many buckets were hashed again: those that changed
    /// since, where the graph's writer marks them and the view is no older; else all.
    pub fn update(&mut self, view: &GraphView) -> usize {
        let kept = self.touched.as_ref().zip(view.touched()).is_some_and(|(ours, theirs)| Arc::ptr_eq(ours, theirs));
        if !kept || view.version() < self.version {
            *self = Self::build(view);
            return BUCKETS;
        }
        let touched = self.touched.as_ref().map(|touched| touched.since(self.version)).unwrap_or_default();
        self.members.take_in(view);
        let (at, members) = (view.at(), &self.members);
        let leaf = |scratch: &mut Records, bucket: &u32| members.bucket(at, *bucket, scratch).leaf();
        let leaves: Vec<Hash> = touched.par_iter().with_min_len(8).map_init(Records::default, leaf).collect();
        let mut changed = vec![self.set(0, leaf_hash(&graph_record(view.info())))];
        changed.extend(touched.iter().zip(leaves).map(|(bucket, leaf)| self.set(*bucket as usize + 1, leaf)));
        self.climb(changed);
        self.version = view.version();
        touched.len()
    }

    /// Gives a leaf its hash and returns the node above it; that of the last leaf is the root, which is not kept.
    fn set(&mut self, leaf: usize, hash: Hash) -> usize {
        if leaf == BUCKETS {
            self.last = hash;
            return 0;
        }
        self.nodes[BUCKETS + leaf] = hash;
        (BUCKETS + leaf) / 2
    }

    /// Hashes nodes again, ascending and all of one level, then those above them.
    fn climb(&mut self, mut level: Vec<usize>) {
        level.retain(|node| *node > 0);
        while !level.is_empty() {
            level.dedup();
            let nodes = &self.nodes;
            let hash = |node: &usize| node_hash(&nodes[2 * node], &nodes[2 * node + 1]);
            let hashes: Vec<Hash> = level.par_iter().with_min_len(NODES_OF_ONE_CORE).map(hash).collect();
            for (node, hash) in level.iter().zip(hashes) {
                self.nodes[*node] = hash;
            }
            level.iter_mut().for_each(|node| *node /= 2);
            level.retain(|node| *node > 0);
        }
    }

    /// Returns the version that the tree is of.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns the state hash.
    pub fn root(&self) -> Hash {
        node_hash(&self.nodes[1], &self.last)
    }

    /// Opens the bucket into which an id falls; `view` is the one that the tree was brought to.
    ///
    /// # Panics
    /// Where it is of another version.
    pub fn open(&self, view: &GraphView, id: &[u8; 16]) -> OpenedBucket {
        assert_eq!(view.version(), self.version, "a bucket is opened in the view that the tree is of");
        let number = bucket_of(id);
        let bucket = self.members.bucket(view.at(), number, &mut Records::default());
        OpenedBucket { bucket, path: self.path(number as usize + 1) }
    }

    fn path(&self, leaf: usize) -> Vec<Hash> {
        if leaf == BUCKETS {
            return vec![self.nodes[1]];
        }
        let above = std::iter::successors(Some(BUCKETS + leaf), |node| Some(node / 2));
        let mut path: Vec<Hash> = above.take_while(|node| *node > 1).map(|node| self.nodes[node ^ 1]).collect();
        path.push(self.last);
        path
    }

    /// Returns the bytes on the heap, without what the writer marks.
    pub fn heap_bytes(&self) -> usize {
        size_of_val(&*self.nodes) + self.members.heap_bytes()
    }
}
