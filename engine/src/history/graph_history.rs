//! One graph's past: its states at any moment, and what differs between two.

use std::fmt;
use std::sync::Arc;

use crate::graph::GraphReader;
use crate::id::GraphId;
use crate::read_model::{Answer, GraphQuery, GraphReadModel};
use crate::state::GraphView;
use crate::store::{EventStore, Head};

use super::diff::GraphDiff;
use super::error::HistoryError;
use super::events::Events;
use super::moment::Moment;
use super::place::{Finder, Place};
use super::states::PastStates;
use super::touched::Touched;

/// One graph's past. Clones are the same.
///
/// Every state is that of a transaction's end: see [`Moment`]. It is made of the nearest state at hand and the events
/// behind it, each verified, and is asked as the graph of now is.
///
/// ```
/// # use std::sync::Arc;
/// # use cidgraph::{Engine, GraphMetadata, Moment, NodeEntity};
/// # use cidgraph_store_memory::MemoryStore;
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let engine = Engine::new(Arc::new(MemoryStore::new()));
/// let graph = engine.create_graph(GraphMetadata::named("friends")).await?;
/// engine.add_node_to_graph(graph, NodeEntity::keyed(graph, "Person", "alice")).await?;
/// engine.add_node_to_graph(graph, NodeEntity::keyed(graph, "Person", "bob")).await?;
///
/// let history = engine.history(graph);
/// assert_eq!(history.at(Moment::Version(2)).await?.node_count(), 1);
/// let diff = history.diff(Moment::Version(2), Moment::Version(3)).await?;
/// assert_eq!(diff.nodes_added.len(), 1);
/// # Ok::<(), cidgraph::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct GraphHistory {
    pub(super) graph: GraphId,
    pub(super) store: Arc<dyn EventStore>,
    pub(super) states: Arc<PastStates>,
    /// The open graph, whose state of now needs no replay.
    pub(super) live: Option<GraphReader>,
}

impl GraphHistory {
    /// Returns the graph's id.
    pub const fn graph(&self) -> GraphId {
        self.graph
    }

    /// Lets the open graph answer for its own version.
    #[must_use]
    pub fn with_live(self, live: GraphReader) -> Self {
        Self { live: Some(live), ..self }
    }

    /// Finds the end of the transaction that a moment stands for.
    ///
    /// # Errors
    /// [`HistoryError`] where there is none.
    pub async fn place(&self, moment: Moment) -> Result<Place, HistoryError> {
        Finder::new(&self.store, self.graph, moment).find().await
    }

    /// Finds the end of the graph's last transaction.
    ///
    /// # Errors
    /// [`HistoryError::GraphNotFound`], or where the store fails.
    pub async fn now(&self) -> Result<Place, HistoryError> {
        Finder::find_last(&self.store, self.graph).await
    }

    /// Returns the graph as it was.
    ///
    /// # Errors
    /// [`HistoryError`] where there is no such moment, or its events cannot be read or do not hold.
    pub async fn at(&self, moment: Moment) -> Result<GraphReadModel, HistoryError> {
        let live = self.live.as_ref().map(GraphReader::view);
        if let Some(view) = live.filter(|live| live.version() > 0 && moment == Moment::Version(live.version())) {
            return Ok(self.model(view));
        }
        let place = self.place(moment).await?;
        self.state(&place).await
    }

    /// Answers a query on the graph as it was.
    ///
    /// # Errors
    /// As of [`at`](Self::at), and [`HistoryError::Query`] where the state has no answer.
    pub async fn query_at(&self, moment: Moment, query: &GraphQuery) -> Result<Answer, HistoryError> {
        Ok(self.at(moment).await?.query(query)?)
    }

    /// Returns the graph as it was at a place.
    ///
    /// # Errors
    /// As of [`at`](Self::at).
    pub async fn state(&self, place: &Place) -> Result<GraphReadModel, HistoryError> {
        let Head { version, .. } = place.head;
        let live = self.live.as_ref().and_then(|live| live.view().at_version(version));
        match live.filter(|view| view.head() == Some(place.head)) {
            Some(view) => Ok(self.model(view)),
            None => Ok(self.model(self.states.view(&self.store, self.graph, place).await?)),
        }
    }

    /// Returns the graph as it was; the empty graph where nothing had happened yet, as at version 0.
    ///
    /// # Errors
    /// As of [`at`](Self::at), but for [`HistoryError::BeforeFirst`].
    pub async fn at_or_nothing(&self, moment: Moment) -> Result<GraphReadModel, HistoryError> {
        let place = self.place_or_nothing(moment).await?;
        self.state_or_nothing(place.as_ref()).await
    }

    /// Finds the end of the transaction that a moment stands for; `None` where nothing had happened yet.
    pub(super) async fn place_or_nothing(&self, moment: Moment) -> Result<Option<Place>, HistoryError> {
        match self.place(moment).await {
            Ok(place) => Ok(Some(place)),
            Err(HistoryError::BeforeFirst { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the graph as it was at a place; the empty graph where there is none.
    pub(super) async fn state_or_nothing(&self, place: Option<&Place>) -> Result<GraphReadModel, HistoryError> {
        match place {
            Some(place) => self.state(place).await,
            None => Ok(self.nothing()),
        }
    }

    /// Returns the graph as it was before anything happened.
    pub(super) fn nothing(&self) -> GraphReadModel {
        self.model(self.states.nothing(self.graph))
    }

    fn model(&self, view: GraphView) -> GraphReadModel {
        GraphReadModel::new(view, self.states.registry().clone())
    }

    /// Returns what differs between two moments, whichever comes first: what must be done to the state at `from` to get
    /// that at `to`. Before the first event stands the empty graph. The work is in proportion to the events between them
    /// and what they touched.
    ///
    /// # Errors
    /// As of [`at_or_nothing`](Self::at_or_nothing).
    pub async fn diff(&self, from: Moment, to: Moment) -> Result<GraphDiff, HistoryError> {
        let (from, to) = (self.place_or_nothing(from).await?, self.place_or_nothing(to).await?);
        let version = |place: &Option<Place>| place.map_or(0, |place| place.head.version);
        let is_forward = version(&from) <= version(&to);
        let (early, late) = if is_forward { (from, to) } else { (to, from) };
        let mut events = Events::between(&self.store, self.graph, version(&early), version(&late)).await?;
        let mut touched = Touched::default();
        while let Some(event) = events.event().await? {
            touched.add(&event);
        }
        let before = self.state_or_nothing(early.as_ref()).await?;
        let after = self.state_or_nothing(late.as_ref()).await?;
        touched.add_children(&before)?;
        touched.add_edges_of_removed(&before);
        if is_forward {
            Ok(GraphDiff::of(&before, &after, &touched))
        } else {
            Ok(GraphDiff::of(&after, &before, &touched))
        }
    }
}

impl fmt::Debug for GraphHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphHistory").field("graph", &self.graph).field("states", &self.states).finish_non_exhaustive()
    }
}
