//! The frozen adjacency: compressed sparse rows both ways, bit-packed.
//!
//! An edge's ordinal is its position in the rows of sources, so within a node the outgoing edges are consecutive and
//! stand in the order in which they were connected. Five million edges between a million nodes take 20 + 20 + 23 bits
//! each. Nothing here changes after it was built.

use std::io;

use crate::ledger::MemoryLedger;
use crate::packed::{Order, PackedInts};
use crate::pages::{SnapshotDamage, guarded};
use crate::sections::{SectionKind, SectionWriter, Sections, wrong};

use super::{Adjacent, EdgeIndex, NodeIndex};

/// The frozen adjacency. Clones share it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Csr {
    nodes: usize,
    edges: usize,
    out_offsets: PackedInts,
    out_targets: PackedInts,
    in_offsets: PackedInts,
    in_sources: PackedInts,
    in_positions: PackedInts,
}

/// The columns that a [`Csr`] is made of; offsets have one entry more than there are nodes.
#[derive(Debug, Default)]
pub struct CsrColumns {
    /// First position of each node's outgoing edges.
    pub out_offsets: PackedInts,
    /// Target by position.
    pub out_targets: PackedInts,
    /// First place of each node's incoming edges.
    pub in_offsets: PackedInts,
    /// Source by place.
    pub in_sources: PackedInts,
    /// Position by place.
    pub in_positions: PackedInts,
}

impl Csr {
    /// Joins columns.
    ///
    /// # Panics
    /// Where their lengths are not those of one graph.
    pub fn new(columns: CsrColumns) -> Self {
        let CsrColumns { out_offsets, out_targets, in_offsets, in_sources, in_positions } = columns;
        let edges = out_targets.len();
        assert_eq!(out_offsets.len(), in_offsets.len(), "both ways have every node");
        assert_eq!(in_sources.len(), edges, "every edge ends once");
        assert_eq!(in_positions.len(), edges, "every edge ends once");
        let nodes = out_offsets.len().saturating_sub(1);
        let end = if out_offsets.is_empty() { 0 } else { out_offsets.get(nodes) };
        assert_eq!(end, edges as u64, "the last row ends the edges");
        Self { nodes, edges, out_offsets, out_targets, in_offsets, in_sources, in_positions }
    }

    /// Writes the columns.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        out.numbers(SectionKind::OutOffsets, &self.out_offsets)?;
        out.numbers(SectionKind::OutTargets, &self.out_targets)?;
        out.numbers(SectionKind::InOffsets, &self.in_offsets)?;
        out.numbers(SectionKind::InSources, &self.in_sources)?;
        out.numbers(SectionKind::InPositions, &self.in_positions)
    }

    /// Reads the columns of a file with so many nodes and edges.
    ///
    /// # Errors
    /// Where they are not of so many; their pages are checked when they are touched.
    pub fn read(sections: &Sections, nodes: usize, edges: usize) -> Result<Self, SnapshotDamage> {
        let (node_bound, edge_bound) = (nodes as u64, edges as u64);
        let offsets = |kind| {
            let offsets = sections.numbers(kind, nodes + 1, edge_bound + 1, Order::Ascending)?;
            let ends = guarded(|| (offsets.get(0), offsets.get(nodes)))?;
            if ends == (0, edge_bound) { Ok(offsets) } else { Err(wrong(kind, "the rows do not end with the edges")) }
        };
        Ok(Self {
            nodes,
            edges,
            out_offsets: offsets(SectionKind::OutOffsets)?,
            out_targets: sections.numbers(SectionKind::OutTargets, edges, node_bound, Order::Any)?,
            in_offsets: offsets(SectionKind::InOffsets)?,
            in_sources: sections.numbers(SectionKind::InSources, edges, node_bound, Order::Any)?,
            in_positions: sections.numbers(SectionKind::InPositions, edges, edge_bound, Order::Any)?,
        })
    }

    /// Returns the number of nodes.
    pub const fn node_count(&self) -> usize {
        self.nodes
    }

    /// Returns the number of edges.
    pub const fn edge_count(&self) -> usize {
        self.edges
    }

    /// Returns the outgoing edges of a node; none for one that is not here.
    #[inline]
    pub fn outgoing(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent> + '_ {
        self.positions(node).map(|position| Adjacent {
            node: NodeIndex::from(self.out_targets.get_u32(position)),
            edge: edge(position),
        })
    }

    /// Returns the incoming edges of a node; none for one that is not here.
    #[inline]
    pub fn incoming(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent> + '_ {
        row(&self.in_offsets, self.nodes, node).map(|place| Adjacent {
            node: NodeIndex::from(self.in_sources.get_u32(place)),
            edge: EdgeIndex::from(self.in_positions.get_u32(place)),
        })
    }

    /// Returns the positions of a node's outgoing edges.
    #[inline]
    pub fn positions(&self, node: NodeIndex) -> std::ops::Range<usize> {
        row(&self.out_offsets, self.nodes, node)
    }

    /// Returns the target of the edge at `position`.
    #[inline]
    pub fn target(&self, position: usize) -> NodeIndex {
        NodeIndex::from(self.out_targets.get_u32(position))
    }

    /// Returns the source of the edge at `position`, by binary search over the rows.
    pub fn source(&self, position: usize) -> NodeIndex {
        assert!(position < self.edges, "edge {position} of {}", self.edges);
        let (mut low, mut high) = (0, self.nodes);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.out_offsets.get(middle + 1) <= position as u64 { low = middle + 1 } else { high = middle }
        }
        NodeIndex::new(low)
    }

    /// Enters the bytes on the heap.
    pub fn enter(&self, ledger: &mut MemoryLedger) {
        ledger.enter("edge offsets", self.out_offsets.heap_bytes() + self.in_offsets.heap_bytes());
        ledger.enter("edge targets", self.out_targets.heap_bytes());
        ledger.enter("edge sources", self.in_sources.heap_bytes());
        ledger.enter("edge positions", self.in_positions.heap_bytes());
    }
}

#[inline]
fn row(offsets: &PackedInts, nodes: usize, node: NodeIndex) -> std::ops::Range<usize> {
    let node = node.index();
    if node < nodes { offsets.span(node) } else { 0..0 }
}

#[inline]
fn edge(position: usize) -> EdgeIndex {
    EdgeIndex::new(position)
}
