//! Ten thousand events a second through a whole engine into a view, each timed from before it was submitted until its
//! frame was drawn.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cidgraph::{
    AsyncSyncBridge, BatchConfig, Engine, FeedStart, GraphCommand, GraphId, GraphMetadata, NodeUpdate, Properties,
    Submission,
};
use cidgraph_harness::measure::Distribution;
use cidgraph_harness::number;
use cidgraph_store_memory::MemoryStore;
use parking_lot::Mutex;
use tokio::runtime::Runtime;

use crate::generate::{commands, node_id};
use crate::headless::HeadlessView;
use crate::plugin::GraphBridge;
use crate::scene::GraphScene;

/// Events of a transaction, and the time between two.
const TRANSACTION_EVENTS: u32 = 10;
const INTERVAL: Duration = Duration::from_millis(1);

/// The submission of a version: when it began.
type Submitted = Arc<Mutex<VecDeque<(u64, Instant)>>>;

/// A store that events come from.
pub(super) struct Stream {
    runtime: Runtime,
    engine: Engine,
    graph: GraphId,
    nodes: u32,
    submitted: Submitted,
    is_over: Arc<AtomicBool>,
    publisher: Option<JoinHandle<()>>,
    /// From before the submission until the frame was drawn.
    pub(super) lag: Distribution,
}

impl Stream {
    /// Makes a store with a graph of so many nodes, and a view's scene that follows it.
    ///
    /// # Panics
    /// Where the engine refuses a generated graph.
    pub(super) fn open(view: &mut HeadlessView, nodes: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build();
        let runtime = runtime.expect("a runtime needs a thread");
        let engine = Engine::new(Arc::new(MemoryStore::new()));
        let mut bridge = AsyncSyncBridge::new(&engine, runtime.handle(), BatchConfig::default());
        let graph = runtime.block_on(engine.create_graph(GraphMetadata::named("stream"))).expect("a fresh graph");
        bridge.follow(graph, FeedStart::AfterVersion(0));
        view.world().insert_resource(GraphBridge::new(bridge, false));
        view.world().insert_resource(GraphScene::default());
        let mut stream = Self {
            runtime,
            engine,
            graph,
            nodes,
            submitted: Submitted::default(),
            is_over: Arc::default(),
            publisher: None,
            lag: Distribution::new(),
        };
        for command in commands(nodes) {
            stream.runtime.block_on(stream.engine.command(graph, command)).expect("a generated graph is taken");
        }
        let version = stream.runtime.block_on(stream.engine.get_graph(graph)).expect("the graph is there").version();
        while view.world().resource::<GraphScene>().graphs().first().is_none_or(|graph| graph.version < version) {
            view.frame();
        }
        stream.publish();
        stream
    }

    /// Lets events come.
    fn publish(&mut self) {
        let (engine, graph, nodes) = (self.engine.clone(), self.graph, self.nodes);
        let (submitted, is_over) = (Arc::clone(&self.submitted), Arc::clone(&self.is_over));
        let handle = self.runtime.handle().clone();
        self.publisher = Some(std::thread::spawn(move || {
            let begun = Instant::now();
            let mut sent = 0_u32;
            while !is_over.load(Ordering::Relaxed) {
                let due = begun + INTERVAL * sent;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                let updates = (0..TRANSACTION_EVENTS).map(|event| update(sent * TRANSACTION_EVENTS + event, nodes));
                let submission = Submission { context: engine.context(), commands: updates.collect(), expected: None };
                let receipt = handle.block_on(engine.submit(graph, submission)).expect("an update is taken");
                submitted.lock().push_back((receipt.head.version, due));
                sent += 1;
            }
        }));
    }

    /// Notes how late the events are that the last frame shows.
    pub(super) fn note_frame(&mut self, view: &mut HeadlessView) {
        let version = view.world().resource::<GraphScene>().graphs()[0].version;
        let now = Instant::now();
        let mut submitted = self.submitted.lock();
        while let Some((_, due)) = submitted.pop_front_if(|(submitted, _)| *submitted <= version) {
            self.lag.record(number::nanoseconds(now - due));
        }
    }

    /// Ends the stream; returns how late events were shown.
    pub(super) fn close(mut self, view: &mut HeadlessView) -> Distribution {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(publisher) = self.publisher.take() {
            publisher.join().expect("an update is taken");
        }
        drop(view.world().remove_resource::<GraphBridge>());
        self.lag
    }
}

/// Returns the command that paints a node.
fn update(number: u32, nodes: u32) -> GraphCommand {
    let set = Properties::from([("color", format!("#{:06x}", number.wrapping_mul(2_654_435_761) >> 8))]);
    let node = node_id(number.wrapping_mul(7919) % nodes);
    GraphCommand::UpdateNode { update: NodeUpdate { node, component_type: "Visual".into(), set, unset: Vec::new() } }
}
