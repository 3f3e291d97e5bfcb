//! Everything in a base looked at: that its columns are those of one graph.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

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
        self.check_nodes();
        self.check_creation();
        self.check_callers();
        self.check_adjacency();
        let sets = (0..self.node_count()).map(|node| self.node_set(node));
        pool.check_uses(sets, (0..self.edge_count()).filter_map(|edge| self.edge_properties(edge)));
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

    fn check_creation(&self) {
        let created = |at: usize| self.edge_creation(self.edges.by_creation.get_u32(at) as usize);
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
    fn check_adjacency(&self) {
        let met: Vec<AtomicU64> = (0..self.edge_count().div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        (0..self.node_count()).into_par_iter().map(NodeIndex::new).for_each(|node| {
            let mut last = None;
            for step in self.adjacency.incoming(node) {
                let position = step.edge.index();
                let is_new =
                    met[position / 64].fetch_or(1 << (position % 64), Ordering::Relaxed) >> (position % 64) & 1 == 0;
                let leads_back =
                    self.adjacency.target(position) == node && self.adjacency.positions(step.node).contains(&position);
                let created = Some(self.edge_creation(position));
                if !is_new || !leads_back || created <= last {
                    self.edges.by_creation.broken("the two ways of the adjacency have not the same edges");
                }
                last = created;
            }
            let created = self.adjacency.positions(node).map(|position| self.edge_creation(position));
            if !created.is_sorted() {
                self.edges.by_creation.broken("the edges of a node are not in the order of creation");
            }
        });
    }
}
