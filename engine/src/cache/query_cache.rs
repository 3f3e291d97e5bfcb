//! The answers about all graphs.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use dashmap::DashMap;

use super::config::CacheConfig;
use super::entries::Entries;
use super::graph_cache::{GraphCache, release};
use super::observed::Observed;
use super::statistics::CacheStatistics;
use crate::clock::Clock;
use crate::id::GraphId;
use crate::ledger::MemoryLedger;

/// Answers `A` to queries `Q` about any number of graphs, each kept until what it rests on is touched.
///
/// ```
/// use std::sync::Arc;
///
/// use cidgraph::cache::{CacheConfig, QueryCache};
/// use cidgraph::footprint::{ChangeObserver, Facet};
/// use cidgraph::{GraphId, ManualClock, NodeId};
///
/// let cache = QueryCache::<&str, u64>::new(CacheConfig::default(), Arc::new(ManualClock::at(0)));
/// let graph = cache.graph(GraphId::from_u64(1));
/// graph.follow(7);
/// let alice = Facet::node(NodeId::from_u64(1));
/// assert_eq!(*graph.get_or_compute(&"alice's age", 7, || (41, [alice])), 41);
///
/// graph.changed(8, &[Facet::nodes()]);
/// assert_eq!(graph.get(&"alice's age", 8).as_deref(), Some(&41));
/// graph.changed(9, &[alice]);
/// assert_eq!(graph.get(&"alice's age", 9), None);
/// ```
pub struct QueryCache<Q, A> {
    entries: Arc<Entries<Q, A>>,
    graphs: DashMap<GraphId, Arc<Observed>>,
}

impl<Q, A> fmt::Debug for QueryCache<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryCache").field("entries", &self.entries).field("graphs", &self.graphs.len()).finish()
    }
}

impl<Q: Hash + Eq, A> QueryCache<Q, A> {
    /// Makes an empty cache that measures its time to live by `clock`.
    pub fn new(config: CacheConfig, clock: Arc<dyn Clock>) -> Self {
        Self { entries: Arc::new(Entries::new(config, clock)), graphs: DashMap::new() }
    }

    /// Returns the answers about one graph.
    pub fn graph(&self, graph: GraphId) -> GraphCache<Q, A> {
        let observed = self.graphs.entry(graph).or_insert_with(|| {
            let seed = self.entries.hasher.hash_one(graph);
            Arc::new(Observed::new(seed))
        });
        GraphCache::new(self.entries.clone(), observed.clone())
    }

    /// Forgets a graph with all answers about it; for when it is closed.
    pub fn forget(&self, graph: GraphId) {
        if let Some((_, observed)) = self.graphs.remove(&graph) {
            GraphCache::new(self.entries.clone(), observed).forget();
        }
    }

    /// Removes the answers whose time is over and returns how many; they are not given in any case, and make room for others
    /// at the latest when they are the oldest.
    pub fn remove_expired(&self) -> usize {
        let removed = self.entries.remove_expired();
        let count = removed.len();
        release(removed);
        count
    }

    /// Enters the bytes on the heap; `owned` tells what a query and its answer have there, beside the answer itself.
    pub fn enter(&self, ledger: &mut MemoryLedger, owned: impl Fn(&Q, &A) -> usize) {
        ledger.enter("cached answers", self.entries.heap_bytes(&owned));
        let books = self.graphs.iter().map(|observed| observed.lock().heap_bytes());
        ledger.enter("cached footprints", books.sum());
    }

    /// Returns what the cache has done so far.
    pub fn statistics(&self) -> CacheStatistics {
        self.entries.statistics()
    }
}
