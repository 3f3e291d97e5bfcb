//! Opening graphs from a shelf, and keeping it while they are open.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use dashmap::DashMap;

use crate::graph::{GraphAggregate, GraphDrafts, GraphReader};
use crate::id::{AggregateId, GraphId};
use crate::state::GraphView;
use crate::store::EventStore;
use crate::writer::{Begun, Companion, DraftSource, LoadedTip, Remembered};

use super::config::Notice;
use super::folder::{Shelf, ShelvedSnapshot};
use super::found::{Found, find, vouch};
use super::keeper::Keeper;
use super::name::fingerprint;
use super::taking::Standing;

/// Makes the aggregates of graphs from what is on a shelf, where there is one.
#[derive(Clone)]
pub struct ShelvedGraphs {
    drafts: GraphDrafts,
    shelf: Option<Shelf>,
    /// What the graphs that are being opened were found to have on the shelf.
    standing: Arc<DashMap<AggregateId, Standing>>,
}

impl ShelvedGraphs {
    /// Opens graphs as `drafts` does, and from a shelf where there is one.
    pub fn new(drafts: GraphDrafts, shelf: Option<Shelf>) -> Self {
        Self { drafts, shelf, standing: Arc::default() }
    }

    /// Opens the same graphs for somebody who reads beside the writer: nobody is told of what changes in them.
    #[must_use]
    pub fn unobserved(&self) -> Self {
        let drafts = GraphDrafts { observer: Arc::new(|_| None), marks_buckets: false, ..self.drafts.clone() };
        Self::new(drafts, self.shelf.clone())
    }

    /// Makes an aggregate that goes on from a view, and its reader.
    pub fn resume(&self, view: &GraphView) -> (GraphAggregate, GraphReader) {
        self.drafts.resume(view)
    }

    /// Returns a graph as the newest snapshot above `above` and at or before `version` shows it, of those that are known to
    /// be of the chain in the store.
    pub fn snapshot_before(&self, graph: GraphId, version: u64, above: u64) -> Option<GraphView> {
        let shelf = self.shelf.as_ref()?;
        let registry = fingerprint(&self.drafts.registry);
        let snapshots = shelf.graph(graph).contents().ok()?.snapshots;
        let near = |snapshot: &&ShelvedSnapshot| above < snapshot.version && snapshot.version <= version;
        let fits = |snapshot: &&ShelvedSnapshot| near(snapshot) && snapshot.registry == registry;
        snapshots.iter().rev().filter(fits).find_map(|snapshot| shelf.vouched.open(graph, snapshot))
    }

    /// Finds out which of a graph's snapshots and histories are of the chain in the store; others are not looked at.
    pub async fn vouch(&self, store: &dyn EventStore, graph: GraphId) {
        if let Some(shelf) = &self.shelf {
            vouch(shelf, &shelf.graph(graph), store).await;
        }
    }

    /// Returns a graph as it was at a version, the end of a transaction, of the histories that are kept. Whether it is of
    /// the chain in the store, its head tells.
    pub fn past(&self, graph: GraphId, version: u64) -> Option<GraphView> {
        self.shelf.as_ref()?.past(graph, version, fingerprint(&self.drafts.registry))
    }

    /// Returns a graph as it was where the newest history ends that ends above `above` and at or before `version`.
    pub fn past_before(&self, graph: GraphId, version: u64, above: u64) -> Option<GraphView> {
        self.shelf.as_ref()?.past_before(graph, version, above, fingerprint(&self.drafts.registry))
    }

    /// Returns the shelf.
    pub const fn shelf(&self) -> Option<&Shelf> {
        self.shelf.as_ref()
    }
}

#[async_trait]
impl DraftSource for ShelvedGraphs {
    type Draft = GraphAggregate;
    type Reader = GraphReader;

    fn fresh(&self, aggregate: AggregateId) -> (GraphAggregate, GraphReader) {
        self.standing.remove(&aggregate);
        self.drafts.fresh(aggregate)
    }

    async fn begin(&self, store: &Arc<dyn EventStore>, mut tip: LoadedTip) -> Begun<Self> {
        let aggregate = tip.aggregate();
        let graph = GraphId::from(aggregate);
        let found = match &self.shelf {
            Some(shelf) => find(shelf, &shelf.graph(graph), &**store, fingerprint(&self.drafts.registry)).await,
            None => None,
        };
        let (Some(shelf), Some(Found { snapshot, view, link, transactions, layers })) = (&self.shelf, found) else {
            let (draft, reader) = self.fresh(aggregate);
            return Begun { draft, reader, tip };
        };
        let (mut draft, reader) = self.drafts.resume(&view);
        tip = tip.resumed(link, transactions);
        for events in layers {
            if let Err(error) = tip.take_in(&mut draft, &events) {
                let (file, reason) = (shelf.graph(graph).folder, format!("a layer does not hold: {error}"));
                shelf.tell(&Notice::Skipped { graph, file, reason });
                break;
            }
        }
        let standing = Standing { snapshot: Some((snapshot, link)), covered: tip.version() };
        self.standing.insert(aggregate, standing);
        shelf.tell(&Notice::Opened { graph, snapshot: link.version, layers: tip.version() });
        Begun { draft, reader, tip }
    }

    fn opened(
        &self,
        store: &Arc<dyn EventStore>,
        aggregate: AggregateId,
        reader: &GraphReader,
        remembered: &Remembered,
    ) -> Option<Companion> {
        let shelf = self.shelf.as_ref().filter(|shelf| shelf.config().takes)?;
        let keeper = Keeper {
            shelf: shelf.clone(),
            graph: shelf.graph(GraphId::from(aggregate)),
            store: Arc::clone(store),
            drafts: self.drafts.clone(),
            reader: reader.clone(),
            remembered: remembered.clone(),
            standing: self.standing.remove(&aggregate).map(|(_, standing)| standing).unwrap_or_default(),
        };
        Some(Companion::start(|ended| keeper.run(ended)))
    }
}

impl fmt::Debug for ShelvedGraphs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShelvedGraphs").field("shelf", &self.shelf).finish_non_exhaustive()
    }
}
