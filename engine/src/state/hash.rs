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
use super::view::{GraphInfo, GraphView};

/// The number of buckets.
const BUCKETS: usize = 1 << 16;

impl GraphView {
    /// Computes the state hash, on all cores; proportional to the size of the graph.
    pub fn state_hash(&self) -> [u8; 32] {
        let at = self.at();
        let nodes = in_buckets(at.nodes().map(ordinal), |node| *at.node_id(NodeIndex::from(node)).as_bytes());
        let edges = in_buckets(at.edges().map(edge_ordinal), |edge| *at.edge_id(EdgeIndex::from(edge)).as_bytes());
        let mut leaves: Vec<[u8; 32]> =
            (0..BUCKETS).into_par_iter().map(|bucket| leaf(at, nodes.bucket(bucket), edges.bucket(bucket))).collect();
        leaves.insert(0, leaf_of(&graph_record(self.info())));
        tree_hash(&leaves)
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

/// The tree hash of RFC 6962, section 2.1, over leaf hashes.
fn tree_hash(leaves: &[[u8; 32]]) -> [u8; 32] {
    if leaves.len() < 2 {
        return leaves.first().copied().unwrap_or_else(|| HashKind::Sha2_256.digest(&[]));
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(split);
    let mut bytes = [0; 65];
    bytes[0] = 1;
    bytes[1..33].copy_from_slice(&tree_hash(left));
    bytes[33..].copy_from_slice(&tree_hash(right));
    HashKind::Sha2_256.digest(&bytes)
}
