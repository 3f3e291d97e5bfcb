//! A store, an engine, a runtime of their own, and a frame loop on the thread of the test.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cidgraph::{
    AsyncSyncBridge, BatchConfig, BridgeEvent, Engine, FeedId, GraphCommand, GraphId, GraphMetadata, GraphUpdate,
    NodeEntity, NodeId, Origin, Receipt, TransformOperation,
};
use cidgraph_store_memory::MemoryStore;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::picture::Picture;

/// After how long something that does not happen is given up.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) engine: Engine,
    pub(crate) graph: GraphId,
}

impl World {
    /// Makes an engine with one graph, at version 1.
    pub(crate) fn new() -> Self {
        let runtime = runtime();
        let engine = Engine::new(Arc::new(MemoryStore::new()));
        let created = runtime.block_on(engine.create_graph(GraphMetadata::named("drawn")));
        Self { graph: created.expect("a store in memory takes it"), runtime, engine }
    }

    pub(crate) fn bridge(&self, config: BatchConfig) -> AsyncSyncBridge {
        AsyncSyncBridge::new(&self.engine, self.runtime.handle(), config)
    }

    pub(crate) fn command(&self, command: GraphCommand) -> Receipt {
        self.runtime.block_on(self.engine.command(self.graph, command)).expect("no rule forbids it")
    }

    pub(crate) fn add(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            self.command(add(number));
        }
    }
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

pub(crate) fn node(number: u64) -> NodeId {
    NodeId::from_u64(number)
}

pub(crate) fn add(number: u64) -> GraphCommand {
    GraphCommand::AddNode { node: NodeEntity::new(node(number), "Person") }
}

pub(crate) fn translate(nodes: std::ops::Range<u64>, by: f64) -> GraphCommand {
    let operation = TransformOperation::Translate([by, 0.0, 0.0]);
    GraphCommand::TransformNodes { nodes: nodes.map(node).collect(), operation }
}

/// Returns what `ask` finds, asking until it finds something.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let given_up = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < given_up, "{what} does not happen");
        std::thread::yield_now();
    }
}

/// What a frame loop has received of a bridge.
#[derive(Default)]
pub(crate) struct Frames {
    pub(crate) pictures: BTreeMap<FeedId, Picture>,
    pub(crate) updates: Vec<GraphUpdate>,
    pub(crate) answers: Vec<BridgeEvent>,
    pub(crate) ends: Vec<(FeedId, Option<String>)>,
}

impl Frames {
    /// Runs frames until a feed has ended as it should.
    pub(crate) fn until_end(bridge: &mut AsyncSyncBridge, feed: FeedId) -> Self {
        let mut frames = Self::default();
        until("its end", || {
            frames.frame(bridge);
            (frames.ends == [(feed, None)]).then_some(())
        });
        frames
    }

    /// Runs one frame.
    pub(crate) fn frame(&mut self, bridge: &mut AsyncSyncBridge) {
        for event in bridge.receive_events_within(Duration::MAX) {
            self.receive(event);
        }
    }

    pub(crate) fn receive(&mut self, event: BridgeEvent) {
        match event {
            BridgeEvent::Answered { .. } => self.answers.push(event),
            BridgeEvent::Opened { feed, view } => {
                assert!(self.pictures.insert(feed, Picture::of(&view)).is_none(), "a feed begins once");
            }
            BridgeEvent::Changed { feed, update } => {
                let is_store = matches!(update.origin, Origin::Live | Origin::Replay);
                assert_eq!((update.cid.is_some(), update.transaction.is_some()), (is_store, is_store));
                self.updates.push(update.clone());
                self.pictures.get_mut(&feed).expect("a feed begins with its graph").update(update);
            }
            BridgeEvent::Ended { feed, outcome } => {
                self.ends.push((feed, outcome.err().map(|error| error.to_string())));
            }
        }
    }

    /// Runs frames until a feed has shown a version.
    pub(crate) fn reach(&mut self, bridge: &mut AsyncSyncBridge, feed: FeedId, version: u64) -> &Picture {
        until("the version", || {
            self.frame(bridge);
            self.pictures.get(&feed).is_some_and(|picture| picture.version >= version).then_some(())
        });
        &self.pictures[&feed]
    }
}
