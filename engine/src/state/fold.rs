//! Turns a state into the base of the next generation.
//!
//! The new base depends on the state alone: live nodes keep their order and get dense ordinals, edges stand by source
//! and birth, pool ids are given in order of first use. It only reads, so it runs beside the writer.

use std::sync::Arc;

use crate::packed::{PackedInts, PackedIntsBuilder};
use crate::pool::{ComponentId, PoolBase, Remap, SetId, compact};
use crate::slab::Slab;
use crate::topology::{Csr, CsrColumns, EdgeIndex, NodeIndex};

use super::at::At;
use super::base::{Base, CallerIds, EdgeColumns, NodeColumns};
use super::carry_over::{GONE, Renumbering};
use super::generation::Extent;
use super::id_table::FrozenIdTable;
use super::keys::KeyColumn;
use super::kinds::KindColumn;

/// A new base with its pool.
#[derive(Debug)]
pub struct Folded {
    /// The base.
    pub base: Arc<Base>,
    /// The pool that its ids are of.
    pub pool: Arc<PoolBase>,
    /// What nodes and edges are called in it.
    pub renumbering: Renumbering,
}

/// Builds the base that holds exactly what `at` sees; `extent` is where the rows ended then, behind which the writer may
/// go on meanwhile.
pub fn fold(at: At<'_>, extent: Extent) -> Folded {
    let base = at.generation().base();
    let node_bound = base.node_count() + extent.nodes() as usize;
    let edge_bound = base.edge_count() + extent.edges() as usize;
    let nodes: Vec<NodeIndex> = (0..node_bound).map(NodeIndex::new).filter(|node| at.contains_node(*node)).collect();
    let renumbered = Renumbered::new(at, &nodes, node_bound, edge_bound);
    let (pool, remap) = compact(
        at.pool(),
        &mut nodes.iter().map(|node| at.node_set(*node)),
        &mut renumbered.edges.iter().filter_map(|edge| at.edge_properties(*edge)),
    );
    let base = Base {
        version: at.version(),
        nodes: node_columns(at, &nodes, &remap),
        adjacency: Csr::new(renumbered.adjacency(at, &nodes)),
        edges: edge_columns(at, &renumbered, &remap),
    };
    let renumbering = Renumbering {
        nodes: (nodes.len() != node_bound).then(|| renumbered.node.into_boxed_slice()),
        node_bounds: (node_bound, nodes.len()),
        edge_bounds: (edge_bound, renumbered.edges.len()),
        edges: renumbered.position.into_boxed_slice(),
    };
    Folded { base: Arc::new(base), pool: Arc::new(pool), renumbering }
}

/// The live edges in their new order, and the way from old ordinals to new ones.
struct Renumbered {
    node: Vec<u32>,
    edges: Vec<EdgeIndex>,
    position: Vec<u32>,
    out_offsets: PackedInts,
    out_targets: PackedInts,
}

impl Renumbered {
    fn new(at: At<'_>, nodes: &[NodeIndex], node_bound: usize, edge_bound: usize) -> Self {
        let mut node = vec![GONE; node_bound];
        for (new, old) in (0..).zip(nodes) {
            node[old.index()] = new;
        }
        let edge_count = at.edges().count();
        let mut edges = Vec::with_capacity(edge_count);
        let mut position = vec![GONE; edge_bound];
        let mut out_offsets = PackedIntsBuilder::new(nodes.len() + 1, edge_count as u64);
        let mut out_targets = PackedIntsBuilder::new(edge_count, last(nodes));
        out_offsets.push(0);
        for source in nodes {
            for step in at.outgoing(*source) {
                position[step.edge.index()] = count(edges.len());
                edges.push(step.edge);
                let target = node[step.node.index()];
                assert_ne!(target, GONE, "an edge ends at a live node");
                out_targets.push(u64::from(target));
            }
            out_offsets.push(edges.len() as u64);
        }
        let (out_offsets, out_targets) = (out_offsets.finish(), out_targets.finish());
        Self { node, edges, position, out_offsets, out_targets }
    }

    /// Returns the live edges with their new positions, in the order of the old ones, in which they lie in memory.
    fn survivors(&self) -> impl Iterator<Item = (EdgeIndex, u32)> {
        let positions = self.position.iter().enumerate();
        positions.filter(|(_, position)| **position != GONE).map(|(edge, position)| (EdgeIndex::new(edge), *position))
    }

    /// Packs what `number` says of each live edge, by new position.
    fn column(&self, number: impl Fn(EdgeIndex) -> u64) -> PackedInts {
        let max = self.edges.iter().map(|edge| number(*edge)).max().unwrap_or(0);
        let mut numbers = PackedIntsBuilder::new(self.edges.len(), max);
        for (edge, position) in self.survivors() {
            numbers.set(position as usize, number(edge));
        }
        numbers.finish()
    }

    fn adjacency(&self, at: At<'_>, nodes: &[NodeIndex]) -> CsrColumns {
        let edges = self.edges.len();
        let mut in_offsets = PackedIntsBuilder::new(nodes.len() + 1, edges as u64);
        let mut in_sources = PackedIntsBuilder::new(edges, last(nodes));
        let mut in_positions = PackedIntsBuilder::new(edges, edges.saturating_sub(1) as u64);
        let mut place = 0;
        in_offsets.push(0);
        for target in nodes {
            for step in at.incoming(*target) {
                in_sources.push(u64::from(self.node[step.node.index()]));
                in_positions.push(u64::from(self.position[step.edge.index()]));
                place += 1;
            }
            in_offsets.push(place);
        }
        CsrColumns {
            out_offsets: self.out_offsets.clone(),
            out_targets: self.out_targets.clone(),
            in_offsets: in_offsets.finish(),
            in_sources: in_sources.finish(),
            in_positions: in_positions.finish(),
        }
    }
}

/// Returns the highest new ordinal.
fn last(nodes: &[NodeIndex]) -> u64 {
    nodes.len().saturating_sub(1) as u64
}

fn node_columns(at: At<'_>, nodes: &[NodeIndex], remap: &Remap) -> NodeColumns {
    let ids: Slab<[u8; 16]> = nodes.iter().map(|node| *at.node_id(*node).as_bytes()).collect();
    let set = |set: SetId| u64::from(remap.set(set).0);
    NodeColumns {
        table: FrozenIdTable::build(&ids),
        ids,
        kinds: PackedInts::of(nodes, |node| u64::from(at.node_kind(*node).0)),
        keys: KeyColumn::build(nodes.iter().map(|node| at.node_key(*node))),
        sets: PackedInts::of(nodes, |node| set(at.node_set(*node))),
        versions: PackedInts::of(nodes, |node| at.node_version(*node)),
    }
}

fn edge_columns(at: At<'_>, renumbered: &Renumbered, remap: &Remap) -> EdgeColumns {
    let properties = |component: Option<ComponentId>| component.map_or(0, |id| u64::from(remap.component(id).0) + 1);
    let caller_ids =
        renumbered.survivors().filter_map(|(edge, position)| Some((position, at.caller_edge_id(edge)?))).collect();
    EdgeColumns {
        kinds: KindColumn::of(&renumbered.column(|edge| u64::from(at.edge_kind(edge).0))),
        properties: renumbered.column(|edge| properties(at.edge_properties(edge))),
        versions: renumbered.column(|edge| at.edge_creation(edge).0),
        indices: renumbered.column(|edge| u64::from(at.edge_creation(edge).1)),
        by_creation: by_creation(at, renumbered),
        caller_ids: CallerIds::new(caller_ids),
    }
}

/// The new positions in the order of creation: the old base's order, then the rows since, both without the dead.
fn by_creation(at: At<'_>, renumbered: &Renumbered) -> PackedInts {
    let base = at.generation().base();
    let frozen = base.edges.by_creation.iter().map(|position| usize::try_from(position).expect("positions fit"));
    let recent = base.edge_count()..renumbered.position.len();
    let edges = renumbered.edges.len();
    let mut positions = PackedIntsBuilder::new(edges, edges.saturating_sub(1) as u64);
    let survivors = frozen.chain(recent).map(|edge| renumbered.position[edge]).filter(|position| *position != GONE);
    survivors.for_each(|position| positions.push(u64::from(position)));
    positions.finish()
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("ordinals have 32 bits")
}
