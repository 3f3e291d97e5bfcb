//! The state hash: a Merkle root over canonical records of a graph's state.
//!
//! Each node and edge has a record, a DAG-CBOR map of what an answer shows of it; its id and the record's SHA-256 go
//! into the bucket that the id names (the top 16 bits of the folded multiply of the id). A bucket's leaf holds the
//! number of its nodes, then nodes and edges by id; the root is the RFC 6962 tree hash over the graph's own record and
//! the 65,536 buckets. So the root is a function of the state alone: not of ordinals, of history, or of how the events
//! were grouped. A bucket names all that is in it, so it also shows what is not.

use rayon::prelude::*;

use crate::merkle::{Hash, leaf_hash, leaf_hashes, node_hash};
use crate::topology::{EdgeIndex, NodeIndex};

use super::at::At;
use super::bucket::{BUCKETS, EMPTY_LEAF, ENTRY_BYTES, bucket_of, low_bits, starts, write_content};
use super::info::GraphInfo;
use super::record::{Records, graph_record};
use super::view::GraphView;

impl At<'_> {
    /// Computes the state hash, on all cores; proportional to the size of the graph. `info` is what is known of the
    /// graph as a whole at this stamp.
    pub fn state_hash(self, info: &GraphInfo) -> Hash {
        tree_hash(&state_leaves(self, info), &EmptyTrees::new())
    }
}

impl GraphView {
    /// Computes the state hash, on all cores; proportional to the size of the graph.
    pub fn state_hash(&self) -> Hash {
        self.at().state_hash(self.info())
    }
}

/// Computes the leaves of the tree: the graph's own record, then the buckets.
pub(super) fn state_leaves(at: At<'_>, info: &GraphInfo) -> Vec<Hash> {
    let node_bucket = |node: NodeIndex| low_bits(bucket_of(at.node_id(node).as_bytes()));
    let edge_bucket = |edge: EdgeIndex| low_bits(bucket_of(at.edge_id(edge).as_bytes()));
    let nodes = Buckets::new(&at.nodes().map(node_bucket).collect::<Vec<_>>(), at.nodes());
    let by_source = (0..at.node_bound()).into_par_iter().map(NodeIndex::new);
    let edge_buckets = by_source.flat_map_iter(|source| outgoing(at, source).map(|edge| edge_bucket(edge.edge)));
    let by_source = (0..at.node_bound()).map(NodeIndex::new);
    let edges = Buckets::new(&edge_buckets.collect::<Vec<_>>(), by_source.flat_map(|source| outgoing(at, source)));
    let mut leaves = vec![[0; 32]; BUCKETS + 1];
    leaves[0] = leaf_hash(&graph_record(info));
    let groups = leaves[1..].par_chunks_mut(HASHED_TOGETHER).enumerate();
    groups.for_each_init(Records::default, |records, (group, leaves)| {
        let first = group * HASHED_TOGETHER;
        let buckets = (first..first + leaves.len()).map(|number| (nodes.bucket(number), edges.bucket(number)));
        leaves.copy_from_slice(&leaves_of(at, buckets, records));
    });
    leaves
}

/// Buckets whose records, and then leaves, are hashed side by side.
const HASHED_TOGETHER: usize = 16;

/// Computes the leaves of buckets, given what falls into them.
fn leaves_of<'a>(
    at: At<'_>,
    buckets: impl Iterator<Item = (&'a [NodeIndex], &'a [EdgeBetween])> + Clone,
    records: &mut Records,
) -> Vec<Hash> {
    for (nodes, edges) in buckets.clone() {
        nodes.iter().for_each(|node| records.node(at, *node));
        edges.iter().for_each(|edge| records.edge(at, edge.edge, edge.source, edge.target));
    }
    let mut entries = records.take_entries();
    if entries.is_empty() {
        return vec![EMPTY_LEAF; buckets.count()];
    }
    let mut rest = entries.as_mut_slice();
    let mut contents = vec![];
    for (nodes, edges) in buckets {
        let (nodes, behind) = rest.split_at_mut(nodes.len());
        let (edges, behind) = behind.split_at_mut(edges.len());
        nodes.sort_unstable();
        edges.sort_unstable();
        let mut content = Vec::with_capacity(4 + ENTRY_BYTES * (nodes.len() + edges.len()));
        write_content(nodes, edges, &mut content);
        contents.push(content);
        rest = behind;
    }
    leaf_hashes(&contents.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// An edge with its ends: who goes through the edges of each node knows them, and finding them again takes a search.
#[derive(Debug, Clone, Copy, Default)]
struct EdgeBetween {
    edge: EdgeIndex,
    source: NodeIndex,
    target: NodeIndex,
}

fn outgoing(at: At<'_>, source: NodeIndex) -> impl Iterator<Item = EdgeBetween> {
    let steps = at.contains_node(source).then(|| at.outgoing(source));
    steps.into_iter().flatten().map(move |step| EdgeBetween { edge: step.edge, source, target: step.node })
}

/// Items sorted by bucket.
struct Buckets<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy + Default> Buckets<T> {
    /// Sorts items whose buckets are given in the same order.
    fn new(buckets: &[u16], items: impl Iterator<Item = T>) -> Self {
        let mut ends = starts(buckets);
        let mut placed = vec![T::default(); buckets.len()];
        // Each end is its bucket's start now, and moves to its end while items are placed.
        for (bucket, item) in buckets.iter().zip(items) {
            let place = &mut ends[usize::from(*bucket)];
            placed[*place as usize] = item;
            *place += 1;
        }
        Self { ends, items: placed }
    }

    fn bucket(&self, bucket: usize) -> &[T] {
        let start = bucket.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[start as usize..self.ends[bucket] as usize]
    }
}

/// The hashes of the trees over 1, 2, 4, … leaves without content, which most of a small graph's buckets are.
struct EmptyTrees([Hash; BUCKETS.ilog2() as usize + 1]);

impl EmptyTrees {
    fn new() -> Self {
        let mut hashes = [leaf_hash(&[]); _];
        for level in 1..hashes.len() {
            hashes[level] = node_hash(&hashes[level - 1], &hashes[level - 1]);
        }
        Self(hashes)
    }
}

/// The tree hash of RFC 6962, section 2.1, over at least one leaf hash.
fn tree_hash(leaves: &[Hash], empty: &EmptyTrees) -> Hash {
    if let [leaf] = leaves {
        return *leaf;
    }
    let split = leaves.len().next_power_of_two() / 2;
    let level = split.ilog2() as usize;
    let (left, right) = leaves.split_at(split);
    let (left, right) = if level < LEVELS_OF_ONE_CORE {
        (tree_hash(left, empty), tree_hash(right, empty))
    } else {
        rayon::join(|| tree_hash(left, empty), || tree_hash(right, empty))
    };
    if left == empty.0[level] && right == left && leaves.len() == 2 * split {
        return empty.0[level + 1];
    }
    node_hash(&left, &right)
}

/// Trees below this height are not worth handing to another core.
const LEVELS_OF_ONE_CORE: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::root;

    #[test]
    fn the_tree_is_the_one_of_the_rfc() {
        let empty = EmptyTrees::new();
        for count in [1, 2, 3, 4, 5, 7, 8, 64, 65, 2048, 2049, BUCKETS + 1] {
            for filled in [0, 1, 2, count / 2, count] {
                let content = |leaf: usize| if leaf < filled { leaf.to_le_bytes().to_vec() } else { Vec::new() };
                let leaves: Vec<Hash> = (0..count).map(|leaf| leaf_hash(&content(leaf))).collect();
                assert_eq!(tree_hash(&leaves, &empty), root(&leaves), "{count} leaves, {filled} of them with content");
            }
        }
    }
}
