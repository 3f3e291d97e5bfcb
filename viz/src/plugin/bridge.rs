//! The way of what happens from a runtime into the frames, and of commands back: the engine's bridge.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bevy::ecs::prelude::*;
use cidgraph::bridge::FeedStatus;
use cidgraph::{AsyncSyncBridge, BridgeEvent, FeedError, FeedId, GraphId, GraphUpdate, GraphView, Origin};

use crate::scene::GraphScene;

use super::message::{CommandAnswered, EventSource, GraphMutationEvent};

/// The time of a frame that goes into receiving, at most one transaction over.
const BUDGET: Duration = Duration::from_millis(4);

/// A bridge whose feeds the view shows. Insert one, follow graphs through it, send commands by it.
#[derive(Resource)]
pub struct GraphBridge {
    /// The bridge. What the view receives of it, nobody else does.
    pub bridge: AsyncSyncBridge,
    is_on_servers: bool,
    /// The graphs of the feeds when they were last received from.
    feeds: BTreeMap<FeedId, GraphId>,
    /// The version up to which each graph was received.
    received: BTreeMap<GraphId, u64>,
    /// Graphs of which no more comes, and those of them whose feed failed.
    over: BTreeSet<GraphId>,
    ended: BTreeMap<GraphId, String>,
    is_waiting: bool,
    last_lag: Option<Duration>,
}

impl GraphBridge {
    /// Shows what comes over a bridge; `is_on_servers` says whether its engine's store is on NATS servers.
    pub const fn new(bridge: AsyncSyncBridge, is_on_servers: bool) -> Self {
        Self {
            bridge,
            is_on_servers,
            feeds: BTreeMap::new(),
            received: BTreeMap::new(),
            over: BTreeSet::new(),
            ended: BTreeMap::new(),
            is_waiting: false,
            last_lag: None,
        }
    }

    /// Returns how each feed is doing, asking each: not what every frame should do.
    pub fn feeds(&self) -> Vec<FeedStatus> {
        self.bridge.feeds()
    }

    /// Returns the feeds that failed: their graphs, and why.
    pub const fn failures(&self) -> &BTreeMap<GraphId, String> {
        &self.ended
    }

    /// Returns a graph as far as it was read, which may be beyond what is shown.
    pub fn view(&self, graph: GraphId) -> Option<GraphView> {
        let (feed, _) = self.feeds.iter().find(|(_, fed)| **fed == graph)?;
        self.bridge.view(*feed)
    }

    /// Returns the version up to which each graph was received.
    pub const fn received(&self) -> &BTreeMap<GraphId, u64> {
        &self.received
    }

    /// Returns whether more of a graph is to come before it is at a version.
    pub fn is_before(&self, graph: GraphId, version: u64) -> bool {
        !self.over.contains(&graph) && self.received.get(&graph).is_none_or(|received| *received < version)
    }

    /// Returns whether something waited to be received when the frame began.
    pub const fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// Returns how old the last event was when the frame that shows it began, by the clocks of this machine and of whoever
    /// wrote it.
    pub const fn last_lag(&self) -> Option<Duration> {
        self.last_lag
    }

    fn source_of(&self, update: &GraphUpdate) -> EventSource {
        let sequence = update.last_sequence;
        match update.origin {
            Origin::Live if self.is_on_servers => EventSource::Nats { sequence },
            Origin::Live | Origin::Local => EventSource::Local,
            Origin::Replay => EventSource::Replay { sequence },
        }
    }
}

impl fmt::Debug for GraphBridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphBridge").field("feeds", &self.feeds()).finish_non_exhaustive()
    }
}

/// Takes what waits, as long as the frame has time for it. A transaction comes whole.
pub(super) fn receive(
    bridge: Option<ResMut<GraphBridge>>,
    mut scene: ResMut<GraphScene>,
    mut mutations: MessageWriter<GraphMutationEvent>,
    mut answers: MessageWriter<CommandAnswered>,
) {
    let Some(mut bridge) = bridge else { return };
    let feeds = bridge.feeds();
    bridge.is_waiting = feeds.iter().any(|feed| feed.pending_mutations > 0);
    bridge.feeds = feeds.iter().map(|feed| (feed.feed, feed.graph)).collect();
    let mut updates = Vec::new();
    for event in bridge.bridge.receive_events_within(BUDGET) {
        match event {
            BridgeEvent::Opened { feed, view } => updates.push((feed, Came::View(view))),
            BridgeEvent::Changed { feed, update } => updates.push((feed, Came::Update(update))),
            // What is no graph is not shown, and nobody has to know.
            BridgeEvent::Ended { feed, outcome: Ok(()) | Err(FeedError::NotAGraph) } => {
                updates.push((feed, Came::End(None)));
            }
            BridgeEvent::Ended { feed, outcome: Err(error) } => {
                updates.push((feed, Came::End(Some(error.to_string()))))
            }
            BridgeEvent::Answered { command, graph, outcome } => {
                let outcome = outcome.map(|receipt| receipt.head.version).map_err(|error| error.to_string());
                answers.write(CommandAnswered { command, graph, outcome });
            }
        }
    }
    for (feed, came) in updates {
        let Some(graph) = bridge.feeds.get(&feed).copied() else { continue };
        match came {
            Came::View(view) => {
                bridge.over.remove(&graph);
                bridge.received.insert(graph, view.version());
                scene.take_view(graph, &view);
            }
            Came::Update(update) => {
                bridge.received.insert(graph, update.version);
                let source = bridge.source_of(&update);
                bridge.last_lag = SystemTime::now()
                    .duration_since(UNIX_EPOCH + Duration::from_nanos(update.timestamp_ns))
                    .ok()
                    .filter(|_| update.origin == Origin::Live);
                mutations.write_batch(messages_of(update, source));
            }
            Came::End(failure) => {
                bridge.over.insert(graph);
                bridge.ended.extend(failure.map(|failure| (graph, failure)));
            }
        }
    }
}

/// Something that came of a feed.
enum Came {
    View(GraphView),
    Update(GraphUpdate),
    /// The end, and why it came too early.
    End(Option<String>),
}

/// Returns an update's messages.
pub(super) fn messages_of(update: GraphUpdate, source: EventSource) -> impl Iterator<Item = GraphMutationEvent> {
    let GraphUpdate { graph, version, transaction, mutations, .. } = update;
    mutations.into_iter().map(move |mutation| GraphMutationEvent {
        source,
        graph,
        version,
        mutation,
        transaction_id: transaction,
    })
}
