//! Everything in a base looked at: that its columns are those of one graph.

use rayon::prelude::*;

use crate::packed::PackedInts;
use crate::pool::Pool;
use crate::topology::NodeIndex;

use super::base::Base;

impl Base {
    /// Checks that ids lead to their nodes and edges, that both ways of the adjacency have the same edges, oldest first,
    /// and that the pool is used as it says.
    ///
    /// # Panics
    /// Where something does not hold, as [`Slab::broken`](crate::slab::Slab::broken) does.
    pub fn check(&self, pool: &Pool) {
        let sets = (0..self.node_count()).map(|node| self.node_set(node, self.last));
        let properties = (0..self.edge_count()).filter_map(|edge| self.edge_properties(edge, self.last));
        rayon::join(|| self.check_columns(), || pool.check_uses(sets, properties));
    }

    fn check_columns(&self) {
        self.check_nodes();
        self.check_callers();
        let created = self.creations();
        self.check_creation(&created);
        self.check_adjacency(&created);
    }

    fn check_nodes(&self) {
        (0..self.node_count()).into_par_iter().for_each(|node| {
            let found = self.find_node(self.node_id(node));
            if found.is_none_or(|found| found as usize != node) {
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
        if !(1..callers.ids.len()).all(|at| position(at - 1) < position(at) && id(at - 1) < id(at)) {
            callers.by_id.broken("ids of edges are not in order");
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
