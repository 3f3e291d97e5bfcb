//! The frozen part of a graph's state: columns by node and by edge, packed, and the tables that lead to them.
//!
//! Node ordinals are dense: a base has no holes. An edge's ordinal is its position in the adjacency. Nothing changes
//! after it was built.
//!
//! A plain base holds one version. A temporal one holds all that lived at any version of a span, and answers for each:
//! its columns say what elements are at the span's end, its [`Lifetimes`] when that was not so.

use crate::entity::Key;
use crate::id::{EdgeId, NodeId};
use crate::ledger::MemoryLedger;
use crate::packed::{PackedInts, partition};
use crate::pool::{ComponentId, NameId, SetId};
use crate::slab::Slab;
use crate::topology::{Csr, EdgeIndex, NodeIndex, Stamp};

use super::id_table::FrozenIdTable;
use super::keys::KeyColumn;
use super::kinds::KindColumn;
use super::lifetimes::{Former, Lifetimes};
use super::timeline::Timeline;

/// The frozen part of a graph's state. Clones share it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base {
    /// The first version that it answers for, from which stamps count.
    pub(super) version: u64,
    /// The stamp of the last version that it answers for.
    pub(super) last: Stamp,
    pub(super) nodes: NodeColumns,
    pub(super) adjacency: Csr,
    pub(super) edges: EdgeColumns,
    /// What came, went and changed between the first version and the last; `None` where nothing did.
    pub(super) lifetimes: Option<Box<Lifetimes>>,
    /// The ends of transactions from the first version to the last, where they were noted.
    pub(super) timeline: Timeline,
}

/// What is kept of each node, by ordinal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NodeColumns {
    pub(super) ids: Slab<[u8; 16]>,
    pub(super) table: FrozenIdTable,
    pub(super) kinds: PackedInts,
    pub(super) keys: KeyColumn,
    pub(super) sets: PackedInts,
    pub(super) versions: PackedInts,
}

/// What is kept of each edge, by position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct EdgeColumns {
    pub(super) kinds: KindColumn,
    /// 0 for none, else the component id plus 1.
    pub(super) properties: PackedInts,
    /// The version at which it was connected.
    pub(super) versions: PackedInts,
    /// Its place among the edges of that version.
    pub(super) indices: PackedInts,
    /// The positions, ordered by version and index.
    pub(super) by_creation: PackedInts,
    pub(super) caller_ids: CallerIds,
}

/// The ids that callers gave to edges: two columns by position, and their order by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CallerIds {
    pub(super) positions: PackedInts,
    pub(super) ids: Slab<[u8; 16]>,
    /// Places in the columns, ordered by id.
    pub(super) by_id: PackedInts,
}

impl CallerIds {
    /// Makes the columns of positions and ids, no position twice; an id twice only where it lived twice.
    pub(super) fn new(mut ids: Vec<(u32, EdgeId)>) -> Self {
        ids.sort_unstable_by_key(|(position, _)| *position);
        let mut by_id: Vec<usize> = (0..ids.len()).collect();
        by_id.sort_unstable_by_key(|place| (ids[*place].1, *place));
        Self {
            positions: ids.iter().map(|(position, _)| u64::from(*position)).collect(),
            ids: ids.iter().map(|(_, id)| *id.as_bytes()).collect(),
            by_id: by_id.into_iter().map(|place| place as u64).collect(),
        }
    }

    /// Returns the positions and their ids, by position.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, EdgeId)> + '_ {
        let places = 0..self.positions.len();
        places.map(|place| (self.positions.get_u32(place), EdgeId::from_bytes(self.ids.get(place))))
    }

    fn at(&self, position: u32) -> Option<EdgeId> {
        let place = partition(self.positions.len(), |place| self.positions.get_u32(place) < position);
        let found = place < self.positions.len() && self.positions.get_u32(place) == position;
        found.then(|| EdgeId::from_bytes(self.ids.get(place)))
    }

    /// Returns the positions of the edges that have the id at one version or another.
    fn find(&self, id: EdgeId) -> impl Iterator<Item = u32> + '_ {
        let place = |at: usize| self.by_id.get_u32(at) as usize;
        let id_at = move |place: usize| self.ids.get(place);
        let first = partition(self.by_id.len(), |at| id_at(place(at)) < *id.as_bytes());
        let places = (first..self.by_id.len()).map(place).take_while(move |place| id_at(*place) == *id.as_bytes());
        places.map(|place| self.positions.get_u32(place))
    }

    fn heap_bytes(&self) -> usize {
        self.positions.heap_bytes() + self.ids.heap_bytes() + self.by_id.heap_bytes()
    }
}

impl Base {
    /// Returns the first version that it answers for, from which stamps count; a plain base has no other.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns the stamp of the last version that it answers for, above which those of an overlay lie.
    pub const fn last_stamp(&self) -> Stamp {
        self.last
    }

    /// Returns the last version that it answers for.
    pub fn last_version(&self) -> u64 {
        self.version + u64::from(self.last)
    }

    /// Returns what came, went and changed between its first version and its last; `None` where nothing did.
    pub fn lifetimes(&self) -> Option<&Lifetimes> {
        self.lifetimes.as_deref()
    }

    /// Returns the ends of transactions between its first version and its last, where they were noted.
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Returns the number of nodes, those among them that are dead at its last version.
    pub const fn node_count(&self) -> usize {
        self.nodes.ids.len()
    }

    /// Returns the number of edges, those among them that are dead at its last version.
    pub const fn edge_count(&self) -> usize {
        self.adjacency.edge_count()
    }

    /// Returns the adjacency.
    pub const fn adjacency(&self) -> &Csr {
        &self.adjacency
    }

    /// Enters the bytes on the heap by structure.
    pub fn enter(&self, ledger: &mut MemoryLedger) {
        let Self { nodes, adjacency, edges, lifetimes, timeline, version: _, last: _ } = self;
        ledger.enter("node ids", nodes.ids.heap_bytes());
        ledger.enter("node id table", nodes.table.heap_bytes());
        ledger.enter("node kinds", nodes.kinds.heap_bytes());
        ledger.enter("node keys", nodes.keys.heap_bytes());
        ledger.enter("node component sets", nodes.sets.heap_bytes());
        ledger.enter("node versions", nodes.versions.heap_bytes());
        adjacency.enter(ledger);
        let creations = edges.versions.heap_bytes() + edges.indices.heap_bytes() + edges.by_creation.heap_bytes();
        ledger.enter("edge kinds", edges.kinds.heap_bytes());
        ledger.enter("edge properties", edges.properties.heap_bytes());
        ledger.enter("edge creations", creations);
        ledger.enter("edge ids of callers", edges.caller_ids.heap_bytes());
        ledger.enter("timeline", timeline.heap_bytes());
        ledger.enter("lifetimes", lifetimes.as_ref().map_or(0, |lifetimes| lifetimes.heap_bytes()));
    }

    /// Returns the last node that has the id at one version or another.
    #[inline]
    pub(super) fn find_node(&self, id: NodeId) -> Option<u32> {
        self.nodes.table.find(id.as_bytes(), &self.nodes.ids)
    }

    /// Touches what looking these ids up will touch.
    pub(super) fn touch_nodes<'a>(&self, ids: impl Iterator<Item = &'a [u8; 16]> + Clone) {
        self.nodes.table.touch(ids, &self.nodes.ids);
    }

    /// Returns the last node before `node` that had the same id.
    pub(super) fn namesake(&self, node: u32) -> Option<u32> {
        let namesakes = &self.lifetimes.as_ref()?.namesakes;
        let before = namesakes.get(node as usize)?;
        if before >= node {
            namesakes.numbers.broken("a node has its id from one after it");
        }
        Some(before)
    }

    /// Returns whether a node is there at a stamp.
    #[inline]
    pub(super) fn holds_node(&self, node: usize, stamp: Stamp) -> bool {
        let Some(lifetimes) = &self.lifetimes else { return true };
        (stamp >= self.last || lifetimes.node_birth(node) <= stamp)
            && lifetimes.node_deaths.get(node).is_none_or(|death| stamp < death)
    }

    /// Returns whether an edge is there at a stamp.
    #[inline]
    pub(super) fn holds_edge(&self, position: usize, stamp: Stamp) -> bool {
        let Some(lifetimes) = &self.lifetimes else { return true };
        (stamp >= self.last || self.edge_birth(position) <= stamp)
            && lifetimes.edge_deaths.get(position).is_none_or(|death| stamp < death)
    }

    /// Returns whether every edge is there at a stamp.
    #[inline]
    pub(super) fn holds_all_edges(&self, stamp: Stamp) -> bool {
        self.lifetimes.as_ref().is_none_or(|lifetimes| stamp >= self.last && lifetimes.edge_deaths.is_empty())
    }

    /// Returns the stamp of a node's birth, 0 for one from before.
    pub(super) fn node_birth(&self, node: usize) -> Stamp {
        self.lifetimes.as_ref().map_or(0, |lifetimes| lifetimes.node_birth(node))
    }

    /// Returns the stamp of a node's death, 0 for none.
    pub(super) fn node_death(&self, node: usize) -> Stamp {
        self.lifetimes.as_ref().and_then(|lifetimes| lifetimes.node_deaths.get(node)).unwrap_or(0)
    }

    /// Returns the stamp of an edge's birth, 0 for one from before.
    pub(super) fn edge_birth(&self, position: usize) -> Stamp {
        let since = self.edges.versions.get(position).saturating_sub(self.version);
        Stamp::try_from(since).expect("an edge of a base is not younger than the base")
    }

    /// Returns the stamp of an edge's death, 0 for none.
    pub(super) fn edge_death(&self, position: usize) -> Stamp {
        self.lifetimes.as_ref().and_then(|lifetimes| lifetimes.edge_deaths.get(position)).unwrap_or(0)
    }

    /// Returns what happened after a stamp, where that lies before the last.
    #[inline]
    fn after(&self, stamp: Stamp) -> Option<&Lifetimes> {
        if stamp >= self.last { None } else { self.lifetimes() }
    }

    pub(super) fn node_id(&self, node: usize) -> NodeId {
        NodeId::from_bytes(self.nodes.ids.get(node))
    }

    pub(super) fn node_kind(&self, node: usize) -> NameId {
        NameId(self.nodes.kinds.get_u32(node))
    }

    pub(super) fn node_key(&self, node: usize) -> Option<Key> {
        self.nodes.keys.get(node)
    }

    pub(super) fn node_set(&self, node: usize, stamp: Stamp) -> SetId {
        let former = self.after(stamp).and_then(|lifetimes| lifetimes.node_changes.at(node, stamp));
        SetId(former.map_or_else(|| self.nodes.sets.get_u32(node), |former| former.value))
    }

    pub(super) fn node_version(&self, node: usize, stamp: Stamp) -> u64 {
        let Some(lifetimes) = self.after(stamp) else { return self.nodes.versions.get(node) };
        match lifetimes.node_changes.at(node, stamp) {
            None => self.nodes.versions.get(node),
            Some(Former { since: Some(since), .. }) => self.version + u64::from(since),
            Some(Former { since: None, place, .. }) => lifetimes.versions_before.get(place),
        }
    }

    pub(super) fn edge_ends(&self, position: usize) -> (NodeIndex, NodeIndex) {
        (self.adjacency.source(position), self.adjacency.target(position))
    }

    pub(super) fn edge_kind(&self, position: usize) -> NameId {
        self.edges.kinds.get(position)
    }

    pub(super) fn edge_properties(&self, position: usize, stamp: Stamp) -> Option<ComponentId> {
        let former = self.after(stamp).and_then(|lifetimes| lifetimes.edge_changes.at(position, stamp));
        let properties = former.map_or_else(|| self.edges.properties.get_u32(position), |former| former.value);
        properties.checked_sub(1).map(ComponentId)
    }

    pub(super) fn edge_creation(&self, position: usize) -> (u64, u32) {
        (self.edges.versions.get(position), self.edges.indices.get_u32(position))
    }

    pub(super) fn caller_id(&self, position: u32) -> Option<EdgeId> {
        self.edges.caller_ids.at(position)
    }

    /// Returns the edge that has the id and for which `is_here` holds.
    pub(super) fn find_edge(&self, id: EdgeId, is_here: impl Fn(EdgeIndex) -> bool) -> Option<EdgeIndex> {
        let Some(creation) = id.as_engine_made() else {
            return self.edges.caller_ids.find(id).map(EdgeIndex::from).find(|edge| is_here(*edge));
        };
        let position = |at: usize| self.edges.by_creation.get_u32(at);
        let created = |at: usize| self.edge_creation(position(at) as usize);
        let at = partition(self.edge_count(), |at| created(at) < creation);
        let found = at < self.edge_count() && created(at) == creation && self.caller_id(position(at)).is_none();
        found.then(|| EdgeIndex::from(position(at))).filter(|edge| is_here(*edge))
    }
}
