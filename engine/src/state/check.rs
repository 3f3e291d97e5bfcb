//! Everything in a base looked at: that its columns are those of one graph.

use rayon::prelude::*;

use crate::packed::PackedInts;
use crate::pool::{ComponentId, Pool, SetId};
use crate::topology::{NodeIndex, Stamp};

use super::base::Base;
use super::lifetimes::Lifetimes;

impl Base {
    /// Checks that ids lead to their nodes and edges, that both ways of the adjacency have the same edges, oldest first,
    /// and that the pool is used as it says.
    ///
    /// # Panics
    /// Where something does not hold, as [`Slab::broken`](crate::slab::Slab::broken) does.
    pub fn check(&self, pool: &Pool) {
        self.timeline.check();
        let lifetimes = self.lifetimes.as_deref();
        if let Some(lifetimes) = lifetimes {
            lifetimes.check();
        }
        let sets = (0..self.node_count()).map(|node| self.node_set(node, self.last));
        let properties = (0..self.edge_count()).filter_map(|edge| self.edge_properties(edge, self.last));
        // What stood before a change is in use too.
        let former_sets = lifetimes.into_iter().flat_map(|lifetimes| lifetimes.node_changes.values().map(SetId));
        let former_properties = lifetimes.into_iter().flat_map(|lifetimes| {
            lifetimes.edge_changes.values().filter_map(|value| value.checked_sub(1).map(ComponentId))
        });
        let check_uses = || pool.check_uses(sets.chain(former_sets), properties.chain(former_properties));
        rayon::join(|| self.check_columns(), check_uses);
    }

    fn check_columns(&self) {
        self.check_nodes();
        self.check_callers();
        let created = self.creations();
        self.check_creation(&created);
        self.check_adjacency(&created);
        if let Some(lifetimes) = self.lifetimes.as_deref() {
            self.check_spans(lifetimes);
        }
    }

    fn check_nodes(&self) {
        (0..self.node_count()).into_par_iter().for_each(|node| {
            let ordinal = |node: &u32| *node as usize;
            let mut found = self.find_node(self.node_id(node));
            while found.as_ref().is_some_and(|found| ordinal(found) > node) {
                found = found.and_then(|found| self.namesake(found));
            }
            if found.as_ref().map(ordinal) != Some(node) {
                self.nodes.ids.broken("an id does not lead to its node");
            }
            drop(self.node_key(node));
        });
    }

    /// Returns the creation of each edge as one number, in the order of (version, index): the two columns are asked in
    /// no order, which is what takes the time.
    fn creations(&self) -> PackedInts {
        let (versions, indices) = (&self.edges.versions, &self.edges.indices);
        let (above, width) = (versions.width(), indices.width());
        let max = match (above, above + width) {
            (0, _) => u64::MAX.checked_shr(u64::BITS - width).unwrap_or(0),
            (_, 1..=u64::BITS) => u64::MAX >> (u64::BITS - above - width),
            _ => versions.broken("edges are of versions that cannot be"),
        };
        let joined = |edge: usize| versions.get(edge).checked_shl(width).unwrap_or(0) | indices.get(edge);
        PackedInts::from_fn(self.edge_count(), max, joined)
    }

    fn check_creation(&self, created: &PackedInts) {
        let created = |at: usize| created.get(self.edges.by_creation.get_u32(at) as usize);
        let is_ordered = (1..self.edge_count()).into_par_iter().all(|at| created(at - 1) < created(at));
        if !is_ordered {
            self.edges.by_creation.broken("edges are not in the order of their creation");
        }
    }

    fn check_callers(&self) {
        let callers = &self.edges.caller_ids;
        let position = |at: usize| callers.positions.get(at);
        let id = |at: usize| callers.ids.get(callers.by_id.get_u32(at) as usize);
        // An id may have been given to several, one after another.
        let is_ordered = |at: usize| if self.lifetimes.is_some() { id(at - 1) <= id(at) } else { id(at - 1) < id(at) };
        if !(1..callers.ids.len()).all(|at| position(at - 1) < position(at) && is_ordered(at)) {
            callers.by_id.broken("ids of edges are not in order");
        }
    }

    /// Checks that whatever died had been born, and that no edge lived without its ends.
    fn check_spans(&self, lifetimes: &Lifetimes) {
        let lived = |birth: Stamp, death: Stamp| death == 0 || birth < death;
        let nodes = (0..self.node_count()).into_par_iter();
        if !nodes.all(|node| lived(self.node_birth(node), self.node_death(node))) {
            lifetimes.node_deaths.numbers.broken("a node died before it was born");
        }
        let edges = (0..self.edge_count()).into_par_iter();
        let is_sound = |position: usize| {
            let (birth, death) = (self.edge_birth(position), self.edge_death(position));
            let (source, target) = self.edge_ends(position);
            let outlives = |node: NodeIndex| {
                let end = self.node_death(node.index());
                self.node_birth(node.index()) <= birth && (end == 0 || (death != 0 && death <= end))
            };
            lived(birth, death) && outlives(source) && outlives(target)
        };
        if !edges.all(is_sound) {
            lifetimes.edge_deaths.numbers.broken("an edge lived without one of its ends");
        }
    }

    /// Checks that each edge comes in once where it ends, and that the edges of a node are in the order of creation.
    ///
    /// Every place of the rows of targets must lead to an edge that ends there, and to a later one than the place before:
    /// so no two places lead to the same edge, and as there are as many places as edges, each edge has its place.
    fn check_adjacency(&self, created: &PackedInts) {
        (0..self.node_count()).into_par_iter().map(NodeIndex::new).for_each(|node| {
            let mut last = None;
            for step in self.adjacency.incoming(node) {
                let position = step.edge.index();
                let leads_back =
                    self.adjacency.target(position) == node && self.adjacency.positions(step.node).contains(&position);
                let created = Some(created.get(position));
                if !leads_back || created <= last {
                    self.edges.by_creation.broken("the two ways of the adjacency have not the same edges");
                }
                last = created;
            }
            let created = self.adjacency.positions(node).map(|position| created.get(position));
            if !created.is_sorted() {
                self.edges.by_creation.broken("the edges of a node are not in the order of creation");
            }
        });
    }
}
