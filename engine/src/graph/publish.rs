//! Making the draft what readers see: indices, facets for the caches, then one atomic store.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::footprint::Facet;
use crate::index::{Index, IndexUpdater};
use crate::pool::{ComponentId, NameId, SetId};
use crate::state::{At, Published, ViewIndex};
use crate::store::Head;
use crate::topology::{EdgeIndex, NodeIndex, Stamp};

use super::draft::GraphAggregate;
use super::facts::LiveFacts;
use super::room::trim;
use super::step::{Change, Step};

/// The indices, and up to where they hold.
#[derive(Debug, Default)]
pub(super) struct Indexed {
    pub(super) index: Index,
    /// The stamp that they are of.
    pub(super) stamp: Stamp,
    /// How many of the generation's touched nodes they have taken in.
    pub(super) touched: u32,
    /// How many may be pending before they are brought up to date.
    pub(super) pending_max: u32,
}

/// The fewest pending nodes that are worth an update.
const PENDING_MIN: u32 = 256;

/// The most pending nodes: every query that starts from the index looks at each.
pub(super) const PENDING_MAX: u32 = 1024;

/// How many copied bytes of an update are worth one pending node.
const COPIED_BYTES_A_NODE: usize = 4096;

impl GraphAggregate {
    pub(super) fn publish_draft(&mut self, head: Head, timestamp_ns: u64) {
        assert_eq!(head.version, self.place.version, "what is published is what was applied");
        self.tell_observer();
        self.mark_buckets();
        self.folding.note(&self.steps, &self.generation);
        let needed = self.steps.len();
        self.steps.clear();
        trim(&mut self.steps, needed);
        for (moment, touched) in self.ends.drain(..) {
            self.generation.note(&moment, touched);
        }
        self.adopt_fold();
        let pending = self.generation.touched_len() - self.indexed.touched;
        if pending > self.indexed.pending_max.clamp(PENDING_MIN, PENDING_MAX) {
            self.bring_index_up_to_date();
        }
        self.store_published(Some(head), timestamp_ns);
        if let Some(observer) = &self.observer {
            observer.published();
        }
        self.fold_when_due();
    }

    /// Takes every pending node into the indices.
    pub(super) fn bring_index_up_to_date(&mut self) {
        let touched = self.generation.touched_len();
        let pending = self.indexed.touched..touched;
        let index = std::mem::take(&mut self.indexed.index);
        let updater = self.moved(index, self.stamp(), pending);
        let copied = u32::try_from(updater.copied_bytes() / COPIED_BYTES_A_NODE).unwrap_or(u32::MAX);
        let stamp = self.stamp();
        self.indexed = Indexed { index: updater.finish(), stamp, touched, pending_max: copied };
    }

    /// Moves an index that is of the same stamp as the aggregate's to `stamp`, earlier or later; `touched` are the nodes
    /// that were touched between the two.
    pub(super) fn moved(&self, index: Index, stamp: Stamp, touched: Range<u32>) -> IndexUpdater {
        let mut nodes: Vec<u32> = self.generation.touched(touched).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let (before, after) = (self.generation.at(self.indexed.stamp), self.generation.at(stamp));
        let mut updater = index.into_updater();
        for ordinal in nodes {
            let node = NodeIndex::from(ordinal);
            let was = LiveFacts::new(before, node, &self.rules.registry);
            let is = LiveFacts::new(after, node, &self.rules.registry);
            match (before.contains_node(node), after.contains_node(node)) {
                (false, true) => updater.insert(ordinal, &is),
                (true, false) => updater.remove(ordinal, &was),
                (true, true) if before.node_set(node) != after.node_set(node) => updater.replace(ordinal, &was, &is),
                (true, true) | (false, false) => {}
            }
        }
        updater
    }

    pub(super) fn store_published(&self, head: Option<Head>, timestamp_ns: u64) {
        self.reader.0.store(Arc::new(Published {
            generation: Arc::clone(&self.generation),
            stamp: self.stamp(),
            extent: self.generation.extent(),
            info: Arc::clone(&self.place.info),
            head,
            timestamp_ns,
            node_count: self.place.node_count,
            edge_count: self.place.edge_count,
            index: ViewIndex::Ready(self.indexed.index.clone()),
            pending: self.indexed.touched..self.generation.touched_len(),
            frozen_after: None,
            beside_index: OnceLock::new(),
            touched: self.touched.clone(),
            checkpoint: self.place.checkpoint,
        }));
    }

    fn mark_buckets(&self) {
        let Some(touched) = &self.touched else { return };
        let (at, version) = (self.at(), self.place.version);
        for step in &self.steps {
            match step.change {
                Change::NodeAdded { node } | Change::NodeRemoved { node } | Change::NodeChanged { node, .. } => {
                    touched.mark(at.node_id(node).as_bytes(), version);
                }
                Change::EdgeAdded { edge } | Change::EdgeRemoved { edge } | Change::EdgeChanged { edge, .. } => {
                    touched.mark(at.edge_id(edge).as_bytes(), version);
                }
            }
        }
    }

    fn tell_observer(&self) {
        let Some(observer) = &self.observer else { return };
        let mut facets = Vec::new();
        if observer.is_interested() {
            facets.push(Facet::version());
            if !Arc::ptr_eq(&self.place.info, &self.reader.0.load().info) {
                facets.push(Facet::graph());
            }
            for step in &self.steps {
                Touched { at: self.generation.at(step.stamp), facets: &mut facets }.step(step);
            }
            facets.sort_unstable();
            facets.dedup();
        }
        observer.changed(self.place.version, &facets);
    }
}

/// Gathers the facets that a step touched.
struct Touched<'a> {
    at: At<'a>,
    facets: &'a mut Vec<Facet>,
}

impl Touched<'_> {
    fn step(&mut self, step: &Step) {
        match step.change {
            Change::NodeAdded { node } | Change::NodeRemoved { node } => {
                let kind = Facet::kind(self.at.node_kind(node));
                self.facets.extend([Facet::nodes(), Facet::node(self.at.node_id(node)), kind]);
                self.sets(SetId::EMPTY, self.at.node_set(node));
            }
            Change::NodeChanged { node, before, after } => {
                self.facets.push(Facet::node(self.at.node_id(node)));
                self.sets(before, after);
            }
            Change::EdgeAdded { edge } | Change::EdgeRemoved { edge } => {
                self.facets.extend([Facet::edges(), Facet::edge_kind(self.at.edge_kind(edge))]);
                self.edge(edge);
            }
            Change::EdgeChanged { edge, .. } => {
                self.facets.push(Facet::edge_properties());
                self.edge(edge);
            }
        }
    }

    fn edge(&mut self, edge: EdgeIndex) {
        let (source, target) = self.at.edge_ends(edge);
        let (source, target) = (self.at.node_id(source), self.at.node_id(target));
        self.facets.extend([Facet::edge(self.at.edge_id(edge)), Facet::outgoing(source), Facet::incoming(target)]);
    }

    /// Gathers what differs between two component sets.
    fn sets(&mut self, before: SetId, after: SetId) {
        let at = self.at;
        for component in at.pool().components(before) {
            let component_type = at.pool().component_type(component);
            let other = at.pool().find_component(after, component_type);
            self.components(component_type, component, other);
        }
        for component in at.pool().components(after) {
            let component_type = at.pool().component_type(component);
            let other = at.pool().find_component(before, component_type);
            self.components(component_type, component, other);
        }
    }

    /// Gathers the properties of `this` that `other` lacks or has with another value.
    fn components(&mut self, component_type: NameId, this: ComponentId, other: Option<ComponentId>) {
        if other == Some(this) {
            return;
        }
        if other.is_none() {
            self.facets.push(Facet::component_type(component_type));
        }
        let pool = self.at.pool();
        for (property, value) in pool.entries(this) {
            if other.and_then(|other| pool.property(other, property)) != Some(value) {
                let name = pool.names().get(property);
                self.facets.push(Facet::property(component_type, name));
                self.facets.push(Facet::property_value(component_type, name, &pool.value(value)));
            }
        }
    }
}
