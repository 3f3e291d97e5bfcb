//! Which nodes and edges a new base keeps, what they are called there, and who is connected to whom.
//!
//! Everything is read in the order in which it lies in memory: frozen edges by position, then rows by number. Each edge
//! goes behind those that its source has so far, so what was connected earlier stands earlier.

use crate::packed::{PackedInts, PackedIntsBuilder};
use crate::topology::{Csr, CsrColumns, EdgeIndex, EdgeRow, NodeIndex};

use super::carry_over::{GONE, Renumbering};
use super::ever::Ever;
use super::generation::Generation;

/// The nodes and edges that are kept, and the way from old ordinals to new ones.
pub(super) struct Renumbered<'a> {
    generation: &'a Generation,
    node_count: usize,
    /// What the nodes are called; `None` where all are kept, and called as before.
    nodes: Option<NodeNames>,
    /// The new position of every edge, [`GONE`] where it is not kept.
    pub(super) position: Vec<u32>,
    edge_count: usize,
}

/// What nodes are called, before and after.
struct NodeNames {
    /// The old ordinals of the nodes that are kept, in their new order.
    kept: Vec<NodeIndex>,
    /// The new ordinal of every node, [`GONE`] where it is not kept.
    new: Vec<u32>,
}

impl NodeNames {
    fn of(bound: usize, holds: impl Fn(NodeIndex) -> bool) -> Self {
        let mut new = vec![GONE; bound];
        let kept: Vec<_> = (0..bound).map(NodeIndex::new).filter(|node| holds(*node)).collect();
        for (ordinal, old) in (0..).zip(&kept) {
            new[old.index()] = ordinal;
        }
        Self { kept, new }
    }
}

impl<'a> Renumbered<'a> {
    /// Numbers what is kept of all that ever lived, and packs the adjacency.
    pub(super) fn new(
        ever: Ever<'a>,
        holds_node: impl Fn(NodeIndex) -> bool,
        holds_edge: impl Fn(EdgeIndex) -> bool,
    ) -> (Self, Csr) {
        let bound = ever.node_bound();
        let all = (0..bound).all(|node| holds_node(NodeIndex::new(node)));
        let nodes = (!all).then(|| NodeNames::of(bound, holds_node));
        let node_count = nodes.as_ref().map_or(bound, |nodes| nodes.kept.len());
        let position = vec![GONE; ever.edge_bound()];
        let mut renumbered = Self { generation: ever.generation(), node_count, nodes, position, edge_count: 0 };
        let columns = renumbered.connect(holds_edge);
        (renumbered, Csr::new(columns))
    }

    /// Gives every edge that is kept its position.
    fn connect(&mut self, holds_edge: impl Fn(EdgeIndex) -> bool) -> CsrColumns {
        let mut position = std::mem::take(&mut self.position);
        let mut out = Rows::of(self.node_count);
        self.for_each_edge(position.len(), |edge, source, _| {
            if holds_edge(EdgeIndex::new(edge)) {
                position[edge] = 0;
                out.count(self.node(source));
            }
        });
        let edges = out.begin();
        let mut out_targets = PackedIntsBuilder::new(edges, last(self.node_count));
        self.for_each_edge(position.len(), |edge, source, target| {
            if position[edge] != GONE {
                let target = self.node(target);
                assert_ne!(target, GONE, "an edge lives no longer than its target");
                position[edge] = out.next(self.node(source));
                out_targets.set(position[edge] as usize, u64::from(target));
            }
        });
        let (out_offsets, out_targets) = (out.into_offsets(edges), out_targets.finish());

        let mut incoming = Rows::of(self.node_count);
        (0..edges).for_each(|position| incoming.count(out_targets.get_u32(position)));
        incoming.begin();
        let mut in_sources = PackedIntsBuilder::new(edges, last(self.node_count));
        let mut in_positions = PackedIntsBuilder::new(edges, last(edges));
        let mut arrive = |edge: usize, source: NodeIndex, target: NodeIndex| {
            if position[edge] != GONE {
                let place = incoming.next(self.node(target.index())) as usize;
                in_sources.set(place, u64::from(self.node(source.index())));
                in_positions.set(place, u64::from(position[edge]));
            }
        };
        let frozen = self.generation.base().adjacency();
        for target in (0..frozen.node_count()).map(NodeIndex::new) {
            frozen.incoming(target).for_each(|step| arrive(step.edge.index(), step.node, target));
        }
        self.recent(position.len()).for_each(|(edge, row)| arrive(edge, row.source, row.target));
        let in_offsets = incoming.into_offsets(edges);
        (self.position, self.edge_count) = (position, edges);
        CsrColumns {
            out_offsets,
            out_targets,
            in_offsets,
            in_sources: in_sources.finish(),
            in_positions: in_positions.finish(),
        }
    }

    /// Visits every edge below a bound with the ordinals of its ends, kept or not.
    fn for_each_edge(&self, bound: usize, mut visit: impl FnMut(usize, usize, usize)) {
        let frozen = self.generation.base().adjacency();
        for source in (0..frozen.node_count()).map(NodeIndex::new) {
            frozen.outgoing(source).for_each(|step| visit(step.edge.index(), source.index(), step.node.index()));
        }
        self.recent(bound).for_each(|(edge, row)| visit(edge, row.source.index(), row.target.index()));
    }

    /// Returns the rows of the edges below a bound that came since the base, with the edges' ordinals.
    fn recent(&self, bound: usize) -> impl Iterator<Item = (usize, &'a EdgeRow)> + use<'a> {
        let generation = self.generation;
        (generation.base().edge_count()..bound).zip(0..).map(|(edge, row)| (edge, generation.edges.row(row)))
    }

    /// Returns the rows since the base, of edges that are kept and of others, with the edges' new positions.
    pub(super) fn recent_rows(&self) -> impl Iterator<Item = (u32, &'a EdgeRow)> + '_ {
        self.recent(self.position.len()).map(|(edge, row)| (self.position[edge], row))
    }

    /// Returns how many nodes are kept.
    pub(super) const fn node_count(&self) -> usize {
        self.node_count
    }

    /// Returns whether all nodes are kept, and called as before.
    pub(super) const fn keeps_nodes(&self) -> bool {
        self.nodes.is_none()
    }

    /// Returns the old ordinals of the nodes that are kept, in their new order.
    pub(super) fn nodes(&self) -> impl ExactSizeIterator<Item = NodeIndex> + Clone {
        (0..self.node_count).map(|new| self.nodes.as_ref().map_or(NodeIndex::new(new), |nodes| nodes.kept[new]))
    }

    /// Returns a node's new ordinal, [`GONE`] where it is not kept.
    #[inline]
    fn node(&self, old: usize) -> u32 {
        match &self.nodes {
            None => u32::try_from(old).expect("ordinals have 32 bits"),
            Some(nodes) => nodes.new[old],
        }
    }

    /// Returns how many edges are kept.
    pub(super) const fn edge_count(&self) -> usize {
        self.edge_count
    }

    /// Returns the edges that are kept with their new positions, in the order of the old ones.
    pub(super) fn kept(&self) -> impl Iterator<Item = (EdgeIndex, u32)> + '_ {
        let positions = self.position.iter().enumerate().filter(|(_, position)| **position != GONE);
        positions.map(|(edge, position)| (EdgeIndex::new(edge), *position))
    }

    /// Returns the old ordinals of the edges that are kept, in their new order.
    pub(super) fn edges(&self) -> Vec<EdgeIndex> {
        let mut edges = vec![EdgeIndex::new(0); self.edge_count];
        self.kept().for_each(|(edge, position)| edges[position as usize] = edge);
        edges
    }

    /// Packs a number of each kept edge by its new position: of a frozen one by what its old position gives, of another
    /// by what its row does.
    pub(super) fn column(&self, frozen: impl Fn(usize) -> u64, recent: impl Fn(&EdgeRow) -> u64) -> PackedInts {
        let mut max = 0;
        self.for_each_number(&frozen, &recent, |_, number| max = max.max(number));
        let mut numbers = PackedIntsBuilder::new(self.edge_count, max);
        self.for_each_number(&frozen, &recent, |position, number| numbers.set(position, number));
        numbers.finish()
    }

    fn for_each_number(
        &self,
        frozen: impl Fn(usize) -> u64,
        recent: impl Fn(&EdgeRow) -> u64,
        mut visit: impl FnMut(usize, u64),
    ) {
        let before = &self.position[..self.generation.base().edge_count()];
        for (edge, position) in before.iter().enumerate().filter(|(_, position)| **position != GONE) {
            visit(*position as usize, frozen(edge));
        }
        for (position, row) in self.recent_rows().filter(|(position, _)| *position != GONE) {
            visit(position as usize, recent(row));
        }
    }

    pub(super) fn into_renumbering(self) -> Renumbering {
        let seen = self.nodes.as_ref().map_or(self.node_count, |nodes| nodes.new.len());
        Renumbering {
            nodes: self.nodes.map(|nodes| nodes.new.into_boxed_slice()),
            node_bounds: (seen, self.node_count),
            edge_bounds: (self.position.len(), self.edge_count),
            edges: self.position.into_boxed_slice(),
        }
    }
}

/// Where the rows of nodes begin and end, while they are filled.
struct Rows(Vec<u32>);

impl Rows {
    fn of(nodes: usize) -> Self {
        Self(vec![0; nodes])
    }

    /// Makes room for one more in a row.
    fn count(&mut self, node: u32) {
        self.0[node as usize] += 1;
    }

    /// Lets rows follow each other, none of them filled; returns how much room they have together.
    fn begin(&mut self) -> usize {
        let mut begin = 0;
        for row in &mut self.0 {
            begin += std::mem::replace(row, begin);
        }
        begin as usize
    }

    /// Returns the next free place of a row.
    fn next(&mut self, node: u32) -> u32 {
        let next = &mut self.0[node as usize];
        *next += 1;
        *next - 1
    }

    /// Packs where rows begin; all of them are full, so each ends where the next one begins.
    fn into_offsets(self, room: usize) -> PackedInts {
        let mut offsets = PackedIntsBuilder::new(self.0.len() + 1, room as u64);
        offsets.push(0);
        self.0.iter().for_each(|end| offsets.push(u64::from(*end)));
        offsets.finish()
    }
}

/// Returns the highest of so many ordinals.
fn last(count: usize) -> u64 {
    count.saturating_sub(1) as u64
}
