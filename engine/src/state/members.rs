//! Which nodes and edges fall into a bucket, found without looking at all of them.
//!
//! The frozen ordinals stand in the order of their buckets, packed; the rows since are linked bucket by bucket. Both
//! hold ordinals that are dead by now: who asks passes over them.

use std::sync::{Arc, Weak};

use rayon::prelude::*;

use crate::packed::{PackedInts, PackedIntsBuilder};
use crate::topology::{EdgeIndex, NodeIndex};

use super::at::At;
use super::bucket::{BUCKETS, Bucket, bucket_of, low_bits, starts};
use super::generation::Generation;
use super::record::Records;
use super::view::GraphView;

/// The members of all buckets of one generation, as far as it was looked at.
#[derive(Debug, Default)]
pub(super) struct Members {
    generation: Weak<Generation>,
    nodes: ByBucket,
    edges: ByBucket,
}

/// Ordinals by bucket.
#[derive(Debug, Default)]
struct ByBucket {
    /// Where each bucket's frozen ordinals end.
    ends: Box<[u32]>,
    frozen: PackedInts,
    /// The last row of each bucket plus 1, 0 for none.
    heads: Box<[u32]>,
    /// For each row the one before it in its bucket plus 1, 0 for none.
    before: Vec<u32>,
}

impl Members {
    /// Takes in what a view shows beyond what was looked at; all of it where the generation is another one.
    pub(super) fn take_in(&mut self, view: &GraphView) {
        let (generation, at) = (view.generation(), view.at());
        let node_id = |node: usize| *at.node_id(NodeIndex::new(node)).as_bytes();
        let edge_id = |edge: usize| *at.edge_id(EdgeIndex::new(edge)).as_bytes();
        if self.generation.as_ptr() != Arc::as_ptr(generation) {
            self.generation = Arc::downgrade(generation);
            self.nodes = ByBucket::freeze(generation.base().node_count(), node_id);
            self.edges = ByBucket::freeze(generation.base().edge_count(), edge_id);
        }
        self.nodes.take_in(at.node_bound(), node_id);
        self.edges.take_in(at.edge_bound(), edge_id);
    }

    /// Returns what a bucket holds at a stamp of the generation.
    pub(super) fn bucket(&self, at: At<'_>, bucket: u32, scratch: &mut Records) -> Bucket {
        let nodes = self.nodes.ordinals(bucket).map(NodeIndex::from).filter(|node| at.contains_node(*node));
        nodes.for_each(|node| scratch.node(at, node));
        let node_count = scratch.len();
        let edges = self.edges.ordinals(bucket).map(EdgeIndex::from).filter(|edge| at.contains_edge(*edge));
        edges.for_each(|edge| {
            let (source, target) = at.edge_ends(edge);
            scratch.edge(at, edge, source, target);
        });
        let mut nodes = scratch.take_entries();
        let edges = nodes.split_off(node_count);
        Bucket::new(nodes, edges)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.nodes.heap_bytes() + self.edges.heap_bytes()
    }
}

impl ByBucket {
    fn freeze(count: usize, id_of: impl Fn(usize) -> [u8; 16] + Sync) -> Self {
        let buckets: Vec<u16> =
            (0..count).into_par_iter().map(|ordinal| low_bits(bucket_of(&id_of(ordinal)))).collect();
        let mut ends = starts(&buckets);
        // Each end is its bucket's start now, and moves to its end while ordinals are placed.
        let mut frozen = PackedIntsBuilder::new(count, count.saturating_sub(1) as u64);
        for (ordinal, bucket) in (0..).zip(&buckets) {
            let place = &mut ends[usize::from(*bucket)];
            frozen.set(*place as usize, ordinal);
            *place += 1;
        }
        Self {
            ends: ends.into_boxed_slice(),
            frozen: frozen.finish(),
            heads: vec![0; BUCKETS].into_boxed_slice(),
            before: Vec::new(),
        }
    }

    fn take_in(&mut self, bound: usize, id_of: impl Fn(usize) -> [u8; 16]) {
        for ordinal in self.frozen.len() + self.before.len()..bound {
            let head = &mut self.heads[bucket_of(&id_of(ordinal)) as usize];
            self.before.push(*head);
            *head = u32::try_from(self.before.len()).expect("ordinals have 32 bits");
        }
    }

    fn ordinals(&self, bucket: u32) -> impl Iterator<Item = u32> {
        let bucket = bucket as usize;
        let start = bucket.checked_sub(1).map_or(0, |before| self.ends[before]);
        let frozen = (start..self.ends[bucket]).map(|place| self.frozen.get_u32(place as usize));
        let first = u32::try_from(self.frozen.len()).expect("ordinals have 32 bits");
        let rows =
            std::iter::successors(self.heads[bucket].checked_sub(1), |row| self.before[*row as usize].checked_sub(1));
        frozen.chain(rows.map(move |row| first + row))
    }

    fn heap_bytes(&self) -> usize {
        size_of_val(&*self.ends) + size_of_val(&*self.heads) + self.frozen.heap_bytes() + self.before.capacity() * 4
    }
}
