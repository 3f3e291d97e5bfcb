//! Turns a state into the base of the next generation.
//!
//! The new base depends on the state alone: live nodes keep their order and get dense ordinals, edges stand by source
//! and birth, pool ids are given in order of first use. It only reads, so it runs beside the writer.
//!
//! [`fold_history`] keeps the dead too, with the times at which everything came, changed and went; what it makes depends
//! on the state at the first version and the events since, not on how often it was folded between.

use std::sync::Arc;

use crate::packed::{PackedInts, PackedIntsBuilder};
use crate::pool::{ComponentId, NameId, Naming, PoolBase, Remap, SetId, compact};
use crate::slab::Slab;
use crate::topology::{Csr, CsrColumns, EdgeIndex, NodeIndex, Topology};

use super::at::At;
use super::base::{Base, CallerIds, EdgeColumns, NodeColumns};
use super::carry_over::{GONE, Renumbering};
use super::ever::Ever;
use super::generation::{Extent, Generation};
use super::id_table::FrozenIdTable;
use super::keys::KeyColumn;
use super::kinds::KindColumn;
use super::lifetimes::{ChangesBuilder, Lifetimes};
use super::marks::Sparse;
use super::timeline::Timeline;

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
    fold_named(at, extent, &Naming::kept(Arc::clone(at.pool().names())))
}

/// Builds the base as [`fold`] does, with other names.
pub fn fold_named(at: At<'_>, extent: Extent, naming: &Naming) -> Folded {
    let renumbered = Renumbered::new(&at, Ever::new(at, extent));
    let moment = at.generation().moment_by_stamp(at.stamp()).map(|found| found.moment);
    let moment = moment.filter(|moment| moment.head.version == at.version());
    let timeline = Timeline::new(at.version(), moment.as_slice());
    let (base, pool) = build(at, &at, &renumbered, naming, Kept::default(), timeline);
    Folded { base: Arc::new(base), pool: Arc::new(pool), renumbering: renumbered.into_renumbering() }
}

/// Builds the temporal base that answers for every version from the first of the present base up to that of `at`, as
/// this generation would; `extent` is where the rows ended then. Stamps keep their meaning.
pub fn fold_history(at: At<'_>, extent: Extent) -> Folded {
    fold_history_named(at, extent, &Naming::kept(Arc::clone(at.pool().names())))
}

/// Builds the base as [`fold_history`] does, with other names.
pub fn fold_history_named(at: At<'_>, extent: Extent, naming: &Naming) -> Folded {
    let ever = Ever::new(at, extent);
    let renumbered = Renumbered::new(&ever, ever);
    let kept = Kept::new(&ever, &renumbered);
    let (base, pool) = build(at, &ever, &renumbered, naming, kept, at.generation().timeline(at.stamp()));
    let base = Base { version: at.generation().base().version(), last: at.stamp(), ..base };
    Folded { base: Arc::new(base), pool: Arc::new(pool), renumbering: renumbered.into_renumbering() }
}

/// Builds the base of the elements in `lived`, as they are at `at`, with what is kept of the time before.
fn build(
    at: At<'_>,
    lived: &impl Topology,
    renumbered: &Renumbered,
    naming: &Naming,
    kept: Kept,
    timeline: Timeline,
) -> (Base, PoolBase) {
    let nodes = &renumbered.nodes;
    let former_sets = kept.node_changes.values().map(SetId);
    let former_properties = kept.edge_changes.values().filter_map(|value| value.checked_sub(1).map(ComponentId));
    let (pool, remap) = compact(
        at.pool(),
        naming,
        &mut nodes.iter().map(|node| at.node_set(*node)).chain(former_sets),
        &mut renumbered.edges.iter().filter_map(|edge| at.edge_properties(*edge)).chain(former_properties),
    );
    let (nodes, namesakes) = node_columns(at, nodes, naming, &remap);
    let base = Base {
        version: at.version(),
        last: 0,
        nodes,
        adjacency: Csr::new(renumbered.adjacency(lived)),
        edges: edge_columns(at, renumbered, naming, &remap),
        lifetimes: kept.into_lifetimes(renumbered, &namesakes, &remap).map(Box::new),
        timeline,
    };
    (base, pool)
}

/// Gives the base of a generation in which nothing has happened since other names, as [`fold_named`] would: but for the
/// kinds, the columns are shared.
pub fn rename(generation: &Generation, naming: &Naming) -> (Base, PoolBase) {
    let base = &**generation.base();
    let kinds = &base.nodes.kinds;
    let kind = |at: usize| u64::from(naming.of(NameId(kinds.get_u32(at))).0);
    let max = (0..kinds.len()).map(kind).max().unwrap_or(0);
    let nodes = NodeColumns { kinds: PackedInts::from_fn(kinds.len(), max, kind), ..base.nodes.clone() };
    let edges = EdgeColumns { kinds: base.edges.kinds.renamed(|kind| naming.of(kind)), ..base.edges.clone() };
    (Base { nodes, edges, ..base.clone() }, generation.pool().renamed(naming))
}

/// What is kept of the time before the folded version, by new ordinals; nothing for a plain base.
#[derive(Default)]
struct Kept {
    births: Vec<u32>,
    node_deaths: Vec<(u32, u32)>,
    edge_deaths: Vec<(u32, u32)>,
    has_young_edges: bool,
    node_changes: ChangesBuilder,
    versions_before: Vec<u64>,
    edge_changes: ChangesBuilder,
}

impl Kept {
    fn new(ever: &Ever<'_>, renumbered: &Renumbered) -> Self {
        let mut kept = Self::default();
        for (new, node) in (0..).zip(&renumbered.nodes) {
            let span = ever.node_span(*node).expect("only what lived is kept");
            if span.birth > 0 || !kept.births.is_empty() {
                kept.births.push(span.birth);
            }
            kept.node_deaths.extend(span.death.map(|death| (new, death)));
            if kept.node_changes.push(new, &ever.node_changes(*node, span.birth)) {
                kept.versions_before.push(ever.version_before(*node, span.birth));
            }
        }
        assert!(kept.births.is_sorted(), "rows stand in the order of their births");
        for (new, edge) in (0..).zip(&renumbered.edges) {
            let span = ever.edge_span(*edge).expect("only what lived is kept");
            kept.has_young_edges |= span.birth > 0;
            kept.edge_deaths.extend(span.death.map(|death| (new, death)));
            kept.edge_changes.push(new, &ever.edge_changes(*edge, span.birth));
        }
        kept
    }

    /// Packs it; `None` where nothing came, went or changed.
    fn into_lifetimes(self, renumbered: &Renumbered, namesakes: &[(u32, u32)], remap: &Remap) -> Option<Lifetimes> {
        let (nodes, edges) = (renumbered.nodes.len(), renumbered.edges.len());
        let has_young_edges = self.has_young_edges;
        let lifetimes = Lifetimes {
            old_nodes: nodes - self.births.len(),
            births: PackedInts::of(&self.births, |birth| u64::from(*birth)),
            node_deaths: Sparse::new(nodes, &self.node_deaths),
            edge_deaths: Sparse::new(edges, &self.edge_deaths),
            namesakes: Sparse::new(nodes, namesakes),
            node_changes: self.node_changes.finish(nodes, |set| remap.set(SetId(set)).0),
            versions_before: self.versions_before.into_iter().collect(),
            edge_changes: self.edge_changes.finish(edges, |properties| match properties.checked_sub(1) {
                Some(component) => remap.component(ComponentId(component)).0 + 1,
                None => 0,
            }),
        };
        (has_young_edges || !lifetimes.is_empty()).then_some(lifetimes)
    }
}

/// The nodes and edges that are kept, in their new order, and the way from old ordinals to new ones.
struct Renumbered {
    nodes: Vec<NodeIndex>,
    node: Vec<u32>,
    edges: Vec<EdgeIndex>,
    position: Vec<u32>,
    out_offsets: PackedInts,
    out_targets: PackedInts,
}

impl Renumbered {
    /// Numbers the elements in `lived`, which are among those that ever lived.
    fn new(lived: &impl Topology, ever: Ever<'_>) -> Self {
        let mut node = vec![GONE; ever.node_bound()];
        let nodes = (0..node.len()).map(NodeIndex::new).filter(|node| lived.contains(*node)).collect::<Vec<_>>();
        for (new, old) in (0..).zip(&nodes) {
            node[old.index()] = new;
        }
        let edge_count = lived.edge_count();
        let mut edges = Vec::with_capacity(edge_count);
        let mut position = vec![GONE; ever.edge_bound()];
        let mut out_offsets = PackedIntsBuilder::new(nodes.len() + 1, edge_count as u64);
        let mut out_targets = PackedIntsBuilder::new(edge_count, last(&nodes));
        out_offsets.push(0);
        for source in &nodes {
            for step in lived.outgoing(*source) {
                position[step.edge.index()] = count(edges.len());
                edges.push(step.edge);
                let target = node[step.node.index()];
                assert_ne!(target, GONE, "an edge lives no longer than its target");
                out_targets.push(u64::from(target));
            }
            out_offsets.push(edges.len() as u64);
        }
        let (out_offsets, out_targets) = (out_offsets.finish(), out_targets.finish());
        Self { nodes, node, edges, position, out_offsets, out_targets }
    }

    fn into_renumbering(self) -> Renumbering {
        let (node_bounds, edge_bounds) = ((self.node.len(), self.nodes.len()), (self.position.len(), self.edges.len()));
        Renumbering {
            nodes: (node_bounds.0 != node_bounds.1).then(|| self.node.into_boxed_slice()),
            node_bounds,
            edge_bounds,
            edges: self.position.into_boxed_slice(),
        }
    }

    /// Returns the kept edges with their new positions, in the order of the old ones, in which they lie in memory.
    fn survivors(&self) -> impl Iterator<Item = (EdgeIndex, u32)> {
        let positions = self.position.iter().enumerate();
        positions.filter(|(_, position)| **position != GONE).map(|(edge, position)| (EdgeIndex::new(edge), *position))
    }

    /// Packs what `number` says of each kept edge, by new position.
    fn column(&self, number: impl Fn(EdgeIndex) -> u64) -> PackedInts {
        let max = self.edges.iter().map(|edge| number(*edge)).max().unwrap_or(0);
        let mut numbers = PackedIntsBuilder::new(self.edges.len(), max);
        for (edge, position) in self.survivors() {
            numbers.set(position as usize, number(edge));
        }
        numbers.finish()
    }

    fn adjacency(&self, lived: &impl Topology) -> CsrColumns {
        let (nodes, edges) = (&self.nodes, self.edges.len());
        let mut in_offsets = PackedIntsBuilder::new(nodes.len() + 1, edges as u64);
        let mut in_sources = PackedIntsBuilder::new(edges, last(nodes));
        let mut in_positions = PackedIntsBuilder::new(edges, edges.saturating_sub(1) as u64);
        let mut place = 0;
        in_offsets.push(0);
        for target in nodes {
            for step in lived.incoming(*target) {
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

/// Returns the columns of nodes, and the nodes that have their id from one before them, with that one.
fn node_columns(at: At<'_>, nodes: &[NodeIndex], naming: &Naming, remap: &Remap) -> (NodeColumns, Vec<(u32, u32)>) {
    let ids: Slab<[u8; 16]> = nodes.iter().map(|node| *at.node_id(*node).as_bytes()).collect();
    let set = |set: SetId| u64::from(remap.set(set).0);
    let (table, namesakes) = FrozenIdTable::build(ids.all());
    let columns = NodeColumns {
        table,
        ids,
        kinds: PackedInts::of(nodes, |node| u64::from(naming.of(at.node_kind(*node)).0)),
        keys: KeyColumn::build(nodes.iter().map(|node| at.node_key(*node))),
        sets: PackedInts::of(nodes, |node| set(at.node_set(*node))),
        versions: PackedInts::of(nodes, |node| at.node_version(*node)),
    };
    (columns, namesakes)
}

fn edge_columns(at: At<'_>, renumbered: &Renumbered, naming: &Naming, remap: &Remap) -> EdgeColumns {
    let properties = |component: Option<ComponentId>| component.map_or(0, |id| u64::from(remap.component(id).0) + 1);
    let caller_ids =
        renumbered.survivors().filter_map(|(edge, position)| Some((position, at.caller_edge_id(edge)?))).collect();
    EdgeColumns {
        kinds: KindColumn::of(&renumbered.column(|edge| u64::from(naming.of(at.edge_kind(edge)).0))),
        properties: renumbered.column(|edge| properties(at.edge_properties(edge))),
        versions: renumbered.column(|edge| at.edge_creation(edge).0),
        indices: renumbered.column(|edge| u64::from(at.edge_creation(edge).1)),
        by_creation: by_creation(at, renumbered),
        caller_ids: CallerIds::new(caller_ids),
    }
}

/// The new positions in the order of creation: the old base's order, then the rows since, both without what is not kept.
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
