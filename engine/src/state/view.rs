//! A graph as readers see it: one version, which never changes while it is held.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::index::{Index, IndexBytes};
use crate::ledger::MemoryLedger;
use crate::pool::{ComponentId, PoolLedger, SetId};
use crate::store::Head;
use crate::topology::{Adjacent, EdgeIndex, NodeIndex, Stamp, Topology, Weights};
use crate::value::Name;

use super::at::{At, NodeContent};
use super::generation::{Extent, Generation};
use super::info::{GraphInfo, SinceCheckpoint};
use super::timeline::TransactionEnd;
use super::touched::TouchedBuckets;

/// The indices of what is published: there, or made when somebody asks for them first.
pub(crate) enum ViewIndex {
    /// They are there.
    Ready(Index),
    /// They are made of the state, which never changes.
    Late {
        /// Once they were asked for.
        made: OnceLock<Index>,
        /// Makes them.
        make: Box<dyn Fn(At<'_>) -> Index + Send + Sync>,
    },
    /// They are those of a later view of the same generation.
    Of(GraphView),
}

impl ViewIndex {
    fn get(&self, at: At<'_>) -> &Index {
        match self {
            Self::Ready(index) => index,
            Self::Late { made, make } => made.get_or_init(|| make(at)),
            Self::Of(view) => view.index(),
        }
    }
}

impl ViewIndex {
    /// Returns the bytes on the heap of indices that were made.
    fn heap_bytes(&self) -> IndexBytes {
        match self {
            Self::Ready(index) => index.heap_bytes(),
            Self::Late { made, .. } => made.get().map(Index::heap_bytes).unwrap_or_default(),
            Self::Of(view) => view.0.index.heap_bytes(),
        }
    }
}

impl fmt::Debug for ViewIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Ready",
            Self::Late { made, .. } if made.get().is_some() => "Made",
            Self::Late { .. } => "Late",
            Self::Of(_) => "Of",
        })
    }
}

/// What the writer publishes: a generation, the stamp up to which it holds, and what goes with it.
#[derive(Debug)]
pub struct Published {
    pub(crate) generation: Arc<Generation>,
    pub(crate) stamp: Stamp,
    /// Where the rows of the stamp end: the writer appends to the generation while readers look on.
    pub(crate) extent: Extent,
    pub(crate) info: Arc<GraphInfo>,
    pub(crate) head: Option<Head>,
    pub(crate) timestamp_ns: u64,
    pub(crate) node_count: usize,
    pub(crate) edge_count: usize,
    /// Indices that hold for all nodes but those touched in `pending`.
    pub(crate) index: ViewIndex,
    pub(crate) pending: std::ops::Range<u32>,
    /// Where the indices are of a later version within the base: they do not hold for what the base says was touched
    /// after this stamp either.
    pub(crate) frozen_after: Option<Stamp>,
    /// For which nodes the indices do not hold, once somebody asked.
    pub(crate) beside_index: OnceLock<BesideIndex>,
    /// Which buckets changed when, where the writer marks them.
    pub(crate) touched: Option<Arc<TouchedBuckets>>,
    pub(crate) checkpoint: SinceCheckpoint,
}

impl Published {
    /// Makes what is published of a graph to which nothing has happened.
    pub(crate) fn new(generation: &Arc<Generation>, info: &Arc<GraphInfo>, index: Index) -> Self {
        Self {
            generation: Arc::clone(generation),
            stamp: 0,
            extent: generation.extent(),
            info: Arc::clone(info),
            head: None,
            timestamp_ns: 0,
            node_count: 0,
            edge_count: 0,
            index: ViewIndex::Ready(index),
            pending: 0..0,
            frozen_after: None,
            beside_index: OnceLock::new(),
            touched: None,
            checkpoint: SinceCheckpoint::default(),
        }
    }

    /// Makes what is published of a base since which nothing has happened, at the end of its last transaction.
    pub(crate) fn of_base(generation: Arc<Generation>, end: TransactionEnd, index: ViewIndex) -> Self {
        let TransactionEnd { head, timestamp_ns, node_count, edge_count, checkpoint, info } = end;
        let published = Self::new(&generation, &info, Index::default());
        let stamp = generation.base().last_stamp();
        Self { stamp, head: Some(head), timestamp_ns, node_count, edge_count, checkpoint, index, ..published }
    }

    /// Returns the version, 0 before the first event.
    pub(crate) fn version(&self) -> u64 {
        self.head.map_or(0, |head| head.version)
    }

    /// Returns whether it shows a base with current indices and nothing else.
    pub(crate) fn is_frozen(&self) -> bool {
        self.stamp == self.generation.frozen().stamp() && self.pending.is_empty()
    }
}

/// A node whose facts the indices do not have yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingNode {
    /// The node.
    pub node: NodeIndex,
    /// What it is now; `None` where it was removed.
    pub content: Option<NodeContent>,
}

/// For which nodes the indices do not hold.
#[derive(Debug)]
pub(crate) struct BesideIndex {
    nodes: Box<[PendingNode]>,
    unborn: Option<u32>,
}

/// One version of a graph.
#[derive(Debug, Clone)]
pub struct GraphView(pub(super) Arc<Published>);

impl GraphView {
    /// Looks at what was published.
    pub const fn new(published: Arc<Published>) -> Self {
        Self(published)
    }

    /// Returns what was published.
    pub(crate) fn published(&self) -> &Published {
        &self.0
    }

    /// Returns what can be asked of the state.
    #[inline]
    pub fn at(&self) -> At<'_> {
        At::new(&self.0.generation, self.0.stamp, self.0.extent)
    }

    /// Returns the version, 0 before the first event.
    pub fn version(&self) -> u64 {
        self.0.head.map_or(0, |head| head.version)
    }

    /// Returns the last event's version and CID.
    pub fn head(&self) -> Option<Head> {
        self.0.head
    }

    /// Returns the last event's time, nanoseconds since the Unix epoch.
    pub fn timestamp_ns(&self) -> u64 {
        self.0.timestamp_ns
    }

    /// Returns what is known of the graph as a whole.
    pub fn info(&self) -> &GraphInfo {
        &self.0.info
    }

    /// Returns the indices; they do not hold for the nodes of [`pending`](Self::pending).
    pub fn index(&self) -> &Index {
        self.0.index.get(self.at())
    }

    /// Returns the indices for an earlier view of the same generation.
    pub(super) fn shared_index(&self) -> ViewIndex {
        match &self.0.index {
            ViewIndex::Ready(index) => ViewIndex::Ready(index.clone()),
            ViewIndex::Late { .. } | ViewIndex::Of(_) => ViewIndex::Of(self.clone()),
        }
    }

    /// Returns the nodes below [`unborn`](Self::unborn) whose facts the indices do not have yet, ascending; the first call
    /// finds them out.
    pub fn pending(&self) -> &[PendingNode] {
        &self.beside_index().nodes
    }

    /// Returns the ordinal from which on all nodes were added after this version, where the indices are of a later one:
    /// they may hold such nodes, which are not among the pending ones.
    pub fn unborn(&self) -> Option<u32> {
        self.beside_index().unborn
    }

    fn beside_index(&self) -> &BesideIndex {
        self.0.beside_index.get_or_init(|| self.find_beside_index())
    }

    fn find_beside_index(&self) -> BesideIndex {
        let at = self.at();
        let recent = self.0.generation.touched(self.0.pending.clone());
        let lifetimes = self.0.frozen_after.zip(self.0.generation.base().lifetimes());
        let mut ordinals: Vec<u32> = recent.collect();
        // Ordinals are given in order of birth: whatever lies above a node that was born later was so too.
        let unborn = match lifetimes {
            Some((stamp, lifetimes)) => Some(lifetimes.first_born_after(stamp)),
            None => ordinals.iter().copied().filter(|ordinal| at.is_unborn(NodeIndex::from(*ordinal))).min(),
        };
        ordinals.extend(lifetimes.iter().flat_map(|(stamp, lifetimes)| lifetimes.nodes_touched_after(*stamp)));
        ordinals.retain(|ordinal| unborn.is_none_or(|unborn| *ordinal < unborn));
        // They come in a few ascending runs.
        ordinals.sort();
        ordinals.dedup();
        let pending = |node: NodeIndex| PendingNode { node, content: at.node_content(node) };
        let nodes = ordinals.into_iter().map(|ordinal| pending(NodeIndex::from(ordinal))).collect();
        BesideIndex { nodes, unborn }
    }

    /// Returns whether the indices hold for every node.
    pub fn is_index_current(&self) -> bool {
        self.pending().is_empty() && self.unborn().is_none()
    }

    /// Returns which buckets of the state tree changed when, where the writer marks them.
    pub fn touched(&self) -> Option<&Arc<TouchedBuckets>> {
        self.0.touched.as_ref()
    }

    /// Returns what has happened since the last checkpoint.
    pub fn since_checkpoint(&self) -> SinceCheckpoint {
        self.0.checkpoint
    }

    /// Returns how many events the last checkpoint does not cover, besides its own.
    pub fn uncommitted_events(&self) -> u64 {
        let SinceCheckpoint { version, event, .. } = self.0.checkpoint;
        self.version() - version - u64::from(event > 0)
    }

    /// Returns where the rows of the version end.
    pub fn extent(&self) -> Extent {
        self.0.extent
    }

    /// Enters the bytes on the heap by structure; what other versions share is counted in each.
    pub fn enter(&self, ledger: &mut MemoryLedger) {
        self.0.generation.enter(ledger);
        let index = self.0.index.heap_bytes();
        ledger.enter("index of nodes", index.nodes);
        ledger.enter("index of kinds", index.kinds);
        ledger.enter("index of components", index.components + index.categories);
        ledger.enter("index of properties", index.properties);
        let pending = self.0.beside_index.get().map_or(0, |beside| size_of_val(&*beside.nodes));
        ledger.enter("pending nodes", pending);
    }

    /// Returns what component storage takes and what sharing saves; reads every node, every edge and the whole pool.
    pub fn component_storage(&self) -> PoolLedger {
        let at = self.at();
        let mut uses = (HashMap::<SetId, u64>::new(), HashMap::<ComponentId, u64>::new());
        at.nodes().for_each(|node| *uses.0.entry(at.node_set(node)).or_default() += 1);
        at.edges().filter_map(|edge| at.edge_properties(edge)).for_each(|id| *uses.1.entry(id).or_default() += 1);
        at.pool().ledger(uses.0.into_iter(), uses.1.into_iter())
    }

    /// Returns the generation.
    pub fn generation(&self) -> &Arc<Generation> {
        &self.0.generation
    }
}

impl Topology for GraphView {
    fn node_bound(&self) -> usize {
        self.at().node_bound()
    }

    fn edge_bound(&self) -> usize {
        self.at().edge_bound()
    }

    fn node_count(&self) -> usize {
        self.0.node_count
    }

    fn edge_count(&self) -> usize {
        self.0.edge_count
    }

    #[inline]
    fn contains(&self, node: NodeIndex) -> bool {
        self.at().contains_node(node)
    }

    #[inline]
    fn outgoing(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent> {
        self.at().outgoing(node)
    }

    #[inline]
    fn incoming(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent> {
        self.at().incoming(node)
    }
}

/// The kinds of nodes and edges.
impl Weights for GraphView {
    type Node = Name;
    type Edge = Name;

    fn node_weight(&self, node: NodeIndex) -> &Name {
        let at = self.at();
        at.pool().names().get(at.node_kind(node))
    }

    fn edge_weight(&self, edge: EdgeIndex) -> &Name {
        let at = self.at();
        at.pool().names().get(at.edge_kind(edge))
    }
}
