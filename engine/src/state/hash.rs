//! The state hash: a Merkle root over canonical records of a graph's state.
//!
//! Each node and edge has a record, a DAG-CBOR map of what an answer shows of it; the record's SHA-256 goes into the
//! bucket that its id names (the top 16 bits of the folded multiply of the id). A bucket's leaf is the SHA-256 of a zero
//! byte and its record hashes in the order of their ids, edges after nodes; the root is the RFC 6962 tree hash over the
//! graph's own record and the 65,536 leaves. So the root is a function of the state alone: not of ordinals, of history,
//! or of how the events were grouped.

use rayon::prelude::*;

use crate::cid::HashKind;
use crate::dag_cbor::Encoder;
use crate::entity::{GraphMetadata, Key};
use crate::topology::{EdgeIndex, NodeIndex};

use super::at::At;
use super::generation::{edge_ordinal, ordinal};
use super::id_table::mix;
use super::info::GraphInfo;
use super::view::GraphView;

/// The number of buckets.
const BUCKETS: usize = 1 << 16;

impl At<'_> {
    /// Computes the state hash, on all cores; proportional to the size of the graph. `info` is what is known of the
    /// graph as a whole at this stamp.
    pub fn state_hash(self, info: &GraphInfo) -> [u8; 32] {
        let nodes = in_buckets(self.nodes().map(ordinal), |node| *self.node_id(NodeIndex::from(node)).as_bytes());
        let edges = in_buckets(self.edges().map(edge_ordinal), |edge| *self.edge_id(EdgeIndex::from(edge)).as_bytes());
        let empty = EmptyTrees::new();
        let mut leaves = vec![leaf_of(&graph_record(info))];
        leaves.par_extend((0..BUCKETS).into_par_iter().map(|bucket| {
            let (nodes, edges) = (nodes.bucket(bucket), edges.bucket(bucket));
            if nodes.is_empty() && edges.is_empty() { empty.0[0] } else { leaf(self, nodes, edges) }
        }));
        tree_hash(&leaves, &empty)
    }
}

impl GraphView {
    /// Computes the state hash, on all cores; proportional to the size of the graph.
    pub fn state_hash(&self) -> [u8; 32] {
        self.at().state_hash(self.info())
    }
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

fn bucket_of(id: &[u8; 16]) -> u32 {
    u32::try_from(mix(id) >> 48).expect("16 bits fit")
}

fn leaf(at: At<'_>, nodes: &[u32], edges: &[u32]) -> [u8; 32] {
    let mut scratch = Vec::new();
    let mut bytes = Vec::new();
    let mut record_hashes = |mut records: Vec<([u8; 16], [u8; 32])>| {
        records.sort_unstable();
        bytes.extend(records.iter().flat_map(|(_, hash)| hash));
    };
    record_hashes(nodes.iter().map(|node| node_record(at, NodeIndex::from(*node), &mut scratch)).collect());
    record_hashes(edges.iter().map(|edge| edge_record(at, EdgeIndex::from(*edge), &mut scratch)).collect());
    leaf_of(&bytes)
}

fn node_record(at: At<'_>, node: NodeIndex, scratch: &mut Vec<u8>) -> ([u8; 16], [u8; 32]) {
    let view = at.node_view(node);
    scratch.clear();
    let mut out = Encoder::new(scratch);
    out.map(if view.key.is_some() { 5 } else { 4 });
    out.text("id");
    out.bytes(view.id.as_bytes());
    match &view.key {
        None => {}
        Some(Key::Number(number)) => {
            out.text("key");
            out.int(*number);
        }
        Some(Key::Text(text)) => {
            out.text("key");
            out.text(text);
        }
    }
    out.text("kind");
    out.text(&view.kind);
    out.text("version");
    out.uint(view.version);
    out.text("components");
    out.map(view.components.len());
    for component in &view.components {
        out.text(&component.component_type);
        out.properties(&component.properties);
    }
    (*view.id.as_bytes(), HashKind::Sha2_256.digest(scratch))
}

fn edge_record(at: At<'_>, edge: EdgeIndex, scratch: &mut Vec<u8>) -> ([u8; 16], [u8; 32]) {
    let view = at.edge_view(edge);
    scratch.clear();
    let mut out = Encoder::new(scratch);
    out.map(5);
    out.text("id");
    out.bytes(view.id.as_bytes());
    out.text("kind");
    out.text(&view.kind);
    out.text("source");
    out.bytes(view.source.as_bytes());
    out.text("target");
    out.bytes(view.target.as_bytes());
    out.text("properties");
    out.properties(&view.properties);
    (*view.id.as_bytes(), HashKind::Sha2_256.digest(scratch))
}

fn graph_record(info: &GraphInfo) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = Encoder::new(&mut bytes);
    let GraphMetadata { name, domain, properties } = info.metadata.clone().unwrap_or_default();
    out.map(5);
    out.text("id");
    out.bytes(info.graph.as_bytes());
    out.text("name");
    out.text(&name);
    out.text("domain");
    out.text(&domain);
    out.text("archived");
    match &info.archived {
        Some(reason) => out.text(reason),
        None => out.null(),
    }
    out.text("properties");
    out.properties(&properties);
    bytes
}

/// The leaf hash of RFC 6962: SHA-256 of a zero byte and the content.
fn leaf_of(content: &[u8]) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(content.len() + 1);
    bytes.push(0);
    bytes.extend_from_slice(content);
    HashKind::Sha2_256.digest(&bytes)
}

/// The hashes of the trees over 1, 2, 4, … leaves without content, which most of a small graph's buckets are.
struct EmptyTrees([[u8; 32]; BUCKETS.ilog2() as usize + 1]);

impl EmptyTrees {
    fn new() -> Self {
        let mut hashes = [leaf_of(&[]); _];
        for level in 1..hashes.len() {
            hashes[level] = parent_of(&hashes[level - 1], &hashes[level - 1]);
        }
        Self(hashes)
    }
}

/// The tree hash of RFC 6962, section 2.1, over at least one leaf hash.
fn tree_hash(leaves: &[[u8; 32]], empty: &EmptyTrees) -> [u8; 32] {
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
    parent_of(&left, &right)
}

/// Trees below this height are not worth handing to another core.
const LEVELS_OF_ONE_CORE: usize = 10;

/// The node hash of RFC 6962: SHA-256 of a one byte and both children.
fn parent_of(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    HashKind::Sha2_256.digest(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962's definition, word for word.
    fn plain(leaves: &[[u8; 32]]) -> [u8; 32] {
        if leaves.len() == 1 {
            return leaves[0];
        }
        let mut split = 1;
        while split * 2 < leaves.len() {
            split *= 2;
        }
        let content = [vec![1], plain(&leaves[..split]).to_vec(), plain(&leaves[split..]).to_vec()].concat();
        HashKind::Sha2_256.digest(&content)
    }

    #[test]
    fn the_tree_is_the_one_of_the_rfc() {
        let empty = EmptyTrees::new();
        for count in [1, 2, 3, 4, 5, 7, 8, 64, 65, 2048, 2049, BUCKETS + 1] {
            for filled in [0, 1, 2, count / 2, count] {
                let content = |leaf: usize| if leaf < filled { leaf.to_le_bytes().to_vec() } else { Vec::new() };
                let leaves: Vec<[u8; 32]> = (0..count).map(|leaf| leaf_of(&content(leaf))).collect();
                assert_eq!(tree_hash(&leaves, &empty), plain(&leaves), "{count} leaves, {filled} of them with content");
            }
        }
    }
}
