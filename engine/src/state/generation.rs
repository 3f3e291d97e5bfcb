//! A frozen base and everything that happened since, appended by one writer and read by many without locks.
//!
//! Stamps count versions since the base's first one. What a draft appends has stamps above the published one, so no reader sees it;
//! taking it back makes it invisible for ever. Rows are never reused.

use std::sync::Arc;

use crate::arena::{Arena, Paged};
use crate::entity::{Key, NodeEntity};
use crate::id::{EdgeId, NodeId};
use crate::ledger::MemoryLedger;
use crate::pool::{ComponentId, NameId, Pool, SetId};
use crate::topology::{EdgeIndex, NewEdgeRow, NodeIndex, Overlay, Stamp};

use super::at::At;
use super::base::Base;
use super::id_table::GrowingIdTable;
use super::timeline::{Timeline, TransactionEnd, TransactionEnds};

/// A node since the base.
#[derive(Debug)]
pub struct NodeRow {
    /// Its id.
    pub id: NodeId,
    /// The number of the caller's own name for it plus 1, 0 for none.
    pub(super) key: u32,
    /// Its kind's name.
    pub kind: NameId,
    /// When it was added.
    pub birth: Stamp,
    /// Its components when it was added.
    pub set: SetId,
    /// The number of the row before of the same id plus 1, 0 for none.
    pub(super) before: u32,
}

/// An edge with a caller's id since the base.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallerEdge {
    /// The caller's id.
    pub(super) id: EdgeId,
    /// Its row number.
    pub(super) row: u32,
    /// The place of the edge before of the same id plus 1, 0 for none.
    pub(super) before: u32,
}

/// A change of a node's component set or an edge's properties.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    /// When it happened.
    pub birth: Stamp,
    /// The new set id, or the new properties (0 for none, else the component id plus 1).
    pub value: u32,
    /// The number of the change before plus 1, 0 for none.
    pub before: u32,
}

/// A base and what happened since.
#[derive(Debug)]
pub struct Generation {
    pub(super) base: Arc<Base>,
    pub(super) pool: Arc<Pool>,
    pub(super) nodes: Arena<NodeRow>,
    pub(super) keys: Arena<Key>,
    pub(super) node_table: GrowingIdTable,
    pub(super) node_deaths: Paged,
    pub(super) node_changes: Paged,
    pub(super) edges: Overlay,
    pub(super) caller_edges: Arena<CallerEdge>,
    pub(super) caller_edge_table: GrowingIdTable,
    pub(super) edge_changes: Paged,
    pub(super) changes: Arena<Change>,
    pub(super) touched: Arena<u32>,
    pub(super) moments: TransactionEnds,
}

/// Where a generation's rows end; what a draft can be taken back to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    nodes: u32,
    edges: u32,
}

impl Extent {
    pub(super) const fn nodes(self) -> u32 {
        self.nodes
    }

    pub(super) const fn edges(self) -> u32 {
        self.edges
    }
}

impl Generation {
    /// Makes a generation in which nothing has happened since `base`.
    pub fn new(base: Arc<Base>, pool: Arc<Pool>) -> Self {
        Self {
            base,
            pool,
            nodes: Arena::new(),
            keys: Arena::new(),
            node_table: GrowingIdTable::default(),
            node_deaths: Paged::new(),
            node_changes: Paged::new(),
            edges: Overlay::default(),
            caller_edges: Arena::new(),
            caller_edge_table: GrowingIdTable::default(),
            edge_changes: Paged::new(),
            changes: Arena::new(),
            touched: Arena::new(),
            moments: TransactionEnds::default(),
        }
    }

    /// Returns what can be asked of it at a stamp.
    #[inline]
    pub fn at(&self, stamp: Stamp) -> At<'_> {
        At::new(self, stamp, self.extent())
    }

    /// Returns what can be asked of the base alone, at its last version.
    pub fn frozen(&self) -> At<'_> {
        At::new(self, self.base.last_stamp(), Extent::default())
    }

    /// Returns the base.
    pub const fn base(&self) -> &Arc<Base> {
        &self.base
    }

    /// Returns the pool that its set and component ids are of.
    pub const fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Returns the stamp of a version.
    ///
    /// # Panics
    /// Where the version lies below the base or 2^32 above it.
    #[inline]
    pub fn stamp(&self, version: u64) -> Stamp {
        let since = version.checked_sub(self.base.version).expect("a version is not below the base");
        Stamp::try_from(since).expect("a base is renewed long before 2^32 events")
    }

    /// Returns how many rows were appended, a measure of what a reader pays for them.
    pub fn row_count(&self) -> usize {
        self.nodes.len() as usize + self.edges.len() as usize + self.changes.len() as usize
    }

    /// Returns the node ordinals whose facts changed, in order, with repetitions.
    pub fn touched(&self, range: std::ops::Range<u32>) -> impl Iterator<Item = u32> + '_ {
        range.map(|at| *self.touched.get(at).expect("the range ends at what was published"))
    }

    /// Returns how many entries [`touched`](Self::touched) has.
    pub fn touched_len(&self) -> u32 {
        self.touched.len()
    }

    /// Returns the bytes on the heap of what happened since the base.
    pub fn recent_bytes(&self) -> usize {
        let mut ledger = MemoryLedger::default();
        self.enter_recent(&mut ledger);
        usize::try_from(ledger.total()).expect("bytes in memory can be counted")
    }

    /// Enters the bytes on the heap by structure: base, pool, names, and what happened since the base.
    pub fn enter(&self, ledger: &mut MemoryLedger) {
        self.base.enter(ledger);
        self.pool.enter(ledger);
        self.enter_recent(ledger);
    }

    fn enter_recent(&self, ledger: &mut MemoryLedger) {
        let nodes = self.nodes.heap_bytes() + self.node_table.heap_bytes();
        let caller_ids = self.caller_edges.heap_bytes() + self.caller_edge_table.heap_bytes();
        let changes = [&self.node_deaths, &self.node_changes, &self.edge_changes];
        let changes = changes.iter().map(|table| table.heap_bytes()).sum::<usize>() + self.changes.heap_bytes();
        ledger.enter("recent nodes", nodes + self.keys.heap_bytes());
        ledger.enter("recent edges", self.edges.heap_bytes() + caller_ids);
        ledger.enter("recent changes", changes + self.touched.heap_bytes());
        ledger.enter("recent ends of transactions", self.moments.heap_bytes());
    }

    // What follows is for the one writer.

    /// Returns where the rows end.
    pub fn extent(&self) -> Extent {
        Extent { nodes: self.nodes.len(), edges: self.edges.len() }
    }

    /// Adds a node.
    pub fn add_node(&self, node: &NodeEntity, kind: NameId, set: SetId, birth: Stamp) -> NodeIndex {
        let NodeEntity { id, key, .. } = node;
        let before = self.newest_node(*id).map_or(0, |row| row + 1);
        let key = key.clone().map_or(0, |key| self.keys.push(key) + 1);
        let row = self.nodes.push(NodeRow { id: *id, key, kind, birth, set, before });
        self.node_table.put(id.as_bytes(), row, |row| *self.node_row(row).id.as_bytes());
        let node = self.node_of_row(row);
        self.touch(node);
        node
    }

    /// Notes the end of a transaction that is published; `touched` is how long the list of touched nodes was then.
    pub fn note(&self, moment: &TransactionEnd, touched: u32) {
        self.moments.push(self.stamp(moment.head.version), moment, touched);
    }

    /// Sets the stamp of a node's death; 0 takes it back.
    pub fn set_node_death(&self, node: NodeIndex, stamp: Stamp) {
        self.node_deaths.set(ordinal(node), stamp);
        self.touch(node);
    }

    /// Gives a node another component set.
    pub fn change_node(&self, node: NodeIndex, set: SetId, birth: Stamp) {
        self.push_change(&self.node_changes, ordinal(node), set.0, birth);
        self.touch(node);
    }

    /// Takes the last change of a node back.
    pub fn unchange_node(&self, node: NodeIndex) {
        self.pop_change(&self.node_changes, ordinal(node));
        self.touch(node);
    }

    /// Touches what looking up the ends of many edges will touch; the base's alone, where most are.
    pub fn touch_nodes<'a>(&self, nodes: impl Iterator<Item = &'a NodeId> + Clone) {
        self.base.touch_nodes(nodes.map(NodeId::as_bytes));
    }

    /// Touches what adding many edges between these nodes will touch.
    pub fn touch_edges(&self, ends: impl Iterator<Item = (NodeIndex, NodeIndex)>) {
        self.edges.touch(ends);
    }

    /// Adds an edge.
    pub fn add_edge(&self, edge: NewEdgeRow) -> EdgeIndex {
        let row = match edge.caller_id {
            Some(id) => self.append_caller_edge(edge, id),
            None => self.edges.append(edge, 0),
        };
        self.edge_of_row(row)
    }

    /// Sets the stamp of an edge's death; 0 takes it back.
    pub fn set_edge_death(&self, edge: EdgeIndex, stamp: Stamp) {
        self.edges.set_death(edge_ordinal(edge), stamp);
    }

    /// Gives an edge other properties.
    pub fn change_edge(&self, edge: EdgeIndex, properties: Option<ComponentId>, birth: Stamp) {
        let value = properties.map_or(0, |component| component.0 + 1);
        self.push_change(&self.edge_changes, edge_ordinal(edge), value, birth);
    }

    /// Takes the last change of an edge back.
    pub fn unchange_edge(&self, edge: EdgeIndex) {
        self.pop_change(&self.edge_changes, edge_ordinal(edge));
    }

    /// Makes the rows behind `extent` invisible for ever, as of a draft that is taken back to `stamp`.
    pub fn void(&self, extent: Extent, stamp: Stamp) {
        for row in extent.nodes..self.nodes.len() {
            self.node_deaths.set(ordinal(self.node_of_row(row)), self.node_row(row).birth);
        }
        self.edges.void(extent.edges, stamp, |row| edge_ordinal(self.edge_of_row(row)));
    }

    /// Appends an edge with a caller's id. Readers find it by that id only once its row is there.
    fn append_caller_edge(&self, edge: NewEdgeRow, id: EdgeId) -> u32 {
        let before = self.newest_caller_edge(id).map_or(0, |place| place + 1);
        let place = self.caller_edges.push(CallerEdge { id, row: self.edges.len(), before });
        let row = self.edges.append(edge, place + 1);
        self.caller_edge_table.put(id.as_bytes(), place, |place| *self.caller_edge(place).id.as_bytes());
        row
    }

    fn push_change(&self, heads: &Paged, element: u32, value: u32, birth: Stamp) {
        let before = heads.get(element);
        let change = self.changes.push(Change { birth, value, before });
        heads.set(element, change + 1);
    }

    fn pop_change(&self, heads: &Paged, element: u32) {
        let last = heads.get(element).checked_sub(1).expect("a change is taken back once");
        heads.set(element, self.changes.get(last).expect("heads point at changes").before);
    }

    fn touch(&self, node: NodeIndex) {
        self.touched.push(ordinal(node));
    }

    /// Returns the number of the newest row of a node, visible or not.
    #[inline]
    pub(super) fn newest_node(&self, id: NodeId) -> Option<u32> {
        self.node_table.find(id.as_bytes(), |row| self.node_row(row).id == id)
    }

    /// Returns a row of the table of nodes.
    #[inline]
    pub(super) fn node_row(&self, row: u32) -> &NodeRow {
        self.nodes.get(row).expect("the table holds rows")
    }

    /// Returns the place of the newest edge of a caller's id, visible or not.
    pub(super) fn newest_caller_edge(&self, id: EdgeId) -> Option<u32> {
        self.caller_edge_table.find(id.as_bytes(), |place| self.caller_edge(place).id == id)
    }

    /// Returns what stands at a place of the table of callers' ids.
    pub(super) fn caller_edge(&self, place: u32) -> CallerEdge {
        *self.caller_edges.get(place).expect("the table holds places")
    }

    /// Returns the caller's id of an edge's row.
    pub(super) fn caller_id(&self, row: u32) -> Option<EdgeId> {
        self.edges.row(row).caller.checked_sub(1).map(|place| self.caller_edge(place).id)
    }

    /// Returns the caller's own name for a node's row.
    pub(super) fn key(&self, row: &NodeRow) -> Option<&Key> {
        row.key.checked_sub(1).map(|key| self.keys.get(key).expect("rows name keys that are there"))
    }

    /// Returns the ends of transactions from the base's first version up to a stamp, as far as they were noted.
    pub fn timeline(&self, stamp: Stamp) -> Timeline {
        let from = self.base.version();
        let frozen = self.base.timeline().iter().filter(|moment| moment.head.version <= from + u64::from(stamp));
        let recent = (0..self.moments.len_at(stamp)).map(|place| self.moments.get(place, from));
        Timeline::new(from, &frozen.chain(recent).collect::<Vec<_>>())
    }

    #[inline]
    pub(super) fn node_of_row(&self, row: u32) -> NodeIndex {
        NodeIndex::new(self.base.node_count() + row as usize)
    }

    #[inline]
    pub(super) fn edge_of_row(&self, row: u32) -> EdgeIndex {
        EdgeIndex::new(self.base.edge_count() + row as usize)
    }
}

#[inline]
pub(super) fn ordinal(node: NodeIndex) -> u32 {
    u32::try_from(node.index()).expect("node ordinals have 32 bits")
}

#[inline]
pub(super) fn edge_ordinal(edge: EdgeIndex) -> u32 {
    u32::try_from(edge.index()).expect("edge ordinals have 32 bits")
}
