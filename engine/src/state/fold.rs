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
use crate::topology::Csr;

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
use super::renumber::Renumbered;
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
    let ever = Ever::new(at, extent);
    let (renumbered, adjacency) = Renumbered::new(ever, |node| at.contains_node(node), |edge| at.contains_edge(edge));
    let moment = at.generation().moment_by_stamp(at.stamp()).map(|found| found.moment);
    let moment = moment.filter(|moment| moment.head.version == at.version());
    let timeline = Timeline::new(at.version(), moment.as_slice());
    let (base, pool) = build(at, &renumbered, adjacency, naming, Kept::default(), timeline);
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
    let (renumbered, adjacency) =
        Renumbered::new(ever, |node| ever.node_span(node).is_some(), |edge| ever.edge_span(edge).is_some());
    let kept = Kept::new(&ever, &renumbered);
    let timeline = at.generation().timeline(at.stamp());
    let (base, pool) = build(at, &renumbered, adjacency, naming, kept, timeline);
    let base = Base { version: at.generation().base().version(), last: at.stamp(), ..base };
    Folded { base: Arc::new(base), pool: Arc::new(pool), renumbering: renumbered.into_renumbering() }
}

/// Builds the base of the elements that are kept, as they are at `at`, with what is kept of the time before.
fn build(
    at: At<'_>,
    renumbered: &Renumbered<'_>,
    adjacency: Csr,
    naming: &Naming,
    kept: Kept,
    timeline: Timeline,
) -> (Base, PoolBase) {
    let has_edge_properties = has_edge_properties(at, renumbered);
    let edges = if has_edge_properties { renumbered.edges() } else { Vec::new() };
    let former_sets = kept.node_changes.values().map(SetId);
    let former_properties = kept.edge_changes.values().filter_map(|value| value.checked_sub(1).map(ComponentId));
    let (pool, remap) = compact(
        at.pool(),
        naming,
        &mut renumbered.nodes().map(|node| at.node_set(node)).chain(former_sets),
        &mut edges.iter().filter_map(|edge| at.edge_properties(*edge)).chain(former_properties),
    );
    drop(edges);
    let properties = if has_edge_properties {
        edge_properties(at, renumbered, &remap)
    } else {
        PackedInts::zeros(renumbered.edge_count())
    };
    let (nodes, namesakes) = node_columns(at, renumbered, naming, &remap);
    let base = Base {
        version: at.version(),
        last: 0,
        nodes,
        adjacency,
        edges: edge_columns(at, renumbered, naming, properties),
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
    fn new(ever: &Ever<'_>, renumbered: &Renumbered<'_>) -> Self {
        let mut kept = Self::default();
        for (new, node) in (0..).zip(renumbered.nodes()) {
            let span = ever.node_span(node).expect("only what lived is kept");
            if span.birth > 0 || !kept.births.is_empty() {
                kept.births.push(span.birth);
            }
            kept.node_deaths.extend(span.death.map(|death| (new, death)));
            if kept.node_changes.push(new, &ever.node_changes(node, span.birth)) {
                kept.versions_before.push(ever.version_before(node, span.birth));
            }
        }
        assert!(kept.births.is_sorted(), "rows stand in the order of their births");
        for (new, edge) in (0..).zip(renumbered.edges()) {
            let span = ever.edge_span(edge).expect("only what lived is kept");
            kept.has_young_edges |= span.birth > 0;
            kept.edge_deaths.extend(span.death.map(|death| (new, death)));
            kept.edge_changes.push(new, &ever.edge_changes(edge, span.birth));
        }
        kept
    }

    /// Packs it; `None` where nothing came, went or changed.
    fn into_lifetimes(self, renumbered: &Renumbered<'_>, namesakes: &[(u32, u32)], remap: &Remap) -> Option<Lifetimes> {
        let (nodes, edges) = (renumbered.node_count(), renumbered.edge_count());
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

/// Returns the columns of nodes, and the nodes that have their id from one before them, with that one.
fn node_columns(
    at: At<'_>,
    renumbered: &Renumbered<'_>,
    naming: &Naming,
    remap: &Remap,
) -> (NodeColumns, Vec<(u32, u32)>) {
    let nodes = || renumbered.nodes();
    let kinds = || PackedInts::of_all(nodes(), |node| u64::from(naming.of(at.node_kind(node)).0));
    let versions = || PackedInts::of_all(nodes(), |node| at.node_version(node));
    let sets = PackedInts::of_all(nodes(), |node| u64::from(remap.set(at.node_set(node)).0));
    if let Some(same) = same_nodes(at, renumbered) {
        let kinds = if naming.is_kept() { same.kinds.clone() } else { kinds() };
        let is_unchanged = at.generation().node_changes.is_untouched();
        let versions = if is_unchanged { same.versions.clone() } else { versions() };
        return (NodeColumns { kinds, versions, sets, ..same.clone() }, Vec::new());
    }
    let ids: Slab<[u8; 16]> = nodes().map(|node| *at.node_id(node).as_bytes()).collect();
    let (table, namesakes) = FrozenIdTable::build(ids.all());
    let keys = KeyColumn::build(nodes().map(|node| at.node_key(node)));
    (NodeColumns { table, ids, kinds: kinds(), keys, sets, versions: versions() }, namesakes)
}

/// Returns the columns of a plain base whose nodes are all kept, and no others: the new base shares what they say, so that
/// it is not there twice. Parts of a file are not shared: they would keep the file open.
fn same_nodes<'a>(at: At<'a>, renumbered: &Renumbered<'_>) -> Option<&'a NodeColumns> {
    let base = &**at.generation().base();
    let is_same = renumbered.keeps_nodes() && renumbered.node_count() == base.node_count();
    (is_same && base.lifetimes().is_none() && base.nodes.ids.is_on_heap()).then_some(&base.nodes)
}

fn edge_columns(at: At<'_>, renumbered: &Renumbered<'_>, naming: &Naming, properties: PackedInts) -> EdgeColumns {
    let base = &**at.generation().base();
    let kind = |kind: NameId| u64::from(naming.of(kind).0);
    let kinds = renumbered.column(|position| kind(base.edge_kind(position)), |row| kind(NameId(row.kind)));
    let versions =
        renumbered.column(|position| base.edges.versions.get(position), |row| base.version + u64::from(row.birth()));
    let indices = renumbered.column(|position| base.edges.indices.get(position), |row| u64::from(row.index));
    EdgeColumns {
        kinds: KindColumn::of(&kinds),
        properties,
        versions,
        indices,
        by_creation: by_creation(at, renumbered),
        caller_ids: caller_ids(at, renumbered),
    }
}

/// Returns whether an edge may have properties.
fn has_edge_properties(at: At<'_>, renumbered: &Renumbered<'_>) -> bool {
    let generation = at.generation();
    let base = generation.base();
    let is_bare = base.edges.properties.width() == 0
        && base.lifetimes().is_none()
        && generation.edge_changes.is_untouched()
        && renumbered.recent_rows().all(|(_, row)| row.properties == 0);
    !is_bare
}

fn edge_properties(at: At<'_>, renumbered: &Renumbered<'_>, remap: &Remap) -> PackedInts {
    let properties = |edge| at.edge_properties(edge).map_or(0, |id| u64::from(remap.component(id).0) + 1);
    let max = renumbered.kept().map(|(edge, _)| properties(edge)).max().unwrap_or(0);
    let mut column = PackedIntsBuilder::new(renumbered.edge_count(), max);
    renumbered.kept().for_each(|(edge, position)| column.set(position as usize, properties(edge)));
    column.finish()
}

fn caller_ids(at: At<'_>, renumbered: &Renumbered<'_>) -> CallerIds {
    let frozen = at.generation().base().edges.caller_ids.iter();
    let frozen = frozen.map(|(old, id)| (renumbered.position[old as usize], id));
    let recent = (0..).zip(renumbered.recent_rows()).filter(|(_, (_, row))| row.caller != 0);
    let recent = recent.filter_map(|(row, (position, _))| Some((position, at.generation().caller_id(row)?)));
    CallerIds::new(frozen.chain(recent).filter(|(position, _)| *position != GONE).collect())
}

/// The new positions in the order of creation: the old base's order, then the rows since, both without what is not kept.
fn by_creation(at: At<'_>, renumbered: &Renumbered<'_>) -> PackedInts {
    let base = at.generation().base();
    let frozen = base.edges.by_creation.iter().map(|position| usize::try_from(position).expect("positions fit"));
    let recent = base.edge_count()..renumbered.position.len();
    let edges = renumbered.edge_count();
    let mut positions = PackedIntsBuilder::new(edges, edges.saturating_sub(1) as u64);
    let kept = frozen.chain(recent).map(|edge| renumbered.position[edge]).filter(|position| *position != GONE);
    kept.for_each(|position| positions.push(u64::from(position)));
    positions.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::NodeEntity;
    use crate::id::GraphId;
    use crate::pool::{Names, Pool, PoolWriter};
    use crate::topology::{NewEdgeRow, NodeIndex};

    const NODES: u64 = 100;

    fn add_node(generation: &Generation, number: u64) {
        let graph = GraphId::from_bytes([7; 16]);
        let node = NodeEntity::keyed(graph, "kind", format!("key {number}"));
        let kind = generation.pool().names().intern("kind");
        generation.add_node(&node, kind, SetId::EMPTY, 1);
    }

    fn connect(generation: &Generation, source: usize, target: usize) {
        let (source, target) = (NodeIndex::new(source), NodeIndex::new(target));
        let (kind, properties) = (generation.pool().names().intern("kind").0, 0);
        generation.add_edge(NewEdgeRow { source, target, kind, birth: 1, index: 0, properties, caller_id: None });
    }

    fn fresh() -> Generation {
        let pool = PoolWriter::new(Arc::new(Names::new()), Arc::new(PoolBase::new()));
        Generation::new(Arc::default(), Arc::clone(pool.pool()))
    }

    fn next(generation: &Generation) -> Generation {
        let Folded { base, pool, .. } = fold(generation.at(1), generation.extent());
        Generation::new(base, Arc::new(Pool::new(Arc::clone(generation.pool().names()), pool)))
    }

    /// Returns a generation that has nodes in its base and nothing since.
    fn with_nodes() -> Generation {
        let generation = fresh();
        (0..NODES).for_each(|number| add_node(&generation, number));
        next(&generation)
    }

    fn is_shared<T>(one: &Slab<T>, other: &Slab<T>) -> bool {
        one.as_bytes().as_ptr() == other.as_bytes().as_ptr()
    }

    #[test]
    fn nodes_that_stay_as_they_are_stand_in_memory_once() {
        let before = with_nodes();
        connect(&before, 3, 4);
        let after = next(&before);
        let (old, new) = (&before.base().nodes, &after.base().nodes);
        assert!(is_shared(&old.ids, &new.ids) && is_shared(old.versions.words(), new.versions.words()));
        assert_eq!(old, new);
        assert_eq!((after.base().node_count(), after.base().edge_count()), (100, 1));
    }

    #[test]
    fn what_changed_is_not_shared() {
        let before = with_nodes();
        before.change_node(NodeIndex::new(5), SetId::EMPTY, 1);
        let after = next(&before);
        let (old, new) = (&before.base().nodes, &after.base().nodes);
        assert!(is_shared(&old.ids, &new.ids) && old.versions != new.versions);
        assert_eq!(after.base().node_version(5, 0), before.base().version() + 1);
    }

    #[test]
    fn nodes_that_come_or_go_are_shared_with_no_base() {
        let (grown, shrunk) = (with_nodes(), with_nodes());
        add_node(&grown, NODES);
        shrunk.set_node_death(NodeIndex::new(99), 1);
        for (before, count) in [(grown, 101), (shrunk, 99)] {
            let after = next(&before);
            assert!(!is_shared(&before.base().nodes.ids, &after.base().nodes.ids));
            assert_eq!(after.base().node_count(), count);
            let last = after.base().node_id(count - 1);
            assert_eq!(after.base().find_node(last), Some(u32::try_from(count - 1).expect("few")));
        }
    }
}
