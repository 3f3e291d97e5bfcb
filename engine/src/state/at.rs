//! Everything that can be asked of a generation at a stamp.

use std::iter::successors;

use crate::entity::{Component, Key};
use crate::id::{EdgeId, NodeId};
use crate::pool::{ComponentId, NameId, Pool, SetId};
use crate::topology::{Adjacent, EdgeIndex, EdgeRow, NodeIndex, Stamp, Topology};
use crate::value::{Name, Properties};
use crate::view::{EdgeView, NodeView};

use super::generation::{Change, Extent, Generation, NodeRow, edge_ordinal, ordinal};

/// What a node is, apart from its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeContent {
    /// Its kind.
    pub kind: NameId,
    /// Its component set.
    pub set: SetId,
}

/// A generation as it was at a stamp; what the writer appends meanwhile does not raise its bounds.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    generation: &'a Generation,
    stamp: Stamp,
    extent: Extent,
}

impl<'a> At<'a> {
    /// Looks at a generation at a stamp, whose rows lie within `extent`.
    #[inline]
    pub const fn new(generation: &'a Generation, stamp: Stamp, extent: Extent) -> Self {
        Self { generation, stamp, extent }
    }

    /// Returns the generation.
    pub const fn generation(&self) -> &'a Generation {
        self.generation
    }

    /// Returns the stamp.
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Returns the version.
    pub fn version(&self) -> u64 {
        self.generation.base.version() + u64::from(self.stamp)
    }

    /// Returns the pool that set and component ids are of.
    pub fn pool(&self) -> &'a Pool {
        &self.generation.pool
    }

    /// Returns a number that every node's ordinal is below.
    #[inline]
    pub fn node_bound(&self) -> usize {
        self.generation.base.node_count() + self.extent.nodes() as usize
    }

    /// Returns a number that every edge's ordinal is below.
    #[inline]
    pub fn edge_bound(&self) -> usize {
        self.generation.base.edge_count() + self.extent.edges() as usize
    }

    /// Returns the ordinal of the node `id`.
    #[inline]
    pub fn find_node(&self, id: NodeId) -> Option<NodeIndex> {
        let generation = self.generation;
        let mut recent = generation.newest_node(id);
        while let Some(number) = recent {
            let (row, node) = (generation.node_row(number), generation.node_of_row(number));
            if row.birth <= self.stamp && self.is_node_alive(node) {
                return Some(node);
            }
            recent = row.before.checked_sub(1);
        }
        let mut frozen = generation.base.find_node(id);
        while let Some(node) = frozen {
            if self.is_frozen_node_here(NodeIndex::from(node)) {
                break;
            }
            frozen = generation.base.namesake(node);
        }
        frozen.map(NodeIndex::from)
    }

    /// Returns whether there is a node of this ordinal.
    #[inline]
    pub fn contains_node(&self, node: NodeIndex) -> bool {
        match self.recent_node(node) {
            Ok(row) => row.is_some_and(|row| row.birth <= self.stamp) && self.is_node_alive(node),
            Err(_) => self.is_frozen_node_here(node),
        }
    }

    /// Returns whether a node since the base was added later, and not of a draft that was taken back.
    pub(super) fn is_unborn(&self, node: NodeIndex) -> bool {
        let is_later =
            |row: &NodeRow| row.birth > self.stamp && self.generation.node_deaths.get(ordinal(node)) != row.birth;
        self.recent_node(node).is_ok_and(|row| row.is_some_and(is_later))
    }

    /// Returns the ordinals of all nodes, ascending.
    pub fn nodes(self) -> impl Iterator<Item = NodeIndex> + 'a {
        (0..self.node_bound()).map(NodeIndex::new).filter(move |node| self.contains_node(*node))
    }

    /// Returns a node's id.
    ///
    /// # Panics
    /// Where there never was a node of this ordinal; so do the next ones.
    pub fn node_id(&self, node: NodeIndex) -> NodeId {
        match self.recent_node(node) {
            Ok(row) => expect_row(row).id,
            Err(node) => self.generation.base.node_id(node),
        }
    }

    /// Returns a node's kind.
    pub fn node_kind(&self, node: NodeIndex) -> NameId {
        match self.recent_node(node) {
            Ok(row) => expect_row(row).kind,
            Err(node) => self.generation.base.node_kind(node),
        }
    }

    /// Returns the caller's own name for a node.
    pub fn node_key(&self, node: NodeIndex) -> Option<Key> {
        match self.recent_node(node) {
            Ok(row) => self.generation.key(expect_row(row)).cloned(),
            Err(node) => self.generation.base.node_key(node),
        }
    }

    /// Returns a node's component set.
    #[inline]
    pub fn node_set(&self, node: NodeIndex) -> SetId {
        if let Some(change) = self.change(self.generation.node_changes.get(ordinal(node))) {
            return SetId(change.value);
        }
        match self.recent_node(node) {
            Ok(row) => expect_row(row).set,
            Err(node) => self.generation.base.node_set(node, self.stamp),
        }
    }

    /// Returns a node's kind and component set; `None` where there is no node of this ordinal.
    pub fn node_content(&self, node: NodeIndex) -> Option<NodeContent> {
        self.contains_node(node).then(|| NodeContent { kind: self.node_kind(node), set: self.node_set(node) })
    }

    /// Returns the version of the last event that changed a node.
    pub fn node_version(&self, node: NodeIndex) -> u64 {
        let base = &self.generation.base;
        if let Some(change) = self.change(self.generation.node_changes.get(ordinal(node))) {
            return base.version() + u64::from(change.birth);
        }
        match self.recent_node(node) {
            Ok(row) => base.version() + u64::from(expect_row(row).birth),
            Err(node) => base.node_version(node, self.stamp),
        }
    }

    /// Returns a node's component of a type.
    pub fn component(&self, node: NodeIndex, component_type: NameId) -> Option<ComponentId> {
        self.pool().find_component(self.node_set(node), component_type)
    }

    /// Returns a node as answers show it.
    pub fn node_view(&self, node: NodeIndex) -> NodeView {
        NodeView {
            id: self.node_id(node),
            key: self.node_key(node),
            kind: self.name(self.node_kind(node)),
            version: self.node_version(node),
            components: self.components(node),
        }
    }

    /// Returns a node's components.
    pub fn components(&self, node: NodeIndex) -> Vec<Component> {
        self.pool().set_components(self.node_set(node))
    }

    /// Returns the outgoing edges of a node with their targets, oldest first.
    #[inline]
    pub fn outgoing(self, node: NodeIndex) -> impl Iterator<Item = Adjacent> + 'a {
        let generation = self.generation;
        let all = self.holds_all_frozen_edges();
        let frozen = generation.base.adjacency().outgoing(node);
        let frozen = frozen.filter(move |step| all || self.is_frozen_edge_here(step.edge));
        frozen.chain(generation.edges.outgoing(node).filter_map(move |(number, row)| {
            self.recent_step(number, row).map(|edge| Adjacent { node: row.target, edge })
        }))
    }

    /// Returns the incoming edges of a node with their sources, oldest first.
    #[inline]
    pub fn incoming(self, node: NodeIndex) -> impl Iterator<Item = Adjacent> + 'a {
        let generation = self.generation;
        let all = self.holds_all_frozen_edges();
        let frozen = generation.base.adjacency().incoming(node);
        let frozen = frozen.filter(move |step| all || self.is_frozen_edge_here(step.edge));
        frozen.chain(generation.edges.incoming(node).filter_map(move |(number, row)| {
            self.recent_step(number, row).map(|edge| Adjacent { node: row.source, edge })
        }))
    }

    /// Returns the ordinal of the edge `id`.
    pub fn find_edge(&self, id: EdgeId) -> Option<EdgeIndex> {
        if let Some(edge) = self.find_recent_edge(id) {
            return Some(edge);
        }
        self.generation.base.find_edge(id, |edge| self.is_frozen_edge_here(edge))
    }

    /// Returns whether there is an edge of this ordinal.
    pub fn contains_edge(&self, edge: EdgeIndex) -> bool {
        match self.recent_edge(edge) {
            Ok(row) => {
                let edges = &self.generation.edges;
                row < edges.len() && edges.row(row).birth() <= self.stamp && self.is_edge_alive(edge)
            }
            Err(_) => self.is_frozen_edge_here(edge),
        }
    }

    /// Returns the ordinals of all edges, ascending.
    pub fn edges(self) -> impl Iterator<Item = EdgeIndex> + 'a {
        (0..self.edge_bound()).map(EdgeIndex::new).filter(move |edge| self.contains_edge(*edge))
    }

    /// Returns an edge's source and target.
    ///
    /// # Panics
    /// Where there never was an edge of this ordinal; so do the next ones.
    pub fn edge_ends(&self, edge: EdgeIndex) -> (NodeIndex, NodeIndex) {
        match self.recent_edge(edge) {
            Ok(row) => {
                let row = self.generation.edges.row(row);
                (row.source, row.target)
            }
            Err(position) => self.generation.base.edge_ends(position),
        }
    }

    /// Returns an edge's kind.
    #[inline]
    pub fn edge_kind(&self, edge: EdgeIndex) -> NameId {
        match self.recent_edge(edge) {
            Ok(row) => NameId(self.generation.edges.row(row).kind),
            Err(position) => self.generation.base.edge_kind(position),
        }
    }

    /// Returns an edge's properties in the pool.
    #[inline]
    pub fn edge_properties(&self, edge: EdgeIndex) -> Option<ComponentId> {
        if let Some(change) = self.change(self.generation.edge_changes.get(edge_ordinal(edge))) {
            return change.value.checked_sub(1).map(ComponentId);
        }
        match self.recent_edge(edge) {
            Ok(row) => self.generation.edges.row(row).properties.checked_sub(1).map(ComponentId),
            Err(position) => self.generation.base.edge_properties(position, self.stamp),
        }
    }

    /// Returns the version at which an edge was connected and its place among the edges of that version.
    pub fn edge_creation(&self, edge: EdgeIndex) -> (u64, u32) {
        match self.recent_edge(edge) {
            Ok(row) => {
                let row = self.generation.edges.row(row);
                (self.generation.base.version() + u64::from(row.birth()), row.index)
            }
            Err(position) => self.generation.base.edge_creation(position),
        }
    }

    /// Returns the caller's id for an edge.
    pub fn caller_edge_id(&self, edge: EdgeIndex) -> Option<EdgeId> {
        match self.recent_edge(edge) {
            Ok(row) => self.generation.caller_id(row),
            Err(_) => self.generation.base.caller_id(edge_ordinal(edge)),
        }
    }

    /// Returns an edge's id.
    pub fn edge_id(&self, edge: EdgeIndex) -> EdgeId {
        self.caller_edge_id(edge).unwrap_or_else(|| {
            let (version, index) = self.edge_creation(edge);
            EdgeId::engine_made(version, index)
        })
    }

    /// Returns an edge as answers show it.
    pub fn edge_view(&self, edge: EdgeIndex) -> EdgeView {
        let (source, target) = self.edge_ends(edge);
        self.edge_view_between(edge, source, target)
    }

    /// Returns an edge whose ends are known as answers show it.
    pub fn edge_view_between(&self, edge: EdgeIndex, source: NodeIndex, target: NodeIndex) -> EdgeView {
        EdgeView {
            id: self.edge_id(edge),
            kind: self.name(self.edge_kind(edge)),
            source: self.node_id(source),
            target: self.node_id(target),
            properties: self.edge_properties(edge).map_or_else(Properties::new, |id| self.pool().properties(id)),
        }
    }

    /// Returns a name by its number.
    pub fn name(&self, name: NameId) -> Name {
        self.pool().names().get(name).clone()
    }

    fn find_recent_edge(&self, id: EdgeId) -> Option<EdgeIndex> {
        let generation = self.generation;
        let row = match id.as_engine_made() {
            Some((version, index)) => {
                let birth = Stamp::try_from(version.checked_sub(generation.base.version())?).ok()?;
                generation.edges.find(birth, index).filter(|row| generation.edges.row(*row).caller == 0)?
            }
            None => {
                let newest = generation.newest_caller_edge(id);
                let places = successors(newest, |place| generation.caller_edge(*place).before.checked_sub(1));
                let mut rows = places.map(|place| generation.caller_edge(place).row);
                rows.find(|row| self.is_recent_edge_here(*row))?
            }
        };
        self.is_recent_edge_here(row).then(|| generation.edge_of_row(row))
    }

    fn is_recent_edge_here(&self, row: u32) -> bool {
        self.recent_step(row, self.generation.edges.row(row)).is_some()
    }

    #[inline]
    fn recent_step(&self, number: u32, row: &EdgeRow) -> Option<EdgeIndex> {
        let edge = self.generation.edge_of_row(number);
        (row.birth() <= self.stamp && self.is_edge_alive(edge)).then_some(edge)
    }

    #[inline]
    fn is_frozen_node_here(&self, node: NodeIndex) -> bool {
        self.generation.base.holds_node(node.index(), self.stamp) && self.is_node_alive(node)
    }

    #[inline]
    fn is_frozen_edge_here(&self, edge: EdgeIndex) -> bool {
        self.generation.base.holds_edge(edge.index(), self.stamp) && self.is_edge_alive(edge)
    }

    /// Returns whether every frozen edge is there, which spares readers the look at each.
    #[inline]
    fn holds_all_frozen_edges(&self) -> bool {
        self.generation.edges.is_deathless() && self.generation.base.holds_all_edges(self.stamp)
    }

    #[inline]
    fn is_node_alive(&self, node: NodeIndex) -> bool {
        let death = self.generation.node_deaths.get(ordinal(node));
        death == 0 || self.stamp < death
    }

    #[inline]
    fn is_edge_alive(&self, edge: EdgeIndex) -> bool {
        let death = self.generation.edges.death(edge_ordinal(edge));
        death == 0 || self.stamp < death
    }

    /// Returns the newest change that had happened, of the chain that starts at `head`.
    #[inline]
    pub(super) fn change(&self, head: u32) -> Option<Change> {
        let mut next = head;
        while let Some(number) = next.checked_sub(1) {
            let change = self.generation.changes.get(number).expect("heads point at changes");
            if change.birth <= self.stamp {
                return Some(*change);
            }
            next = change.before;
        }
        None
    }

    /// Returns the row of a node since the base, or the place of a frozen one.
    #[inline]
    pub(super) fn recent_node(&self, node: NodeIndex) -> Result<Option<&'a NodeRow>, usize> {
        match node.index().checked_sub(self.generation.base.node_count()) {
            Some(row) => Ok(self.generation.nodes.get(u32::try_from(row).expect("node ordinals have 32 bits"))),
            None => Err(node.index()),
        }
    }

    /// Returns the row number of an edge since the base, or the position of a frozen one.
    #[inline]
    pub(super) fn recent_edge(&self, edge: EdgeIndex) -> Result<u32, usize> {
        match edge.index().checked_sub(self.generation.base.edge_count()) {
            Some(row) => Ok(u32::try_from(row).expect("edge ordinals have 32 bits")),
            None => Err(edge.index()),
        }
    }
}

/// Its counts walk over all there is; a [`GraphView`](super::GraphView) knows them.
impl Topology for At<'_> {
    fn node_bound(&self) -> usize {
        self.node_bound()
    }

    fn edge_bound(&self) -> usize {
        self.edge_bound()
    }

    fn node_count(&self) -> usize {
        At::nodes(*self).count()
    }

    fn edge_count(&self) -> usize {
        self.edges().count()
    }

    #[inline]
    fn contains(&self, node: NodeIndex) -> bool {
        self.contains_node(node)
    }

    #[inline]
    fn outgoing(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent> {
        At::outgoing(*self, node)
    }

    #[inline]
    fn incoming(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent> {
        At::incoming(*self, node)
    }
}

fn expect_row(row: Option<&NodeRow>) -> &NodeRow {
    row.expect("a node ordinal comes from this generation")
}
