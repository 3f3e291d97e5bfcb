//! Folding what happened since the base into a new one, beside the writer, and moving over to it between two groups.
//!
//! The fold reads a published view on another thread. Meanwhile the writer notes its steps; when the new base is there,
//! it appends the rows since to the new generation and does the noted steps again.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::aggregate::Rest;
use crate::index::Index;
use crate::pool::{ComponentRegistry, PoolWriter};
use crate::state::{Extent, Generation, GraphView, Renumbering, fold};
use crate::topology::Stamp;

use super::draft::GraphAggregate;
use super::facts::index_of;
use super::hierarchy::{Children, Hierarchy};
use super::publish::Indexed;
use super::step::{Change, Step};

/// The fewest rows since the base that are folded while the writer is busy, where nothing else was said: an overlay of
/// about 18 MB. A fold costs the writer a repetition of all that happens meanwhile.
pub(super) const BUSY_ROWS_MIN: usize = 1 << 18;

/// The fewest rows since the base that are folded while the writer rests.
const REST_ROWS_MIN: usize = 1 << 10;

/// A fold under way, if any.
#[derive(Debug, Default)]
pub(super) struct Folding(Option<Running>);

/// A fold under way.
#[derive(Debug)]
struct Running {
    /// Where the generation's rows ended, and the stamp.
    extent: Extent,
    stamp: Stamp,
    /// What has happened since.
    steps: Vec<Step>,
    done: Arc<OnceLock<Prepared>>,
}

impl Running {
    /// Returns whether a step may be about an edge that the fold saw.
    fn asks_for_edges(&self) -> bool {
        self.steps.iter().any(|step| match step.change {
            Change::EdgeRemoved { .. } | Change::EdgeChanged { .. } => true,
            Change::NodeAdded { .. }
            | Change::NodeRemoved { .. }
            | Change::NodeChanged { .. }
            | Change::EdgeAdded { .. } => false,
        })
    }
}

/// The next generation, as of the version that was folded.
struct Prepared {
    generation: Generation,
    pool: PoolWriter,
    renumbering: Renumbering,
    /// The index, where nodes have other ordinals than before.
    index: Option<Index>,
    /// The children of all nodes, where nodes have other ordinals and an index of before said them.
    children: Option<Children>,
}

impl Folding {
    /// Notes what a publication holds; `generation` is the one that it is of.
    pub(super) fn note(&mut self, steps: &[Step], generation: &Generation) {
        let Some(running) = &mut self.0 else { return };
        // A row that is carried over needs no step where it uses nothing of the pool.
        let is_carried = |step: &Step| match step.change {
            Change::EdgeAdded { edge } => generation.at(step.stamp).edge_properties(edge).is_none(),
            Change::NodeAdded { .. }
            | Change::NodeRemoved { .. }
            | Change::NodeChanged { .. }
            | Change::EdgeRemoved { .. }
            | Change::EdgeChanged { .. } => false,
        };
        running.steps.extend(steps.iter().filter(|step| !is_carried(step)));
    }

    fn take_done(&mut self) -> Option<(Running, Prepared)> {
        self.0.as_ref()?.done.get()?;
        let mut running = self.0.take()?;
        // The other thread has let go of it, or is about to: what it set is there either way.
        let done = std::mem::take(&mut running.done);
        let prepared = match Arc::try_unwrap(done) {
            Ok(cell) => cell.into_inner()?,
            Err(shared) => {
                running.done = shared;
                self.0 = Some(running);
                return None;
            }
        };
        Some((running, prepared))
    }
}

impl GraphAggregate {
    /// Starts a fold where enough has happened; the draft is empty and published.
    pub(super) fn fold_when_due(&mut self) {
        let base = self.generation.base();
        let rows = base.node_count() + base.edge_count();
        // A row since takes more than three times the memory of one in the base, and a fold makes a second base beside the
        // first: so an eighth, for the sake of the most that is there at once.
        self.fold_above(self.fold_rows_min.max(rows / 8));
    }

    fn fold_above(&mut self, rows: usize) {
        if self.folding.0.is_some() || self.generation.row_count() <= rows {
            return;
        }
        let view = self.reader.view();
        let registry = self.rules.registry.clone();
        let gathers = self.hierarchy.rests_on_index();
        let done = Arc::new(OnceLock::new());
        let (extent, stamp) = (self.generation.extent(), self.stamp());
        self.folding.0 = Some(Running { extent, stamp, steps: Vec::new(), done: Arc::clone(&done) });
        rayon::spawn(move || {
            let prepared = prepare(&view, extent, &registry, gathers);
            drop(view);
            drop(done.set(prepared));
        });
    }

    /// Goes on folding while nothing is asked for, and brings the indices up to date.
    pub(super) fn fold_at_rest(&mut self) -> Rest {
        let is_index_behind = self.generation.touched_len() > self.indexed.touched;
        if self.adopt_fold() || is_index_behind {
            self.bring_index_up_to_date();
            let (head, timestamp_ns) = {
                let published = self.reader.0.load();
                (published.head, published.timestamp_ns)
            };
            self.store_published(head, timestamp_ns);
        }
        let base = self.generation.base();
        let rows = base.node_count() + base.edge_count();
        self.fold_above(REST_ROWS_MIN.max(rows / 64));
        if self.folding.0.is_some() { Rest::Again } else { Rest::Done }
    }

    /// Moves to the new generation where one is ready; the draft is empty.
    pub(super) fn adopt_fold(&mut self) -> bool {
        let Some((running, prepared)) = self.folding.take_done() else { return false };
        assert!(self.steps.is_empty(), "the draft is empty between two groups");
        // A mark tells where rows end in the generation that is being left.
        self.marks.clear();
        let Prepared { generation: next, mut pool, mut renumbering, index, children } = prepared;
        if !running.asks_for_edges() {
            renumbering.forget_edges();
        }
        if index.is_none() {
            self.bring_index_up_to_date();
        }
        self.found.clear();
        let old = std::mem::replace(&mut self.generation, Arc::new(next));
        let moving =
            Moving { old: &old, new: &self.generation, pool: &mut pool, renumbering: &renumbering, running: &running };
        moving.run();
        self.pool = pool;
        if !renumbering.keeps_nodes() {
            self.hierarchy.renumber(&renumbering, children);
        }
        self.indexed = match index {
            Some(index) => Indexed { index, ..Indexed::default() },
            None => Indexed {
                index: std::mem::take(&mut self.indexed.index),
                stamp: self.stamp(),
                touched: self.generation.touched_len(),
                pending_max: self.indexed.pending_max,
            },
        };
        // Freeing millions of rows takes long; the last view of them may be this one.
        rayon::spawn(move || drop(old));
        true
    }
}

/// Does again on the new generation what has happened since the fold.
struct Moving<'a> {
    old: &'a Generation,
    new: &'a Generation,
    pool: &'a mut PoolWriter,
    renumbering: &'a Renumbering,
    running: &'a Running,
}

impl Moving<'_> {
    fn run(mut self) {
        let (running, renumbering) = (self.running, self.renumbering);
        self.old.carry_over(running.extent, running.stamp, renumbering, self.new, self.pool);
        running.steps.iter().for_each(|step| self.step(*step));
    }

    fn step(&mut self, Step { stamp, change }: Step) {
        let stamp = stamp - self.running.stamp;
        let (old, now) = (self.old.pool(), self.new.at(stamp));
        match change {
            Change::NodeAdded { node } => self.pool.retain(now.node_set(self.renumbering.node(node))),
            Change::NodeRemoved { node } => {
                let node = self.renumbering.node(node);
                self.pool.release(now.node_set(node));
                self.new.set_node_death(node, stamp);
            }
            Change::NodeChanged { node, after, .. } => {
                let node = self.renumbering.node(node);
                self.pool.release(now.node_set(node));
                let after = self.pool.copy_set(old, after);
                self.pool.retain(after);
                self.new.change_node(node, after, stamp);
            }
            Change::EdgeAdded { edge } => {
                if let Some(properties) = now.edge_properties(self.renumbering.edge(edge)) {
                    self.pool.retain_component(properties);
                }
            }
            Change::EdgeRemoved { edge } => {
                let edge = self.renumbering.edge(edge);
                if let Some(properties) = now.edge_properties(edge) {
                    self.pool.release_component(properties);
                }
                self.new.set_edge_death(edge, stamp);
            }
            Change::EdgeChanged { edge, after, .. } => {
                let edge = self.renumbering.edge(edge);
                if let Some(properties) = now.edge_properties(edge) {
                    self.pool.release_component(properties);
                }
                let after = after.map(|after| self.pool.copy_component(old, after));
                if let Some(after) = after {
                    self.pool.retain_component(after);
                }
                self.new.change_edge(edge, after, stamp);
            }
        }
    }
}

/// Builds the next generation of what a view shows; its pool knows the uses. `gathers` says whether an index of before
/// says who is whose child.
fn prepare(view: &GraphView, extent: Extent, registry: &ComponentRegistry, gathers: bool) -> Prepared {
    let folded = fold(view.at(), extent);
    let names = Arc::clone(view.at().pool().names());
    let pool = PoolWriter::new(names, folded.pool);
    let generation = Generation::new(folded.base, Arc::clone(pool.pool()));
    let renumbers = !folded.renumbering.keeps_nodes();
    let index = renumbers.then(|| index_of(generation.frozen(), registry));
    let children = (renumbers && gathers).then(|| Hierarchy::gather(generation.frozen()));
    Prepared { generation, pool, renumbering: folded.renumbering, index, children }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}
