//! The state hash: a Merkle root over canonical records of a graph's state.
//!
//! Each node and edge has a record, a DAG-CBOR map of what an answer shows of it; its id and the record's SHA-256 go
//! into the bucket that the id names (the top 16 bits of the folded multiply of the id). A bucket's leaf holds the
//! number of its nodes, then nodes and edges by id; the root is the RFC 6962 tree hash over the graph's own record and
//! the 65,536 buckets. So the root is a function of the state alone: not of ordinals, of history, or of how the events
//! were grouped. A bucket names all that is in it, so it also shows what is not.

use rayon::prelude::*;

use crate::merkle::{Hash, leaf_hash, node_hash};
use crate::topology::{EdgeIndex, NodeIndex};

use super::at::At;
use super::bucket::{BUCKETS, Bucket, bucket_of};
use super::generation::{edge_ordinal, ordinal};
use super::record::{edge_entry, graph_record, node_entry};
use super::view::{GraphInfo, GraphView};

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
    let nodes = in_buckets(at.nodes().map(ordinal), |node| *at.node_id(NodeIndex::from(node)).as_bytes());
    let edges = in_buckets(at.edges().map(edge_ordinal), |edge| *at.edge_id(EdgeIndex::from(edge)).as_bytes());
    let mut leaves = vec![leaf_hash(&graph_record(info))];
    leaves.par_extend((0..BUCKETS).into_par_iter().map_init(Vec::new, |scratch, number| {
        let entries = nodes.bucket(number).iter().map(|node| node_entry(at, NodeIndex::from(*node), scratch)).collect();
        let edges = edges.bucket(number).iter().map(|edge| edge_entry(at, EdgeIndex::from(*edge), scratch)).collect();
        Bucket::new(entries, edges).leaf()
    }));
    leaves
}

/// Ordinals sorted by bucket.
struct Buckets {
    ends: Vec<u32>,
    ordinals: Vec<u32>,
}

impl Buckets {
    fn bucket(&self, bucket: usize) -> &[u32] {
        let start = bucket.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.ordinals[start as usize..self.ends[bucket] as usize]
    }
}

fn in_buckets(ordinals: impl Iterator<Item = u32>, id_of: impl Fn(u32) -> [u8; 16] + Sync) -> Buckets {
    let ordinals: Vec<u32> = ordinals.collect();
    let mut placed: Vec<(u32, u32)> =
        ordinals.par_iter().map(|ordinal| (bucket_of(&id_of(*ordinal)), *ordinal)).collect();
    placed.par_sort_unstable();
    let mut ends = vec![0; BUCKETS];
    for (bucket, _) in &placed {
        ends[*bucket as usize] += 1;
    }
    let mut end = 0;
    for count in &mut ends {
        end += *count;
        *count = end;
    }
    Buckets { ends, ordinals: placed.into_iter().map(|(_, ordinal)| ordinal).collect() }
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
