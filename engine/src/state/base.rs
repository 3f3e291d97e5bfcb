//! The frozen part of a graph's state: columns by node and by edge, packed, and the tables that lead to them.
//!
//! Node ordinals are dense: a base has no holes. An edge's ordinal is its position in the adjacency. Nothing changes
//! after it was built.

use crate::entity::Key;
use crate::id::{EdgeId, NodeId};
use crate::ledger::MemoryLedger;
use crate::packed::PackedInts;
use crate::pool::{ComponentId, NameId, SetId};
use crate::slab::Slab;
use crate::topology::{Csr, EdgeIndex, NodeIndex};

use super::id_table::FrozenIdTable;
use super::keys::KeyColumn;
use super::kinds::KindColumn;

/// The frozen part of a graph's state.
#[derive(Debug, Default)]
pub struct Base {
    pub(super) version: u64,
    pub(super) nodes: NodeColumns,
    pub(super) adjacency: Csr,
    pub(super) edges: EdgeColumns,
}

/// What is kept of each node, by ordinal.
#[derive(Debug, Default)]
pub(super) struct NodeColumns {
    pub(super) ids: Slab<[u8; 16]>,
    pub(super) table: FrozenIdTable,
    pub(super) kinds: PackedInts,
    pub(super) keys: KeyColumn,
    pub(super) sets: PackedInts,
    pub(super) versions: PackedInts,
}

/// What is kept of each edge, by position.
#[derive(Debug, Default)]
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
#[derive(Debug, Default)]
pub(super) struct CallerIds {
    positions: PackedInts,
    ids: Slab<[u8; 16]>,
    /// Places in the columns, ordered by id.
    by_id: PackedInts,
}

impl CallerIds {
    /// Makes the columns of positions and ids, no position twice.
    pub(super) fn new(mut ids: Vec<(u32, EdgeId)>) -> Self {
        ids.sort_unstable_by_key(|(position, _)| *position);
        let mut by_id: Vec<usize> = (0..ids.len()).collect();
        by_id.sort_unstable_by_key(|place| ids[*place].1);
        Self {
            positions: ids.iter().map(|(position, _)| u64::from(*position)).collect(),
            ids: ids.iter().map(|(_, id)| *id.as_bytes()).collect(),
            by_id: by_id.into_iter().map(|place| place as u64).collect(),
        }
    }

    fn at(&self, position: u32) -> Option<EdgeId> {
        let place = partition(self.positions.len(), |place| self.positions.get_u32(place) < position);
        let found = place < self.positions.len() && self.positions.get_u32(place) == position;
        found.then(|| EdgeId::from_bytes(self.ids[place]))
    }

    fn find(&self, id: EdgeId) -> Option<u32> {
        let place = |at: usize| self.by_id.get_u32(at) as usize;
        let at = partition(self.by_id.len(), |at| self.ids[place(at)] < *id.as_bytes());
        let found = at < self.by_id.len() && self.ids[place(at)] == *id.as_bytes();
        found.then(|| self.positions.get_u32(place(at)))
    }

    fn heap_bytes(&self) -> usize {
        self.positions.heap_bytes() + self.ids.heap_bytes() + self.by_id.heap_bytes()
    }
}

/// Returns the first of `0..len` for which `is_before` does not hold, where it holds for a first part only.
fn partition(len: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

impl Base {
    /// Returns the version that the base was made at, from which stamps count.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns the number of nodes.
    pub fn node_count(&self) -> usize {
        self.nodes.ids.len()
    }

    /// Returns the number of edges.
    pub const fn edge_count(&self) -> usize {
        self.adjacency.edge_count()
    }

    /// Returns the adjacency.
    pub const fn adjacency(&self) -> &Csr {
        &self.adjacency
    }

    /// Enters the bytes on the heap by structure.
    pub fn enter(&self, ledger: &mut MemoryLedger) {
        let Self { nodes, adjacency, edges, .. } = self;
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
    }

    #[inline]
    pub(super) fn find_node(&self, id: NodeId) -> Option<u32> {
        self.nodes.table.find(id.as_bytes(), &self.nodes.ids)
    }

    pub(super) fn node_id(&self, node: usize) -> NodeId {
        NodeId::from_bytes(self.nodes.ids[node])
    }

    pub(super) fn node_kind(&self, node: usize) -> NameId {
        NameId(self.nodes.kinds.get_u32(node))
    }

    pub(super) fn node_key(&self, node: usize) -> Option<Key> {
        self.nodes.keys.get(node)
    }

    pub(super) fn node_set(&self, node: usize) -> SetId {
        SetId(self.nodes.sets.get_u32(node))
    }

    pub(super) fn node_version(&self, node: usize) -> u64 {
        self.nodes.versions.get(node)
    }

    pub(super) fn edge_ends(&self, position: usize) -> (NodeIndex, NodeIndex) {
        (self.adjacency.source(position), self.adjacency.target(position))
    }

    pub(super) fn edge_kind(&self, position: usize) -> NameId {
        self.edges.kinds.get(position)
    }

    pub(super) fn edge_properties(&self, position: usize) -> Option<ComponentId> {
        self.edges.properties.get_u32(position).checked_sub(1).map(ComponentId)
    }

    pub(super) fn edge_creation(&self, position: usize) -> (u64, u32) {
        (self.edges.versions.get(position), self.edges.indices.get_u32(position))
    }

    pub(super) fn caller_id(&self, position: u32) -> Option<EdgeId> {
        self.edges.caller_ids.at(position)
    }

    pub(super) fn find_edge(&self, id: EdgeId) -> Option<EdgeIndex> {
        let Some(creation) = id.as_engine_made() else {
            return self.edges.caller_ids.find(id).map(EdgeIndex::from);
        };
        let position = |at: usize| self.edges.by_creation.get_u32(at);
        let created = |at: usize| self.edge_creation(position(at) as usize);
        let at = partition(self.edge_count(), |at| created(at) < creation);
        let found = at < self.edge_count() && created(at) == creation && self.caller_id(position(at)).is_none();
        found.then(|| EdgeIndex::from(position(at)))
    }
}
