//! The aggregate itself: the draft, its marks, and how changes are taken back.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::aggregate::{Draft, Misfit, Rest, Savepoint};
use crate::command::{GraphCommand, Limits, Rejected};
use crate::entity::EdgeEntity;
use crate::event::GraphEvent;
use crate::footprint::ChangeObserver;
use crate::id::{AggregateId, GraphId, NodeId};
use crate::index::Index;
use crate::ledger::MemoryLedger;
use crate::pool::{ComponentRegistry, NameId, Names, Pool, PoolBase, PoolWriter};
use crate::state::{
    At, Base, Extent, Generation, GraphInfo, GraphView, Published, SinceCheckpoint, TouchedBuckets, TransactionEnd,
    fold,
};
use crate::store::Head;
use crate::topology::{NodeIndex, Stamp};
use crate::writer::DraftSource;

use super::checked::Rules;
use super::facts::index_of;
use super::fold::{BUSY_ROWS_MIN, Folding};
use super::found::Found;
use super::hierarchy::Hierarchy;
use super::publish::Indexed;
use super::reader::GraphReader;
use super::room::trim;
use super::step::{Change, Step};

/// Elements of a bulk command for which memory is touched at once: what they need stays in a near cache until they need it.
pub(super) const ELEMENTS_AT_ONCE: usize = 256;

/// One graph on the write side.
///
/// Invariant: between a publication and the next, `steps` lists every change of the generation, in order.
pub struct GraphAggregate {
    pub(super) rules: Rules,
    pub(super) observer: Option<Arc<dyn ChangeObserver>>,
    pub(super) generation: Arc<Generation>,
    pub(super) pool: PoolWriter,
    pub(super) hierarchy: Hierarchy,
    /// The component type under which the pool keeps the properties of edges.
    pub(super) edge_properties: NameId,
    pub(super) place: Place,
    pub(super) steps: Vec<Step>,
    /// The ends of the draft's transactions, each with how many touched nodes there were.
    pub(super) ends: Vec<(TransactionEnd, u32)>,
    pub(super) marks: Vec<Mark>,
    pub(super) indexed: Indexed,
    pub(super) folding: Folding,
    pub(super) fold_rows_min: usize,
    /// The ordinals of nodes that were looked up lately.
    pub(super) found: Found,
    /// Where changed buckets are marked, for whoever keeps a state tree.
    pub(super) touched: Option<Arc<TouchedBuckets>>,
    pub(super) reader: GraphReader,
}

/// Where the draft stands, apart from the generation's rows.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) version: u64,
    pub(super) info: Arc<GraphInfo>,
    pub(super) node_count: usize,
    pub(super) edge_count: usize,
    /// How many edges the version has connected so far.
    pub(super) edges_of_version: u32,
    /// The version of the last event that is no checkpoint.
    pub(super) changed: u64,
    pub(super) checkpoint: SinceCheckpoint,
}

/// A place that the draft can be taken back to.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    steps: usize,
    ends: usize,
    extent: Extent,
    place: Place,
}

impl GraphAggregate {
    /// Makes the aggregate of a graph to which nothing has happened, and its reader.
    pub fn fresh(
        graph: GraphId,
        limits: Limits,
        registry: ComponentRegistry,
        observer: Option<Arc<dyn ChangeObserver>>,
    ) -> (Self, GraphReader) {
        let pool = PoolWriter::new(Arc::new(Names::new()), Arc::new(PoolBase::new()));
        let generation = Arc::new(Generation::new(Arc::new(Base::default()), Arc::clone(pool.pool())));
        let info = Arc::new(GraphInfo::new(graph));
        let published = Published::new(&generation, &info, Index::default());
        Self::over(published, Index::default(), pool, Rules { graph, limits, registry }, observer)
    }

    /// Makes the aggregate of a graph that goes on from a view, and its reader.
    ///
    /// Where the view shows a base alone, as that of a snapshot does, nothing in proportion to the graph is read or
    /// copied: what changes lies above the base, and what the base says is asked when it is needed. Another view is
    /// folded first. The view and whoever wrote it stay as they are. The view's indices are of `registry`, or of one
    /// with the same categories.
    pub fn resume(
        view: &GraphView,
        limits: Limits,
        registry: ComponentRegistry,
        observer: Option<Arc<dyn ChangeObserver>>,
    ) -> (Self, GraphReader) {
        let shown = view.published();
        // Names are added to by one writer: this one gets its own.
        let names = Arc::new(view.at().pool().names().copy());
        let (base, pool_base, index) = if shown.is_frozen() {
            let base = Arc::clone(shown.generation.base());
            (base, Arc::clone(shown.generation.pool().base()), view.index().clone())
        } else {
            folded(view, &names, &registry)
        };
        let pool = PoolWriter::new(names, pool_base);
        let generation = Arc::new(Generation::new(base, Arc::clone(pool.pool())));
        let published = Published {
            stamp: generation.frozen().stamp(),
            head: shown.head,
            timestamp_ns: shown.timestamp_ns,
            node_count: shown.node_count,
            edge_count: shown.edge_count,
            checkpoint: shown.checkpoint,
            ..Published::new(&generation, &shown.info, index.clone())
        };
        if let Some(head) = shown.head
            && generation.end_at(published.stamp).is_none()
        {
            // A file of one version does not note how its last transaction ended.
            let Published { timestamp_ns, node_count, edge_count, checkpoint, .. } = published;
            let info = Arc::clone(&shown.info);
            let end = TransactionEnd { head, timestamp_ns, node_count, edge_count, checkpoint, info };
            generation.note(&end, generation.touched_len());
        }
        let rules = Rules { graph: shown.info.graph, limits, registry };
        let (aggregate, reader) = Self::over(published, index, pool, rules, observer);
        if let Some(observer) = &aggregate.observer {
            observer.changed(aggregate.place.version, &[]);
        }
        (aggregate, reader)
    }

    /// Makes the aggregate whose draft is empty above what is published.
    fn over(
        published: Published,
        index: Index,
        pool: PoolWriter,
        rules: Rules,
        observer: Option<Arc<dyn ChangeObserver>>,
    ) -> (Self, GraphReader) {
        let names = pool.pool().names();
        // Named here, because indices are built beside the writer too, and only one thread may add names.
        for name in rules.registry.names() {
            names.intern(name);
        }
        let (version, checkpoint) = (published.version(), published.checkpoint);
        let place = Place {
            version,
            info: Arc::clone(&published.info),
            node_count: published.node_count,
            edge_count: published.edge_count,
            edges_of_version: 0,
            // A checkpoint changes nothing.
            changed: if checkpoint.event == version { version.saturating_sub(1) } else { version },
            checkpoint,
        };
        let generation = Arc::clone(&published.generation);
        let hierarchy = Hierarchy::of_index(names, &index);
        let edge_properties = names.intern("");
        let indexed = Indexed { index, stamp: published.stamp, ..Indexed::default() };
        let reader = GraphReader(Arc::new(ArcSwap::from_pointee(published)));
        let aggregate = Self {
            rules,
            observer,
            generation,
            pool,
            hierarchy,
            edge_properties,
            place,
            steps: Vec::new(),
            ends: Vec::new(),
            marks: Vec::new(),
            indexed,
            folding: Folding::default(),
            fold_rows_min: BUSY_ROWS_MIN,
            found: Found::default(),
            touched: None,
            reader: reader.clone(),
        };
        (aggregate, reader)
    }

    /// Sets how many rows since the base there must be before they are folded while commands come; at rest far fewer
    /// are.
    #[must_use]
    pub const fn folding_above(mut self, rows: usize) -> Self {
        self.fold_rows_min = rows;
        self
    }

    /// Marks the buckets that change from now on, so that a [`StateTree`](crate::state::StateTree) can follow.
    #[must_use]
    pub fn marking_buckets(mut self) -> Self {
        self.touched = Some(Arc::default());
        self
    }

    /// Returns the draft's state.
    #[inline]
    pub(super) fn at(&self) -> At<'_> {
        self.generation.at(self.stamp())
    }

    /// Returns the ordinal of a node of the draft.
    #[inline]
    pub(super) fn lookup(&self, node: NodeId) -> Option<NodeIndex> {
        if let Some(found) = self.found.get(node) {
            return Some(found);
        }
        let found = self.at().find_node(node)?;
        self.found.put(node, found);
        Some(found)
    }

    /// Touches what looking up the ends of many edges will touch.
    pub(super) fn touch_ends(&self, edges: &[EdgeEntity]) {
        self.generation.touch_nodes(edges.iter().flat_map(|edge| [&edge.source, &edge.target]));
    }

    #[inline]
    pub(super) fn stamp(&self) -> Stamp {
        self.generation.stamp(self.place.version)
    }

    pub(super) fn record(&mut self, change: Change) {
        let stamp = self.stamp();
        self.steps.push(Step { stamp, change });
        self.place.checkpoint.changes += 1;
    }

    /// Returns the graph's id.
    pub const fn graph(&self) -> GraphId {
        self.rules.graph
    }

    fn undo(&mut self, Step { stamp, change }: Step) {
        match change {
            Change::NodeAdded { node } => {
                let set = self.at().node_set(node);
                self.unlink_parent(node, set);
                self.generation.set_node_death(node, stamp);
                self.pool.release(set);
            }
            Change::NodeRemoved { node } => {
                self.generation.set_node_death(node, 0);
                let set = self.at().node_set(node);
                self.pool.retain(set);
                self.link_parent(node, set);
            }
            Change::NodeChanged { node, before, after } => {
                self.generation.unchange_node(node);
                self.pool.release(after);
                self.pool.retain(before);
                self.move_parent(node, after, before);
            }
            Change::EdgeAdded { edge } => {
                if let Some(properties) = self.at().edge_properties(edge) {
                    self.pool.release_component(properties);
                }
            }
            Change::EdgeRemoved { edge } => {
                self.generation.set_edge_death(edge, 0);
                if let Some(properties) = self.at().edge_properties(edge) {
                    self.pool.retain_component(properties);
                }
            }
            Change::EdgeChanged { edge, before, after } => {
                self.generation.unchange_edge(edge);
                self.count_properties(after, before);
            }
        }
    }
}

impl Draft for GraphAggregate {
    type Command = GraphCommand;
    type Event = GraphEvent;
    type Rejection = Rejected;

    fn decide(&self, command: &GraphCommand) -> Result<Vec<GraphEvent>, Rejected> {
        self.decide_command(command)
    }

    fn apply(&mut self, event: &GraphEvent, version: u64) -> Result<(), Misfit> {
        self.apply_event(event, version)
    }

    fn unchanged_since(&self) -> Option<u64> {
        Some(self.place.changed)
    }

    fn savepoint(&mut self) -> Savepoint {
        // A place that the last mark stands for already needs no other.
        let (steps, ends) = (self.steps.len(), self.ends.len());
        let here = |mark: &Mark| mark.steps == steps && mark.ends == ends && mark.place.version == self.place.version;
        if !self.marks.last().is_some_and(here) {
            self.marks.push(Mark { steps, ends, extent: self.generation.extent(), place: self.place.clone() });
        }
        Savepoint(self.marks.len() - 1)
    }

    fn roll_back(&mut self, to: Savepoint) {
        self.marks.truncate(to.0 + 1);
        let mark = self.marks.last().expect("a savepoint stays until the next publication").clone();
        self.found.clear();
        while self.steps.len() > mark.steps {
            let step = self.steps.pop().expect("the loop's condition says so");
            self.undo(step);
        }
        self.ends.truncate(mark.ends);
        self.place = mark.place;
        self.generation.void(mark.extent, self.stamp());
        // What is void stays so: the next one taken back to here need not pass over it again.
        let extent = self.generation.extent();
        self.marks.last_mut().expect("it was found above").extent = extent;
    }

    fn end_transaction(&mut self, head: Head, timestamp_ns: u64) {
        assert_eq!(head.version, self.place.version, "a transaction ends with what was applied last");
        let Place { node_count, edge_count, checkpoint, ref info, .. } = self.place;
        let info = Arc::clone(info);
        let moment = TransactionEnd { head, timestamp_ns, node_count, edge_count, checkpoint, info };
        self.ends.push((moment, self.generation.touched_len()));
    }

    fn publish(&mut self, head: Head, timestamp_ns: u64) {
        let needed = self.marks.len();
        self.marks.clear();
        trim(&mut self.marks, needed);
        if self.ends.last().is_none_or(|(last, _)| last.head != head) {
            self.end_transaction(head, timestamp_ns);
        }
        self.publish_draft(head, timestamp_ns);
    }

    fn rest(&mut self) -> Rest {
        trim(&mut self.steps, 0);
        trim(&mut self.marks, 0);
        self.fold_at_rest()
    }

    fn enter(&self, ledger: &mut MemoryLedger) {
        self.pool.enter(ledger);
        ledger.enter("children", self.hierarchy.heap_bytes());
        let (steps, marks) = (self.steps.capacity() * size_of::<Step>(), self.marks.capacity() * size_of::<Mark>());
        ledger.enter("draft", steps + marks + self.found.heap_bytes());
    }
}

impl fmt::Debug for GraphAggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphAggregate")
            .field("graph", &self.rules.graph)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Folds what a view shows into a base, with the indices of that.
fn folded(view: &GraphView, names: &Arc<Names>, registry: &ComponentRegistry) -> (Arc<Base>, Arc<PoolBase>, Index) {
    let folded = fold(view.at(), view.published().extent);
    let pool = Pool::new(Arc::clone(names), Arc::clone(&folded.pool));
    let generation = Generation::new(Arc::clone(&folded.base), Arc::new(pool));
    for name in registry.names() {
        names.intern(name);
    }
    (folded.base, folded.pool, index_of(generation.frozen(), registry))
}

/// Makes the aggregates of graphs; `observer` gives each graph the one who is told of its changes.
#[derive(Clone)]
pub struct GraphDrafts {
    /// What commands may hold.
    pub limits: Limits,
    /// The known component types.
    pub registry: ComponentRegistry,
    /// As of [`GraphAggregate::folding_above`].
    pub fold_rows_min: usize,
    /// Whether buckets are marked, as of [`GraphAggregate::marking_buckets`].
    pub marks_buckets: bool,
    /// Gives a graph its observer.
    pub observer: Arc<dyn Fn(GraphId) -> Option<Arc<dyn ChangeObserver>> + Send + Sync>,
}

impl GraphDrafts {
    /// Makes an aggregate that goes on from a view, as [`GraphAggregate::resume`] does, and its reader.
    pub fn resume(&self, view: &GraphView) -> (GraphAggregate, GraphReader) {
        let observer = (self.observer)(view.info().graph);
        let (aggregate, reader) = GraphAggregate::resume(view, self.limits, self.registry.clone(), observer);
        (self.set_up(aggregate), reader)
    }

    fn set_up(&self, aggregate: GraphAggregate) -> GraphAggregate {
        let aggregate = aggregate.folding_above(self.fold_rows_min);
        if self.marks_buckets { aggregate.marking_buckets() } else { aggregate }
    }
}

impl Default for GraphDrafts {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            registry: ComponentRegistry::default(),
            fold_rows_min: BUSY_ROWS_MIN,
            marks_buckets: false,
            observer: Arc::new(|_| None),
        }
    }
}

impl DraftSource for GraphDrafts {
    type Draft = GraphAggregate;
    type Reader = GraphReader;

    fn fresh(&self, aggregate: AggregateId) -> (GraphAggregate, GraphReader) {
        let graph = GraphId::from(aggregate);
        let (aggregate, reader) =
            GraphAggregate::fresh(graph, self.limits, self.registry.clone(), (self.observer)(graph));
        (self.set_up(aggregate), reader)
    }
}

impl fmt::Debug for GraphDrafts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphDrafts").field("limits", &self.limits).finish_non_exhaustive()
    }
}
