//! Turns a state into the base of the next generation.
//!
//! The new base depends on the state alone: live nodes keep their order and get dense ordinals, edges stand by source
//! and birth, pool ids are given in order of first use. It only reads, so it runs beside the writer.

use std::sync::Arc;

use crate::id::EdgeId;
use crate::packed::PackedInts;
use crate::pool::{ComponentId, PoolBase, Remap, SetId, compact};
use crate::topology::{Csr, CsrColumns, EdgeIndex, NodeIndex};

use super::at::At;
use super::base::{Base, EdgeColumns, NodeColumns};
use super::id_table::FrozenIdTable;
use super::keys::KeyColumn;

/// A new base with its pool.
#[derive(Debug)]
pub struct Folded {
    /// The base.
    pub base: Arc<Base>,
    /// The pool that its ids are of.
    pub pool: Arc<PoolBase>,
    /// Whether every node has the ordinal that it had before.
    pub keeps_ordinals: bool,
}

/// Marks what is not in the new base.
const GONE: u32 = u32::MAX;

/// Builds the base that holds exactly what `at` sees.
pub fn fold(at: At<'_>) -> Folded {
    let nodes: Vec<NodeIndex> = at.nodes().collect();
    let renumbered = Renumbered::new(at, &nodes);
    let (pool, remap) = compact(
        at.pool(),
        &mut nodes.iter().map(|node| at.node_set(*node)),
        &mut renumbered.edges.iter().filter_map(|edge| at.edge_properties(*edge)),
    );
    let base = Base {
        version: at.version(),
        nodes: node_columns(at, &nodes, &remap),
        adjacency: Csr::pack(&renumbered.adjacency(at, &nodes)),
        edges: edge_columns(at, &renumbered, &remap),
    };
    Folded { base: Arc::new(base), pool: Arc::new(pool), keeps_ordinals: is_dense(&nodes) }
}

/// Returns whether ascending ordinals have no holes.
fn is_dense(nodes: &[NodeIndex]) -> bool {
    nodes.last().is_none_or(|last| last.index() + 1 == nodes.len())
}

/// The live edges in their new order, and the way from old ordinals to new ones.
struct Renumbered {
    node: Vec<u32>,
    edges: Vec<EdgeIndex>,
    position: Vec<u32>,
    out_offsets: Vec<u32>,
    out_targets: Vec<u32>,
}

impl Renumbered {
    fn new(at: At<'_>, nodes: &[NodeIndex]) -> Self {
        let mut node = vec![GONE; at.node_bound()];
        for (new, old) in (0..).zip(nodes) {
            node[old.index()] = new;
        }
        let mut edges = Vec::new();
        let mut position = vec![GONE; at.edge_bound()];
        let mut out_offsets = Vec::with_capacity(nodes.len() + 1);
        let mut out_targets = Vec::new();
        out_offsets.push(0);
        for source in nodes {
            for step in at.outgoing(*source) {
                position[step.edge.index()] = count(edges.len());
                edges.push(step.edge);
                let target = node[step.node.index()];
                assert_ne!(target, GONE, "an edge ends at a live node");
                out_targets.push(target);
            }
            out_offsets.push(count(edges.len()));
        }
        Self { node, edges, position, out_offsets, out_targets }
    }

    /// Returns the live edges with their new positions, in the order of the old ones, in which they lie in memory.
    fn survivors(&self) -> impl Iterator<Item = (EdgeIndex, u32)> {
        let positions = self.position.iter().enumerate();
        positions.filter(|(_, position)| **position != GONE).map(|(edge, position)| (EdgeIndex::new(edge), *position))
    }

    /// Packs what `number` says of each live edge, by new position.
    fn column(&self, number: impl Fn(EdgeIndex) -> u64) -> PackedInts {
        let mut numbers = vec![0; self.edges.len()];
        for (edge, position) in self.survivors() {
            numbers[position as usize] = number(edge);
        }
        numbers.into_iter().collect()
    }

    fn adjacency(&self, at: At<'_>, nodes: &[NodeIndex]) -> CsrColumns {
        let mut in_offsets = Vec::with_capacity(nodes.len() + 1);
        let mut in_sources = Vec::with_capacity(self.edges.len());
        let mut in_positions = Vec::with_capacity(self.edges.len());
        in_offsets.push(0);
        for target in nodes {
            for step in at.incoming(*target) {
                in_sources.push(self.node[step.node.index()]);
                in_positions.push(self.position[step.edge.index()]);
            }
            in_offsets.push(count(in_sources.len()));
        }
        CsrColumns {
            out_offsets: self.out_offsets.clone(),
            out_targets: self.out_targets.clone(),
            in_offsets,
            in_sources,
            in_positions,
        }
    }
}

fn node_columns(at: At<'_>, nodes: &[NodeIndex], remap: &Remap) -> NodeColumns {
    let ids: Box<[[u8; 16]]> = nodes.iter().map(|node| *at.node_id(*node).as_bytes()).collect();
    let set = |set: SetId| u64::from(remap.set(set).0);
    NodeColumns {
        table: FrozenIdTable::build(&ids),
        ids,
        kinds: nodes.iter().map(|node| u64::from(at.node_kind(*node).0)).collect(),
        keys: KeyColumn::build(nodes.iter().map(|node| at.node_key(*node))),
        sets: nodes.iter().map(|node| set(at.node_set(*node))).collect(),
        versions: nodes.iter().map(|node| at.node_version(*node)).collect(),
    }
}

fn edge_columns(at: At<'_>, renumbered: &Renumbered, remap: &Remap) -> EdgeColumns {
    let properties = |component: Option<ComponentId>| component.map_or(0, |id| u64::from(remap.component(id).0) + 1);
    let mut caller_ids: Box<[(u32, EdgeId)]> =
        renumbered.survivors().filter_map(|(edge, position)| Some((position, at.caller_edge_id(edge)?))).collect();
    caller_ids.sort_unstable_by_key(|(position, _)| *position);
    let mut by_caller_id: Box<[(EdgeId, u32)]> = caller_ids.iter().map(|(position, id)| (*id, *position)).collect();
    by_caller_id.sort_unstable();
    EdgeColumns {
        kinds: renumbered.column(|edge| u64::from(at.edge_kind(edge).0)),
        properties: renumbered.column(|edge| properties(at.edge_properties(edge))),
        versions: renumbered.column(|edge| at.edge_creation(edge).0),
        indices: renumbered.column(|edge| u64::from(at.edge_creation(edge).1)),
        by_creation: by_creation(at, renumbered),
        caller_ids,
        by_caller_id,
    }
}

/// The new positions in the order of creation: the old base's order, then the rows since, both without the dead.
fn by_creation(at: At<'_>, renumbered: &Renumbered) -> PackedInts {
    let base = at.generation().base();
    let frozen = base.edges.by_creation.iter().map(|position| usize::try_from(position).expect("positions fit"));
    // What the writer appended meanwhile is not among the positions.
    let recent = base.edge_count()..renumbered.position.len();
    let positions: Vec<u32> =
        frozen.chain(recent).map(|edge| renumbered.position[edge]).filter(|position| *position != GONE).collect();
    positions.into_iter().map(u64::from).collect()
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("ordinals have 32 bits")
}
