//! A base as sections of a file.

use std::io;
use std::sync::Arc;

use crate::id::EDGE_INDEX_MAX;
use crate::packed::{Order, PackedInts};
use crate::pages::SnapshotDamage;
use crate::sections::{SectionKind, SectionWriter, Sections, wrong};
use crate::topology::{Csr, Stamp};

use super::base::{Base, CallerIds, EdgeColumns, NodeColumns};
use super::id_table::FrozenIdTable;
use super::info::GraphInfo;
use super::keys::KeyColumn;
use super::kinds::KindColumn;
use super::lifetimes::Lifetimes;
use super::timeline::Timeline;

/// How many there are of everything that a base's columns name.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The first version of the base.
    pub version: u64,
    /// The stamp of its last version.
    pub last: Stamp,
    /// The time of its last event, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// Nodes.
    pub nodes: usize,
    /// Edges.
    pub edges: usize,
    /// Names.
    pub names: usize,
    /// Component sets of the pool.
    pub sets: usize,
    /// Components of the pool.
    pub components: usize,
}

impl Shape {
    /// Returns the last version.
    pub fn last_version(&self) -> u64 {
        self.version + u64::from(self.last)
    }
}

impl Base {
    /// Writes the columns.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        let Self { version: _, last: _, nodes, adjacency, edges, lifetimes: _, timeline: _ } = self;
        out.slab(SectionKind::NodeIds, &nodes.ids)?;
        nodes.table.write(out)?;
        out.numbers(SectionKind::NodeKinds, &nodes.kinds)?;
        nodes.keys.write(out)?;
        out.numbers(SectionKind::NodeSets, &nodes.sets)?;
        out.numbers(SectionKind::NodeVersions, &nodes.versions)?;
        adjacency.write(out)?;
        edges.kinds.write(out)?;
        out.numbers(SectionKind::EdgeProperties, &edges.properties)?;
        out.numbers(SectionKind::EdgeVersions, &edges.versions)?;
        out.numbers(SectionKind::EdgeIndices, &edges.indices)?;
        out.numbers(SectionKind::EdgesByCreation, &edges.by_creation)?;
        edges.caller_ids.write(out)
    }

    /// Writes what came, went and changed since the first version, and the ends of transactions, but for what was known
    /// of the graph then; nothing of a base of one version.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_history(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        if self.last == 0 {
            return Ok(());
        }
        self.lifetimes.as_ref().map_or(Ok(()), |lifetimes| lifetimes.write(out))?;
        self.timeline.write(out)
    }

    /// Reads the columns of a file; `known` is what was known of the graph at the ends of transactions, in turn.
    ///
    /// # Errors
    /// Where they are not of this shape; their pages are checked when they are touched.
    pub fn read(sections: &Sections, shape: &Shape, known: Vec<Arc<GraphInfo>>) -> Result<Self, SnapshotDamage> {
        Ok(Self {
            version: shape.version,
            last: shape.last,
            nodes: NodeColumns::read(sections, shape)?,
            adjacency: Csr::read(sections, shape.nodes, shape.edges)?,
            edges: EdgeColumns::read(sections, shape)?,
            lifetimes: Lifetimes::read(sections, shape)?.map(Box::new),
            timeline: Timeline::read(sections, shape, known)?.unwrap_or_default(),
        })
    }
}

impl NodeColumns {
    fn read(sections: &Sections, shape: &Shape) -> Result<Self, SnapshotDamage> {
        let nodes = shape.nodes;
        let column = |kind, below: usize| sections.numbers(kind, nodes, below as u64, Order::Any);
        let ids = sections.slab(SectionKind::NodeIds, Box::new(|_, _| true))?;
        if ids.len() != nodes {
            return Err(wrong(SectionKind::NodeIds, "there are more or fewer than nodes"));
        }
        Ok(Self {
            ids,
            table: FrozenIdTable::read(sections, nodes)?,
            kinds: column(SectionKind::NodeKinds, shape.names)?,
            keys: KeyColumn::read(sections, nodes)?,
            sets: column(SectionKind::NodeSets, shape.sets)?,
            versions: sections.numbers(SectionKind::NodeVersions, nodes, shape.last_version() + 1, Order::Any)?,
        })
    }
}

impl EdgeColumns {
    fn read(sections: &Sections, shape: &Shape) -> Result<Self, SnapshotDamage> {
        let edges = shape.edges;
        let column = |kind, below| sections.numbers(kind, edges, below, Order::Any);
        Ok(Self {
            kinds: KindColumn::read(sections, edges, shape.names)?,
            properties: column(SectionKind::EdgeProperties, shape.components as u64 + 1)?,
            versions: column(SectionKind::EdgeVersions, shape.last_version() + 1)?,
            indices: column(SectionKind::EdgeIndices, u64::from(EDGE_INDEX_MAX) + 1)?,
            by_creation: column(SectionKind::EdgesByCreation, edges as u64)?,
            caller_ids: CallerIds::read(sections, edges)?,
        })
    }
}

impl CallerIds {
    fn write(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        out.numbers(SectionKind::CallerPositions, &self.positions)?;
        out.slab(SectionKind::CallerIds, &self.ids)?;
        out.numbers(SectionKind::CallersById, &self.by_id)
    }

    fn read(sections: &Sections, edges: usize) -> Result<Self, SnapshotDamage> {
        let ids = sections.slab(SectionKind::CallerIds, Box::new(|_, _| true))?;
        let column = |kind, below: usize, order| -> Result<PackedInts, SnapshotDamage> {
            sections.numbers(kind, ids.len(), below as u64, order)
        };
        Ok(Self {
            positions: column(SectionKind::CallerPositions, edges, Order::Ascending)?,
            by_id: column(SectionKind::CallersById, ids.len(), Order::Any)?,
            ids,
        })
    }
}
