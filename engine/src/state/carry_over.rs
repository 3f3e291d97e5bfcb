//! Moving what happened after a fold over to the generation that the fold made.

use crate::entity::NodeEntity;
use crate::pool::{ComponentId, PoolWriter, SetId};
use crate::topology::{EdgeIndex, NewEdgeRow, NodeIndex, Stamp};

use super::generation::{Extent, Generation, edge_ordinal, ordinal};

/// What nodes and edges of a generation are called in the one that its fold made.
///
/// What the fold held has the ordinal that the fold gave it; rows since keep their order behind it.
#[derive(Debug)]
pub struct Renumbering {
    /// The new ordinals of the nodes that the fold saw; none where they are as before.
    pub(super) nodes: Option<Box<[u32]>>,
    /// The new positions of the edges that the fold saw.
    pub(super) edges: Box<[u32]>,
    /// How many ordinals the fold saw, and how many there are in its place.
    pub(super) node_bounds: (usize, usize),
    pub(super) edge_bounds: (usize, usize),
}

impl Renumbering {
    /// Returns whether every node has the ordinal that it had before.
    pub const fn keeps_nodes(&self) -> bool {
        self.nodes.is_none()
    }

    /// Lets go of the new positions of the edges that the fold saw; those of edges since are still told.
    pub fn forget_edges(&mut self) {
        self.edges = Box::default();
    }

    /// Returns a node's new ordinal.
    ///
    /// # Panics
    /// Where the node was dead when the fold was made.
    pub fn node(&self, node: NodeIndex) -> NodeIndex {
        self.get_node(node).expect("what was dead at the fold is not asked for")
    }

    /// Returns a node's new ordinal; `None` where it was dead when the fold was made.
    pub fn get_node(&self, node: NodeIndex) -> Option<NodeIndex> {
        let (seen, kept) = self.node_bounds;
        match (node.index().checked_sub(seen), &self.nodes) {
            (Some(row), _) => Some(NodeIndex::new(kept + row)),
            (None, None) => Some(node),
            (None, Some(nodes)) => Some(nodes[node.index()]).filter(|new| *new != GONE).map(NodeIndex::from),
        }
    }

    /// Returns an edge's new ordinal.
    ///
    /// # Panics
    /// Where the edge was dead when the fold was made, or was forgotten.
    pub fn edge(&self, edge: EdgeIndex) -> EdgeIndex {
        let (seen, kept) = self.edge_bounds;
        match edge.index().checked_sub(seen) {
            Some(row) => EdgeIndex::new(kept + row),
            None => EdgeIndex::from(alive(self.edges[edge.index()])),
        }
    }
}

/// Edges for which memory is touched at once.
const EDGES_AT_ONCE: usize = 256;

/// Marks what is not in the new base.
pub(super) const GONE: u32 = u32::MAX;

fn alive(ordinal: u32) -> u32 {
    assert_ne!(ordinal, GONE, "what was dead at the fold is not asked for");
    ordinal
}

impl Generation {
    /// Appends the rows behind `extent` to `next`, which was folded of this generation: as they were born, without what
    /// happened to them. Rows that were taken back come too, dead, so that all keep their order. The ends of
    /// transactions since the fold are noted. `stamp` is what stamps of `next` count from: that of the fold, or 0 where
    /// its history was kept.
    pub fn carry_over(
        &self,
        extent: Extent,
        stamp: Stamp,
        renumbering: &Renumbering,
        next: &Self,
        pool: &mut PoolWriter,
    ) {
        for row in extent.nodes()..self.nodes.len() {
            self.carry_node(row, stamp, next, pool);
        }
        let rows = extent.edges()..self.edges.len();
        for first in rows.clone().step_by(EDGES_AT_ONCE) {
            let ends = |row| {
                let edge = self.edges.row(row);
                (renumbering.node(edge.source), renumbering.node(edge.target))
            };
            let some = || (first..rows.end).take(EDGES_AT_ONCE);
            next.touch_edges(some().map(ends));
            some().for_each(|row| self.carry_edge(row, stamp, renumbering, next, pool));
        }
        let folded = self.stamp(next.base.last_version());
        for place in self.moments.len_at(folded)..self.moments.len() {
            // The list of touched nodes is another one there.
            next.note(&self.moments.get(place, self.base.version()), 0);
        }
    }

    fn carry_node(&self, row: u32, stamp: Stamp, next: &Self, pool: &mut PoolWriter) {
        let node = self.nodes.get(row).expect("the row is below the length");
        let taken_back = self.node_deaths.get(ordinal(self.node_of_row(row))) == node.birth;
        let set = if taken_back { SetId::EMPTY } else { pool.copy_set(&self.pool, node.set) };
        let entity = NodeEntity {
            id: node.id,
            kind: self.pool.names().get(node.kind).clone(),
            key: self.key(node).cloned(),
            components: Vec::new(),
        };
        let birth = node.birth - stamp;
        let carried = next.add_node(&entity, node.kind, set, birth);
        if taken_back {
            next.set_node_death(carried, birth);
        }
    }

    fn carry_edge(&self, row: u32, stamp: Stamp, renumbering: &Renumbering, next: &Self, pool: &mut PoolWriter) {
        let edge = self.edges.row(row);
        let taken_back = self.edges.death(edge_ordinal(self.edge_of_row(row))) == edge.birth();
        let properties =
            edge.properties.checked_sub(1).map(|component| pool.copy_component(&self.pool, ComponentId(component)).0);
        let birth = edge.birth() - stamp;
        let carried = next.add_edge(NewEdgeRow {
            source: renumbering.node(edge.source),
            target: renumbering.node(edge.target),
            kind: edge.kind,
            birth,
            index: edge.index,
            properties: properties.map_or(0, |component| component + 1),
            caller_id: self.caller_id(row),
        });
        if taken_back {
            next.set_edge_death(carried, birth);
        }
    }
}
