//! A graph as readers see it: one version, which never changes while it is held.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::entity::GraphMetadata;
use crate::id::GraphId;
use crate::index::Index;
use crate::ledger::MemoryLedger;
use crate::pool::{ComponentId, PoolLedger, SetId};
use crate::store::Head;
use crate::topology::{Adjacent, NodeIndex, Stamp, Topology};
use crate::value::Name;

use super::at::{At, NodeContent};
use super::generation::{Extent, Generation};

/// What is known of a graph as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphInfo {
    /// The graph's id.
    pub graph: GraphId,
    /// What it is about; `None` before it was created.
    pub metadata: Option<GraphMetadata>,
    /// Why it was archived; `None` while it takes changes.
    pub archived: Option<Name>,
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
    pub(crate) index: Index,
    pub(crate) pending: std::ops::Range<u32>,
    /// The nodes of `pending`, once somebody asked for them.
    pub(crate) pending_nodes: OnceLock<Box<[PendingNode]>>,
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
            index,
            pending: 0..0,
            pending_nodes: OnceLock::new(),
        }
    }

    /// Returns the version, 0 before the first event.
    pub(crate) fn version(&self) -> u64 {
        self.head.map_or(0, |head| head.version)
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

/// One version of a graph.
#[derive(Debug, Clone)]
pub struct GraphView(Arc<Published>);

impl GraphView {
    /// Looks at what was published.
    pub const fn new(published: Arc<Published>) -> Self {
        Self(published)
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
        &self.0.index
    }

    /// Returns the nodes whose facts the indices do not have yet, ascending; the first call finds them out.
    pub fn pending(&self) -> &[PendingNode] {
        self.0.pending_nodes.get_or_init(|| {
            let mut ordinals: Vec<u32> = self.0.generation.touched(self.0.pending.clone()).collect();
            ordinals.sort_unstable();
            ordinals.dedup();
            let at = self.at();
            let pending = |node: NodeIndex| PendingNode { node, content: at.node_content(node) };
            ordinals.into_iter().map(|ordinal| pending(NodeIndex::from(ordinal))).collect()
        })
    }

    /// Returns whether the indices hold for every node.
    pub fn is_index_current(&self) -> bool {
        self.0.pending.is_empty()
    }

    /// Enters the bytes on the heap by structure; what other versions share is counted in each.
    pub fn enter(&self, ledger: &mut MemoryLedger) {
        self.0.generation.enter(ledger);
        let index = self.0.index.heap_bytes();
        ledger.enter("index of nodes", index.nodes);
        ledger.enter("index of kinds", index.kinds);
        ledger.enter("index of components", index.components + index.categories);
        ledger.enter("index of properties", index.properties);
        let pending = self.0.pending_nodes.get().map_or(0, |pending| size_of_val(&**pending));
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
