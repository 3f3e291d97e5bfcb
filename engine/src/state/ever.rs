//! All that lived at any stamp up to the one looked at: what a temporal base is made of.

use std::iter::successors;

use crate::topology::{EdgeIndex, NodeIndex, Stamp};

use super::at::At;
use super::generation::{Extent, Generation, edge_ordinal, ordinal};
use super::lifetimes::Undone;

/// A generation from its base's first version up to a stamp, the dead among the living.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ever<'a> {
    at: At<'a>,
    extent: Extent,
}

/// When an element lived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// When it came, 0 where it was there before.
    pub(super) birth: Stamp,
    /// When it went; `None` where it is still there.
    pub(super) death: Option<Stamp>,
}

impl Span {
    /// Returns when an element lived up to `until`, where it did; a death of 0 is none.
    fn new(birth: Stamp, death: Stamp, until: Stamp) -> Option<Self> {
        let death = Some(death).filter(|death| *death != 0 && *death <= until);
        (birth <= until && death.is_none_or(|death| birth < death)).then_some(Self { birth, death })
    }
}

impl<'a> Ever<'a> {
    /// Looks at all that lived up to the stamp of `at`, whose rows lie within `extent`.
    pub(super) const fn new(at: At<'a>, extent: Extent) -> Self {
        Self { at, extent }
    }

    pub(super) const fn generation(&self) -> &'a Generation {
        self.at.generation()
    }

    /// Returns the number that the ordinals of nodes stay below.
    pub(super) fn node_bound(&self) -> usize {
        self.generation().base().node_count() + self.extent.nodes() as usize
    }

    /// Returns the number that the ordinals of edges stay below.
    pub(super) fn edge_bound(&self) -> usize {
        self.generation().base().edge_count() + self.extent.edges() as usize
    }

    /// Returns when a node lived; `None` where it never did, as one that was taken back.
    pub(super) fn node_span(&self, node: NodeIndex) -> Option<Span> {
        let base = self.generation().base();
        let recent_death = self.generation().node_deaths.get(ordinal(node));
        let (birth, death) = match self.at.recent_node(node) {
            Ok(row) => (row?.birth, recent_death),
            Err(node) => (base.node_birth(node), if recent_death == 0 { base.node_death(node) } else { recent_death }),
        };
        Span::new(birth, death, self.at.stamp())
    }

    /// Returns when an edge lived; `None` where it never did, as one that was taken back.
    pub(super) fn edge_span(&self, edge: EdgeIndex) -> Option<Span> {
        let base = self.generation().base();
        let recent_death = self.generation().edges.death(edge_ordinal(edge));
        let (birth, death) = match self.at.recent_edge(edge) {
            Ok(row) => (self.generation().edges.row(row).birth(), recent_death),
            Err(edge) => (base.edge_birth(edge), if recent_death == 0 { base.edge_death(edge) } else { recent_death }),
        };
        Span::new(birth, death, self.at.stamp())
    }

    /// Returns the changes of a node since its birth, newest first, with the set before each.
    pub(super) fn node_changes(&self, node: NodeIndex, birth: Stamp) -> Vec<Undone> {
        let base = self.generation().base();
        let head = self.generation().node_changes.get(ordinal(node));
        let (first, frozen) = match self.at.recent_node(node) {
            Ok(row) => (row.expect("a node that lived has a row").set.0, None),
            Err(node) => {
                let changes = base.lifetimes().map(|lifetimes| lifetimes.node_changes.of(node));
                (base.node_set(node, base.last_stamp()).0, changes)
            }
        };
        self.changes(head, first, frozen.into_iter().flatten(), birth)
    }

    /// Returns the changes of an edge since its birth, newest first, with the properties before each: 0 for none, else
    /// the component id plus 1.
    pub(super) fn edge_changes(&self, edge: EdgeIndex, birth: Stamp) -> Vec<Undone> {
        let base = self.generation().base();
        let head = self.generation().edge_changes.get(edge_ordinal(edge));
        let (first, frozen) = match self.at.recent_edge(edge) {
            Ok(row) => (self.generation().edges.row(row).properties, None),
            Err(edge) => {
                let changes = base.lifetimes().map(|lifetimes| lifetimes.edge_changes.of(edge));
                let first = base.edge_properties(edge, base.last_stamp()).map_or(0, |component| component.0 + 1);
                (first, changes)
            }
        };
        self.changes(head, first, frozen.into_iter().flatten(), birth)
    }

    /// Joins the changes since the base, before which `first` stood, with those that the base has. Of several at one
    /// stamp no version shows but the last, and none at the birth or before.
    fn changes(&self, head: u32, first: u32, frozen: impl Iterator<Item = Undone>, birth: Stamp) -> Vec<Undone> {
        let mut changes: Vec<Undone> = Vec::new();
        for change in successors(self.at.change(head), |last| self.at.change(last.before)) {
            if let Some(later) = changes.last_mut() {
                later.value = change.value;
            }
            changes.push(Undone { stamp: change.birth, value: first });
        }
        changes.extend(frozen.filter(|change| change.stamp <= self.at.stamp()));
        changes.retain(|change| change.stamp > birth);
        changes.dedup_by(|older, newer| {
            let is_one = older.stamp == newer.stamp;
            if is_one {
                newer.value = older.value;
            }
            is_one
        });
        changes
    }

    /// Returns the version that a node had before its first change since `birth`.
    pub(super) fn version_before(&self, node: NodeIndex, birth: Stamp) -> u64 {
        let base = self.generation().base();
        if birth > 0 { base.version() + u64::from(birth) } else { base.node_version(node.index(), 0) }
    }
}
