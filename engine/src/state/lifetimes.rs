//! What a temporal base keeps beside its last version: when nodes and edges came and went, and what they were before
//! each change. Stamps count versions since the base's first version.

use std::io;

use crate::packed::{Order, PackedInts, partition};
use crate::pages::SnapshotDamage;
use crate::sections::{SectionKind, SectionWriter, Sections, wrong};
use crate::topology::Stamp;

use super::file::Shape;
use super::marks::{Marks, Sparse};

/// Births, deaths and changes within a base. An edge's birth is the version at which it was connected, which every base
/// keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lifetimes {
    /// How many nodes are from the base's first version or before; the births of those behind them follow.
    pub(crate) old_nodes: usize,
    /// The births of the later nodes, which never decrease: ordinals are given in order of birth.
    pub(crate) births: PackedInts,
    pub(crate) node_deaths: Sparse,
    pub(crate) edge_deaths: Sparse,
    /// For a node that has its id from a dead one: the ordinal of the last such.
    pub(crate) namesakes: Sparse,
    pub(crate) node_changes: Changes,
    /// The version that each changed node had before its first change.
    pub(crate) versions_before: PackedInts,
    pub(crate) edge_changes: Changes,
}

impl Lifetimes {
    /// Returns the stamp of a node's birth, 0 for one from before.
    #[inline]
    pub(super) fn node_birth(&self, node: usize) -> Stamp {
        node.checked_sub(self.old_nodes).map_or(0, |since| self.births.get_u32(since))
    }

    /// Returns how much of what it keeps is of the past: the dead, and what stood before changes.
    pub fn former_count(&self) -> usize {
        let changes = self.node_changes.stamps.len() + self.edge_changes.stamps.len();
        self.node_deaths.numbers.len() + self.edge_deaths.numbers.len() + changes
    }

    /// Returns whether no node came, and nothing went or changed; edges may have come.
    pub(super) fn is_empty(&self) -> bool {
        self.births.is_empty()
            && self.node_deaths.is_empty()
            && self.edge_deaths.is_empty()
            && self.node_changes.is_empty()
            && self.edge_changes.is_empty()
    }

    /// Returns the first ordinal of a node that came after `stamp`, or of none; all above came later.
    pub(super) fn first_born_after(&self, stamp: Stamp) -> u32 {
        let born_by_then = partition(self.births.len(), |since| self.births.get_u32(since) <= stamp);
        u32::try_from(self.old_nodes + born_by_then).expect("node ordinals have 32 bits")
    }

    /// Returns the nodes that went or changed after `stamp`, in no order, some of them more than once.
    pub(super) fn nodes_touched_after(&self, stamp: Stamp) -> impl Iterator<Item = u32> + '_ {
        let died = self.node_deaths.iter().filter(move |(_, death)| *death > stamp).map(|(node, _)| node);
        died.chain(self.node_changes.touched_after(stamp))
    }

    /// Writes it.
    pub(super) fn write(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        out.numbers(SectionKind::NodeBirths, &self.births)?;
        self.node_deaths.write(NODE_DEATHS, out)?;
        self.edge_deaths.write(EDGE_DEATHS, out)?;
        self.namesakes.write(NAMESAKES, out)?;
        self.node_changes.write(NODE_CHANGES, out)?;
        out.numbers(SectionKind::FormerVersions, &self.versions_before)?;
        self.edge_changes.write(EDGE_CHANGES, out)
    }

    /// Reads it, where a file has it.
    pub(super) fn read(sections: &Sections, shape: &Shape) -> Result<Option<Self>, SnapshotDamage> {
        let Some(births) = sections.get(SectionKind::NodeBirths) else { return Ok(None) };
        let born = usize::try_from(births.count).ok().filter(|born| *born <= shape.nodes);
        let born = born.ok_or(wrong(SectionKind::NodeBirths, "there are more than nodes"))?;
        let stamps = u64::from(shape.last) + 1;
        let node_changes = Changes::read(sections, NODE_CHANGES, shape.nodes, shape.last, shape.sets)?;
        let changed = node_changes.offsets.len().saturating_sub(1);
        Ok(Some(Self {
            old_nodes: shape.nodes - born,
            births: sections.numbers(SectionKind::NodeBirths, born, stamps, Order::Ascending)?,
            node_deaths: Sparse::read(sections, NODE_DEATHS, shape.nodes, stamps)?,
            edge_deaths: Sparse::read(sections, EDGE_DEATHS, shape.edges, stamps)?,
            namesakes: Sparse::read(sections, NAMESAKES, shape.nodes, shape.nodes as u64)?,
            node_changes,
            versions_before: sections.numbers(
                SectionKind::FormerVersions,
                changed,
                shape.version.saturating_add(stamps),
                Order::Any,
            )?,
            edge_changes: Changes::read(sections, EDGE_CHANGES, shape.edges, shape.last, shape.components + 1)?,
        }))
    }

    /// Checks that there is as much of everything as is marked, and that changes stand newest first.
    ///
    /// # Panics
    /// Where it is not so, as [`PackedInts::broken`] does.
    pub(super) fn check(&self) {
        [&self.node_deaths, &self.edge_deaths, &self.namesakes].iter().for_each(|sparse| sparse.check());
        self.node_changes.check();
        self.edge_changes.check();
    }

    /// Returns the bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.births.heap_bytes()
            + [&self.node_deaths, &self.edge_deaths, &self.namesakes].map(Sparse::heap_bytes).iter().sum::<usize>()
            + self.node_changes.heap_bytes()
            + self.versions_before.heap_bytes()
            + self.edge_changes.heap_bytes()
    }
}

/// Where in a file deaths are.
const NODE_DEATHS: [SectionKind; 3] =
    [SectionKind::DeadNodeMarks, SectionKind::DeadNodeCounts, SectionKind::NodeDeaths];
const EDGE_DEATHS: [SectionKind; 3] =
    [SectionKind::DeadEdgeMarks, SectionKind::DeadEdgeCounts, SectionKind::EdgeDeaths];

/// Where in a file namesakes are.
const NAMESAKES: [SectionKind; 3] = [SectionKind::NamesakeMarks, SectionKind::NamesakeCounts, SectionKind::Namesakes];

/// Where in a file changes are.
const NODE_CHANGES: ChangeKinds = ChangeKinds {
    marks: [SectionKind::ChangedNodeMarks, SectionKind::ChangedNodeCounts],
    offsets: SectionKind::NodeChangeOffsets,
    stamps: SectionKind::NodeChangeStamps,
    values: SectionKind::FormerSets,
};
const EDGE_CHANGES: ChangeKinds = ChangeKinds {
    marks: [SectionKind::ChangedEdgeMarks, SectionKind::ChangedEdgeCounts],
    offsets: SectionKind::EdgeChangeOffsets,
    stamps: SectionKind::EdgeChangeStamps,
    values: SectionKind::FormerProperties,
};

/// The sections of changes.
#[derive(Debug, Clone, Copy)]
struct ChangeKinds {
    marks: [SectionKind; 2],
    offsets: SectionKind,
    stamps: SectionKind,
    values: SectionKind,
}

/// The changes of some of many elements, newest first, with what stood before each. What stands after the newest is in
/// the base's own columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) marks: Marks,
    /// Where the changes of each marked element start, and where the last ones end.
    pub(crate) offsets: PackedInts,
    /// When each change happened; no two of an element at once.
    pub(crate) stamps: PackedInts,
    /// What stood before each.
    pub(crate) values: PackedInts,
}

/// A change that is not of the newest version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Undone {
    /// When it happened.
    pub(super) stamp: Stamp,
    /// What stood before it.
    pub(super) value: u32,
}

/// What an element was at some stamp before its newest change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Former {
    pub(super) value: u32,
    /// When the change happened that made it so; `None` for what it was at first.
    pub(super) since: Option<Stamp>,
    /// The element's place among those that changed.
    pub(super) place: usize,
}

impl Changes {
    /// Returns what an element was at a stamp; `None` where its newest change had happened by then.
    #[inline]
    pub(super) fn at(&self, element: usize, stamp: Stamp) -> Option<Former> {
        let place = self.marks.place(element)?;
        let span = self.offsets.span(place);
        let later = partition(span.len(), |at| self.stamps.get_u32(span.start + at) > stamp);
        let last = span.start + later.checked_sub(1)?;
        let since = (later < span.len()).then(|| self.stamps.get_u32(last + 1));
        Some(Former { value: self.values.get_u32(last), since, place })
    }

    /// Returns the changes of an element, newest first.
    pub(super) fn of(&self, element: usize) -> impl Iterator<Item = Undone> + '_ {
        let span = self.marks.place(element).map_or(0..0, |place| self.offsets.span(place));
        span.map(|at| Undone { stamp: self.stamps.get_u32(at), value: self.values.get_u32(at) })
    }

    /// Returns whether nothing changed.
    pub(super) const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    fn touched_after(&self, stamp: Stamp) -> impl Iterator<Item = u32> + '_ {
        let newest = |place: usize| self.stamps.get_u32(self.offsets.span(place).start);
        self.marks.iter().enumerate().filter(move |(place, _)| newest(*place) > stamp).map(|(_, element)| element)
    }

    /// Returns what stood before each change.
    pub(super) fn values(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.values.len()).map(|at| self.values.get_u32(at))
    }

    fn write(&self, kinds: ChangeKinds, out: &mut SectionWriter<'_>) -> io::Result<()> {
        self.marks.write(kinds.marks, out)?;
        out.numbers(kinds.offsets, &self.offsets)?;
        out.numbers(kinds.stamps, &self.stamps)?;
        out.numbers(kinds.values, &self.values)
    }

    /// Reads the changes of elements below `len`, none after `last`.
    fn read(
        sections: &Sections,
        kinds: ChangeKinds,
        len: usize,
        last: Stamp,
        values_below: usize,
    ) -> Result<Self, SnapshotDamage> {
        let changes = sections.count(kinds.stamps)?;
        let offsets = sections.count(kinds.offsets)?;
        Ok(Self {
            marks: Marks::read(sections, kinds.marks, len)?,
            offsets: sections.numbers(kinds.offsets, offsets, changes as u64 + 1, Order::Ascending)?,
            stamps: sections.numbers(kinds.stamps, changes, u64::from(last) + 1, Order::Any)?,
            values: sections.numbers(kinds.values, changes, values_below as u64, Order::Any)?,
        })
    }

    fn check(&self) {
        self.marks.check(self.offsets.len().saturating_sub(1));
        let ends = (self.offsets.iter().next(), self.offsets.iter().last());
        if !self.offsets.is_empty() && ends != (Some(0), Some(self.stamps.len() as u64)) {
            self.offsets.broken("they do not end with the changes");
        }
        for span in (1..self.offsets.len()).map(|at| self.offsets.span(at - 1)) {
            let is_later = |at: usize| self.stamps.get(at - 1) > self.stamps.get(at);
            if span.is_empty() || !(span.start + 1..span.end).all(is_later) {
                self.stamps.broken("changes do not stand newest first, one at a time");
            }
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let columns = [&self.offsets, &self.stamps, &self.values];
        self.marks.heap_bytes() + columns.iter().map(|column| column.heap_bytes()).sum::<usize>()
    }
}

/// Gathers the changes of elements, in the elements' order.
#[derive(Debug, Default)]
pub(super) struct ChangesBuilder {
    elements: Vec<u32>,
    ends: Vec<usize>,
    changes: Vec<Undone>,
}

impl ChangesBuilder {
    /// Adds the changes of an element, newest first; returns whether there are any.
    pub(super) fn push(&mut self, element: u32, changes: &[Undone]) -> bool {
        assert!(self.elements.last().is_none_or(|last| *last < element), "elements come in order");
        assert!(changes.is_sorted_by(|a, b| a.stamp > b.stamp), "changes come newest first, one at a stamp");
        if !changes.is_empty() {
            self.elements.push(element);
            self.changes.extend_from_slice(changes);
            self.ends.push(self.changes.len());
        }
        !changes.is_empty()
    }

    /// Returns what stood before the changes.
    pub(super) fn values(&self) -> impl Iterator<Item = u32> + '_ {
        self.changes.iter().map(|change| change.value)
    }

    /// Packs them, of elements below `len`, with other names for what stood before.
    pub(super) fn finish(self, len: usize, renamed: impl Fn(u32) -> u32) -> Changes {
        if self.elements.is_empty() {
            return Changes::default();
        }
        Changes {
            marks: Marks::new(len, self.elements.iter().copied()),
            offsets: std::iter::once(0).chain(self.ends).map(|end| end as u64).collect(),
            stamps: PackedInts::of(&self.changes, |change| u64::from(change.stamp)),
            values: self.changes.iter().map(|change| u64::from(renamed(change.value))).collect(),
        }
    }
}
